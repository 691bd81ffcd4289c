use super::*;
use crate::domain::id::{AccountId, ScreeningDecisionId};
use crate::domain::refusal::Clash;
use crate::domain::route::Person;
use proptest::prelude::*;
use uuid::Uuid;

const T0: i64 = 1_772_000_000_000;
const DAY: i64 = 86_400_000;

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(T0 + millis)
}

fn answer(question: &str, answer: AnswerCode) -> AnswerFields<'_> {
    AnswerFields {
        question,
        answer,
        detail: None,
        severity: None,
        source: AnswerSource::Patient,
        asserted_at: None,
        expires_at: None,
    }
}

/// Every question answered no, except those given.
fn screening(others: &[(&str, Option<AnswerCode>)]) -> Screening {
    let fields: Vec<AnswerFields<'_>> = QUESTIONS
        .iter()
        .filter_map(|question| match others.iter().find(|(code, _)| *code == question.code) {
            None => Some(answer(question.code, AnswerCode::No)),
            Some((_, given)) => given.map(|given| answer(question.code, given)),
        })
        .collect();
    let new = NewScreening::parse(QUESTIONS_VERSION, &fields, at(0)).unwrap();
    new.record(ScreeningId(Uuid::from_u128(1)), PatientId(Uuid::nil()), StaffId(Uuid::nil()), at(0)).0
}

fn prescriber(n: u128, account: u128, when: i64) -> Decided {
    let by = Person { staff: StaffId(Uuid::from_u128(account)), account: AccountId(Uuid::from_u128(account)) };
    Decided { id: ScreeningDecisionId(Uuid::from_u128(n)), by, at: at(when) }
}

fn fields<'a>(verdict: Verdict, reasons: &'a [ReasonFields<'a>]) -> DecisionFields<'a> {
    DecisionFields { verdict, reasons, expires_at: None, seconds_id: None }
}

fn because(question: &str) -> ReasonFields<'_> {
    ReasonFields { question: Some(question), text: "weighed with the patient" }
}

fn blocked_codes(result: Result<(Decision, Vec<Event>), Refusal>) -> Vec<&'static str> {
    match result {
        Err(Refusal::Blocked { event: "clear", by }) => by.into_iter().map(|unmet| unmet.code).collect(),
        other => panic!("expected a block, got {other:?}"),
    }
}

fn codes(latest: Option<(&Screening, &[Decision])>, when: Timestamp) -> Vec<&'static str> {
    unmet_at(latest, when).into_iter().map(|unmet| unmet.code).collect()
}

#[test]
fn every_question_has_one_code_and_a_sentence() {
    for (index, question) in QUESTIONS.iter().enumerate() {
        assert!(!QUESTIONS[..index].iter().any(|earlier| earlier.code == question.code), "{}", question.code);
        assert!(question.text.ends_with('?') && question.valid_days > 0, "{}", question.code);
    }
}

#[test]
fn a_patient_with_every_answer_no_is_cleared_by_one_prescriber() {
    let screening = screening(&[]);
    assert_eq!(screening.assess(at(0)), Assessment::default());
    let (decision, _) = decide(&screening, &[], fields(Verdict::Cleared, &[]), prescriber(1, 1, 5)).unwrap();
    assert_eq!(codes(Some((&screening, &[decision])), at(6)), Vec::<&str>::new());
}

#[test]
fn each_answer_lands_where_its_class_says_and_unknown_is_never_no() {
    for question in QUESTIONS {
        for given in [Some(AnswerCode::Yes), Some(AnswerCode::Unknown), None] {
            let assessment = screening(&[(question.code, given)]).assess(at(0));
            let counts = [
                assessment.unresolved.len(),
                assessment.blocks.len(),
                assessment.needs_reason.len(),
                assessment.warnings.len(),
            ];
            let expected = match (given, question.class) {
                (None, _) | (Some(AnswerCode::Unknown), RiskClass::Absolute) => [1, 0, 0, 0],
                (Some(AnswerCode::Yes), RiskClass::Absolute) => [0, 1, 0, 0],
                (Some(AnswerCode::Yes), RiskClass::Precaution) => [0, 0, 0, 1],
                _ => [0, 0, 1, 0],
            };
            assert_eq!(counts, expected, "{} {given:?}", question.code);
        }
    }
}

#[test]
fn nobody_clears_while_a_question_is_open() {
    let open = screening(&[("pregnancy", None), ("intracerebral_haemorrhage", Some(AnswerCode::Unknown))]);
    let refused = decide(&open, &[], fields(Verdict::Cleared, &[]), prescriber(1, 1, 5));
    assert_eq!(blocked_codes(refused), ["screening_unknown", "screening_unanswered"]);
    let refused = decide(&open, &[], fields(Verdict::Conditional, &[because("pregnancy")]), prescriber(1, 1, 5));
    assert_eq!(blocked_codes(refused).len(), 2, "a reason does not answer a question");
    let no = ReasonFields { question: None, text: "declined" };
    assert!(decide(&open, &[], fields(Verdict::Not, &[no]), prescriber(1, 1, 5)).is_ok());
}

#[test]
fn a_relative_contraindication_needs_the_prescribers_reason_by_name() {
    let thyroid =
        screening(&[("untreated_hyperthyroidism", Some(AnswerCode::Yes)), ("seizure_disorder", Some(AnswerCode::Yes))]);
    let who = prescriber(1, 1, 5);
    assert_eq!(blocked_codes(decide(&thyroid, &[], fields(Verdict::Cleared, &[]), who)), ["screening_reason_missing"]);
    let other = [because("mania_or_bipolar_1")];
    assert_eq!(
        blocked_codes(decide(&thyroid, &[], fields(Verdict::Cleared, &other), who)),
        ["screening_reason_missing"]
    );
    let (decision, _) =
        decide(&thyroid, &[], fields(Verdict::Cleared, &[because("untreated_hyperthyroidism")]), who).unwrap();
    assert!(codes(Some((&thyroid, &[decision])), at(6)).is_empty(), "a precaution alone warns and does not block");
}

#[test]
fn a_positive_absolute_question_takes_two_prescribers_who_are_two_people() {
    let aneurysm = screening(&[("vascular_aneurysm_or_avm", Some(AnswerCode::Yes))]);
    let reason = [because("vascular_aneurysm_or_avm")];
    let (first, _) = decide(&aneurysm, &[], fields(Verdict::Cleared, &reason), prescriber(1, 1, 5)).unwrap();
    let alone = [first.clone()];
    assert_eq!(decision_state(&aneurysm, &alone, &first), DecisionState::AwaitingSecond);
    assert_eq!(codes(Some((&aneurysm, &alone)), at(6)), ["screening_second_prescriber_missing"]);

    let join = DecisionFields { seconds_id: Some(first.id), ..fields(Verdict::Cleared, &[]) };
    let same = decide(&aneurysm, &alone, join, prescriber(2, 1, 7)).unwrap_err();
    assert!(matches!(same, Refusal::Clash { clash: Clash::SamePerson, .. }));
    let differs = DecisionFields { verdict: Verdict::Not, reasons: &reason, ..join };
    assert!(decide(&aneurysm, &alone, differs, prescriber(2, 2, 7)).is_err());

    let (second, _) = decide(&aneurysm, &alone, join, prescriber(2, 2, 7)).unwrap();
    let both = [first, second];
    assert!(codes(Some((&aneurysm, &both)), at(8)).is_empty());
    assert_eq!(
        codes(Some((&aneurysm, &both)), at(6)),
        ["screening_second_prescriber_missing"],
        "not before the second joined"
    );
    assert!(decide(&aneurysm, &both, join, prescriber(3, 3, 9)).is_err(), "a third has nothing to join");
}

#[test]
fn a_later_no_outweighs_an_earlier_yes_and_cannot_be_joined_away() {
    let clear = screening(&[]);
    let (yes, _) = decide(&clear, &[], fields(Verdict::Cleared, &[]), prescriber(1, 1, 5)).unwrap();
    let reason = [ReasonFields { question: None, text: "new angina" }];
    let (no, _) =
        decide(&clear, std::slice::from_ref(&yes), fields(Verdict::Not, &reason), prescriber(2, 1, 9)).unwrap();
    let both = [yes.clone(), no];
    assert_eq!(codes(Some((&clear, &both)), at(10)), ["screening_not_cleared"]);
    assert!(codes(Some((&clear, &both)), at(8)).is_empty(), "it was cleared until then");
    let join = DecisionFields { seconds_id: Some(yes.id), ..fields(Verdict::Cleared, &[]) };
    assert!(decide(&clear, &both, join, prescriber(3, 2, 11)).is_err());
}

#[test]
fn a_clearance_ends_with_its_first_answer_or_earlier() {
    let clear = screening(&[]);
    let decided = |expires_at| {
        decide(&clear, &[], DecisionFields { expires_at, ..fields(Verdict::Cleared, &[]) }, prescriber(1, 1, 0))
    };
    let (decision, _) = decided(None).unwrap();
    assert_eq!(decision.expires_at, at(180 * DAY));
    for (when, expected) in [(180 * DAY - 1, &[] as &[&str]), (180 * DAY, &["screening_expired"])] {
        assert_eq!(codes(Some((&clear, std::slice::from_ref(&decision))), at(when)), expected, "{when}");
    }
    assert_eq!(decided(Some(at(DAY))).unwrap().0.expires_at, at(DAY));
    for wrong in [at(0), at(-1), at(180 * DAY + 1)] {
        assert!(decided(Some(wrong)).is_err(), "{wrong}");
    }
    assert_eq!(clear.assess(at(180 * DAY)).unresolved.len(), QUESTIONS.len());
}

#[test]
fn without_answers_or_a_decision_nothing_starts() {
    assert_eq!(codes(None, at(0)), ["screening_missing"]);
    let clear = screening(&[]);
    assert_eq!(codes(Some((&clear, &[])), at(1)), ["screening_undecided"]);
    assert_eq!(codes(Some((&clear, &[])), at(-1)), ["screening_missing"], "answers recorded later do not count back");
}

#[test]
fn wrong_answers_are_named_with_their_pointers() {
    let future = AnswerFields { asserted_at: Some(at(1)), ..answer("porphyria", AnswerCode::No) };
    let stretched = AnswerFields { expires_at: Some(at(181 * DAY)), ..answer("seizure_disorder", AnswerCode::No) };
    let old = AnswerFields { asserted_at: Some(at(-366 * DAY)), ..answer("bladder_symptoms", AnswerCode::No) };
    let all = [
        answer("asthma", AnswerCode::No),
        answer("active_psychosis", AnswerCode::NotApplicable),
        future,
        answer("porphyria", AnswerCode::Yes),
        stretched,
        old,
        answer("pregnancy", AnswerCode::NotApplicable),
    ];
    let Err(Refusal::Invalid(errors)) = NewScreening::parse(2, &all, at(0)) else { panic!("taken") };
    let pointers: Vec<&str> = errors.iter().map(|error| error.pointer.as_str()).collect();
    assert_eq!(
        pointers,
        [
            "/questions_version",
            "/answers/0/question",
            "/answers/1/answer",
            "/answers/2/asserted_at",
            "/answers/3/question",
            "/answers/4/expires_at",
            "/answers/5/asserted_at",
        ]
    );
}

/// Answers of which about one in ten is not a plain no, so that both verdicts come up.
fn mostly_no() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(prop_oneof![30 => Just(0_u8), 2 => Just(1), 2 => Just(2), 1 => Just(3)], QUESTIONS.len())
}

proptest! {
    /// Whatever the answers, one prescriber alone never clears past an absolute yes, an absolute unknown or a gap.
    #[test]
    fn one_prescriber_alone_never_clears_an_absolute_question(given in mostly_no()) {
        let answers: Vec<(&str, Option<AnswerCode>)> = QUESTIONS.iter().zip(&given).map(|(question, given)| (question.code, match given {
            0 => Some(AnswerCode::No), 1 => Some(AnswerCode::Yes), 2 => Some(AnswerCode::Unknown), _ => None,
        })).collect();
        let screening = screening(&answers);
        prop_assume!(!screening.answers.is_empty());
        let reasons: Vec<ReasonFields<'_>> = QUESTIONS.iter().map(|question| because(question.code)).collect();
        let safe = QUESTIONS.iter().zip(&given).all(|(question, given)| *given == 0 || (*given < 3 && question.class != RiskClass::Absolute));
        let cleared = decide(&screening, &[], fields(Verdict::Cleared, &reasons), prescriber(1, 1, 5))
            .is_ok_and(|(decision, _)| unmet_at(Some((&screening, &[decision])), at(6)).is_empty());
        prop_assert_eq!(cleared, safe);
    }

    #[test]
    fn every_question_is_in_one_list_at_most(given in prop::collection::vec(0..4_u8, QUESTIONS.len()), days in 0..200_i64) {
        let answers: Vec<(&str, Option<AnswerCode>)> = QUESTIONS.iter().zip(&given).map(|(question, given)| (question.code, match given {
            0 | 3 => Some(AnswerCode::No), 1 => Some(AnswerCode::Yes), _ => Some(AnswerCode::Unknown),
        })).collect();
        let assessment = screening(&answers).assess(at(days * DAY));
        let lists = [assessment.unresolved, assessment.blocks, assessment.needs_reason, assessment.warnings].concat();
        let mut codes: Vec<&str> = lists.iter().map(|finding| finding.question.code).collect();
        codes.sort_unstable();
        let before = codes.len();
        codes.dedup();
        prop_assert_eq!(codes.len(), before);
        if days >= 180 {
            prop_assert_eq!(before, QUESTIONS.len());
        }
    }
}
