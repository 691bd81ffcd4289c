//! Signatures of staff, and the PINs they may be given with.

diesel::table! {
    use crate::store::column::{DbTimestamp, DbUuid};
    use diesel::sql_types::{BigInt, Binary, Nullable, Text};

    signatures (clinic_id, id) {
        clinic_id -> DbUuid,
        id -> DbUuid,
        request_id -> DbUuid,
        act -> Text,
        meaning -> Text,
        method -> Text,
        staff_id -> DbUuid,
        account_id -> DbUuid,
        display_name -> Text,
        roles -> Text,
        login_session_id -> DbUuid,
        shown_id -> DbUuid,
        shown_sha256 -> Nullable<Binary>,
        record_kind -> Text,
        record_id -> DbUuid,
        record_version -> BigInt,
        record_sha256 -> Nullable<Binary>,
        patient_id -> Nullable<DbUuid>,
        signed_at -> DbTimestamp,
    }
}

diesel::table! {
    use crate::store::column::{DbTimestamp, DbUuid};
    use diesel::sql_types::{BigInt, Text};

    staff_pins (clinic_id, staff_id) {
        clinic_id -> DbUuid,
        staff_id -> DbUuid,
        version -> BigInt,
        pin_hash -> Text,
        cred_version -> BigInt,
        failures -> BigInt,
        set_at -> DbTimestamp,
    }
}
