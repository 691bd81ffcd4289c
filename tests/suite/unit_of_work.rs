//! Promises of one unit of work that no route shows.

use crate::support::{Clinic, on_both_databases};
use chairside::access::permission::InviteStaff;
use chairside::access::permit::{Origin, Permit, Scope};
use chairside::access::role::{Role, Roles};
use chairside::api::reply;
use chairside::store::{NewStaff, Once, StoreError, Writer};

fn nurse(login: &str) -> NewStaff {
    NewStaff {
        login: login.into(),
        password_hash: "$argon2id$none".into(),
        display_name: "Test".into(),
        roles: Roles::of([Role::Nurse]),
    }
}

/// Runs a unit as the host of the clinic.
fn run(
    clinic: &Clinic,
    work: impl FnOnce(&mut Writer<'_, InviteStaff>) -> chairside::store::Result<chairside::store::Recorded> + Send + 'static,
) -> chairside::store::Result<chairside::store::Written> {
    let origin = Origin { request: clinic.clock.new_id(), client_ip: None };
    let permit = Permit::<InviteStaff>::host("test".into(), Scope::Clinic(clinic.id), origin).unwrap();
    clinic.in_a_unit(permit, Once::default(), work)
}

fn names(clinic: &Clinic) -> String {
    clinic.admin().get("/api/v1/staff").expect(200).body.to_string()
}

#[test]
fn an_sql_error_that_a_unit_swallows_fails_the_unit_on_both_databases() {
    on_both_databases(|clinic| {
        let (id, taken) = (clinic.id, clinic.login("nurse"));
        let fresh = clinic.login("fresh");
        let before = (names(clinic), clinic.trail().len());
        let swallowed = run(clinic, move |tx| {
            let (_, event) = tx.add_staff(id, &nurse(&fresh))?;
            let refused = tx.add_staff(id, &nurse(&taken));
            assert!(matches!(refused, Err(StoreError::Duplicate(_))));
            Ok(tx.record(vec![event], reply::nothing()))
        });
        assert!(matches!(swallowed, Err(StoreError::Broken(_))), "{:?}: {swallowed:?}", clinic.kind);
        assert_eq!((names(clinic), clinic.trail().len()), before, "{:?}: something was kept", clinic.kind);
    });
}

#[test]
fn the_unit_after_one_that_failed_is_not_blamed_for_it() {
    on_both_databases(|clinic| {
        let (id, taken, fresh) = (clinic.id, clinic.login("nurse"), clinic.login("fresh"));
        let refused = run(clinic, move |tx| {
            tx.add_staff(id, &nurse(&taken)).map(|(_, event)| tx.record(vec![event], reply::nothing()))
        });
        assert!(matches!(refused, Err(StoreError::Duplicate(_))), "{refused:?}");
        let kept = run(clinic, move |tx| {
            let (_, event) = tx.add_staff(id, &nurse(&fresh))?;
            Ok(tx.record(vec![event], reply::nothing()))
        });
        assert!(kept.is_ok(), "{:?}: {kept:?}", clinic.kind);
    });
}

#[test]
fn a_unit_that_panics_keeps_nothing_and_the_next_one_works() {
    on_both_databases(|clinic| {
        let (id, fresh) = (clinic.id, clinic.login("fresh"));
        let panicked = run(clinic, move |tx| {
            tx.add_staff(id, &nurse(&fresh))?;
            panic!("a bug in a handler");
        });
        assert!(matches!(panicked, Err(StoreError::Broken(_))), "{panicked:?}");
        assert!(!names(clinic).contains("fresh"));
        let fresh = clinic.login("fresh");
        let kept = run(clinic, move |tx| {
            tx.add_staff(id, &nurse(&fresh)).map(|(_, event)| tx.record(vec![event], reply::nothing()))
        });
        assert!(kept.is_ok(), "{kept:?}");
    });
}
