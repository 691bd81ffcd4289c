//! Tokens that open nothing: forged, too old, of another server, and of people whose access has ended.

use super::world::World;
use crate::schema::catalogue::Database;
use crate::support::Actor;
use chairside::access::role::Role;
use chairside::access::token_key::new_signing_key;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

/// Somebody who may do nothing.
pub struct Shut<'w> {
    pub who: &'static str,
    pub actor: Actor<'w>,
    /// What every call of theirs is answered.
    pub status: u16,
}

/// How somebody's access ended, behind the server's back: what it remembers of their token must not count.
const ENDED: [(&str, &str, u16); 5] = [
    ("ended_sign_in", "UPDATE login_sessions SET revoked_at = created_at WHERE staff_id = {staff}", 401),
    ("ended_membership", "UPDATE staff SET retired_at = created_at WHERE id = {staff}", 401),
    (
        "disabled_account",
        "UPDATE accounts SET disabled_at = created_at WHERE id = (SELECT account_id FROM staff WHERE id = {staff})",
        401,
    ),
    (
        "changed_password",
        "UPDATE accounts SET cred_version = cred_version + 1 WHERE id = (SELECT account_id FROM staff WHERE id = {staff})",
        401,
    ),
    ("without_roles", "UPDATE staff_roles SET retired_at = granted_at WHERE staff_id = {staff}", 403),
];

/// All of them.
pub fn shut_out(world: &World) -> Vec<Shut<'_>> {
    let mut all = forged(world);
    for (who, sql, status) in ENDED {
        let clinic = &world.clinic;
        // They held every role there is, and the server knows their token.
        let staff = clinic.hire(who, &[Role::Admin, Role::Prescriber, Role::Nurse, Role::FrontDesk, Role::Auditor]);
        let actor = clinic.actor(who);
        actor.get("/api/v1/me").expect(200);
        let mut database = Database::of(&clinic.url);
        let id = match database {
            Database::Sqlite(_) => format!("x'{}'", staff.uuid().simple()),
            Database::Postgres(_) => format!("'{staff}'"),
        };
        database.run(&sql.replace("{staff}", &id)).unwrap();
        all.push(Shut { who, actor, status });
    }
    all
}

fn forged(world: &World) -> Vec<Shut<'_>> {
    let clinic = &world.clinic;
    let (real, key, other_key) = (clinic.token("prescriber"), clinic.token_key(), new_signing_key().unwrap());
    let good = part_of(&real, 1);
    let mut header = Header::new(Algorithm::EdDSA);
    header.typ = Some("at+jwt".into());
    header.kid = part_of(&real, 0)["kid"].as_str().map(ToOwned::to_owned);
    let sign = |changes: &[(&str, Value)], key: &[u8]| {
        let mut claims = good.clone();
        changes.iter().for_each(|(claim, value)| claims[*claim] = value.clone());
        jsonwebtoken::encode(&header, &claims, &EncodingKey::from_ed_der(key)).unwrap()
    };
    let past = |claim: &str| json!(good[claim].as_i64().unwrap() - 1800);
    let old = [("iat", past("iat")), ("nbf", past("nbf")), ("exp", past("exp"))];
    let tokens = [
        ("garbage", "eyJhbGciOiJub25lIn0.e30.".to_owned()),
        ("a token of half an hour ago", sign(&old, &key)),
        ("a token for another audience", sign(&[("aud", json!("another"))], &key)),
        ("a token of another installation", sign(&[("iss", json!("another"))], &key)),
        ("a token that names the clinic next door", sign(&[("cid", json!(clinic.next_door().id))], &key)),
        ("a token signed with another key", sign(&[], &other_key)),
    ];
    let mut all = vec![Shut { who: "nobody", actor: clinic.nobody(), status: 401 }];
    all.extend(tokens.map(|(who, token)| {
        let actor = clinic.nobody().with("authorization", format!("Bearer {token}"));
        Shut { who, actor, status: 401 }
    }));
    all
}

fn part_of(token: &str, index: usize) -> Value {
    use base64::Engine as _;
    let text = token.split('.').nth(index).unwrap();
    serde_json::from_slice(&base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(text).unwrap()).unwrap()
}
