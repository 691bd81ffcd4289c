//! The key that signs checkpoints of the trail. It is not the key of the tokens: a copy of one is no copy of the other.

use crate::domain::checkpoint::{Checkpoint, origin, verifier_key};
use crate::domain::id::ClinicId;
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};

/// A key file that is no Ed25519 key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the trail's key is not a PKCS#8 Ed25519 key")]
pub struct BadKey;

/// Signs checkpoints for one installation.
pub struct Notary {
    instance: String,
    key: Ed25519KeyPair,
    public: [u8; 32],
}

impl Notary {
    /// With the bytes of a key file, PKCS#8.
    ///
    /// # Errors
    /// [`BadKey`] when it is none.
    pub fn new(instance: &str, pkcs8: &[u8]) -> Result<Self, BadKey> {
        Self::with(instance, Ed25519KeyPair::from_pkcs8(pkcs8).map_err(|_| BadKey)?)
    }

    fn with(instance: &str, key: Ed25519KeyPair) -> Result<Self, BadKey> {
        let public = key.public_key().as_ref().try_into().map_err(|_| BadKey)?;
        Ok(Self { instance: instance.to_owned(), key, public })
    }

    /// The name under which a clinic's trail is signed.
    pub fn origin(&self, clinic: ClinicId) -> String {
        origin(&self.instance, clinic)
    }

    /// What a verifier of this clinic's checkpoints is given; it is no secret.
    pub fn verifier_key(&self, clinic: ClinicId) -> String {
        verifier_key(&self.origin(clinic), &self.public)
    }

    /// The signed note; none when the library cannot sign.
    pub fn sign(&self, checkpoint: &Checkpoint) -> Option<String> {
        let signature = self.key.try_sign(checkpoint.text().as_bytes()).ok()?;
        Some(checkpoint.note(&self.public, signature.as_ref().try_into().ok()?))
    }
}

/// Whether this is the key's Ed25519 signature of these bytes.
pub fn verify(public: &[u8; 32], bytes: &[u8], signature: &[u8; 64]) -> bool {
    UnparsedPublicKey::new(&ED25519, public).verify(bytes, signature).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::digest::Sha256;
    use uuid::Uuid;

    /// Seed, public key and note of security.md 4.3, made by an independent reference.
    #[test]
    fn the_note_of_the_reference_is_signed_byte_for_byte() {
        let seed: [u8; 32] = std::array::from_fn(|n| u8::try_from(n).unwrap());
        let notary = Notary::with("x", Ed25519KeyPair::from_seed_unchecked(&seed).unwrap()).unwrap();
        let root = Sha256::parse("d23e50ddae199132c05721e48675aefa5aaf8c9014c7890b03c2e84f1020ee44").unwrap().0;
        let checkpoint = Checkpoint { origin: "ksm.example/clinic-install-1".into(), size: 3, root };
        let note = notary.sign(&checkpoint).unwrap();
        assert!(note.ends_with(
            "\u{2014} ksm.example/clinic-install-1 IP8Ow3BcrERQ0Vywo+sVutyq2GSSfrDyIB7eqy/JdtzR6N+7b7vBGPTv4Du5oBfx3QwuqdW3+5UL6jbUH72nLJAztQA=\n"
        ));
        let read = Checkpoint::read(&note).unwrap();
        assert!(read.is_signed_by(&notary.public, |text, signature| verify(&notary.public, text, signature)));
        let bent = Checkpoint::read(&note.replacen("\n3\n", "\n4\n", 1)).unwrap();
        assert!(!bent.is_signed_by(&notary.public, |text, signature| verify(&notary.public, text, signature)));
    }

    #[test]
    fn each_clinic_has_a_name_of_its_own_under_one_key() {
        let key = crate::access::token_key::new_signing_key().unwrap();
        let notary = Notary::new("chairside", &key).unwrap();
        let clinic = ClinicId(Uuid::from_u128(1));
        assert_eq!(notary.origin(clinic), "chairside/00000000-0000-0000-0000-000000000001");
        assert!(notary.verifier_key(clinic).starts_with(&notary.origin(clinic)));
        assert!(Notary::new("chairside", b"no key").is_err());
    }
}
