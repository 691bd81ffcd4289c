//! Unknown is not no, and a signature needs every answer.
use super::samples::{clear_form, signed};
use super::*;
use crate::domain::visit::samples::{deed, noon, visit};
use uuid::Uuid;

fn save(route: Route, form: PrecheckForm) -> Result<Precheck, Vec<(String, &'static str)>> {
    Precheck::save(PrecheckId(Uuid::from_u128(20)), visit(route), Some(4), form, deed()).map(|saved| saved.0).map_err(
        |refusal| match refusal {
            Refusal::Invalid(errors) => errors.into_iter().map(|error| (error.pointer, error.code)).collect(),
            other => panic!("{other:?}"),
        },
    )
}

#[test]
fn unknown_is_never_clear_and_a_question_nobody_asked_is_unknown() {
    for question in DayQuestion::ALL {
        assert_eq!(question.meaning(DayAnswer::Unknown), Meaning::Unknown, "{question}");
    }
    for route in Route::ALL {
        let mut precheck = signed(*route);
        assert_eq!(precheck.questions_meaning(Meaning::Unknown), []);
        precheck.form.replies.clear();
        let asked: Vec<_> = DayQuestion::ALL.iter().copied().filter(|question| question.is_asked_for(*route)).collect();
        assert_eq!(precheck.questions_meaning(Meaning::Unknown), asked);
    }
}

#[test]
fn for_each_question_exactly_one_of_yes_and_no_is_clear() {
    for question in DayQuestion::ALL {
        let clear = [DayAnswer::Yes, DayAnswer::No]
            .into_iter()
            .filter(|answer| question.meaning(*answer) == Meaning::Clear)
            .count();
        assert_eq!(clear, 1, "{question}");
        let not_applicable = question.meaning(DayAnswer::NotApplicable) == Meaning::Clear;
        assert_eq!(not_applicable, question.can_be_not_applicable(), "{question}");
    }
}

#[test]
fn a_signature_needs_an_answer_to_every_question_of_the_route() {
    for route in Route::ALL {
        for left_out in DayQuestion::ALL.iter().filter(|question| question.is_asked_for(*route)) {
            let mut form = clear_form(*route);
            form.replies.retain(|reply| reply.question != *left_out);
            assert!(save(*route, PrecheckForm { sign: false, ..form.clone() }).is_ok(), "a draft may be incomplete");
            assert_eq!(save(*route, form).unwrap_err(), [("/answers".to_owned(), "required")]);
        }
    }
}

#[test]
fn every_wrong_field_is_named_at_once() {
    let mut form = clear_form(Route::Iv);
    form.replies[1].answer = DayAnswer::NotApplicable;
    form.replies.push(DayReply {
        question: DayQuestion::Pregnancy,
        answer: DayAnswer::No,
        detail: Some("\0".to_owned()),
    });
    form.replies.push(DayReply {
        question: DayQuestion::RoomVentilationConfirmed,
        answer: DayAnswer::Yes,
        detail: None,
    });
    form.food_at = Some(noon().plus_minutes(6));
    form.weight_source = None;
    form.kit_ok = None;
    let codes: Vec<_> = save(Route::Iv, form).unwrap_err().into_iter().map(|error| error.1).collect();
    assert_eq!(
        codes,
        ["not_applicable", "repeated", "control_character", "not_asked", "future", "required", "required"]
    );
}

#[test]
fn each_saving_counts_on() {
    assert_eq!(save(Route::Iv, clear_form(Route::Iv)).unwrap().number, 5);
    assert_eq!(signed(Route::Iv).number, 1);
}
