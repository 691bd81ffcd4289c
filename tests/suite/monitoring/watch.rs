//! The clock looks: overdue checks are told once, escalated, and ended by nothing but a row.

use super::Bed;
use crate::support::on_both_databases;
use serde_json::{Value, json};

fn statuses(bed: &Bed<'_>) -> Vec<Value> {
    let schedule = bed.nurse().get(&bed.path("observation-schedule")).expect(200).body;
    schedule["checks"].as_array().unwrap().iter().map(|check| check["status"].clone()).collect()
}

#[test]
fn two_watchers_at_once_raise_an_overdue_check_once() {
    on_both_databases(|clinic| {
        let bed = Bed::running(clinic);
        clinic.look_after_checks();
        assert_eq!((bed.state_of("check_overdue"), statuses(&bed)), (None, vec![json!("upcoming")]));
        clinic.advance_minutes(14);
        std::thread::scope(|scope| {
            scope.spawn(|| clinic.look_after_checks());
            scope.spawn(|| clinic.look_after_checks());
        });
        assert_eq!((bed.state_of("check_overdue").as_deref(), statuses(&bed)), (Some("open"), vec![json!("overdue")]));
        clinic.look_after_checks();
        let alert = bed.alerts().remove(0);
        assert_eq!((&alert["version"], &alert["paged_at"]), (&json!(1), &Value::Null));
        clinic.advance_minutes(5);
        clinic.look_after_checks();
        assert!(bed.alerts()[0]["paged_at"].is_string(), "the prescriber is told");
        bed.full();
        assert_eq!(bed.state_of("check_overdue").as_deref(), Some("closed"));
        assert_eq!(statuses(&bed), [json!("upcoming")]);
        let jobs = clinic.trail().iter().filter(|entry| *entry == "alert.raised success").count();
        assert_eq!(jobs, 1);
    });
}

#[test]
fn after_the_server_was_away_there_is_one_gap_and_one_check_due_now() {
    on_both_databases(|clinic| {
        let bed = Bed::running(clinic);
        clinic.advance_minutes(70);
        clinic.look_after_checks();
        clinic.look_after_checks();
        assert_eq!((bed.state_of("monitoring_gap").as_deref(), bed.alerts().len()), (Some("open"), 1));
        assert_eq!(statuses(&bed), [json!("escalated")]);
        bed.full();
        assert_eq!(bed.state_of("monitoring_gap").as_deref(), Some("closed"));
    });
}
