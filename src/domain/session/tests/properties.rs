//! What holds for every session, whatever its story.

use super::*;

#[test]
fn every_changed_field_changes_the_canonical_record() {
    // A rate change is its own record, and moves the counter that writers compare: the session's record has it too.
    let session = running();
    assert_ne!(session.record(), session.clone().infusion_changed(session.pump).record());
    let (mut hashes, mut walk) = (vec![session.record().sha256()], session);
    for event in [
        E::Pause,
        E::ConfirmPump,
        E::Resume,
        E::Emergency,
        E::ConfirmPump,
        E::EndEmergency,
        E::Handover,
        E::Complete,
        E::Close,
    ] {
        walk = apply(walk, event, asked(30), None).unwrap().session;
        assert!(!hashes.contains(&walk.record().sha256()), "{event}");
        hashes.push(walk.record().sha256());
    }
}

proptest! {
    #[test]
    fn no_walk_leaves_the_table(walk in prop::collection::vec((0..E::ALL.len(), any::<bool>(), any::<bool>()), 0..60)) {
        let mut session = booked();
        let mut finished = false;
        for (minute, (event, stated, at_the_chair)) in walk.into_iter().enumerate() {
            let minute = i64::try_from(minute).unwrap();
            let act = if stated { happened(minute) } else { asked(minute) };
            let pump = at_the_chair.then(|| PumpClaim { stopped_at: at(minute) });
            let before = session.clone();
            let Ok(step) = apply(before.clone(), E::ALL[event], act, pump) else { continue };
            session = step.session;
            match step.transition {
                None => prop_assert_eq!(&session, &before),
                Some(line) => {
                    prop_assert!(TRANSITIONS.contains(&(before.state, line.event, session.state)));
                    prop_assert_eq!(session.version, before.version + 1);
                    prop_assert_eq!((line.from, line.to), (Some(before.state), session.state));
                }
            }
            prop_assert!(!finished || session.state == before.state, "a finished visit came back");
            finished = matches!(session.state, S::Completed | S::Aborted);
            prop_assert_eq!(session.pump.state == PumpState::Running, session.state == S::InProgress);
            prop_assert_eq!(session.pump.stop_required_at.is_some(), session.pump_unconfirmed());
            prop_assert_eq!(session.policy_id.is_some(), session.milestones.started_at.is_some());
            if matches!(session.pump.state, PumpState::Paused | PumpState::Stopped) {
                prop_assert!(session.pump.stopped_at.is_some(), "the record says the pump stands still, and nobody said so");
            }
        }
    }

    #[test]
    fn a_locked_record_stays_as_it_is(event in 0..E::ALL.len()) {
        for session in every_situation().into_iter().filter(Session::is_locked) {
            if let Ok(step) = apply(session.clone(), E::ALL[event], happened(400), Some(PumpClaim { stopped_at: at(399) })) {
                prop_assert!(step.is_unchanged());
                prop_assert_eq!(step.session, session);
            }
        }
    }
}
