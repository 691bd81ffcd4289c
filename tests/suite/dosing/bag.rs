//! The bag was made up otherwise than its label said: one corrected preparation computes every amount anew.

use crate::support::on_both_databases;
use crate::support::visit::Visit;
use serde_json::{Value, json};

fn overdose(visit: &Visit<'_>) -> Vec<Value> {
    let path = format!("/api/v1/alerts?session_id={}", visit.session);
    let all = visit.clinic.nurse().get(&path).expect(200).body["items"].as_array().unwrap().clone();
    all.into_iter().filter(|alert| alert["condition"] == "overdose").collect()
}

/// Corrects the newest preparation, witnessed by the second nurse.
fn correct(visit: &Visit<'_>, changes: &Value) {
    let before = visit.clinic.nurse().get(&visit.path("/visit")).expect(200).body;
    let newest = before["preparations"].as_array().unwrap().last().unwrap()["id"].clone();
    let mut body = changes.clone();
    body["amends_id"] = newest;
    body["reason"] = json!("read off the empty vials");
    visit.try_prepare(&body, Some("second_nurse")).expect(201);
}

#[test]
fn a_bag_four_times_as_strong_is_an_overdose_as_soon_as_it_is_known() {
    on_both_databases(|clinic| {
        let visit = clinic.a_running_session();
        clinic.advance_minutes(40);
        correct(&visit, &json!({"lot": "KX-882"}));
        assert_eq!(overdose(&visit).len(), 0, "31 mg at the rate of 47 mL/h");
        correct(&visit, &json!({"drawn_ml": "8", "drawn_mg": "400", "concentration_mg_per_ml": "4"}));
        let raised = overdose(&visit);
        assert_eq!((raised.len(), &raised[0]["state"], &raised[0]["level"]), (1, &json!("open"), &json!("stop")));
        assert_eq!(raised[0]["routed_to"], "everybody");
        let drafts = clinic.prescriber().get("/api/v1/tasks?kind=adverse_event_draft").expect(200).body;
        assert_eq!(drafts["items"][0]["session_id"], json!(visit.session));
        correct(&visit, &json!({"drawn_ml": "8", "drawn_mg": "400", "concentration_mg_per_ml": "4", "lot": "KX-883"}));
        assert_eq!(overdose(&visit).len(), 1, "alarmed once");
    });
    on_both_databases(|clinic| {
        let visit = clinic.a_recovering_session();
        correct(&visit, &json!({"drawn_ml": "8", "drawn_mg": "400", "concentration_mg_per_ml": "4"}));
        assert_eq!(overdose(&visit).len(), 1, "after the stop too");
    });
}
