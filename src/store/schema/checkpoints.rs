//! Checkpoints: what the trail was when it was signed.

diesel::table! {
    use crate::store::column::{DbTimestamp, DbUuid};
    use diesel::sql_types::{BigInt, Binary, Text};

    audit_checkpoints (clinic_id, size) {
        clinic_id -> DbUuid,
        size -> BigInt,
        root -> Binary,
        frontier -> Binary,
        note -> Text,
        signed_at -> DbTimestamp,
    }
}
