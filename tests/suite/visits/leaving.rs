//! How a patient leaves, and how the books are closed.

use crate::support::on_both_databases;
use crate::support::visit::{Visit, codes};
use serde_json::json;

#[test]
fn a_patient_goes_home_when_fit_and_not_a_criterion_earlier() {
    on_both_databases(|clinic| {
        let visit = clinic.a_recovering_session();
        let check = |visit: &Visit<'_>| codes(&clinic.nurse().get(&visit.path("/discharge-check")).expect(200).body);
        let open = check(&visit);
        assert_eq!(codes(&visit.complete(&json!({})).expect_problem(422, "blocked").body), open);
        assert!(open.contains(&"minimum_stay".to_owned()) && open.contains(&"escort_not_seen".to_owned()), "{open:?}");
        clinic.advance_minutes(50);
        visit.observe(&Visit::recovered());
        clinic.advance_minutes(15);
        visit.observe(&Visit::recovered());
        assert_eq!(check(&visit), ["escort_not_seen"]);
        visit.name_escort("seen");
        assert_eq!(visit.complete(&json!({})).expect(200).body["state"], "completed");
    });
}

#[test]
fn leaving_against_advice_skips_the_criteria_and_needs_a_reason() {
    on_both_databases(|clinic| {
        for disposition in ["against_advice", "eloped", "transferred_ems"] {
            let visit = clinic.a_recovering_session();
            visit.complete(&json!({"disposition": disposition})).expect(422).expect_field("/reason", "required");
            let left = visit.complete(&json!({"disposition": disposition, "reason": "would not wait"})).expect(200);
            assert_eq!(left.body["state"], "completed");
            assert_eq!(codes(&left.body), ["settlement_missing"], "the books stay open");
        }
    });
}

#[test]
fn an_exception_is_a_prescribers_and_signed() {
    on_both_databases(|clinic| {
        let visit = clinic.a_recovering_session();
        let exception = json!({"disposition": "home_exception", "reason": "medical transport, nurse rides along"});
        let refused = visit.complete(&exception).expect_problem(422, "blocked");
        assert_eq!(codes(&refused.body), ["prescriber_only"]);
        let prescriber = clinic.prescriber();
        let mut body =
            json!({"patient_id": visit.patient, "disposition": "home_exception", "reason": "medical transport"});
        prescriber.post(&visit.path("/complete"), &body).expect_problem(403, "reauth_required");
        body["signing_token"] = json!(prescriber.reauth("session.discharge", &visit.session));
        prescriber.post(&visit.path("/complete"), &body).expect(200);
    });
}

#[test]
fn the_books_are_settled_witnessed_and_the_record_locked() {
    on_both_databases(|clinic| {
        let visit = clinic.a_completed_session();
        assert_eq!(codes(&visit.close().expect_problem(422, "blocked").body), ["settlement_missing"]);
        visit.settle_with(&json!({}), None).expect(422).expect_field("/cosignature", "required");
        visit.settle_with(&json!({}), Some("nurse")).expect_problem(409, "same_person");
        let settled = visit.settle(&json!({"measured_waste_ml": "64"})).expect(201);
        assert_eq!((&settled.body["prepared_mg"], &settled.body["given_mg"]), (&json!("100"), &json!("35.25")));
        assert_eq!((&settled.body["wasted_mg"], &settled.body["variance_mcg"]), (&json!("64.75"), &json!(-750)));
        visit.settle(&json!({})).expect_problem(409, "already_done");
        let closed = visit.close().expect(200);
        assert!(closed.body["locked_at"].is_string());
        visit.close().expect_problem(409, "invalid_transition");
        let again = json!({"amends_id": settled.id(), "explanation": "recounted"});
        visit.settle(&again).expect_problem(409, "wrong_state");
    });
}

#[test]
fn an_open_discrepancy_is_a_case_and_no_lock() {
    on_both_databases(|clinic| {
        let visit = clinic.a_completed_session();
        let short = visit.settle(&json!({"measured_waste_ml": "55"})).expect(422);
        short.expect_field("/discrepancy", "required").expect_field("/explanation", "required");
        let found = json!({"measured_waste_ml": "55", "discrepancy": "unexplained", "explanation": "counted twice"});
        let settled = visit.settle(&found).expect(201);
        assert_eq!((&settled.body["wasted_mg"], &settled.body["unexplained_mcg"]), (&json!("55"), &json!(9750)));
        let cases = clinic.prescriber().get("/api/v1/tasks?kind=discrepancy").expect(200).body;
        assert_eq!(cases["items"].as_array().unwrap().len(), 1);
        visit.close().expect(200);
    });
}

#[test]
fn waste_without_a_witness_waits_in_a_sealed_bag() {
    on_both_databases(|clinic| {
        let visit = clinic.a_completed_session();
        let settled = visit.settle_with(&json!({"hold_bag": "B-0042", "waste_method": null}), None).expect(201);
        assert_eq!(settled.body["awaits_witness"], true);
        let waiting = clinic.prescriber().get("/api/v1/tasks?kind=waste_cosign").expect(200).body;
        assert_eq!(waiting["items"].as_array().unwrap().len(), 1);
        visit.close().expect(200);
    });
}

#[test]
fn the_visit_is_read_whole_and_by_clinicians_only() {
    on_both_databases(|clinic| {
        let visit = clinic.a_ready_visit();
        let read = clinic.prescriber().get(&visit.path("/visit")).expect(200).body;
        assert_eq!((&read["precheck"]["version"], &read["order"]["dose_mg"]), (&json!(1), &json!("35.25")));
        assert_eq!(read["preparations"][0]["checked_by"], clinic.staff_id("second_nurse").to_string());
        assert_eq!(read["settlement"], json!(null));
        clinic.front_desk().get(&visit.path("/visit")).expect_problem(403, "forbidden");
        clinic.next_door().nurse().get(&visit.path("/visit")).expect_problem(404, "not_found");
        let trail = clinic.trail();
        for entry in
            ["session.prechecked success", "session.released success", "session.prepared success", "visit.read success"]
        {
            assert!(trail.contains(&entry.to_owned()), "{entry} in {trail:?}");
        }
    });
}
