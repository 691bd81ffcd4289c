//! Alerts, tasks and timers: what waits for somebody, and what waits for the clock.

diesel::table! {
    use crate::store::column::{DbTimestamp, DbUuid};
    use diesel::sql_types::{BigInt, Bool, Nullable, Text};

    alerts (clinic_id, id) {
        clinic_id -> DbUuid,
        id -> DbUuid,
        version -> BigInt,
        session_id -> DbUuid,
        patient_id -> DbUuid,
        condition -> Text,
        occasion -> Text,
        state -> Text,
        level -> Text,
        peak -> Text,
        observation_id -> Nullable<DbUuid>,
        raised_at -> DbTimestamp,
        seen_at -> DbTimestamp,
        paged_at -> Nullable<DbTimestamp>,
        covered -> Text,
        acknowledged_by -> Nullable<DbUuid>,
        acknowledged_at -> Nullable<DbTimestamp>,
        seen_by_prescriber -> Bool,
        closed_at -> Nullable<DbTimestamp>,
    }
}

diesel::table! {
    use crate::store::column::{DbTimestamp, DbUuid};
    use diesel::sql_types::{Nullable, Text};

    alert_actions (clinic_id, id) {
        clinic_id -> DbUuid,
        id -> DbUuid,
        alert_id -> DbUuid,
        step -> Text,
        action -> Nullable<Text>,
        text -> Nullable<Text>,
        by_staff_id -> DbUuid,
        at -> DbTimestamp,
        level -> Text,
    }
}

diesel::table! {
    use crate::store::column::{DbTimestamp, DbUuid};
    use diesel::sql_types::{BigInt, Nullable, Text};

    tasks (clinic_id, id) {
        clinic_id -> DbUuid,
        id -> DbUuid,
        version -> BigInt,
        kind -> Text,
        audience -> Text,
        assignee_id -> Nullable<DbUuid>,
        subject_id -> DbUuid,
        session_id -> Nullable<DbUuid>,
        patient_id -> Nullable<DbUuid>,
        opened_at -> DbTimestamp,
        due_at -> DbTimestamp,
        done_by -> Nullable<DbUuid>,
        done_at -> Nullable<DbTimestamp>,
        outcome -> Nullable<Text>,
        acted_by -> Nullable<DbUuid>,
    }
}

diesel::table! {
    use crate::store::column::{DbTimestamp, DbUuid};
    use diesel::sql_types::{BigInt, Nullable, Text};

    timers (clinic_id, id) {
        clinic_id -> DbUuid,
        id -> DbUuid,
        version -> BigInt,
        kind -> Text,
        subject_id -> DbUuid,
        due_at -> Nullable<DbTimestamp>,
    }
}
