//! How often secrets were tried.

diesel::table! {
    use crate::store::column::{DbTimestamp, DbUuid};
    use diesel::sql_types::{BigInt, Binary, Nullable, Text};

    sign_in_limits (clinic_id, kind, key) {
        clinic_id -> DbUuid,
        kind -> Text,
        key -> Binary,
        version -> BigInt,
        full_at -> DbTimestamp,
        failures -> BigInt,
        last_at -> DbTimestamp,
        told_at -> Nullable<DbTimestamp>,
        forget_at -> DbTimestamp,
    }
}
