//! Second factors, recovery codes, and sign-ins that wait for a code.

diesel::table! {
    use crate::store::column::{DbTimestamp, DbUuid};
    use diesel::sql_types::{BigInt, Binary, Nullable};

    factors (clinic_id, account_id) {
        clinic_id -> DbUuid,
        account_id -> DbUuid,
        version -> BigInt,
        secret -> Nullable<Binary>,
        enrolled_at -> Nullable<DbTimestamp>,
        last_step -> BigInt,
        pending_secret -> Nullable<Binary>,
        pending_until -> Nullable<DbTimestamp>,
    }
}

diesel::table! {
    use crate::store::column::{DbTimestamp, DbUuid};
    use diesel::sql_types::{BigInt, Binary, Nullable};

    recovery_codes (clinic_id, hash) {
        clinic_id -> DbUuid,
        hash -> Binary,
        version -> BigInt,
        account_id -> DbUuid,
        issued_at -> DbTimestamp,
        used_at -> Nullable<DbTimestamp>,
    }
}

diesel::table! {
    use crate::store::column::{DbTimestamp, DbUuid};
    use diesel::sql_types::{BigInt, Binary, Nullable};

    factor_challenges (clinic_id, hash) {
        clinic_id -> DbUuid,
        hash -> Binary,
        version -> BigInt,
        account_id -> DbUuid,
        staff_id -> DbUuid,
        cred_version -> BigInt,
        device_id -> Nullable<DbUuid>,
        tries -> BigInt,
        issued_at -> DbTimestamp,
        expires_at -> DbTimestamp,
        answered_at -> Nullable<DbTimestamp>,
    }
}

diesel::table! {
    use crate::store::column::{DbTimestamp, DbUuid};
    use diesel::sql_types::BigInt;

    factor_proofs (clinic_id, login_session_id, staff_id) {
        clinic_id -> DbUuid,
        login_session_id -> DbUuid,
        staff_id -> DbUuid,
        version -> BigInt,
        given_at -> DbTimestamp,
    }
}
