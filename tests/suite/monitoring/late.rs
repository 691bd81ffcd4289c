//! Late rows: a tablet that was offline, a clock that runs ahead, a reason nobody gave.

use super::Bed;
use crate::support::on_both_databases;
use serde_json::{Value, json};

fn key(index: usize) -> String {
    format!("offline-row-{index:06}")
}

/// Two hundred readings, one each twenty seconds, with three bad ones in the middle.
fn kept(bed: &Bed<'_>) -> Value {
    let from = bed.clinic.clock.now().plus_minutes(-70);
    let items: Vec<Value> = (0..200_usize)
        .map(|index| {
            let at = from.plus_seconds(i64::try_from(index).unwrap() * 20);
            let row = match index {
                100 => json!({"systolic_mmhg": 999, "diastolic_mmhg": 80}),
                101 => json!({"systolic_mmhg": "148"}),
                102 => json!({"systolik_mmhg": 148}),
                _ => json!({"systolic_mmhg": 130, "diastolic_mmhg": 80, "late_reason": "the tablet was offline"}),
            };
            let mut row = bed.row(&row);
            row["occurred_at"] = json!(at.to_string());
            json!({"key": key(index), "observation": row})
        })
        .collect();
    json!({"items": items})
}

#[test]
fn two_hundred_late_rows_are_each_charted_or_refused_and_never_twice() {
    on_both_databases(|clinic| {
        let bed = Bed::arrived(clinic);
        clinic.advance_minutes(90);
        let batch = kept(&bed);
        let answer = bed.nurse().post(&bed.path("observations/batch"), &batch).expect(207).body;
        let results = answer["results"].as_array().unwrap();
        let statuses: Vec<i64> = results.iter().map(|result| result["status"].as_i64().unwrap()).collect();
        assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 197, "{statuses:?}");
        assert_eq!((statuses[100], statuses[101], statuses[102], statuses[103]), (422, 400, 400, 201));
        assert_eq!(results[100]["problem"]["errors"][0]["pointer"], "/systolic_mmhg");
        assert_eq!(results[101]["problem"]["errors"][0]["pointer"], "/observation/systolic_mmhg");
        assert_eq!((&results[0]["observation"]["late"], &results[0]["replayed"]), (&json!(true), &json!(false)));
        assert_eq!(bed.rows().len(), 198);
        let again = bed.nurse().post(&bed.path("observations/batch"), &batch).expect(207).body;
        let replayed = again["results"].as_array().unwrap().iter().filter(|result| result["replayed"] == true).count();
        assert_eq!((replayed, bed.rows().len()), (197, 198));
        assert_eq!(again["results"][0]["observation"], results[0]["observation"]);
    });
}

#[test]
fn a_batch_has_between_one_and_two_hundred_rows() {
    on_both_databases(|clinic| {
        let bed = Bed::arrived(clinic);
        let path = bed.path("observations/batch");
        bed.nurse()
            .post(&path, &json!({"items": []}))
            .expect_problem(422, "validation_failed")
            .expect_field("/items", "range");
        let many: Vec<Value> = (0..201).map(|index| json!({"key": key(index), "observation": {}})).collect();
        bed.nurse().post(&path, &json!({"items": many})).expect_problem(422, "validation_failed");
        let short = json!({"items": [{"key": "short", "observation": bed.row(&json!({"pain_nrs_0_10": 2}))}]});
        assert_eq!(bed.nurse().post(&path, &short).expect(207).body["results"][0]["status"], 400);
    });
}

#[test]
fn a_late_alarm_before_newer_normal_rows_is_listed_and_silent() {
    on_both_databases(|clinic| {
        let bed = Bed::running(clinic);
        clinic.advance_minutes(20);
        bed.full();
        let seen = clinic.clock.now().plus_minutes(-16).to_string();
        let late = json!({"systolic_mmhg": 190, "diastolic_mmhg": 112, "occurred_at": seen});
        let row = bed.chart(&late).expect(201).body;
        assert_eq!((&row["level"], &row["late"]), (&json!("pause"), &json!(true)));
        assert_eq!(bed.state_of("pressure_high").as_deref(), Some("historic"));
    });
}

#[test]
fn a_clock_ahead_is_held_back_and_a_reason_nobody_gave_is_asked_for_once() {
    on_both_databases(|clinic| {
        let bed = Bed::arrived(clinic);
        let ahead = clinic.clock.now().plus_minutes(30).to_string();
        let row = bed.chart(&json!({"pain_nrs_0_10": 3, "occurred_at": ahead})).expect(201).body;
        assert_eq!((&row["occurred_at"], &row["claimed_at"]), (&row["recorded_at"], &json!(ahead)));
        clinic.advance_minutes(120);
        for minutes in [-90, -80] {
            let seen = clinic.clock.now().plus_minutes(minutes).to_string();
            bed.chart(&json!({"pain_nrs_0_10": 5, "occurred_at": seen})).expect(201);
        }
        let tasks = bed.nurse().get("/api/v1/tasks?kind=late_reason").expect(200).body;
        let task = &tasks["items"][0];
        assert_eq!((tasks["items"].as_array().unwrap().len(), &task["session_id"]), (1, &json!(bed.session)));
        let path = format!("/api/v1/tasks/{}/done", task["id"].as_str().unwrap());
        clinic.front_desk().post(&path, &json!({})).expect_problem(404, "not_found");
        let done = bed.nurse().post(&path, &json!({"outcome": "the tablet was flat"})).expect(200).body;
        assert_eq!((&done["outcome"], &done["version"]), (&json!("the tablet was flat"), &json!(2)));
        bed.nurse().post(&path, &json!({})).expect_problem(409, "already_done");
        assert_eq!(bed.nurse().get("/api/v1/tasks?kind=late_reason").expect(200).body["items"], json!([]));
    });
}
