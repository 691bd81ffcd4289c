//! Links to a password, and the token of the first administrator.

diesel::table! {
    use crate::store::column::{DbTimestamp, DbUuid};
    use diesel::sql_types::{BigInt, Binary, Nullable};

    link_tokens (clinic_id, hash) {
        clinic_id -> DbUuid,
        hash -> Binary,
        version -> BigInt,
        account_id -> DbUuid,
        staff_id -> DbUuid,
        cred_version -> BigInt,
        issued_by -> DbUuid,
        issued_at -> DbTimestamp,
        expires_at -> DbTimestamp,
        spent_at -> Nullable<DbTimestamp>,
    }
}

diesel::table! {
    use crate::store::column::{DbTimestamp, DbUuid};
    use diesel::sql_types::{BigInt, Binary, Nullable};

    bootstrap_tokens (clinic_id, hash) {
        clinic_id -> DbUuid,
        hash -> Binary,
        version -> BigInt,
        issued_at -> DbTimestamp,
        expires_at -> DbTimestamp,
        spent_at -> Nullable<DbTimestamp>,
    }
}
