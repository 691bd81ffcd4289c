//! Canaries. Whatever is written in a clinic next door carries that clinic's mark, the id of whatever any clinic makes is
//! known to be its own, and every answer of every test is searched for marks and ids of other clinics.
//!
//! A whole clinic with a record of every kind lies in the database of every test, so that there is something to leak.

use super::{Clinic, Kind};
use crate::every_endpoint::everything_planted_in;
use crate::schema::catalogue::Database;
use chairside::domain::id::ClinicId;
use chairside::store::DatabaseUrl;
use serde_json::Value;
use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use uuid::Uuid;

/// What every mark begins with; twelve hexadecimal digits of its clinic follow.
const MARK: &str = "canary";
const SUFFIX: usize = 12;

/// Members of a body that hold what people write.
const FREE_TEXT: [&str; 30] = [
    "authority",
    "city",
    "detail",
    "diluent",
    "display_name",
    "dose",
    "dose_text",
    "explanation",
    "family_name",
    "given_name",
    "iv_site",
    "late_reason",
    "line1",
    "line2",
    "lot",
    "name",
    "note",
    "override_reason",
    "product",
    "reaction",
    "reason",
    "region",
    "relationship",
    "statement",
    "substance",
    "summary",
    "text",
    "title",
    "when",
    "words",
];

/// Whose each id is; nobody's where two clinics made the same.
static OWNERS: Mutex<Option<HashMap<Uuid, Option<ClinicId>>>> = Mutex::new(None);
static SEARCHED: AtomicU64 = AtomicU64::new(0);

/// The mark of a clinic.
pub fn mark(suffix: &str) -> String {
    format!("{MARK}{suffix}")
}

/// The same body, in which every text that people write carries a mark.
pub fn marked(body: &[u8], mark: &str) -> Vec<u8> {
    let Ok(mut value) = serde_json::from_slice::<Value>(body) else { return body.to_vec() };
    mark_all(&mut value, mark);
    value.to_string().into_bytes()
}

fn mark_all(value: &mut Value, mark: &str) {
    match value {
        Value::Object(members) => {
            for (name, member) in members.iter_mut() {
                match member {
                    Value::String(text) if FREE_TEXT.contains(&name.as_str()) && is_written(text) => {
                        text.push(' ');
                        text.push_str(mark);
                    }
                    other => mark_all(other, mark),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| mark_all(item, mark)),
        _ => {}
    }
}

/// Not a word of a vocabulary, and not marked yet.
fn is_written(text: &str) -> bool {
    text.contains(|c: char| !c.is_ascii_lowercase() && !c.is_ascii_digit() && c != '_') && !text.contains(MARK)
}

/// Notes that these ids were made in a clinic.
pub fn own(clinic: ClinicId, ids: impl IntoIterator<Item = Uuid>) {
    let mut owners = OWNERS.lock().unwrap_or_else(PoisonError::into_inner);
    let owners = owners.get_or_insert_default();
    for id in ids {
        owners.entry(id).and_modify(|owner| *owner = owner.filter(|owner| *owner == clinic)).or_insert(Some(clinic));
    }
}

/// What an answer to somebody of this clinic shows of another; what the request said itself does not count.
pub fn foreign(clinic: ClinicId, suffix: &str, request: &[u8], answer: &[u8]) -> Vec<String> {
    SEARCHED.fetch_add(1, Ordering::Relaxed);
    shown(Some((clinic, suffix)), request, answer)
}

/// What an answer shows that a clinic holds; to a stranger that is the stranger's own clinic too.
pub fn shown(own: Option<(ClinicId, &str)>, request: &[u8], answer: &[u8]) -> Vec<String> {
    let (clinic, suffix) = own.unzip();
    let strange = marks(answer).filter(|mark| Some(mark.as_str()) != suffix && !has(request, mark));
    let mut found: Vec<String> = strange.collect();
    let owners = OWNERS.lock().unwrap_or_else(PoisonError::into_inner);
    let owner = |id: &Uuid| owners.as_ref().and_then(|owners| owners.get(id).copied().flatten());
    let strange = ids(answer).filter(|id| owner(id).is_some_and(|owner| Some(owner) != clinic));
    found.extend(strange.map(|id| id.to_string()).filter(|id| !has(request, id)));
    found
}

/// A pattern of everything an answer to somebody of this clinic may not hold.
pub fn pattern_of_others(clinic: ClinicId, suffix: &str) -> String {
    let owners = OWNERS.lock().unwrap_or_else(PoisonError::into_inner);
    let others = owners.iter().flatten().filter(|(_, owner)| owner.is_some_and(|owner| owner != clinic));
    let ids: Vec<String> = others.map(|(id, _)| id.to_string()).collect();
    format!("{MARK}(?!{suffix})[0-9a-f]{{{SUFFIX}}}|{}", ids.join("|"))
}

/// Every id that stands in a text.
pub fn ids(text: &[u8]) -> impl Iterator<Item = Uuid> + '_ {
    let candidates = text.windows(36).filter(|window| window[8] == b'-' && window[13] == b'-' && window[23] == b'-');
    candidates.filter_map(|window| Uuid::parse_str(std::str::from_utf8(window).ok()?).ok())
}

fn marks(text: &[u8]) -> impl Iterator<Item = String> + '_ {
    let whole = text.windows(MARK.len() + SUFFIX).filter(|window| window.starts_with(MARK.as_bytes()));
    let suffix = whole.map(|window| String::from_utf8_lossy(&window[MARK.len()..]).into_owned());
    suffix.filter(|suffix| suffix.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

fn has(text: &[u8], word: &str) -> bool {
    text.windows(word.len()).any(|window| window.eq_ignore_ascii_case(word.as_bytes()))
}

/// Plants a whole clinic with a record of every kind: the one whose marks and ids no test may ever be shown.
pub fn plant(kind: Kind, url: &DatabaseUrl) {
    let clinic = Clinic::open_as_canary(kind, url.clone());
    everything_planted_in(&clinic);
    own(clinic.id, every_id(&clinic).into_iter().map(|(_, id)| id));
}

/// The id of every record of a clinic, with its table.
pub fn every_id(clinic: &Clinic) -> Vec<(String, Uuid)> {
    let mut database = Database::of(&clinic.url);
    let (id, whose) = match database {
        Database::Sqlite(_) => ("lower(hex(id))", format!("x'{}'", clinic.id.uuid().simple())),
        Database::Postgres(_) => ("id::text", format!("'{}'", clinic.id)),
    };
    let catalogue = database.catalogue();
    let keyed = catalogue.into_iter().filter(|(_, table)| table.columns.contains_key("clinic_id"));
    let with_id = keyed.filter(|(_, table)| table.columns.contains_key("id")).map(|(name, _)| name);
    let mut found = Vec::new();
    for table in with_id {
        let sql = format!("SELECT {id} AS line FROM {table} WHERE clinic_id = {whose} ORDER BY id");
        found.extend(database.lines(&sql).iter().map(|row| (table.clone(), Uuid::parse_str(&row[0]).unwrap())));
    }
    found
}

/// Leaves the number of answers that were searched where `scripts/test` finds it.
pub fn tell() {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("answers-searched");
    let searched = SEARCHED.load(Ordering::Relaxed);
    std::fs::write(path, format!("{searched} answers searched for marks and ids of other clinics\n")).unwrap();
}

#[test]
fn a_mark_or_an_id_of_another_clinic_is_found_wherever_it_stands_in_an_answer() {
    let [here, there] = [1, 2].map(|n| ClinicId(Uuid::from_u128(n)));
    let id = Uuid::from_bytes(chairside::clock::random());
    own(there, [id]);
    let (own_mark, other) = ("0123456789ab", "ba9876543210");
    let search = |request: &str, answer: &str| foreign(here, own_mark, request.as_bytes(), answer.as_bytes());
    assert_eq!(search("", &format!(r#"{{"a":[{{"b":"x{id}y"}}]}}"#)), [id.to_string()]);
    assert_eq!(search("", &format!("<p>Rivera {MARK}{other}</p>")), [other]);
    assert_eq!(search("", &format!("Rivera {MARK}{own_mark} {}", Uuid::nil())), Vec::<String>::new());
    assert_eq!(
        search(&format!("GET /patients/{id}"), &format!("no {id}")),
        Vec::<String>::new(),
        "an echo tells nothing"
    );
    assert_eq!(search("", &id.to_string().to_uppercase()), [id.to_string()]);
    own(here, [id]);
    assert_eq!(search("", &id.to_string()), Vec::<String>::new(), "an id that clients chose in both is nobody's");
    let body =
        marked(br#"{"family_name":"Rivera","state":"draft","reason":"no_show","list":[{"note":"A b"}]}"#, "canary1");
    let body: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(body["family_name"], "Rivera canary1");
    assert_eq!(body["list"][0]["note"], "A b canary1");
    assert_eq!((&body["state"], &body["reason"]), (&Value::from("draft"), &Value::from("no_show")));
}
