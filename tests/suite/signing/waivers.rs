//! Two people, and where a clinic goes without the second: by an administrator, for a time, and reviewed by somebody else.

use crate::support::visit::{Visit, codes};
use crate::support::{Answer, Clinic, on_both_databases};
use serde_json::{Value, json};

const YEAR_MINUTES: i64 = 366 * 24 * 60;

fn reviews(clinic: &Clinic, who: &'static str) -> Vec<Value> {
    let list = clinic.actor(who).get("/api/v1/tasks?kind=waiver_review").expect(200).body;
    list["items"].as_array().unwrap().clone()
}

/// A prescriber changes the policy alone: the line of action for a systolic pressure.
fn change_policy(clinic: &Clinic, act_systolic: i64, second: Option<&'static str>) -> Answer {
    let prescriber = clinic.prescriber();
    let id = prescriber.get("/api/v1/policy").expect(200).id();
    let cosignature = second.map(|who| prescriber.cosignature(who, "policy.approve", &id));
    let body = json!({"policy_id": id, "reason": "after the review", "settings": {"pressure": {"act_systolic": act_systolic}},
        "signing_token": prescriber.reauth("policy.approve", &id), "cosignature": cosignature});
    prescriber.post("/api/v1/policy", &body)
}

/// Above the protocol's ceiling of 1 mg/kg, below its cap: 1.2 mg/kg over 90 min for 70.5 kg.
fn high_dose() -> Value {
    json!({"dose_mg_per_kg": "1.2", "duration_min": 90, "max_total_mg": "84.6", "initial_rate_ml_per_h": "56.4",
        "titration": null, "override_reason": "third session, no response below"})
}

/// Ready for its order.
fn unordered(clinic: &Clinic) -> Visit<'_> {
    let visit = clinic.a_received_visit();
    visit.precheck(&json!({}));
    // The plan goes as high as the protocol; this order goes higher.
    visit
}

#[test]
fn a_looser_policy_needs_two_prescribers_or_a_waiver_and_a_stricter_one_neither() {
    on_both_databases(|clinic| {
        let refused = change_policy(clinic, 170, None).expect_problem(422, "blocked");
        assert_eq!(codes(&refused.body), ["second_prescriber_missing"]);
        let own = change_policy(clinic, 170, Some("prescriber"));
        own.expect_problem(409, "same_person");
        change_policy(clinic, 170, Some("nurse"))
            .expect_problem(422, "validation_failed")
            .expect_field("/cosignature", "not_a_prescriber");
        assert_eq!(reviews(clinic, "auditor").len(), 0, "nothing was done alone");
        let together = change_policy(clinic, 166, Some("second_prescriber")).expect(201);
        assert_eq!(together.body["effective_at"], together.body["approved_at"], "two wait for nothing");
        assert_eq!(reviews(clinic, "auditor").len(), 0);
        change_policy(clinic, 160, None).expect(201);
        assert_eq!(reviews(clinic, "auditor").len(), 1, "alone is reviewed");
        clinic.waive("policy.approve").expect(201);
        let alone = change_policy(clinic, 170, None).expect(201);
        let [approved, effective] = ["approved_at", "effective_at"].map(|member| alone.body[member].clone());
        assert_ne!(approved, effective, "one waits a day");
        let all = reviews(clinic, "auditor");
        let review = all.iter().find(|task| task["subject_id"] == alone.body["id"]).expect("a review");
        let done = format!("/api/v1/tasks/{}/done", review["id"].as_str().unwrap());
        clinic.prescriber().post(&done, &json!({})).expect_problem(409, "same_person");
        clinic.auditor().post(&done, &json!({"outcome": "agreed"})).expect(200);
    });
}

#[test]
fn a_waiver_is_set_by_an_administrator_with_a_password_for_at_most_a_year_and_only_where_one_may_be() {
    on_both_databases(|clinic| {
        let (admin, id) = (clinic.admin(), clinic.id.to_string());
        let set = |changes: Value| {
            let mut body = json!({"clinic_id": id, "permission": "protocol.approve", "reason": "there is one prescriber",
                "ends_at": clinic.now().plus_minutes(YEAR_MINUTES).to_string(),
                "signing_token": admin.reauth("two_person_waiver.set", &id)});
            for (name, value) in changes.as_object().unwrap() {
                body[name] = value.clone();
            }
            admin.post("/api/v1/two-person-waivers", &body)
        };
        for minutes in [0, -60, YEAR_MINUTES + 1] {
            set(json!({"ends_at": clinic.now().plus_minutes(minutes).to_string()}))
                .expect_problem(422, "validation_failed")
                .expect_field("/ends_at", "range");
        }
        set(json!({"reason": "short"})).expect_problem(422, "validation_failed");
        // decisions.md part 2: no waiver.
        for never in ["visit.prepare", "consent.signature.add", "screening.decide", "stock.waste", "session.start", ""]
        {
            set(json!({"permission": never}))
                .expect_problem(422, "validation_failed")
                .expect_field("/permission", "unknown_word");
        }
        set(json!({"clinic_id": clinic.next_door().id.to_string()})).expect_problem(403, "reauth_required");
        set(json!({"signing_token": "chsg_none"})).expect_problem(403, "reauth_required");
        let prescriber = clinic.prescriber();
        prescriber.post("/api/v1/two-person-waivers", &json!({})).expect_problem(403, "forbidden");
        let first = set(json!({})).expect(201);
        let second = set(json!({"reason": "there still is one prescriber"})).expect(201);
        let list = prescriber.get("/api/v1/two-person-waivers").expect(200).body;
        let holding: Vec<&Value> =
            list["items"].as_array().unwrap().iter().filter(|one| one["holds"] == true).map(|one| &one["id"]).collect();
        assert_eq!(holding, [&json!(second.id())], "the newer one takes the place of {}", first.id());
        let end = format!("/api/v1/two-person-waivers/{}/end", second.id());
        admin.post(&end, &json!({})).expect(200);
        admin.post(&end, &json!({})).expect_problem(409, "already_done");
        clinic.next_door().admin().post(&end, &json!({})).expect_problem(404, "not_found");
    });
}

#[test]
fn a_waiver_that_ran_out_or_was_ended_waives_nothing() {
    on_both_databases(|clinic| {
        let waiver = clinic.waive("policy.approve").expect(201).id();
        clinic.advance_minutes(30 * 24 * 60);
        change_policy(clinic, 170, None).expect_problem(422, "blocked");
        assert!(!waiver.is_empty());
        let again = clinic.waive("policy.approve").expect(201).id();
        change_policy(clinic, 170, None).expect(201);
        clinic.admin().post(&format!("/api/v1/two-person-waivers/{again}/end"), &json!({})).expect(200);
        change_policy(clinic, 175, None).expect_problem(422, "blocked");
    });
}

#[test]
fn a_dose_above_the_ceiling_is_witnessed_or_waived_and_above_the_cap_never_ordered_alone() {
    on_both_databases(|clinic| {
        let visit = unordered(clinic);
        let order = |changes: Value| {
            let mut all = high_dose();
            for (name, value) in changes.as_object().unwrap() {
                all[name] = value.clone();
            }
            codes(&visit.try_release(&all).expect_problem(422, "blocked").body)
        };
        assert!(order(json!({})).iter().any(|code| code.starts_with("envelope") || code.contains("exceeded")));
        clinic.waive("order.sign").expect(201);
        let left = order(json!({}));
        assert_eq!(left, ["plan_dose_exceeded"], "the witness is waived, the patient's own plan is not");
        let beyond = order(json!({"max_total_mg": "120.001"}));
        assert_eq!(beyond.len(), 2, "the cap stays: {beyond:?}");
    });
}

#[test]
fn one_human_with_two_sign_ins_is_no_second_person() {
    on_both_databases(|clinic| {
        let nurse = clinic.staff_id("nurse").to_string();
        let login = format!("nurse.again.{}", clinic.id);
        let body =
            json!({"login": login, "display_name": "Test nurse, desk", "roles": ["nurse"], "same_person_as": nurse});
        let invited = clinic.admin().post("/api/v1/staff", &body).expect(201).body;
        let password = "violet harbour kettle";
        let chosen = json!({"link_token": invited["link_token"], "new_password": password});
        clinic.nobody().post("/api/v1/auth/link", &chosen).expect(200);
        let mut stranger = body.clone();
        stranger["login"] = json!(format!("{login}2"));
        stranger["same_person_as"] = json!(clinic.next_door().staff_id("nurse").to_string());
        clinic
            .admin()
            .post("/api/v1/staff", &stranger)
            .expect_problem(422, "validation_failed")
            .expect_field("/same_person_as", "unknown");
        let visit = super::a_settled_visit(clinic);
        let settled = clinic.nurse().get(&visit.path("/visit")).expect(200).body["settlement"]["id"].clone();
        let as_witness = |act: &str| {
            let shown = clinic.nurse().shown(act, &visit.session);
            let body = json!({"login": login, "password": password, "act": act,
                "subject_id": visit.session, "subject_sha256": shown});
            clinic.nurse().post("/api/v1/cosignatures", &body).expect(200).body["signing_token"].clone()
        };
        let waste = json!({"patient_id": visit.patient, "waste_method": "denatured", "amends_id": settled,
            "explanation": "written again", "cosignature": as_witness("stock.waste"),
            "signing_token": clinic.nurse().reauth("stock.waste", &visit.session)});
        clinic.nurse().post(&visit.path("/settlement"), &waste).expect_problem(409, "same_person");
        let mut preparation = visit.preparation_body();
        preparation["cosignature"] = as_witness("visit.prepare");
        clinic.nurse().post(&visit.path("/preparation"), &preparation).expect_problem(409, "same_person");
    });
}
