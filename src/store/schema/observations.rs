//! The flowsheet.

use super::sessions::sessions;

diesel::table! {
    use crate::store::column::{DbJson, DbTimestamp, DbUuid};
    use diesel::sql_types::{BigInt, Bool, Nullable, Text};

    observations (clinic_id, id) {
        clinic_id -> DbUuid,
        id -> DbUuid,
        session_id -> DbUuid,
        patient_id -> DbUuid,
        phase -> Text,
        occurred_at -> DbTimestamp,
        claimed_at -> Nullable<DbTimestamp>,
        recorded_at -> DbTimestamp,
        recorded_by -> DbUuid,
        observed_by -> Nullable<DbUuid>,
        source -> Text,
        device_id -> Nullable<Text>,
        late_reason -> Nullable<Text>,
        systolic_mmhg -> Nullable<BigInt>,
        diastolic_mmhg -> Nullable<BigInt>,
        bp_site -> Nullable<Text>,
        bp_position -> Nullable<Text>,
        heart_rate_per_min -> Nullable<BigInt>,
        resp_rate_per_min -> Nullable<BigInt>,
        spo2_percent -> Nullable<BigInt>,
        oxygen_flow_ml_per_min -> Nullable<BigInt>,
        temperature_tenths_c -> Nullable<BigInt>,
        sedation_scale -> Nullable<Text>,
        sedation_score -> Nullable<BigInt>,
        orientation_score -> Nullable<BigInt>,
        confusion -> Nullable<Text>,
        hallucination_present -> Nullable<Bool>,
        hallucination_insight_kept -> Nullable<Bool>,
        hallucination_distress -> Nullable<BigInt>,
        dissociation_total -> Nullable<BigInt>,
        pain_nrs -> Nullable<BigInt>,
        nausea -> Nullable<Text>,
        vomit_count -> Nullable<BigInt>,
        gait -> Nullable<Text>,
        iv_site -> Nullable<Text>,
        rhythm -> Nullable<Text>,
        details -> DbJson,
        note -> Nullable<Text>,
        amends_id -> Nullable<DbUuid>,
        correction -> Nullable<Text>,
        reason -> Nullable<Text>,
        moved_from_id -> Nullable<DbUuid>,
        level -> Text,
        rules -> DbJson,
        recommended -> DbJson,
        recheck_due_at -> Nullable<DbTimestamp>,
    }
}

diesel::allow_tables_to_appear_in_same_query!(observations, sessions);
