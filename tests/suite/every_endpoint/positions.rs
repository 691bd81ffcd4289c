//! Each id of a request replaced by itself, in path, query and body: one of another clinic is told from nobody's nowhere.

use super::judge::Seen;
use super::oracle::{ROLES, Row};
use super::world::{Call, Place, World};
use super::{UNKNOWN, status_of, without_request};
use crate::support::{Answer, long};
use serde_json::Value;

/// They take what they can read of a body and leave out the rest: an id in it refuses no stop.
const NEVER_REFUSED: [&str; 3] = ["/stop", "/pause", "/emergency"];

/// Gives back how many calls were made.
pub fn replaced(world: &World, call: &Call, row: &Row, failures: &mut Vec<String>) -> usize {
    let mut cases = 0;
    let heeds_its_body = !NEVER_REFUSED.iter().any(|act| call.path.ends_with(act));
    for place in call.places().into_iter().filter(|place| heeds_its_body || matches!(place, Place::Path)) {
        let foreign = world.foreign(call, &place);
        let own = world.own_id(call);
        if let Some(role) = row.roles.first() {
            // A wrong password counts against a sign-in: it is one that nothing else needs.
            let own_sign_in = ["/auth/", "/cosignatures"].iter().any(|part| call.path.contains(part));
            let actor = if own_sign_in { world.clinic.actor_anew(role) } else { world.clinic.actor(role) };
            let send = |id: &str| call.with(&place, id).send(&actor, if place == Place::Path { id } else { &own });
            let (there, nowhere) = (send(&foreign), send(UNKNOWN));
            cases += 2;
            if same(&there, &foreign) != same(&nowhere, UNKNOWN) {
                failures.push(format!(
                    "{} as {role}, {place:?}: a foreign id is told from an unknown one: {} {} and {} {}",
                    there.request, there.status, there.body, nowhere.status, nowhere.body
                ));
            }
            if (200..=299).contains(&status_of(&there)) && call.method != "GET" {
                failures.push(format!("{} as {role}, {place:?}: {} with a foreign id", there.request, there.status));
            }
        }
        // Whoever may not is refused before any id is looked at.
        for role in ROLES.into_iter().filter(|role| long() && !row.roles.contains(role)) {
            let actor = world.clinic.actor(role);
            let answer = call.with(&place, &foreign).send(&actor, if place == Place::Path { &foreign } else { &own });
            cases += 1;
            let seen = Seen { permission: String::new(), role, refused: answer.status == 403 };
            if super::judge::wrong(row, &seen) {
                failures.push(format!("{} as {role}, {place:?}: {}", answer.request, answer.status));
            }
        }
    }
    cases
}

/// Status and body, without what names the request and without the id it named.
fn same(answer: &Answer, id: &str) -> (u16, String) {
    let body: Value = without_request(answer);
    (answer.status, body.to_string().replace(id, "…"))
}
