//! What was given to somebody outside, and of whom.

diesel::table! {
    use crate::store::column::{DbTimestamp, DbUuid};
    use diesel::sql_types::{Nullable, Text};

    disclosures (clinic_id, id) {
        clinic_id -> DbUuid,
        id -> DbUuid,
        recipient -> Text,
        recipient_address -> Nullable<Text>,
        what -> Text,
        purpose -> Text,
        authority -> Text,
        disclosed_at -> DbTimestamp,
        suspended_until -> Nullable<DbTimestamp>,
        suspended_for -> Nullable<Text>,
        recorded_by -> DbUuid,
        recorded_at -> DbTimestamp,
    }
}

diesel::table! {
    use crate::store::column::DbUuid;

    disclosure_patients (clinic_id, disclosure_id, patient_id) {
        clinic_id -> DbUuid,
        disclosure_id -> DbUuid,
        patient_id -> DbUuid,
    }
}

diesel::allow_tables_to_appear_in_same_query!(disclosure_patients, disclosures);
