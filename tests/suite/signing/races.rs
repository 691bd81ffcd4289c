//! Real races over proofs of presence: one token twice at once, two approvals at once.

use crate::support::on_both_databases;
use serde_json::json;

/// How often each answer came.
fn count(answers: &[crate::support::Answer], status: u16) -> usize {
    answers.iter().filter(|answer| answer.status == status).count()
}

#[test]
fn one_token_sent_twenty_times_at_once_signs_once() {
    on_both_databases(|clinic| {
        let visit = super::a_settled_visit(clinic);
        let nurse = clinic.nurse();
        let token = nurse.reauth("session.close", &visit.session);
        let body = json!({"patient_id": visit.patient, "signing_token": token});
        let path = visit.path("/close");
        let answers: Vec<_> = std::thread::scope(|scope| {
            let racers: Vec<_> = (0..20).map(|_| scope.spawn(|| nurse.post(&path, &body))).collect();
            racers.into_iter().map(|racer| racer.join().unwrap()).collect()
        });
        assert_eq!((count(&answers, 200), count(&answers, 403)), (1, 19));
        let read = nurse.get(&visit.path("/visit")).expect(200).body;
        let closes = read["signatures"].as_array().unwrap().iter().filter(|one| one["act"] == "session.close").count();
        assert_eq!(closes, 1);
    });
}

#[test]
fn of_two_prescribers_who_publish_one_draft_at_once_one_signs_it() {
    on_both_databases(|clinic| {
        let list = clinic.nurse().get("/api/v1/protocols").expect(200).body;
        let id = list["items"][0]["id"].as_str().unwrap().to_owned();
        let path = format!("/api/v1/protocols/{id}/publish");
        let people = [clinic.prescriber(), clinic.actor("second_prescriber")];
        let bodies = people.each_ref().map(|who| json!({"signing_token": who.reauth("protocol.approve", &id)}));
        let answers: Vec<_> = std::thread::scope(|scope| {
            let racers: Vec<_> =
                people.iter().zip(&bodies).map(|(who, body)| scope.spawn(|| who.post(&path, body))).collect();
            racers.into_iter().map(|racer| racer.join().unwrap()).collect()
        });
        assert_eq!((count(&answers, 200), count(&answers, 409)), (1, 1));
        let list = clinic.nurse().get("/api/v1/protocols").expect(200).body;
        let signed = list["items"].as_array().unwrap().iter().find(|item| item["id"] == json!(id)).unwrap();
        assert_eq!(signed["signatures"].as_array().unwrap().len(), 1);
    });
}
