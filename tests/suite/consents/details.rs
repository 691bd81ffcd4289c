//! What a signature says beside its name, translations, and changes that call for a new consent.

use super::*;
use crate::support::on_both_databases;

/// A signature of somebody who is no member of staff.
fn signature(consent: &Value, role: &str, more: &Value) -> Value {
    let mut body =
        json!({"role": role, "method": "typed", "name": "Ana Rivera", "document_sha256": consent["document_sha256"]});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

#[test]
fn the_patient_answers_one_by_one_and_a_refusal_is_kept() {
    on_both_databases(|clinic| {
        let (patient, form) = (a_patient(clinic), published_form(clinic, &form_body()));
        let consent = presented(clinic, &patient, &form, &scope());
        let to = format!("{}/signatures", path(&consent));
        let none = signature(&consent, "patient", &json!({}));
        let refused = clinic.nurse().post(&to, &none).expect_problem(422, "validation_failed");
        assert_eq!(refused.body["errors"].as_array().unwrap().len(), 8, "every item is asked for at once");
        let mut items = all_accepted();
        for item in items.as_array_mut().unwrap() {
            if ["photographs", "rescue_and_transfer"].contains(&text(&item["id"])) {
                item["answer"] = json!("declined");
            }
        }
        clinic.nurse().post(&to, &signature(&consent, "patient", &json!({"items": items}))).expect(201);
        staff_signs(&clinic.prescriber(), &consent, "prescriber").expect(201);
        staff_signs(&clinic.nurse(), &consent, "witness").expect(201);
        let blocked = activate(clinic, &consent).expect_problem(422, "blocked").body;
        assert_eq!(codes(&blocked["blocked_by"]), ["consent_item_declined"], "photographs may be declined");
        assert_eq!(blocked["blocked_by"][0]["actual"], "rescue_and_transfer");
        let read = clinic.nurse().get(&path(&consent)).expect(200).body;
        let by_patient = |one: &&Value| one["role"] == "patient";
        let patients = read["signatures"].as_array().unwrap().iter().find(by_patient).unwrap();
        let said = |items: &Value| -> Vec<(String, String)> {
            let one = |item: &Value| (text(&item["id"]).to_owned(), text(&item["answer"]).to_owned());
            items.as_array().unwrap().iter().map(one).collect()
        };
        assert_eq!(said(&patients["items"]), said(&items));
        assert_eq!(read["capacity"]["statement"]["unsedated"], true);
        let page = clinic.nurse().get(&format!("{}/document?format=html", path(&consent))).expect(200);
        assert!(String::from_utf8(page.bytes).unwrap().contains("<dt>declined</dt>"));
    });
}

#[test]
fn a_surrogate_an_interpreter_a_paper_and_a_sedative_have_their_own_rules() {
    on_both_databases(|clinic| {
        let (patient, form) = (a_patient(clinic), published_form(clinic, &form_body()));
        let mut body = json!({"template_id": form["id"], "scope": scope(), "spoken_language": "vi"});
        body["interpreter_needed"] = json!(true);
        let consent = clinic.nurse().post(&format!("/api/v1/patients/{patient}/consents"), &body).expect(201).body;
        let (to, nurse) = (format!("{}/signatures", path(&consent)), clinic.nurse());
        let interpreter =
            json!({"name": "Nguyễn Thị Hồng", "authority": "CHI 1234", "language": "vi", "unrelated_adult": true});
        for (field, code) in [("authority", "required"), ("language", "required"), ("unrelated_adult", "required")] {
            let mut without = interpreter.clone();
            without.as_object_mut().unwrap().remove(field);
            let refused = nurse.post(&to, &signature(&consent, "interpreter", &without));
            refused.expect_problem(422, "validation_failed").expect_field(&format!("/{field}"), code);
        }
        let mut spanish = interpreter.clone();
        spanish["language"] = json!("es");
        nurse.post(&to, &signature(&consent, "interpreter", &spanish)).expect_field("/language", "other_language");
        nurse.post(&to, &signature(&consent, "interpreter", &interpreter)).expect(201);

        let surrogate = json!({"name": "Łukasz Rivera", "items": all_accepted(), "authority_kind": "health_care_agent",
            "relationship": "husband", "authority": "proxy of 2 March 2024"});
        let mut bare = surrogate.clone();
        bare.as_object_mut().unwrap().remove("authority_kind");
        nurse.post(&to, &signature(&consent, "surrogate", &bare)).expect_field("/authority_kind", "surrogate_only");
        clinic.advance_minutes(90);
        let nurse = clinic.nurse();
        let mut paper = surrogate.clone();
        paper["signed_at"] = json!(clinic.now().plus_minutes(-100).to_string());
        nurse.post(&to, &signature(&consent, "surrogate", &paper)).expect_field("/signed_at", "range");
        paper["signed_at"] = json!(clinic.now().plus_minutes(-60).to_string());
        let signed = nurse.post(&to, &signature(&consent, "surrogate", &paper)).expect(201).body;
        assert_eq!((&signed["back_dated"], &signed["relationship"]), (&json!(true), &json!("husband")));

        let outside = json!({"name": "łukasz rivera", "unrelated_adult": true});
        nurse.post(&to, &signature(&consent, "witness", &outside)).expect_problem(409, "same_person");

        let (id, hash) = (text(&consent["id"]), text(&consent["document_sha256"]));
        let mut sedated = has_capacity();
        sedated["unsedated"] = json!(false);
        let body = json!({"role": "prescriber", "method": "reauth", "document_sha256": hash, "capacity": sedated,
            "signing_token": clinic.prescriber().reauth_for(SIGNATURE, id, hash)});
        let blocked = clinic.prescriber().post(&to, &body).expect_problem(422, "blocked").body;
        assert_eq!(codes(&blocked["blocked_by"]), ["patient_sedated"]);
    });
}

#[test]
fn what_is_no_small_drawing_is_refused_whatever_it_calls_itself() {
    on_both_databases(|clinic| {
        let (patient, form) = (a_patient(clinic), published_form(clinic, &form_body()));
        let consent = presented(clinic, &patient, &form, &scope());
        let to = format!("{}/signatures", path(&consent));
        let drawn = |image: &str| {
            let mut body = signature(&consent, "patient", &json!({"items": all_accepted(), "image_base64": image}));
            body["method"] = json!("drawn");
            clinic.nurse().post(&to, &body)
        };
        for (image, code) in [
            ("%%%", "format"),
            ("PHN2ZyBvbmxvYWQ9YWxlcnQoMSk+", "image"),
            ("iVBORw0KGgo=", "image"),
            ("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ", "image"),
        ] {
            drawn(image).expect_problem(422, "validation_failed").expect_field("/image_base64", code);
        }
        // Two dark lines on white.
        let dot = "iVBORw0KGgoAAAANSUhEUgAAADwAAAAUCAAAAAD0aAH1AAAATElEQVR42qXUSQrAQAgAwfr/p5PLHAMZbUFQsUHcePbi6Bpe8z6sBbzg/fgjeMQbRO/TFPiGl6TUpjRGmYqyEso+KsegXKLyBpQf9AJAA1zccUgsrgAAAABJRU5ErkJggg==";
        let signed = drawn(dot).expect(201).body;
        assert_eq!(text(&signed["image_sha256"]).len(), 64);
        let file = clinic.nurse().get(&format!("{}/document?format=pdf", path(&consent))).expect(200);
        assert!(file.bytes.windows(14).any(|window| window == b"/Subtype/Image" || window == b"/Subtype /Imag"));
    });
}

#[test]
fn a_translation_is_in_use_no_longer_than_what_it_translates() {
    on_both_databases(|clinic| {
        let (patient, original) = (a_patient(clinic), published_form(clinic, &form_body()));
        let mut spanish = form_body();
        spanish["code"] = json!("ketamine-es");
        spanish["language"] = json!("es");
        spanish["translates"] = original["id"].clone();
        let translation = published_form(clinic, &spanish);
        assert_eq!((&translation["translates"], &translation["form_version"]), (&original["id"], &json!(1)));
        let mut body = json!({"template_id": translation["id"], "scope": scope(), "spoken_language": "es"});
        let to = format!("/api/v1/patients/{patient}/consents");
        let consent = clinic.nurse().post(&to, &body).expect(201).body;
        assert_eq!(consent["interpreter_needed"], false, "form and conversation are in Spanish");
        patient_signs(clinic, &consent).expect(201);
        staff_signs(&clinic.prescriber(), &consent, "prescriber").expect(201);
        staff_signs(&clinic.nurse(), &consent, "witness").expect(201);
        activate(clinic, &consent).expect(200);
        assert_eq!(check(clinic, &patient, "")["template"]["language"], "es");

        let mut changed = form_body();
        changed["renews"] = json!(true);
        published_form(clinic, &changed);
        assert_eq!(codes(&check(clinic, &patient, "")["blocked_by"]), ["consent_form_outdated"]);
        body["spoken_language"] = json!("es");
        clinic.nurse().post(&to, &body).expect_problem(409, "wrong_state");
        spanish["language"] = json!("en-GB");
        let refused = clinic.admin().post("/api/v1/consent-templates", &spanish);
        refused.expect_problem(422, "validation_failed").expect_field("/language", "same_language");
    });
}

#[test]
fn a_change_in_the_patients_life_calls_for_a_new_consent() {
    on_both_databases(|clinic| {
        let (patient, form) = (a_patient(clinic), published_form(clinic, &form_body()));
        in_force(clinic, &patient, &form);
        let to = format!("/api/v1/patients/{patient}/consent-circumstances");
        for kind in ["pregnancy", "major_diagnosis", "surrogate_changed"] {
            clinic.front_desk().post(&to, &json!({"kind": kind, "note": "told"})).expect_problem(403, "forbidden");
            clinic.nurse().post(&to, &json!({"kind": kind, "note": ""})).expect_field("/note", "required");
            let noted = clinic.nurse().post(&to, &json!({"kind": kind, "note": "told on the telephone"})).expect(201);
            let code = format!("consent_{kind}");
            assert_eq!(codes(&check(clinic, &patient, "")["blocked_by"]), [code.as_str()]);
            let retract = format!("/api/v1/consent-circumstances/{}/retract", noted.id());
            clinic.nurse().post(&retract, &json!({"reason": "mistake"})).expect_problem(403, "forbidden");
            clinic.prescriber().post(&retract, &json!({"reason": "another patient"})).expect(200);
            clinic.prescriber().post(&retract, &json!({"reason": "again"})).expect_problem(409, "already_done");
            assert_eq!(check(clinic, &patient, "")["in_force"], true, "{kind}");
        }
        clinic.next_door().nurse().get(&to).expect_problem(404, "not_found");
        let listed = clinic.nurse().get(&to).expect(200).body;
        assert_eq!(listed["items"].as_array().unwrap().len(), 3);

        let diagnosis = |code: &str| {
            let body = json!({"code": code});
            clinic.prescriber().post(&format!("/api/v1/patients/{patient}/conditions"), &body).expect(201);
        };
        diagnosis("I10");
        assert_eq!(check(clinic, &patient, "")["in_force"], true);
        diagnosis("O09.90");
        assert_eq!(codes(&check(clinic, &patient, "")["blocked_by"]), ["consent_pregnancy"]);
        diagnosis("Z34.00");
        assert_eq!(clinic.nurse().get(&to).expect(200).body["items"].as_array().unwrap().len(), 4, "noted once");
        clinic.advance_minutes(1);
        in_force(clinic, &patient, &form);
        assert_eq!(check(clinic, &patient, "")["in_force"], true, "the new consent knew of it");
    });
}
