//! Protocols: what may be drafted, what may be published.

use super::*;
use crate::domain::quantity::Amount;
use uuid::Uuid;

fn staff(n: u128) -> StaffId {
    StaffId(Uuid::from_u128(n))
}

fn at(minutes: i64) -> Timestamp {
    Timestamp::from_millis(0).plus_minutes(minutes)
}

fn draft_of(text: ProtocolText, by: Option<StaffId>) -> Protocol {
    Protocol::draft(ProtocolId(Uuid::nil()), 1, by, at(0), text).unwrap().0
}

/// A member approves where an author may approve alone.
fn approver(n: u128, minutes: i64) -> Approver {
    Approver { by: staff(n), at: at(minutes), is_author: false, waived: true }
}

/// And where an author may not.
fn unwaived(n: u128, minutes: i64) -> Approver {
    Approver { waived: false, ..approver(n, minutes) }
}

fn policy() -> Policy {
    Policy::seeded(PolicyId(Uuid::nil()), at(0))
}

#[test]
fn both_seeded_templates_are_sound_and_one_prescriber_alone_may_approve_them() {
    for text in [migraine_iv(), migraine_nebulized()] {
        let (published, event) = draft_of(text, None).publish(approver(1, 5), &policy(), None).unwrap();
        assert!(published.is_usable_at(at(5)));
        assert_eq!((published.version, event.kind), (2, EventKind::ProtocolPublished));
    }
}

#[test]
fn an_author_alone_waits_a_day_a_colleague_does_not() {
    let alone = draft_of(migraine_iv(), Some(staff(1))).publish(approver(1, 0), &policy(), None).unwrap().0;
    assert!(!alone.is_usable_at(at(24 * 60 - 1)) && alone.is_usable_at(at(24 * 60)));
    let forbidden = draft_of(migraine_iv(), Some(staff(1)));
    let under_another_name = Approver { is_author: true, ..unwaived(3, 0) };
    for who in [unwaived(1, 0), under_another_name] {
        let refused = forbidden.clone().publish(who, &policy(), None);
        assert!(matches!(refused, Err(Refusal::Blocked { event: "publish", .. })), "{who:?}");
    }
    let with_colleague = draft_of(migraine_iv(), Some(staff(1))).publish(unwaived(2, 0), &policy(), None).unwrap().0;
    assert!(with_colleague.is_usable_at(at(0)));
}

#[test]
fn a_stricter_edition_counts_at_once_whoever_approves_it() {
    let before = draft_of(migraine_iv(), None);
    let mut text = migraine_iv();
    text.envelope.max_dose = MicrogramsPerKilogram::new(900).unwrap();
    let stricter = draft_of(text, Some(staff(1))).publish(unwaived(1, 0), &policy(), Some(&before)).unwrap().0;
    assert!(stricter.is_usable_at(at(0)));
}

#[test]
fn a_published_edition_is_never_published_again() {
    let once = draft_of(migraine_iv(), None).publish(approver(1, 0), &policy(), None).unwrap().0;
    assert!(matches!(
        once.publish(approver(2, 1), &policy(), None),
        Err(Refusal::Clash { clash: Clash::WrongState, .. })
    ));
}

#[test]
fn the_route_decides_whether_there_is_a_nebulizer() {
    let mut text = migraine_iv();
    text.route = Route::Nebulized;
    let Err(Refusal::Invalid(errors)) = Protocol::draft(ProtocolId(Uuid::nil()), 1, None, at(0), text) else {
        panic!("must be refused")
    };
    assert_eq!(errors.iter().map(|e| e.pointer.as_str()).collect::<Vec<_>>(), ["/envelope/nebulization"]);
}

#[test]
fn the_stay_depends_on_the_dose_and_on_the_later_of_two_clocks() {
    let stay = migraine_iv().stay;
    let dose = |ug| MicrogramsPerKilogram::new(ug).unwrap();
    assert_eq!(stay.until(at(0), at(45), dose(750)), at(105));
    assert_eq!(stay.until(at(0), at(10), dose(750)), at(90));
    assert_eq!(stay.until(at(0), at(45), dose(751)), at(120));
    assert_eq!(stay.until(at(0), at(90), dose(751)), at(150));
}

#[test]
fn the_chair_is_held_from_arrival_to_the_next_patient() {
    let protocol = draft_of(migraine_iv(), None);
    assert_eq!(protocol.chair_minutes(45, &policy().rules), 20 + 45 + 75 + 10);
    assert_eq!(protocol.chair_minutes(90, &policy().rules), 20 + 90 + 60 + 10);
}
