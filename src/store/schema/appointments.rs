//! Conversations.

diesel::table! {
    use crate::store::column::{DbTimestamp, DbUuid};
    use diesel::sql_types::{BigInt, Nullable, Text};

    appointments (clinic_id, id) {
        clinic_id -> DbUuid,
        id -> DbUuid,
        version -> BigInt,
        patient_id -> DbUuid,
        staff_id -> DbUuid,
        kind -> Text,
        mode -> Text,
        state -> Text,
        starts_at -> DbTimestamp,
        ends_at -> DbTimestamp,
        local_start -> Text,
        zone -> Text,
        note -> Nullable<Text>,
        created_at -> DbTimestamp,
        updated_at -> DbTimestamp,
    }
}
