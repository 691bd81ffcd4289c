//! Policies, protocols and treatment plans.

diesel::table! {
    use crate::store::column::{DbJson, DbTimestamp, DbUuid};
    use diesel::sql_types::{BigInt, Nullable, Text};

    policies (clinic_id, id) {
        clinic_id -> DbUuid,
        id -> DbUuid,
        version -> BigInt,
        effective_at -> DbTimestamp,
        approved_at -> DbTimestamp,
        approved_by -> Nullable<DbUuid>,
        reason -> Nullable<Text>,
        score_set -> Text,
        settings -> DbJson,
    }
}

diesel::table! {
    use crate::store::column::{DbJson, DbTimestamp, DbUuid};
    use diesel::sql_types::{BigInt, Nullable, Text};

    protocols (clinic_id, id) {
        clinic_id -> DbUuid,
        id -> DbUuid,
        version -> BigInt,
        code -> Text,
        edition -> BigInt,
        name -> Text,
        route -> Text,
        state -> Text,
        drafted_by -> Nullable<DbUuid>,
        drafted_at -> DbTimestamp,
        published_by -> Nullable<DbUuid>,
        published_at -> Nullable<DbTimestamp>,
        effective_at -> Nullable<DbTimestamp>,
        policy_id -> Nullable<DbUuid>,
        start_dose_ug_per_kg -> BigInt,
        max_dose_ug_per_kg -> BigInt,
        max_bolus_ug_per_kg -> BigInt,
        max_rate_ug_per_kg_per_h -> BigInt,
        max_step_ug_per_kg_per_h -> BigInt,
        step_gap_minutes -> BigInt,
        absolute_cap_ug -> BigInt,
        min_duration_minutes -> BigInt,
        max_duration_minutes -> BigInt,
        max_per_7_days -> BigInt,
        max_per_30_days -> BigInt,
        max_per_365_days -> BigInt,
        min_gap_days -> BigInt,
        max_fill_dose_ug_per_kg -> Nullable<BigInt>,
        fill_ul -> Nullable<BigInt>,
        min_active_minutes -> Nullable<BigInt>,
        max_active_minutes -> Nullable<BigInt>,
        max_repeats -> Nullable<BigInt>,
        repeat_gap_minutes -> Nullable<BigInt>,
        first_check_minutes -> DbJson,
        every_minutes -> BigInt,
        close_minutes -> BigInt,
        close_checks -> BigInt,
        recovery_minutes -> BigInt,
        after_end_minutes -> BigInt,
        after_start_minutes -> BigInt,
        after_start_high_minutes -> BigInt,
        high_dose_ug_per_kg -> BigInt,
    }
}

diesel::table! {
    use crate::store::column::{DbDate, DbJson, DbTimestamp, DbUuid};
    use diesel::sql_types::{BigInt, Nullable, Text};

    treatment_plans (clinic_id, id) {
        clinic_id -> DbUuid,
        id -> DbUuid,
        version -> BigInt,
        patient_id -> DbUuid,
        revision -> BigInt,
        supersedes -> Nullable<DbUuid>,
        state -> Text,
        drafted_by -> DbUuid,
        drafted_at -> DbTimestamp,
        activated_by -> Nullable<DbUuid>,
        activated_at -> Nullable<DbTimestamp>,
        override_reason -> Nullable<Text>,
        closed_by -> Nullable<DbUuid>,
        closed_at -> Nullable<DbTimestamp>,
        outcome -> Nullable<Text>,
        close_reason -> Nullable<Text>,
        indication -> Text,
        protocol_id -> DbUuid,
        route -> Text,
        dose_ug_per_kg -> BigInt,
        max_dose_ug_per_kg -> BigInt,
        weight_basis -> Text,
        duration_minutes -> BigInt,
        sessions -> BigInt,
        spacing_days -> BigInt,
        stop_rules -> DbJson,
        review_on -> DbDate,
    }
}
