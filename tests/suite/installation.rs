//! The first clinic over the network: with the token of the host, once, from nobody else.

use crate::support::program::{self, Program};
use crate::support::{Kind, scratch, stand_alone};
use chairside::store::DatabaseUrl;
use serde_json::{Value, json};

const PASSWORD: &str = "four walls and one open door";

fn body(token: &str, number: usize) -> Value {
    json!({"bootstrap_token": token, "clinic": format!("Clinic {number}"), "zone": "America/New_York",
        "login": format!("first{number}"), "display_name": "First", "password": PASSWORD})
}

fn claim(server: &Program, body: &Value) -> (u16, Value) {
    server.send("POST", "/api/v1/bootstrap", None, Some(body)).expect("an answer")
}

/// The token that the host printed.
fn token(url: &DatabaseUrl, keys: &str) -> String {
    let printed = program::run(url, &["bootstrap", "--token", "--keys", keys]);
    printed.lines().next().expect("a token").to_owned()
}

#[test]
fn fifty_who_claim_an_installation_at_once_make_one_clinic() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let folder = scratch();
        let url = stand_alone::database(kind, &folder);
        let keys = folder.join("keys").display().to_string();
        let (replaced, token) = (token(&url, &keys), token(&url, &keys));
        let server = Program::start(&url, &folder);
        let without = {
            let mut body = body("", 0);
            body.as_object_mut().unwrap().remove("bootstrap_token");
            body
        };
        let forged = body("chsb_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", 0);
        for refused in [without, forged, body("", 0), body(&replaced, 0)] {
            let (status, answer) = claim(&server, &refused);
            assert_eq!((status, &answer["code"]), (404, &json!("not_found")), "{kind:?}");
        }
        let weak = json!({"bootstrap_token": token, "clinic": "", "zone": "Nowhere/Land", "login": "x", "display_name": "",
            "password": "short"});
        let (status, answer) = claim(&server, &weak);
        assert_eq!(status, 422, "{answer}");
        let pointers: Vec<_> =
            answer["errors"].as_array().unwrap().iter().map(|error| error["pointer"].clone()).collect();
        assert_eq!(
            pointers,
            ["/clinic", "/login", "/display_name", "/zone", "/password"].map(|at| json!(at)),
            "every reason at once"
        );

        let answers: Vec<(u16, Value)> = std::thread::scope(|scope| {
            let (server, token) = (&server, &token);
            let one = |number: usize| scope.spawn(move || claim(server, &body(token, number)));
            let running: Vec<_> = (0..50).map(one).collect();
            running.into_iter().map(|one| one.join().unwrap()).collect()
        });
        // A machine that hashes a few at once may tell the last to come again.
        let statuses: Vec<u16> = answers.iter().map(|(status, _)| *status).collect();
        assert!(statuses.iter().all(|status| matches!(status, 201 | 404 | 503)), "{kind:?}: {statuses:?}");
        let made: Vec<&Value> = answers.iter().filter(|(status, _)| *status == 201).map(|(_, answer)| answer).collect();
        assert_eq!(made.len(), 1, "{kind:?}: {statuses:?}");
        let access = server.sign_in(made[0]["login"].as_str().expect("a name"), PASSWORD);
        let (status, me) =
            server.send("GET", "/api/v1/me", Some((&access, "key-of-a-request")), None).expect("an answer");
        assert_eq!((status, &me["roles"], &me["clinic_id"]), (200, &json!(["admin"]), &made[0]["clinic_id"]));
        assert_eq!(claim(&server, &body(&token, 99)).0, 404, "there is nothing here any more");
        server.kill();
        let refused =
            program::try_to_run(&url, &["bootstrap", "--token", "--keys", &keys]).expect_err("somebody can sign in");
        assert!(refused.contains("somebody can sign in already"), "{refused}");
    }
}
