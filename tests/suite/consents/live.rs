//! Consent while drug runs: said in the chair, the drug stops; said elsewhere at the same moment, it never starts.

use super::*;
use crate::dosing::chair::Chair;
use crate::support::on_both_databases;
use std::sync::Barrier;
use std::time::Duration;

/// The consent that a patient in a chair has given.
fn consent_of(chair: &Chair<'_>) -> Value {
    let list = chair.nurse().get(&format!("/api/v1/patients/{}/consents", chair.patient)).expect(200).body;
    let items = list["items"].as_array().unwrap();
    items.iter().find(|consent| consent["state"] != "draft").expect("a consent that was signed").clone()
}

fn withdraw(chair: &Chair<'_>, body: &Value) -> Answer {
    chair.prescriber().post(&format!("{}/withdraw", path(&consent_of(chair))), body)
}

#[test]
fn no_more_said_in_the_chair_stops_the_drug_and_keeps_the_wider_wish_for_a_sober_day() {
    on_both_databases(|clinic| {
        let chair = Chair::running(clinic);
        let consent = consent_of(&chair);
        let draft = presented(clinic, &chair.patient, &published_form(clinic, &form_body()), &scope());
        clinic.advance_minutes(7);
        let said = json!({"scope": "all", "words": "stop, never again"});
        let first = withdraw(&chair, &said).expect(200).body;
        let stopped = &first["stopped_session"];
        assert_eq!((&stopped["state"], &stopped["pump_state"]), (&json!("recovery"), &json!("stop_required")));
        assert_eq!(
            (&first["withdrawal"]["scope"], &first["wish"]["wished_scope"]),
            (&json!("this_session"), &json!("all"))
        );
        assert_eq!(first["consent"]["state"], "active", "the series is not ended under the drug");
        assert_eq!(chair.read().body["end_reason"], "consent_withdrawn");
        let alerts = chair.nurse().get(&format!("/api/v1/alerts?session_id={}", chair.session)).expect(200).body;
        let raised: Vec<_> =
            alerts["items"].as_array().unwrap().iter().map(|alert| text(&alert["condition"])).collect();
        assert!(raised.contains(&"consent_withdrawn"), "{raised:?}");

        let again = withdraw(&chair, &said).expect(200).body;
        assert_eq!((&again["withdrawal"], &again["wish"]), (&Value::Null, &Value::Null));
        assert_eq!(chair.read().body["version"], stopped["version"], "said twice, nothing changes");

        patient_signs(clinic, &draft).expect_problem(422, "blocked");
        staff_signs(&clinic.nurse(), &draft, "witness").expect_problem(422, "blocked");
        staff_signs(&clinic.prescriber(), &draft, "prescriber").expect(201);
        let answer = json!({"outcome": "withdraws", "statement": "asked: wants no more at all"});
        let resolve = format!("/api/v1/withdrawal-reports/{}/resolve", text(&first["wish"]["id"]));
        let blocked = chair.nurse().post(&resolve, &answer).expect_problem(422, "blocked");
        assert_eq!(codes(&blocked.body["blocked_by"]), ["patient_under_drug"]);
        let other_session = format!("&session_id={}", text(&consent["id"]));
        assert_eq!(codes(&check(clinic, &chair.patient, &other_session)["blocked_by"]), ["withdrawal_unanswered"]);

        leave(&chair);
        clinic.advance_minutes(25 * 60);
        chair.nurse().post(&resolve, &answer).expect(200);
        assert_eq!(chair.nurse().get(&path(&consent)).expect(200).body["state"], "withdrawn");
        assert_eq!(chair.nurse().get(&path(&draft)).expect(200).body["state"], "voided", "all means the drafts too");
    });
}

#[test]
fn the_tap_at_the_chair_that_says_when_the_pump_stopped_is_one_request() {
    on_both_databases(|clinic| {
        let chair = Chair::running(clinic);
        clinic.advance_minutes(9);
        let at = chair.now();
        clinic.advance_minutes(1);
        let done = withdraw(&chair, &json!({"pump_stopped_at": at})).expect(200).body;
        assert_eq!(done["stopped_session"]["pump_state"], "stopped");
        assert_eq!(chair.record().last().map(String::as_str), Some("stop final"));
        assert_eq!(chair.read().body["pump"]["stopped_at"], json!(at));
    });
}

/// Never-list 1, at the only moment it can go wrong.
#[test]
fn withdrawn_while_starting_hundreds_of_times_never_leaves_drug_running_without_consent() {
    on_both_databases(|clinic| {
        let (mut started, mut refused) = (0, 0);
        for round in 0..rounds() {
            let chair = Chair::prepared(clinic);
            let body = json!({
                "patient_id": chair.patient, "expected_infusion_version": 0,
                "signing_token": chair.nurse().reauth("session.start", &chair.session),
                "pump": {"rate_ml_per_h": "60", "concentration_mg_per_ml": "1", "vtbi_ml": "100"},
            });
            let (nurse, prescriber) = (chair.nurse(), chair.prescriber());
            let (start, withdraw) = (chair.path("start"), format!("{}/withdraw", path(&consent_of(&chair))));
            let together = Barrier::new(2);
            // Now one a little ahead, now the other, by up to two milliseconds.
            let lead = |ahead: bool| if ahead { Duration::ZERO } else { Duration::from_micros(round % 20 * 100) };
            let (start, withdrawn) = std::thread::scope(|threads| {
                let start = threads.spawn(|| {
                    together.wait();
                    std::thread::sleep(lead(round % 2 == 0));
                    nurse.post(&start, &body)
                });
                together.wait();
                std::thread::sleep(lead(round % 2 == 1));
                let withdrawn = prescriber.post(&withdraw, &json!({}));
                (start.join().unwrap(), withdrawn)
            });
            let (withdrawn, session) = (withdrawn.expect(200).body, chair.read().body);
            if start.status == 200 {
                started += 1;
                assert_eq!(
                    (&session["state"], &session["end_reason"]),
                    (&json!("recovery"), &json!("consent_withdrawn"))
                );
                assert_eq!(withdrawn["stopped_session"]["id"], json!(chair.session), "round {round}");
                leave(&chair);
            } else {
                refused += 1;
                let blocked = start.expect_problem(422, "blocked");
                assert_eq!(codes(&blocked.body["blocked_by"]), ["consent_withdrawn"], "round {round}");
                assert_eq!((&session["state"], &withdrawn["stopped_session"]), (&json!("checked_in"), &Value::Null));
                let abort = json!({"patient_id": chair.patient, "reason": "consent_withdrawn"});
                chair.nurse().post(&chair.path("abort"), &abort).expect(200);
            }
        }
        println!("{started} started and were stopped, {refused} were refused");
        assert!(started > 0 && refused > 0, "no race: {started} started, {refused} refused");
    });
}

/// 200 races on each database in the short run, 1 000 in the long one.
fn rounds() -> u64 {
    if std::env::var("CHAIRSIDE_TEST_SCALE").as_deref() == Ok("long") { 1_000 } else { 200 }
}

/// The patient leaves, so that the nurse has a hand free for the next round.
fn leave(chair: &Chair<'_>) {
    let confirm = json!({"stopped_at": chair.now()});
    chair.nurse().post(&chair.path("pump-confirm"), &confirm).expect(200);
    let version = chair.read().version();
    let gone = json!({"patient_id": chair.patient, "disposition": "eloped", "reason": "left with a friend"});
    chair.nurse().if_match(version).post(&chair.path("complete"), &gone).expect(200);
}

/// The nurse stops the drug, and the patient leaves.
pub fn leave_after_stop(chair: &Chair<'_>) {
    chair
        .nurse()
        .post(&chair.path("stop"), &json!({"end_reason": "completed", "pump_stopped_at": chair.now()}))
        .expect(200);
    let version = chair.read().version();
    let gone = json!({"patient_id": chair.patient, "disposition": "eloped", "reason": "left with a friend"});
    chair.nurse().if_match(version).post(&chair.path("complete"), &gone).expect(200);
}
