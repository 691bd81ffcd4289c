//! The members that every body of an act shares: asked for or happened, when, seen by whom (decisions.md 1).

use crate::access::role::Role;
use crate::domain::refusal::FieldError;
use crate::domain::session::care::CorrectedBy;
use crate::domain::text::checked;
use crate::store::{Change, Result};

/// Declares a body with its own members and the five of an act.
///
/// Written out in every body, because a flattened part and `deny_unknown_fields` exclude each other: a misspelt
/// member would be dropped in silence.
macro_rules! act_body {
    ($(#[$meta:meta])* pub struct $Name:ident { $($(#[$field_meta:meta])* $field:ident: $ty:ty,)* }) => {
        #[derive(Debug, serde::Deserialize, utoipa::ToSchema)]
        #[serde(deny_unknown_fields)]
        $(#[$meta])*
        pub struct $Name {
            $($(#[$field_meta])* $field: $ty,)*
            /// Whether somebody is about to do it, which is guarded, or it happened, which is saved whatever the rules
            /// say. Absent: about to.
            basis: Option<$crate::domain::route::Basis>,
            /// When it happened at the chair. Absent: now.
            occurred_at: Option<$crate::domain::time::Timestamp>,
            /// How an entry of what happened came into the record.
            source: Option<$crate::domain::route::EntrySource>,
            /// Who saw it happen.
            observed_by: Option<$crate::domain::id::StaffId>,
            /// Why it is entered more than an hour later.
            #[schema(max_length = 1000)]
            late_reason: Option<String>,
        }

        impl $Name {
            /// What the body says about the act.
            fn stated(&self) -> $crate::domain::act::Stated {
                $crate::domain::act::Stated {
                    basis: self.basis,
                    occurred_at: self.occurred_at,
                    source: self.source,
                    observed_by: self.observed_by,
                    late_reason: self.late_reason.clone(),
                }
            }
        }
    };
}

/// Whoever is signed in, as somebody who corrects an entry.
///
/// # Errors
/// When nobody is signed in.
pub(super) fn corrected_by(tx: &Change<'_>) -> Result<CorrectedBy> {
    let prescriber = tx.actor().is_some_and(|actor| actor.roles().hold(Role::Prescriber));
    Ok(CorrectedBy { staff: tx.person()?.staff, prescriber })
}

/// Words that may be left out.
///
/// # Errors
/// When they are there and cannot be kept.
pub(super) fn words(pointer: &str, text: Option<&str>) -> std::result::Result<Option<String>, FieldError> {
    text.map(|text| checked(pointer, text, 1, 1000)).transpose()
}
