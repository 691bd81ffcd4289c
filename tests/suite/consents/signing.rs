//! Who signs what, and when it comes into force.

use super::*;
use crate::support::on_both_databases;
use chairside::domain::consent::ClauseId;
use chairside::domain::digest::Sha256;

#[test]
fn a_consent_comes_into_force_when_everybody_has_signed_what_was_shown() {
    on_both_databases(|clinic| {
        let (patient, form) = (a_patient(clinic), published_form(clinic, &form_body()));
        let consent = presented(clinic, &patient, &form, &scope());
        assert_eq!(consent["state"], "draft");

        let shown = clinic.nurse().get(&format!("{}/document", path(&consent))).expect(200);
        assert!(shown.bytes.ends_with(default_form().text.as_bytes()));
        let hash = Sha256::of(&shown.bytes).to_string();
        assert_eq!(
            (text(&consent["document_sha256"]), shown.header("x-document-sha256")),
            (hash.as_str(), Some(hash.as_str()))
        );
        assert_eq!(shown.header("content-type"), Some("text/plain; charset=utf-8"));
        let head = String::from_utf8(shown.bytes).unwrap();
        assert!(head.contains("Patient: Rivera, Ana\nBorn: 1984-05-17\n"), "{head}");

        let blocked = activate(clinic, &consent).expect_problem(422, "blocked");
        assert_eq!(codes(&blocked.body["blocked_by"]), ["signature_missing"; 3]);
        assert_eq!(codes(&check(clinic, &patient, "")["blocked_by"]), ["consent_unsigned"]);

        staff_signs(&clinic.front_desk(), &consent, "witness").expect(201);
        staff_signs(&clinic.prescriber(), &consent, "prescriber").expect(201);
        patient_signs(clinic, &consent).expect(201);
        patient_signs(clinic, &consent).expect_problem(409, "already_done");
        let read = clinic.nurse().get(&path(&consent)).expect(200);
        assert_eq!(read.body["blocked_by"], json!([]));
        assert_eq!(
            (&read.body["document_intact"], &read.body["capacity"]["finding"]),
            (&json!(true), &json!("confirmed"))
        );

        let active = activate(clinic, &consent).expect(200).body;
        assert_eq!((&active["state"], active["signatures"].as_array().unwrap().len()), (&json!("active"), 3));
        // 365 days from 2 March 2026, to the end of that day in New York.
        assert_eq!(
            (&active["valid_from"], &active["valid_until"]),
            (&json!("2026-03-02T15:00:00.000Z"), &json!("2027-03-03T05:00:00.000Z"))
        );
        let found = check(clinic, &patient, "&indication=G43.719");
        assert_eq!((&found["in_force"], &found["consent_id"]), (&json!(true), &consent["id"]));
        let trail = clinic.trail();
        for event in [
            "consent_template.published",
            "consent.drafted",
            "consent.signature_added",
            "consent.activated",
            "consent.read",
        ] {
            assert!(trail.contains(&format!("{event} success")), "{event} in {trail:?}");
        }
    });
}

#[test]
fn a_signature_is_for_this_document_this_act_and_this_person() {
    on_both_databases(|clinic| {
        let (patient, form) = (a_patient(clinic), published_form(clinic, &form_body()));
        let consent = presented(clinic, &patient, &form, &scope());
        let (id, hash, to) =
            (text(&consent["id"]), text(&consent["document_sha256"]), format!("{}/signatures", path(&consent)));
        let (nurse, prescriber) = (clinic.nurse(), clinic.prescriber());
        let other = "0".repeat(64);
        let as_patient =
            |hash: &str| json!({"role": "patient", "method": "typed", "name": "Ana", "document_sha256": hash});
        nurse.post(&to, &as_patient(&other)).expect_problem(409, "changed_since_display");
        nurse
            .post(&to, &as_patient("no hash"))
            .expect_problem(422, "validation_failed")
            .expect_field("/document_sha256", "format");
        clinic.front_desk().post(&to, &as_patient(hash)).expect_problem(403, "forbidden");

        let as_witness = |token: Option<String>| json!({"role": "witness", "method": "reauth", "document_sha256": hash, "signing_token": token});
        nurse.post(&to, &as_witness(None)).expect_problem(403, "reauth_required");
        nurse.post(&to, &as_witness(Some("chsg_made_up".into()))).expect_problem(403, "reauth_required");
        let for_another_act = nurse.reauth_for("consent.sign", id, hash);
        nurse.post(&to, &as_witness(Some(for_another_act))).expect_problem(403, "reauth_required");
        let for_another_document = nurse.reauth_for(SIGNATURE, id, &other);
        nurse.post(&to, &as_witness(Some(for_another_document))).expect_problem(409, "changed_since_display");
        let on_another_device = nurse.reauth_for(SIGNATURE, id, hash);
        prescriber.post(&to, &as_witness(Some(on_another_device))).expect_problem(403, "reauth_required");

        // A nurse does not explain, whoever holds the tablet; the explainer does not witness.
        let explains = |token: String| json!({"role": "prescriber", "method": "reauth", "document_sha256": hash, "signing_token": token, "capacity": has_capacity()});
        let refused = nurse.post(&to, &explains(nurse.reauth_for(SIGNATURE, id, hash)));
        refused.expect_problem(422, "validation_failed").expect_field("/role", "not_a_prescriber");
        nurse.post(&to, &explains(nurse.cosignature_for("prescriber", SIGNATURE, id, hash))).expect(201);
        let same = as_witness(Some(nurse.cosignature_for("prescriber", SIGNATURE, id, hash)));
        nurse.post(&to, &same).expect_problem(409, "same_person");
        let token = nurse.cosignature_for("front_desk", SIGNATURE, id, hash);
        let witness = nurse.post(&to, &as_witness(Some(token.clone()))).expect(201).body;
        assert_eq!(witness["staff_id"], json!(clinic.staff_id("front_desk").to_string()));
        let spent = json!({"role": "interpreter", "method": "reauth", "document_sha256": hash, "signing_token": token, "authority": "CHI 1"});
        nurse.post(&to, &spent).expect_problem(403, "reauth_required");
    });
}

#[test]
fn roles_forms_and_drafts_keep_their_rules() {
    on_both_databases(|clinic| {
        let (patient, form) = (a_patient(clinic), published_form(clinic, &form_body()));
        clinic.nurse().post("/api/v1/consent-templates", &form_body()).expect_problem(403, "forbidden");
        let publish = format!("/api/v1/consent-templates/{}/publish", text(&form["id"]));
        clinic.admin().post(&publish, &json!({})).expect_problem(403, "forbidden");
        clinic.prescriber().post(&publish, &json!({})).expect_problem(409, "invalid_transition");

        let mut bare = form_body();
        bare["clauses"] = json!([]);
        let draft = clinic.admin().post("/api/v1/consent-templates", &bare).expect(201);
        assert_eq!(draft.body["form_version"], 2);
        let refused =
            clinic.prescriber().post(&format!("/api/v1/consent-templates/{}/publish", draft.id()), &json!({}));
        assert_eq!(
            refused.expect_problem(422, "blocked").body["blocked_by"].as_array().unwrap().len(),
            ClauseId::ALL.len()
        );
        let unpublished = json!({"template_id": draft.body["id"], "scope": scope()});
        let to = format!("/api/v1/patients/{patient}/consents");
        clinic.nurse().post(&to, &unpublished).expect_problem(409, "wrong_state");
        let empty = json!({"template_id": form["id"], "scope": {"routes": [], "max_dose_mg_per_kg": "0", "indications": ["headache"]}});
        clinic
            .nurse()
            .post(&to, &empty)
            .expect_problem(422, "validation_failed")
            .expect_field("/scope/indications/0", "icd10");

        let consent = presented(clinic, &patient, &form, &scope());
        let void = format!("{}/void", path(&consent));
        clinic.nurse().post(&void, &json!({"reason": "mistake"})).expect_problem(403, "forbidden");
        clinic.prescriber().post(&void, &json!({"reason": " "})).expect_problem(422, "validation_failed");
        let voided = clinic.prescriber().post(&void, &json!({"reason": "mistake"})).expect(200).body;
        assert_eq!((&voided["state"], &voided["allowed_acts"]), (&json!("voided"), &json!([])));
        patient_signs(clinic, &consent).expect_problem(409, "invalid_transition");
        activate(clinic, &consent).expect_problem(412, "stale_version");
        clinic
            .prescriber()
            .with("if-match", "")
            .post(&format!("{}/sign", path(&consent)), &json!({}))
            .expect_problem(428, "precondition_required");

        let next_door = clinic.next_door();
        for there in [
            path(&consent),
            format!("{}/document", path(&consent)),
            format!("/api/v1/consent-templates/{}", text(&form["id"])),
        ] {
            next_door.nurse().get(&there).expect_problem(404, "not_found");
        }
        next_door.nurse().post(&format!("{}/withdraw", path(&consent)), &json!({})).expect_problem(404, "not_found");
    });
}

#[test]
fn a_newer_consent_takes_the_place_of_the_older_and_two_at_once_leave_one_active() {
    on_both_databases(|clinic| {
        let (patient, form) = (a_patient(clinic), published_form(clinic, &form_body()));
        let first = in_force(clinic, &patient, &form);
        let drafts: Vec<Value> = (0..4)
            .map(|_| {
                let draft = presented(clinic, &patient, &form, &scope());
                patient_signs(clinic, &draft).expect(201);
                staff_signs(&clinic.prescriber(), &draft, "prescriber").expect(201);
                staff_signs(&clinic.nurse(), &draft, "witness").expect(201);
                draft
            })
            .collect();
        std::thread::scope(|threads| {
            for draft in &drafts {
                threads.spawn(move || activate(clinic, draft).expect(200));
            }
        });
        assert_eq!(clinic.nurse().get(&path(&first)).expect(200).body["state"], "superseded");
        let list = clinic.front_desk().get(&format!("/api/v1/patients/{patient}/consents?limit=3")).expect(200).body;
        let more = clinic
            .front_desk()
            .get(&format!("/api/v1/patients/{patient}/consents?limit=3&cursor={}", text(&list["next_cursor"])));
        let all =
            [list["items"].as_array().unwrap().clone(), more.expect(200).body["items"].as_array().unwrap().clone()]
                .concat();
        let states: Vec<_> = all.iter().map(|consent| text(&consent["state"])).collect();
        assert_eq!(all.len(), 5);
        assert_eq!(states.iter().filter(|state| **state == "active").count(), 1, "{states:?}");
        assert_eq!(states.iter().filter(|state| **state == "superseded").count(), 4, "{states:?}");
        assert!(
            all.iter().all(|consent| consent.get("scope").is_none()),
            "the front desk sees no diagnosis and no dose"
        );
    });
}
