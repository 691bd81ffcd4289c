//! Second factors: set up with a first code, asked for at each sign-in, used once, recovered, lost and reset.

mod enrolment;
pub mod kept;
mod lost;
mod presence;
mod signing_in;

use crate::support::{Actor, Answer, Clinic, PASSWORD, SETUP, Setup};
use aws_lc_rs::hmac;
use chairside::access::factor::FactorRule;
use chairside::access::limits::{Bucket, Limits};
use chairside::domain::time::Timestamp;
use serde_json::{Value, json};

/// More tries than there are seconds in a century: a clock that is set back must not look like an attack.
const FREE: Bucket = Bucket { burst: 4_000_000_000, refill_seconds: 1 };

/// Where nobody is kept waiting: how often a code may be tried is tested in a place of its own.
pub const OPEN: Setup = Setup {
    limits: Limits { account: FREE, address: FREE, wait_from: 1_000_000, disabled_from: 1_000_000, ..SETUP.limits },
    ..SETUP
};

/// The same where prescribers, administrators and auditors must have a factor.
pub const REQUIRED: Setup = Setup { factor: FactorRule::Required, ..OPEN };

/// A phone: RFC 6238 written again, on another HMAC than the server's.
pub struct Authenticator(Vec<u8>);

impl Authenticator {
    /// From the secret as it is typed in (RFC 4648, base 32).
    fn of(secret: &str) -> Self {
        let value = |sign: u8| match sign {
            b'A'..=b'Z' => u64::from(sign - b'A'),
            b'2'..=b'7' => u64::from(sign - b'2') + 26,
            _ => panic!("{secret} is not base 32"),
        };
        assert_eq!(secret.len(), 32, "160 bits");
        let eight = |signs: &[u8]| {
            let bits = signs.iter().fold(0, |bits, sign| bits << 5 | value(*sign));
            bits.to_be_bytes()[3..].to_vec()
        };
        Self(secret.as_bytes().chunks(8).flat_map(eight).collect())
    }

    pub fn code(&self, now: Timestamp) -> String {
        self.code_of(now.millis().div_euclid(30_000))
    }

    fn code_of(&self, step: i64) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &self.0);
        let tag = hmac::sign(&key, &step.to_be_bytes());
        let offset = usize::from(tag.as_ref()[19] & 15);
        let word = u32::from_be_bytes(tag.as_ref()[offset..offset + 4].try_into().unwrap());
        format!("{:06}", (word & 0x7fff_ffff) % 1_000_000)
    }
}

/// Somebody with a second factor.
pub struct Enrolled<'c> {
    pub phone: Authenticator,
    secret: String,
    recovery_codes: Vec<String>,
    /// On the device that it was set up on.
    pub here: Actor<'c>,
}

/// Somebody with this access token.
pub fn bearer<'c>(clinic: &'c Clinic, token: &Value) -> Actor<'c> {
    clinic.nobody().with("authorization", format!("Bearer {}", token.as_str().expect("an access token")))
}

/// Asks for a secret; gives back what was shown.
fn offer(clinic: &Clinic, who: &'static str, actor: &Actor<'_>) -> String {
    let token = actor.reauth("self.factor.enrol", &clinic.staff_id(who).to_string());
    let shown = actor.post("/api/v1/me/factor", &json!({"signing_token": token})).expect(200).body;
    let (secret, uri) = (shown["secret"].as_str().unwrap(), shown["uri"].as_str().unwrap());
    assert!(uri.starts_with("otpauth://totp/Chairside:") && uri.contains(&format!("secret={secret}&")), "{uri}");
    secret.to_owned()
}

/// Sets up a factor from this sign-in.
fn enrol_from<'c>(clinic: &'c Clinic, who: &'static str, actor: &Actor<'_>) -> Enrolled<'c> {
    let secret = offer(clinic, who, actor);
    let phone = Authenticator::of(&secret);
    let code = phone.code(clinic.now());
    let confirmed = actor.post("/api/v1/me/factor/confirm", &json!({"code": code})).expect(200).body;
    let codes = confirmed["recovery_codes"].as_array().unwrap();
    let recovery_codes = codes.iter().map(|code| code.as_str().unwrap().to_owned()).collect();
    Enrolled { phone, secret, recovery_codes, here: bearer(clinic, &confirmed["sign_in"]["access_token"]) }
}

pub fn enrol<'c>(clinic: &'c Clinic, who: &'static str) -> Enrolled<'c> {
    enrol_from(clinic, who, &bearer(clinic, &clinic.token(who).into()))
}

/// Name and password.
fn first_step(clinic: &Clinic, who: &str) -> Answer {
    clinic.nobody().post("/api/v1/auth/login", &json!({"login": clinic.login(who), "password": PASSWORD}))
}

/// What a right password of somebody with a factor is answered.
fn challenge(clinic: &Clinic, who: &str) -> String {
    let asked = first_step(clinic, who).expect(202).body;
    assert_eq!(asked["access_token"], Value::Null);
    asked["factor_token"].as_str().unwrap().to_owned()
}

/// The second step with a code.
fn second_step(clinic: &Clinic, token: &str, code: &str) -> Answer {
    clinic.nobody().post("/api/v1/auth/factor", &json!({"factor_token": token, "code": code}))
}

/// The second step with a recovery code.
fn recover(clinic: &Clinic, token: &str, code: &str) -> Answer {
    clinic.nobody().post("/api/v1/auth/factor", &json!({"factor_token": token, "recovery_code": code}))
}

/// Both steps, with the code of now.
pub fn sign_in(clinic: &Clinic, who: &str, phone: &Authenticator) -> Answer {
    second_step(clinic, &challenge(clinic, who), &phone.code(clinic.now()))
}

/// What a token says, unchecked.
fn claims(answer: &Value) -> Value {
    use base64::Engine as _;
    let said = answer["access_token"].as_str().unwrap().split('.').nth(1).unwrap();
    serde_json::from_slice(&base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(said).unwrap()).unwrap()
}
