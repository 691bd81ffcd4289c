//! The auditor's questions, each one request: who saw this chart, what did this person do, what was refused, what was
//! given to whom. As JSON or CSV, page by page, and every answer is itself an entry of the trail.

use crate::schema::catalogue::Database;
use crate::support::{Clinic, on_both_databases};
use serde_json::{Value, json};

fn a_patient(clinic: &Clinic, family_name: &str) -> String {
    let body = json!({"family_name": family_name, "birth_date": "1984-05-17", "phone": "+1 555 0101"});
    let made = clinic.front_desk().post("/api/v1/patients", &body).expect(201);
    made.body["patient"]["id"].as_str().unwrap().to_owned()
}

fn items(answer: &Value) -> &Vec<Value> {
    answer["items"].as_array().unwrap()
}

#[test]
fn who_saw_this_chart_is_answered_with_names_kinds_and_permissions() {
    on_both_databases(|clinic| {
        let patient = a_patient(clinic, "Rivera");
        let chart = format!("/api/v1/patients/{patient}");
        clinic.nurse().get(&chart).expect(200);
        clinic.prescriber().if_match(1).patch(&chart, &json!({"phone": "+1 555 0102"})).expect(200);
        let report = format!("{chart}/access-report");
        for who in ["nurse", "front_desk", "admin"] {
            clinic.actor(who).get(&report).expect_problem(403, "forbidden");
        }
        let seen = clinic.prescriber().get(&report).expect(200).body;
        let told: Vec<(&str, &str, &str)> = items(&seen)
            .iter()
            .map(|access| {
                let word = |name: &str| access[name].as_str().unwrap();
                (word("staff_name"), word("kind"), word("permission"))
            })
            .collect();
        assert_eq!(
            told,
            [
                ("Test front_desk", "change", "patient.create"),
                ("Test nurse", "read", "patient.card.read"),
                ("Test prescriber", "change", "patient.card.update"),
            ]
        );
        let again = clinic.auditor().get(&report).expect(200).body;
        assert_eq!(items(&again).last().unwrap()["action"], "access_report.patient", "the report is an access");
        let unknown = "/api/v1/patients/0190a5c0-0000-7000-8000-00000000dead/access-report";
        clinic.auditor().get(unknown).expect_problem(404, "not_found");
        clinic.next_door().auditor().get(&report).expect_problem(404, "not_found");
    });
}

#[test]
fn every_filter_of_the_trail_holds_and_pages_join_without_a_gap() {
    on_both_databases(|clinic| {
        let patient = a_patient(clinic, "Rivera");
        let chart = format!("/api/v1/patients/{patient}");
        for _ in 0..5 {
            clinic.nurse().get(&chart).expect(200);
        }
        clinic.admin().get(&chart).expect_problem(403, "forbidden");
        let middle = clinic.now().to_string();
        clinic.advance_minutes(1);
        let read = clinic.nurse().get(&chart).expect(200);
        let ask = |query: &str| clinic.auditor().get(&format!("/api/v1/audit-events?{query}")).expect(200).body;
        let nurse = clinic.staff_id("nurse");
        let count = |query: &str| items(&ask(query)).len();
        assert_eq!(count(&format!("patient_id={patient}&actor_id={nurse}")), 6);
        assert_eq!(count(&format!("patient_id={patient}&action=patient.registered")), 1);
        assert_eq!(count("outcome=denied"), 1, "the refused attempt");
        assert_eq!(count(&format!("request_id={}", read.header("x-request-id").unwrap())), 1);
        assert_eq!(count(&format!("object_id={patient}")), 1);
        let later = middle.replace(":00.000Z", ":30.000Z");
        assert_eq!(count(&format!("action=patient.card.read&from={later}")), 1);
        assert_eq!(count(&format!("action=patient.card.read&outcome=success&until={later}")), 5);
        let (mut seqs, mut after) = (Vec::new(), 0);
        loop {
            let page = ask(&format!("patient_id={patient}&actor_id={nurse}&limit=2&after={after}"));
            seqs.extend(items(&page).iter().map(|entry| entry["seq"].as_i64().unwrap()));
            match page["next_after"].as_i64() {
                Some(next) => after = next,
                None => break,
            }
        }
        assert_eq!(seqs.len(), 6);
        assert!(seqs.is_sorted_by(|one, next| one < next), "{seqs:?}");
    });
}

#[test]
fn a_list_is_csv_when_it_is_asked_for_and_no_cell_runs() {
    on_both_databases(|clinic| {
        let patient = a_patient(clinic, "Rivera");
        let given = json!({"patient_ids": [patient], "recipient": "=HYPERLINK(\"http://x\")", "what": "the \"visits\", all",
            "purpose": "inspection", "authority": "oversight", "disclosed_at": clinic.now().to_string()});
        clinic.prescriber().post("/api/v1/disclosures", &given).expect(201);
        let list = format!("/api/v1/patients/{patient}/disclosures");
        let sheet = clinic.prescriber().with("accept", "text/csv").get(&list).expect(200);
        assert_eq!(sheet.header("content-type"), Some("text/csv; charset=utf-8; header=present"));
        let text = String::from_utf8(sheet.bytes).unwrap();
        assert!(text.contains(",\"'=HYPERLINK(\"\"http://x\"\")\",,\"the \"\"visits\"\", all\","), "{text}");
        let named = clinic.auditor().get(&format!("{list}?format=csv")).expect(200);
        assert_eq!(String::from_utf8(named.bytes).unwrap(), text);
        let trail = clinic.auditor().get("/api/v1/audit-events?format=csv&limit=1").expect(200);
        let next = trail.header("link").unwrap().to_owned();
        assert_eq!(next, "</api/v1/audit-events?format=csv&limit=1&after=1>; rel=\"next\"");
        assert_eq!(String::from_utf8(trail.bytes).unwrap().lines().count(), 2, "the names and one entry");
        clinic.auditor().with("accept", "application/json").get(&format!("{list}?format=json")).expect(200);
        clinic.auditor().get(&format!("{list}?format=xml")).expect(422);
    });
}

#[test]
fn disclosures_of_six_years_are_accounted_for_without_what_an_agency_asked_to_keep() {
    on_both_databases(|clinic| {
        let (patient, other) = (a_patient(clinic, "Rivera"), a_patient(clinic, "Okafor"));
        let now = clinic.now();
        let days = |n: i64| now.plus_minutes(n * 24 * 60).to_string();
        let given = |changes: Value| {
            let mut body = json!({"patient_ids": [patient], "recipient": "State medical board", "what": "the visits of March",
                "purpose": "inspection", "authority": "oversight", "disclosed_at": days(-1)});
            for (name, value) in changes.as_object().unwrap() {
                body[name] = value.clone();
            }
            clinic.prescriber().post("/api/v1/disclosures", &body)
        };
        given(json!({"patient_ids": [patient, other], "recipient": "Health department"})).expect(201);
        given(json!({"recipient": "Insurer of 2019", "disclosed_at": days(-7 * 366)})).expect(201);
        let kept = json!({"recipient": "FBI", "authority": "law_enforcement", "suspended_until": days(30), "suspended_for": "FBI"});
        given(kept).expect(201);
        given(json!({"suspended_until": days(30)})).expect_problem(422, "validation_failed");
        given(json!({"disclosed_at": days(1)})).expect_problem(422, "validation_failed");
        given(json!({"patient_ids": ["0190a5c0-0000-7000-8000-00000000dead"]})).expect_problem(404, "not_found");
        let foreign = a_patient(clinic.next_door(), "Stone");
        given(json!({"patient_ids": [patient, foreign]})).expect_problem(404, "not_found");
        clinic.nurse().post("/api/v1/disclosures", &json!({})).expect_problem(403, "forbidden");
        let recipients = |query: &str| -> Vec<String> {
            let path = format!("/api/v1/patients/{patient}/disclosures{query}");
            let found = clinic.auditor().get(&path).expect(200).body;
            items(&found).iter().map(|item| item["recipient"].as_str().unwrap().to_owned()).collect()
        };
        assert_eq!(recipients(""), ["Health department"], "six years, and nothing the patient is not to be told");
        assert_eq!(recipients("?with_suspended=true"), ["FBI", "Health department"]);
        clinic.advance_minutes(31 * 24 * 60);
        assert_eq!(recipients(""), ["FBI", "Health department"], "the suspension ended by itself");
        let bulk = clinic.prescriber().get(&format!("/api/v1/patients/{other}/disclosures")).expect(200).body;
        assert_eq!((items(&bulk).len(), &items(&bulk)[0]["bulk"]), (1, &json!(true)));
    });
}

/// A deep page begins where it begins: each question of the trail is a range of an index, on both databases.
#[test]
fn no_question_of_the_trail_reads_more_than_its_page() {
    let questions = [
        "clinic_id = {c} AND seq > 5 ORDER BY seq",
        "clinic_id = {c} AND actor_id = {c} AND seq > 5 ORDER BY seq",
        "clinic_id = {c} AND action = 'patient.card.read' AND seq > 5 ORDER BY seq",
        "clinic_id = {c} AND outcome = 'denied' AND seq > 5 ORDER BY seq",
        "clinic_id = {c} AND object_id = {c} AND seq > 5 ORDER BY seq",
        "clinic_id = {c} AND request_id = {c} AND seq > 5 ORDER BY seq",
    ];
    for mut database in Database::both_migrated() {
        let id = match database {
            Database::Sqlite(_) => "x'0190a5c0000070008000000000000001'",
            Database::Postgres(_) => "'0190a5c0-0000-7000-8000-000000000001'",
        };
        if let Database::Postgres(_) = database {
            // An empty table is read whole by any planner; the question is whether an index could serve it.
            database.run("SET enable_seqscan = off; SET enable_sort = off; SET enable_bitmapscan = off").unwrap();
        }
        for question in questions {
            let sql = format!("SELECT seq FROM audit_events WHERE {} LIMIT 50", question.replace("{c}", id));
            let plan = database.plan(&sql);
            let sorts = plan.iter().any(|line| line.contains("Sort") || line.contains("TEMP B-TREE"));
            let ranges = plan.iter().any(|line| {
                let on_sqlite = line.contains("SEARCH") && line.contains("seq>?");
                on_sqlite || (line.contains("Index Cond") && line.contains("seq > "))
            });
            assert!(ranges && !sorts, "{}: {sql}: {plan:?}", database.name());
        }
    }
}
