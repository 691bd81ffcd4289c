//! Sessions, what they hold, and what happened to them.

diesel::table! {
    use crate::store::column::{DbTimestamp, DbUuid};
    use diesel::sql_types::{BigInt, Nullable, Text};

    sessions (clinic_id, id) {
        clinic_id -> DbUuid,
        id -> DbUuid,
        version -> BigInt,
        infusion_version -> BigInt,
        patient_id -> DbUuid,
        state -> Text,
        treatment_plan_id -> Nullable<DbUuid>,
        sequence_in_plan -> Nullable<BigInt>,
        protocol_id -> DbUuid,
        policy_id -> Nullable<DbUuid>,
        route -> Text,
        room_id -> DbUuid,
        scheduled_start_at -> DbTimestamp,
        scheduled_end_at -> DbTimestamp,
        local_start -> Text,
        zone -> Text,
        nurse_id -> DbUuid,
        prescriber_id -> DbUuid,
        owner_id -> DbUuid,
        checked_in_at -> Nullable<DbTimestamp>,
        precheck_signed_at -> Nullable<DbTimestamp>,
        released_at -> Nullable<DbTimestamp>,
        prepared_at -> Nullable<DbTimestamp>,
        started_at -> Nullable<DbTimestamp>,
        stopped_at -> Nullable<DbTimestamp>,
        emergency_at -> Nullable<DbTimestamp>,
        emergency_ended_at -> Nullable<DbTimestamp>,
        completed_at -> Nullable<DbTimestamp>,
        locked_at -> Nullable<DbTimestamp>,
        pump_state -> Text,
        pump_stop_required_at -> Nullable<DbTimestamp>,
        pump_stopped_at -> Nullable<DbTimestamp>,
        end_reason -> Nullable<Text>,
        disposition -> Nullable<Text>,
        abort_reason -> Nullable<Text>,
        cancel_reason -> Nullable<Text>,
        note -> Nullable<Text>,
        created_at -> DbTimestamp,
        updated_at -> DbTimestamp,
    }
}

diesel::table! {
    use crate::store::column::{DbTimestamp, DbUuid};
    use diesel::sql_types::{BigInt, Nullable, Text};

    bookings (clinic_id, id) {
        clinic_id -> DbUuid,
        id -> DbUuid,
        version -> BigInt,
        session_id -> DbUuid,
        resource_kind -> Text,
        resource_id -> DbUuid,
        lane -> BigInt,
        starts_at -> DbTimestamp,
        ends_at -> DbTimestamp,
        released_at -> Nullable<DbTimestamp>,
    }
}

diesel::table! {
    use crate::store::column::{DbJson, DbTimestamp, DbUuid};
    use diesel::sql_types::{BigInt, Nullable, Text};

    session_transitions (clinic_id, id) {
        clinic_id -> DbUuid,
        id -> DbUuid,
        session_id -> DbUuid,
        session_version -> BigInt,
        event -> Text,
        from_state -> Nullable<Text>,
        to_state -> Text,
        reason -> Nullable<Text>,
        unmet -> DbJson,
        actor_id -> DbUuid,
        occurred_at -> DbTimestamp,
        recorded_at -> DbTimestamp,
        basis -> Text,
        source -> Nullable<Text>,
        observed_by -> Nullable<DbUuid>,
        late_reason -> Nullable<Text>,
    }
}

diesel::table! {
    use crate::store::column::{DbTimestamp, DbUuid};
    use diesel::sql_types::{Nullable, Text};

    session_escorts (clinic_id, id) {
        clinic_id -> DbUuid,
        id -> DbUuid,
        session_id -> DbUuid,
        amends_id -> Nullable<DbUuid>,
        name -> Text,
        relationship -> Nullable<Text>,
        phone -> Text,
        kind -> Text,
        status -> Text,
        seen_at -> Nullable<DbTimestamp>,
        seen_by -> Nullable<DbUuid>,
        actor_id -> DbUuid,
        occurred_at -> DbTimestamp,
        recorded_at -> DbTimestamp,
        basis -> Text,
        source -> Nullable<Text>,
        observed_by -> Nullable<DbUuid>,
        late_reason -> Nullable<Text>,
    }
}

diesel::table! {
    use crate::store::column::{DbTimestamp, DbUuid};
    use diesel::sql_types::{Nullable, Text};

    session_handovers (clinic_id, id) {
        clinic_id -> DbUuid,
        id -> DbUuid,
        session_id -> DbUuid,
        from_staff_id -> DbUuid,
        to_staff_id -> DbUuid,
        giver -> Text,
        summary -> Nullable<Text>,
        actor_id -> DbUuid,
        occurred_at -> DbTimestamp,
        recorded_at -> DbTimestamp,
        basis -> Text,
        source -> Nullable<Text>,
        observed_by -> Nullable<DbUuid>,
        late_reason -> Nullable<Text>,
    }
}
