//! Restricted patients: who may read them, and who opened their charts in an emergency.

diesel::table! {
    use crate::store::column::{DbTimestamp, DbUuid};
    use diesel::sql_types::{BigInt, Nullable, Text};

    patient_restrictions (clinic_id, id) {
        clinic_id -> DbUuid,
        id -> DbUuid,
        version -> BigInt,
        patient_id -> DbUuid,
        reason -> Text,
        set_by -> DbUuid,
        set_at -> DbTimestamp,
        ended_by -> Nullable<DbUuid>,
        ended_at -> Nullable<DbTimestamp>,
    }
}

diesel::table! {
    use crate::store::column::DbUuid;

    patient_restriction_readers (clinic_id, patient_restriction_id, staff_id) {
        clinic_id -> DbUuid,
        patient_restriction_id -> DbUuid,
        staff_id -> DbUuid,
    }
}

diesel::table! {
    use crate::store::column::{DbTimestamp, DbUuid};
    use diesel::sql_types::{BigInt, Nullable, Text};

    break_glass (clinic_id, id) {
        clinic_id -> DbUuid,
        id -> DbUuid,
        version -> BigInt,
        patient_id -> DbUuid,
        reason_code -> Text,
        reason -> Text,
        opened_by -> DbUuid,
        opened_at -> DbTimestamp,
        ends_at -> DbTimestamp,
        review_due_at -> DbTimestamp,
        reviewed_by -> Nullable<DbUuid>,
        reviewed_at -> Nullable<DbTimestamp>,
        verdict -> Nullable<Text>,
        note -> Nullable<Text>,
    }
}
