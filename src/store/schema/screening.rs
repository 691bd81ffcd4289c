//! What is known of a patient before the drug: the lists of the chart, screening, outcome scores.

diesel::table! {
    use crate::store::column::{DbDate, DbTimestamp, DbUuid};
    use diesel::sql_types::{Nullable, Text};

    conditions (clinic_id, id) {
        clinic_id -> DbUuid,
        id -> DbUuid,
        patient_id -> DbUuid,
        status -> Text,
        amends_id -> Nullable<DbUuid>,
        reason -> Nullable<Text>,
        code -> Text,
        text -> Nullable<Text>,
        onset_date -> Nullable<DbDate>,
        recorded_at -> DbTimestamp,
        recorded_by -> DbUuid,
    }
}

diesel::table! {
    use crate::store::column::{DbTimestamp, DbUuid};
    use diesel::sql_types::{Nullable, Text};

    allergies (clinic_id, id) {
        clinic_id -> DbUuid,
        id -> DbUuid,
        patient_id -> DbUuid,
        status -> Text,
        amends_id -> Nullable<DbUuid>,
        reason -> Nullable<Text>,
        kind -> Text,
        substance -> Nullable<Text>,
        reaction -> Nullable<Text>,
        severity -> Nullable<Text>,
        recorded_at -> DbTimestamp,
        recorded_by -> DbUuid,
    }
}

diesel::table! {
    use crate::store::column::{DbTimestamp, DbUuid};
    use diesel::sql_types::{Nullable, Text};

    medications (clinic_id, id) {
        clinic_id -> DbUuid,
        id -> DbUuid,
        patient_id -> DbUuid,
        status -> Text,
        amends_id -> Nullable<DbUuid>,
        reason -> Nullable<Text>,
        name -> Text,
        class -> Text,
        dose_text -> Nullable<Text>,
        last_taken_at -> Nullable<DbTimestamp>,
        recorded_at -> DbTimestamp,
        recorded_by -> DbUuid,
    }
}

diesel::table! {
    use crate::store::column::{DbTimestamp, DbUuid};
    use diesel::sql_types::{BigInt, Nullable, Text};

    earlier_treatments (clinic_id, id) {
        clinic_id -> DbUuid,
        id -> DbUuid,
        patient_id -> DbUuid,
        status -> Text,
        amends_id -> Nullable<DbUuid>,
        reason -> Nullable<Text>,
        class -> Text,
        name -> Text,
        dose_text -> Nullable<Text>,
        weeks -> Nullable<BigInt>,
        why_stopped -> Text,
        detail -> Nullable<Text>,
        recorded_at -> DbTimestamp,
        recorded_by -> DbUuid,
    }
}

diesel::table! {
    use crate::store::column::{DbJson, DbTimestamp, DbUuid};
    use diesel::sql_types::BigInt;

    screenings (clinic_id, id) {
        clinic_id -> DbUuid,
        id -> DbUuid,
        patient_id -> DbUuid,
        questions_version -> BigInt,
        answers -> DbJson,
        recorded_at -> DbTimestamp,
        recorded_by -> DbUuid,
    }
}

diesel::table! {
    use crate::store::column::{DbJson, DbTimestamp, DbUuid};
    use diesel::sql_types::{Nullable, Text};

    screening_decisions (clinic_id, id) {
        clinic_id -> DbUuid,
        id -> DbUuid,
        screening_id -> DbUuid,
        verdict -> Text,
        reasons -> DbJson,
        expires_at -> DbTimestamp,
        seconds_id -> Nullable<DbUuid>,
        decided_by -> DbUuid,
        decided_at -> DbTimestamp,
    }
}

diesel::table! {
    use crate::store::column::{DbJson, DbTimestamp, DbUuid};
    use diesel::sql_types::{Nullable, Text};

    outcome_scores (clinic_id, id) {
        clinic_id -> DbUuid,
        id -> DbUuid,
        patient_id -> DbUuid,
        status -> Text,
        amends_id -> Nullable<DbUuid>,
        reason -> Nullable<Text>,
        scale -> Text,
        timepoint -> Text,
        items -> DbJson,
        answered_at -> DbTimestamp,
        recorded_at -> DbTimestamp,
        recorded_by -> DbUuid,
    }
}

diesel::table! {
    use crate::store::column::{DbTimestamp, DbUuid};
    use diesel::sql_types::Text;

    outcome_score_reviews (clinic_id, id) {
        clinic_id -> DbUuid,
        id -> DbUuid,
        outcome_score_id -> DbUuid,
        action -> Text,
        reviewed_at -> DbTimestamp,
        reviewed_by -> DbUuid,
    }
}
