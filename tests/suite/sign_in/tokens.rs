//! Tokens that are not exactly ours, and keys that are replaced while the server runs (security.md 2.3).

use crate::schema::catalogue::Database;
use crate::support::{Answer, Clinic, on_both_databases};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chairside::access::token_key::{PublicKey, key_id, new_signing_key};
use chairside::keys;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

/// Somebody who has a real token and the key it was signed with, and bends both.
struct Forger {
    key: Vec<u8>,
    public: PublicKey,
    real: String,
    claims: Value,
}

impl Forger {
    fn at(clinic: &Clinic) -> Self {
        let (key, real) = (clinic.token_key(), clinic.token("nurse"));
        let pair = Ed25519KeyPair::from_pkcs8(&key).unwrap();
        let public = pair.public_key().as_ref().try_into().unwrap();
        let middle = URL_SAFE_NO_PAD.decode(real.split('.').nth(1).unwrap()).unwrap();
        Self { key, public, real, claims: serde_json::from_slice(&middle).unwrap() }
    }

    fn header(&self) -> Header {
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some("at+jwt".into());
        header.kid = Some(key_id(&self.public));
        header
    }

    fn sign(&self, header: &Header, claims: &Value) -> String {
        jsonwebtoken::encode(header, claims, &EncodingKey::from_ed_der(&self.key)).unwrap()
    }

    /// The real claims with these in their place; null takes one away.
    fn with(&self, changes: Value) -> String {
        self.sign(&self.header(), &crate::support::visit::changed(self.claims.clone(), &changes))
    }

    /// The real claims, signed by our key under a header of one's own.
    fn under(&self, header: Value) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(&header), part(&self.claims));
        let pair = Ed25519KeyPair::from_pkcs8(&self.key).unwrap();
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(pair.sign(signed.as_bytes())))
    }

    fn iat(&self) -> i64 {
        self.claims["iat"].as_i64().unwrap()
    }

    /// The 25 of security.md 2.3: what each is, what the trail says of it, and the token.
    fn the_table(&self) -> Vec<(&'static str, &'static str, String)> {
        let kid = key_id(&self.public);
        let hour = 3600;
        let mut hmac = Header::new(Algorithm::HS256);
        hmac.typ = Some("at+jwt".into());
        hmac.kid = Some(kid.clone());
        let with_public = EncodingKey::from_secret(&self.public);
        let other = Ed25519KeyPair::from_pkcs8(&new_signing_key().unwrap()).unwrap();
        let (signed, signature) = self.real.rsplit_once('.').unwrap();
        let (head, _) = signed.split_once('.').unwrap();
        let as_admin = URL_SAFE_NO_PAD.encode(
            crate::support::visit::changed(self.claims.clone(), &json!({"sub": uuid::Uuid::from_u128(1)})).to_string(),
        );
        let jwk = json!({"kty": "OKP", "crv": "Ed25519", "x": URL_SAFE_NO_PAD.encode(other.public_key().as_ref())});
        let own_key = json!({"alg": "EdDSA", "typ": "at+jwt", "jwk": jwk});
        let mut late = self.claims.clone();
        for (claim, value) in [("iat", -630), ("nbf", -630), ("exp", -30)] {
            late[claim] = json!(self.iat() + value);
        }
        let algorithm = |alg: Value| self.under(json!({"alg": alg, "typ": "at+jwt", "kid": kid}));
        vec![
            ("no iss", "claims", self.with(json!({"iss": null}))),
            ("no aud", "claims", self.with(json!({"aud": null}))),
            ("no sub", "claims", self.with(json!({"sub": null}))),
            ("no nbf", "claims", self.with(json!({"nbf": null}))),
            ("nbf in an hour", "not_yet", self.with(json!({"nbf": self.iat() + hour}))),
            ("nbf a text", "claims", self.with(json!({"nbf": "soon"}))),
            ("expired 30 s ago", "expired", self.sign(&self.header(), &late)),
            ("exp a text", "claims", self.with(json!({"exp": "never"}))),
            ("exp before 1970", "life", self.with(json!({"exp": -1}))),
            ("no exp", "claims", self.with(json!({"exp": null}))),
            ("exp at the end of time", "claims", self.with(json!({"exp": u64::MAX}))),
            ("exp a fraction", "claims", self.with(json!({"exp": 1_900_000_000.5}))),
            ("aud a list with ours", "claims", self.with(json!({"aud": ["chairside-api", "x"]}))),
            ("iss a list with ours", "claims", self.with(json!({"iss": ["test", "x"]}))),
            ("alg none", "malformed", algorithm(json!("none"))),
            ("alg None", "malformed", algorithm(json!("None"))),
            ("no alg", "malformed", algorithm(Value::Null)),
            ("alg HS256", "algorithm", algorithm(json!("HS256"))),
            ("alg RS256", "algorithm", algorithm(json!("RS256"))),
            (
                "HS256 with the public key",
                "algorithm",
                jsonwebtoken::encode(&hmac, &self.claims, &with_public).unwrap(),
            ),
            ("a key in the header", "unknown_key", self.under(own_key)),
            ("no signature", "signature", format!("{signed}.")),
            (
                "another key's signature",
                "signature",
                format!("{signed}.{}", URL_SAFE_NO_PAD.encode(other.sign(signed.as_bytes()))),
            ),
            ("four parts", "malformed", format!("{}.{signature}", self.real)),
            ("another payload", "signature", format!("{head}.{as_admin}.{signature}")),
        ]
    }

    /// What else is not exactly ours.
    fn more(&self) -> Vec<(&'static str, &'static str, String)> {
        let kid = key_id(&self.public);
        let typed = |typ: Value| self.under(json!({"alg": "EdDSA", "typ": typ, "kid": kid}));
        vec![
            ("no typ", "type", self.under(json!({"alg": "EdDSA", "kid": kid}))),
            ("typ JWT", "type", typed(json!("JWT"))),
            ("the mark of a device", "type", typed(json!("device+jwt"))),
            ("no kid", "unknown_key", self.under(json!({"alg": "EdDSA", "typ": "at+jwt"}))),
            ("an unknown kid", "unknown_key", self.under(json!({"alg": "EdDSA", "typ": "at+jwt", "kid": "../trail"}))),
            ("a claim we do not know", "claims", self.with(json!({"role": "admin"}))),
            ("no jti", "claims", self.with(json!({"jti": null}))),
            ("no sid", "claims", self.with(json!({"sid": null}))),
            ("no cid", "claims", self.with(json!({"cid": null}))),
            ("no iat", "claims", self.with(json!({"iat": null}))),
            ("sub no id", "claims", self.with(json!({"sub": "nurse"}))),
            ("another issuer", "claims", self.with(json!({"iss": "another"}))),
            ("another audience", "claims", self.with(json!({"aud": "chairside-device"}))),
            ("eleven minutes", "life", self.with(json!({"exp": self.iat() + 660}))),
            ("six seconds early", "not_yet", self.with(json!({"iat": self.iat() + 6, "exp": self.iat() + 600}))),
            ("another person's sign-in", "sign_in_ended", self.with(json!({"sub": uuid::Uuid::from_u128(1)}))),
            ("not a token", "malformed", "eyJhbGciOiJub25lIn0.e30.".into()),
        ]
    }
}

/// Sends a token from a network of its own, so that its entries of the trail can be told from those of other tests.
fn send(clinic: &Clinic, case: usize, token: &str) -> Answer {
    let from = network(clinic, case);
    let who = clinic.nobody().with("authorization", format!("Bearer {token}")).with("x-forwarded-for", from);
    who.get("/api/v1/me")
}

fn network(clinic: &Clinic, case: usize) -> String {
    clinic.address().replacen("db8", &format!("{:x}", 0x1000 + case), 1)
}

/// Why tokens from this network were rejected, as the installation's trail says, with everything it says of them.
fn told(clinic: &Clinic, case: usize) -> Vec<Value> {
    let mut database = Database::of(&clinic.url);
    let rows = database.lines("SELECT body AS line FROM audit_events WHERE action = 'auth.token_rejected'");
    let entries = rows.into_iter().map(|row| serde_json::from_str::<Value>(&row.join("|")).unwrap());
    let from = network(clinic, case).parse::<std::net::Ipv6Addr>().unwrap().to_string();
    entries.filter(|entry| entry["actor"]["client_ip"] == json!(from)).collect()
}

#[test]
fn none_of_the_twenty_five_tokens_opens_anything_and_the_trail_says_why() {
    on_both_databases(|clinic| {
        let forger = Forger::at(clinic);
        assert_eq!(send(clinic, 0, &forger.real).status, 200);
        assert_eq!(send(clinic, 0, &forger.with(json!({}))).status, 200, "the forger signs as the server does");
        assert!(told(clinic, 0).is_empty());
        let table = forger.the_table();
        assert_eq!(table.len(), 25);
        let all: Vec<_> = table.into_iter().chain(forger.more()).collect();
        let mut answers = Vec::new();
        for (case, (what, flaw, token)) in (1..).zip(&all) {
            for _ in 0..3 {
                let answer = send(clinic, case, token);
                assert_eq!(answer.status, 401, "{what} was let in");
                answers.push(answer.body);
            }
            let entries = told(clinic, case);
            let reasons: Vec<_> = entries.iter().map(|entry| entry["reason"].as_str().unwrap()).collect();
            assert_eq!(reasons, [*flaw], "{what}: one entry a minute, with its reason");
            assert_eq!(entries[0]["clinic_id"], Value::Null, "what is not verified names no clinic");
        }
        let bare = |mut body: Value| {
            body.as_object_mut().unwrap().remove("instance");
            body
        };
        let first = bare(answers[0].clone());
        assert!(first.get("detail").is_none(), "no word of explanation: {first}");
        assert!(answers.into_iter().all(|answer| bare(answer) == first), "one refusal can be told from another");
        clinic.advance_minutes(1);
        assert_eq!(send(clinic, 1, &all[0].2).status, 401);
        assert_eq!(told(clinic, 1).len(), 2, "an entry the next minute");
    });
}

#[test]
fn the_trail_names_a_token_of_ours_by_its_id_and_no_token_is_kept() {
    on_both_databases(|clinic| {
        let forger = Forger::at(clinic);
        clinic.advance_minutes(11);
        assert_eq!(send(clinic, 1, &forger.real).status, 401);
        let entries = told(clinic, 1);
        let named = format!("access_token/{}", forger.claims["jti"].as_str().unwrap());
        assert_eq!(entries[0]["object"], named, "{}", entries[0]);
        assert_eq!(entries[0]["reason"], "expired");
        let mut database = Database::of(&clinic.url);
        let signature = forger.real.rsplit('.').next().unwrap();
        let kept = database.lines("SELECT body AS line FROM audit_events WHERE action LIKE 'auth.%'");
        assert!(kept.iter().all(|row| !row.join("|").contains(signature)));
    });
}

#[test]
fn a_token_of_the_old_key_is_refused_a_quarter_of_an_hour_after_the_rotation() {
    on_both_databases(|clinic| {
        let forger = Forger::at(clinic);
        let fresh = |clinic: &Clinic| {
            let iat = clinic.clock.now().millis() / 1000;
            forger.with(json!({"iat": iat, "nbf": iat, "exp": iat + 600}))
        };
        let new = keys::rotate(&clinic.keys(), clinic.clock.now()).unwrap();
        // Another server of the same installation has noticed, and signs with the new key.
        let successor = Forger { key: clinic.token_key(), public: new.public, ..Forger::at(clinic) };
        assert_eq!(send(clinic, 0, &successor.with(json!({}))).status, 200, "a new key is found by its first token");
        assert_eq!(send(clinic, 0, &forger.real).status, 200, "nobody signs in again");
        let minted = clinic.token("nurse");
        assert_eq!(jsonwebtoken::decode_header(&minted).unwrap().kid, Some(new.id()));

        for (minutes, status) in [(9, 200), (5, 200), (1, 401), (60, 401)] {
            clinic.advance_minutes(minutes);
            // The sign-in is kept alive by the right key.
            let iat = clinic.clock.now().millis() / 1000;
            let own = successor.with(json!({"iat": iat, "nbf": iat, "exp": iat + 600}));
            let alive = send(clinic, 0, &own).status;
            assert_eq!(send(clinic, 2, &fresh(clinic)).status, status, "after {minutes} more minutes ({alive})");
        }
        assert!(told(clinic, 2).iter().all(|entry| entry["reason"] == "retired_key"));
        // What was remembered of the old key is forgotten with it.
        assert_eq!(send(clinic, 0, &forger.real).status, 401);
    });
}

#[test]
fn a_token_of_another_installation_is_refused() {
    on_both_databases(|clinic| {
        let elsewhere = Clinic::open(clinic.kind);
        let theirs = elsewhere.token("nurse");
        assert_eq!(send(&elsewhere, 0, &theirs).status, 200);
        assert_eq!(send(clinic, 1, &theirs).status, 401);
        assert_eq!(told(clinic, 1)[0]["reason"], "unknown_key");
    });
}
