//! Audit cases: whose charts an auditor may read, why, and until when.

diesel::table! {
    use crate::store::column::{DbTimestamp, DbUuid};
    use diesel::sql_types::{BigInt, Nullable, Text};

    audit_cases (clinic_id, id) {
        clinic_id -> DbUuid,
        id -> DbUuid,
        version -> BigInt,
        number -> Text,
        reason -> Text,
        period_from -> Nullable<DbTimestamp>,
        period_until -> Nullable<DbTimestamp>,
        opened_by -> DbUuid,
        opened_at -> DbTimestamp,
        ends_at -> DbTimestamp,
        closed_by -> Nullable<DbUuid>,
        closed_at -> Nullable<DbTimestamp>,
    }
}

diesel::table! {
    use crate::store::column::DbUuid;

    audit_case_patients (clinic_id, audit_case_id, patient_id) {
        clinic_id -> DbUuid,
        audit_case_id -> DbUuid,
        patient_id -> DbUuid,
    }
}
