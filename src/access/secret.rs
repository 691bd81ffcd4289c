//! Secret tokens that lead to their clinic: its id and 32 random bytes. The clinic finds the row, the rest is the
//! secret; only a hash of the whole is stored.

use crate::domain::id::ClinicId;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use uuid::Uuid;

/// What a token is for: nothing of one kind passes for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// The next pair of tokens of a sign-in.
    Refresh,
    /// A sign-in that waits for its second factor.
    Challenge,
    /// A new password for somebody who has none that opens.
    Link,
}

impl Purpose {
    const fn prefix(self) -> &'static str {
        match self {
            Self::Refresh => "chsr_",
            Self::Challenge => "chsf_",
            Self::Link => "chsl_",
        }
    }

    /// A new token of this clinic.
    pub fn token(self, clinic: ClinicId, random: [u8; 32]) -> String {
        let mut bytes = clinic.uuid().as_bytes().to_vec();
        bytes.extend_from_slice(&random);
        format!("{}{}", self.prefix(), URL_SAFE_NO_PAD.encode(bytes))
    }

    /// The clinic a token leads to; none when it is no token of this kind.
    pub fn clinic_of(self, token: &str) -> Option<ClinicId> {
        let bytes = URL_SAFE_NO_PAD.decode(token.strip_prefix(self.prefix())?).ok()?;
        let clinic = if bytes.len() == 48 { bytes.first_chunk::<16>() } else { None };
        clinic.map(|clinic| ClinicId(Uuid::from_bytes(*clinic)))
    }
}

/// A token of the installation, before there is a clinic.
pub fn bootstrap_token(random: [u8; 32]) -> String {
    format!("chsb_{}", URL_SAFE_NO_PAD.encode(random))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_leads_to_its_clinic_and_serves_one_purpose() {
        let clinic = ClinicId(Uuid::from_u128(7));
        let token = Purpose::Link.token(clinic, [9; 32]);
        assert_eq!(Purpose::Link.clinic_of(&token), Some(clinic));
        assert_eq!(Purpose::Refresh.clinic_of(&token), None);
        assert_eq!(Purpose::Link.clinic_of(&token[..token.len() - 4]), None);
        assert_eq!(Purpose::Link.clinic_of("chsl_"), None);
    }
}
