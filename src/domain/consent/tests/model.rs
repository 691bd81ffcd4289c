//! In force or not after any history, against a reference that knows none of the rules' shape: it keeps the statements
//! as they were made and looks at each of them for each question.

use super::*;

/// One thing that happens, at a minute of its own.
#[derive(Debug, Clone, Copy)]
enum Step {
    /// A consent on the newest form is signed, valid for so many days.
    Sign,
    /// Which of the consents so far, how far it reaches, and how many minutes ago it was said.
    Withdraw { which: usize, all: bool, ago: i64 },
    /// The label of whatever has run out is written.
    Expire,
    /// A change of circumstances, since so many minutes.
    Change { ago: i64, retracted_after: Option<i64> },
    /// A form with changed risks.
    Renew,
}

fn steps() -> impl Strategy<Value = Vec<(i64, Step)>> {
    let ago = || 0_i64..4_000;
    let step = prop_oneof![
        3 => Just(Step::Sign),
        4 => (0_usize..6, any::<bool>(), ago()).prop_map(|(which, all, ago)| Step::Withdraw { which, all, ago }),
        1 => Just(Step::Expire),
        1 => (ago(), prop::option::of(1_i64..3_000)).prop_map(|(ago, retracted_after)| Step::Change { ago, retracted_after }),
        1 => Just(Step::Renew),
    ];
    prop::collection::vec((1_i64..3_000, step), 1..14)
}

/// What the reference remembers: minutes, and nothing else.
#[derive(Default)]
struct Diary {
    /// From, until, number of the form.
    consents: Vec<(i64, i64, i64)>,
    /// Which consents were meant, when it was said, and when it was entered.
    withdrawals: Vec<(Vec<usize>, i64, i64)>,
    /// Since, noted, retracted.
    changes: Vec<(i64, i64, Option<i64>)>,
    /// When a form with changed risks came, by number from 2.
    renewals: Vec<i64>,
}

impl Diary {
    /// "Everything" means what had been signed when it was said, and what nobody has withdrawn when it is entered.
    fn withdraw(&mut self, which: usize, all: bool, (said, entered): (i64, i64)) {
        let last = self.consents.len() - 1;
        let still = !self.withdrawals.iter().any(|(meant, ..)| meant.contains(&last));
        let everything = (0..=last).filter(|number| self.consents[*number].0 <= said || (*number == last && still));
        let others: Vec<usize> = everything.filter(|_| all).collect();
        self.withdrawals.push(([others, vec![which]].concat(), said, entered));
    }

    fn in_force(&self, at: i64, known: i64) -> Option<usize> {
        (0..self.consents.len()).find(|number| {
            let (from, until, form) = self.consents[*number];
            let signed = from <= at && from <= known && at < until;
            let replaced = self.consents[number + 1..].iter().any(|(later, ..)| *later <= at && *later <= known);
            let withdrawn = self
                .withdrawals
                .iter()
                .any(|(meant, said, entered)| meant.contains(number) && *entered <= known && *said <= at);
            let changed = self.changes.iter().any(|(since, noted, retracted)| {
                from <= *noted && *since <= at && *noted <= known && retracted.is_none_or(|when| known < when)
            });
            let outdated =
                self.renewals.iter().zip(2..).any(|(when, number)| number > form && *when <= at && *when <= known);
            signed && !replaced && !withdrawn && !changed && !outdated
        })
    }
}

/// The same history, told to the domain.
struct Lived {
    facts: ConsentFacts,
    forms: Vec<ConsentTemplate>,
    diary: Diary,
    next: u128,
}

fn minute(minutes: i64) -> Timestamp {
    noon().plus_minutes(minutes)
}

impl Lived {
    fn new() -> Self {
        let mut content = default_form();
        content.validity_days = 4;
        let first = ConsentTemplate::draft(content, 1, made(1001, noon())).unwrap().0;
        let first = first.publish(id(PRESCRIBER), noon()).unwrap().0;
        Self { facts: facts(vec![]), forms: vec![first], diary: Diary::default(), next: 5_000 }
    }

    fn number(&mut self) -> u128 {
        self.next += 1;
        self.next
    }

    fn keep(&mut self, changed: Vec<Consent>) {
        for consent in changed {
            let place = self.facts.consents.iter_mut().find(|other| other.id == consent.id).unwrap();
            *place = consent;
        }
    }

    fn sign(&mut self, now: i64) {
        let at = minute(now);
        let (form, number) = (self.forms.last().unwrap().clone(), self.number());
        let draft = Consent::draft(&form, &self.forms, new_consent(&form, at), made(number, at)).unwrap().0;
        let signatures = signed_by(&ALL_THREE, &draft, at);
        let sober = Influence::none();
        let known = Activation {
            signatures: &signatures,
            versions: &self.forms,
            active: &self.facts.consents,
            influence: &sober,
            zone: &TimeZone::UTC,
        };
        let (consent, superseded, _) = activate(draft, &known, id(PRESCRIBER), at).unwrap();
        let until = (consent.validity.unwrap().until.millis() - noon().millis()) / 60_000;
        self.keep(superseded);
        self.facts.consents.push(consent);
        self.diary.consents.push((now, until, form.form_version));
    }

    fn withdraw(&mut self, now: i64, which: usize, all: bool, ago: i64) {
        let at = minute(now);
        let Some(consent) = self.facts.consents.get(which).cloned() else { return };
        let scope = Some(if all { WithdrawalScope::All } else { WithdrawalScope::Series });
        let new = NewWithdrawal { said_at: Some(minute(now - ago)), ..withdrawal(scope, None) };
        let number = self.number();
        let sober = Influence::none();
        let known = WithdrawalFacts {
            others: &self.facts.consents,
            earlier: &self.facts.withdrawals,
            reports: &[],
            influence: &sober,
        };
        let replaced_at = self.diary.consents.get(which + 1).map(|(from, ..)| *from);
        let Ok(withdrawn) = withdraw(consent, new, &known, made(number, at), id(701)) else {
            assert!(!all && replaced_at.is_some_and(|from| from <= now - ago), "refused without a reason");
            return;
        };
        self.keep(withdrawn.consents);
        self.facts.withdrawals.extend(withdrawn.fact);
        self.diary.withdraw(which, all, (now - ago, now));
    }

    fn live(&mut self, now: i64, step: Step) {
        let at = minute(now);
        match step {
            Step::Sign => self.sign(now),
            Step::Withdraw { which, all, ago } => self.withdraw(now, which, all, ago),
            Step::Expire => {
                let due: Vec<_> =
                    self.facts.consents.iter().filter_map(|consent| consent.clone().expire(at).ok()).collect();
                self.keep(due.into_iter().map(|(consent, _)| consent).collect());
            }
            Step::Change { ago, retracted_after } => {
                let kind = CircumstanceKind::ALL[usize::try_from(now).unwrap() % CircumstanceKind::ALL.len()];
                let new = NewCircumstance {
                    patient: id(50),
                    kind,
                    began_at: Some(minute(now - ago)),
                    note: "told".to_owned(),
                };
                let noted = Circumstance::note(new, made(self.number(), at)).unwrap().0;
                let noted = match retracted_after {
                    Some(after) => noted.retract("another patient", id(NURSE), minute(now + after)).unwrap().0,
                    None => noted,
                };
                self.facts.circumstances.push(noted);
                self.diary.changes.push((now - ago, now, retracted_after.map(|after| now + after)));
            }
            Step::Renew => {
                let number = i64::try_from(self.forms.len()).unwrap() + 1;
                let mut newest = form(number, true, at);
                newest.content.validity_days = 4;
                self.facts.renewals.push(newest.clone());
                self.forms.push(newest);
                self.diary.renewals.push(now);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn in_force_after_any_history_is_what_the_statements_say(
        history in steps(),
        questions in prop::collection::vec((0_i64..45_000, 0_i64..45_000), 1..40),
    ) {
        let mut lived = Lived::new();
        let mut now = 0;
        let mut instants = Vec::new();
        for (later, step) in &history {
            now += later;
            lived.live(now, *step);
            // The instants at which something turns, and the minute before: by chance they are hardly ever met.
            instants.extend([(now, now), (now - 1, now), (now, now - 1), (now + 1, 50_000), (now - 1, 50_000)]);
        }
        for (at, known) in questions.iter().chain(&instants) {
            let asked = Need { known_at: minute(*known), ..need(minute(*at)) };
            let found = in_force(&lived.facts, &asked).ok();
            let expected = lived.diary.in_force(*at, *known).map(|number| lived.facts.consents[number].id);
            prop_assert_eq!(found, expected, "at {} as known at {} after {:?}", at, known, history);
        }
    }
}
