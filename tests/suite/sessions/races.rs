//! A hundred tablets at once: the database gives a slot to one, a nurse to her limit, and an error to nobody.

use super::{Desk, chair, patient};
use crate::support::{Answer, Clinic, on_both_databases};
use serde_json::{Value, json};

const WRITERS: usize = 100;

/// Sends every body at once.
fn all_at_once(clinic: &Clinic, bodies: &[Value]) -> Vec<Answer> {
    // Signed in before the race: a sign-in is not what is raced for.
    let desk = clinic.front_desk();
    std::thread::scope(|scope| {
        let threads: Vec<_> = bodies.iter().map(|body| scope.spawn(|| desk.post("/api/v1/sessions", body))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

fn count(answers: &[Answer], status: u16, code: Option<&str>) -> usize {
    answers
        .iter()
        .filter(|answer| answer.status == status && code.is_none_or(|code| answer.body["code"] == code))
        .count()
}

/// What was answered, for a failed test.
fn statuses(answers: &[Answer]) -> Vec<String> {
    let mut all: Vec<_> = answers.iter().map(|answer| format!("{} {}", answer.status, answer.body["code"])).collect();
    all.sort();
    all.dedup();
    all
}

#[test]
fn a_hundred_bookings_of_one_chair_give_exactly_one() {
    on_both_databases(|clinic| {
        let desk = Desk::of(clinic);
        let patients: Vec<_> = (0..10).map(|number| patient(clinic, &format!("Ana {number}"))).collect();
        let bodies: Vec<_> = (0..WRITERS)
            .map(|number| {
                let mut body = desk.body("2026-03-09T09:00");
                body["patient_id"] = json!(patients[number % patients.len()]);
                body
            })
            .collect();
        let answers = all_at_once(clinic, &bodies);
        let (won, lost) = (count(&answers, 201, None), count(&answers, 409, Some("slot_overlap")));
        assert_eq!((won, lost), (1, WRITERS - 1), "{:?}", statuses(&answers));
        let list = clinic.nurse().get("/api/v1/sessions").expect(200);
        assert_eq!(list.body["items"].as_array().unwrap().len(), 1, "what was refused left nothing behind");
    });
}

#[test]
fn a_hundred_bookings_of_one_nurse_give_exactly_her_limit() {
    on_both_databases(|clinic| {
        let desk = Desk::of(clinic);
        let rooms: Vec<_> = (0..10).map(|number| chair(clinic, &format!("Chair {}", number + 10))).collect();
        let patients: Vec<_> = (0..10).map(|number| patient(clinic, &format!("Ana {number}"))).collect();
        let prescribers = ["prescriber", "second_prescriber"].map(|who| clinic.staff_id(who).to_string());
        // Each writer has a chair and a patient that nine others want too, so that every kind of clash happens.
        let bodies: Vec<_> = (0..WRITERS)
            .map(|number| {
                let mut body = desk.body("2026-03-09T09:00");
                body["room_id"] = json!(rooms[number % 10]);
                body["patient_id"] = json!(patients[(number / 10 + number) % 10]);
                body["prescriber_id"] = json!(prescribers[number % 2]);
                body
            })
            .collect();
        let answers = all_at_once(clinic, &bodies);
        let (won, lost) = (count(&answers, 201, None), count(&answers, 409, Some("slot_overlap")));
        assert_eq!((won, lost), (3, WRITERS - 3), "{:?}", statuses(&answers));
    });
}

#[test]
fn two_desks_that_move_one_booking_at_once_move_it_once() {
    on_both_databases(|clinic| {
        let made = Desk::of(clinic).book("2026-03-09T09:00");
        let (path, desk) = (super::path(&made, ""), clinic.front_desk().if_match(1));
        let answers: Vec<_> = std::thread::scope(|scope| {
            let move_to = |hour: u8| json!({"local_start": format!("2026-03-09T{hour}:00")});
            let threads: Vec<_> = (10..14)
                .map(|hour| {
                    scope.spawn({
                        let (desk, path) = (desk.clone(), path.clone());
                        move || desk.patch(&path, &move_to(hour))
                    })
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(
            (count(&answers, 200, None), count(&answers, 412, Some("stale_version"))),
            (1, 3),
            "{:?}",
            statuses(&answers)
        );
    });
}
