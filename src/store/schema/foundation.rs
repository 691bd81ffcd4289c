//! Clinics, staff, sign-ins and the trail.

diesel::table! {
    use crate::store::column::{DbTimestamp, DbUuid};
    use diesel::sql_types::{BigInt, Text};

    clinics (id) {
        id -> DbUuid,
        version -> BigInt,
        name -> Text,
        zone -> Text,
        created_at -> DbTimestamp,
    }
}

diesel::table! {
    use crate::store::column::{DbTimestamp, DbUuid};
    use diesel::sql_types::{BigInt, Nullable, Text};

    accounts (id) {
        id -> DbUuid,
        version -> BigInt,
        login -> Text,
        password_hash -> Text,
        cred_version -> BigInt,
        created_at -> DbTimestamp,
        disabled_at -> Nullable<DbTimestamp>,
        password_changed_at -> Nullable<DbTimestamp>,
        factor_changed_at -> Nullable<DbTimestamp>,
    }
}

diesel::table! {
    use crate::store::column::{DbTimestamp, DbUuid};
    use diesel::sql_types::{BigInt, Nullable, Text};

    staff (clinic_id, id) {
        clinic_id -> DbUuid,
        id -> DbUuid,
        version -> BigInt,
        account_id -> DbUuid,
        display_name -> Text,
        created_at -> DbTimestamp,
        retired_at -> Nullable<DbTimestamp>,
    }
}

diesel::table! {
    use crate::store::column::{DbTimestamp, DbUuid};
    use diesel::sql_types::{BigInt, Nullable, Text};

    staff_roles (clinic_id, id) {
        clinic_id -> DbUuid,
        id -> DbUuid,
        version -> BigInt,
        staff_id -> DbUuid,
        role -> Text,
        granted_at -> DbTimestamp,
        retired_at -> Nullable<DbTimestamp>,
    }
}

diesel::table! {
    use crate::store::column::{DbTimestamp, DbUuid};
    use diesel::sql_types::{BigInt, Nullable, Text};

    rooms (clinic_id, id) {
        clinic_id -> DbUuid,
        id -> DbUuid,
        version -> BigInt,
        name -> Text,
        created_at -> DbTimestamp,
        retired_at -> Nullable<DbTimestamp>,
    }
}

diesel::table! {
    use crate::store::column::{DbTimestamp, DbUuid};
    use diesel::sql_types::Text;

    staff_absences (clinic_id, id) {
        clinic_id -> DbUuid,
        id -> DbUuid,
        staff_id -> DbUuid,
        from_at -> DbTimestamp,
        to_at -> DbTimestamp,
        reason -> Text,
        recorded_by -> DbUuid,
        recorded_at -> DbTimestamp,
    }
}

diesel::table! {
    use crate::store::column::{DbTimestamp, DbUuid};
    use diesel::sql_types::{BigInt, Bool, Nullable, Text};

    login_sessions (clinic_id, id) {
        clinic_id -> DbUuid,
        id -> DbUuid,
        version -> BigInt,
        account_id -> DbUuid,
        staff_id -> DbUuid,
        cred_version -> BigInt,
        created_at -> DbTimestamp,
        expires_at -> DbTimestamp,
        revoked_at -> Nullable<DbTimestamp>,
        last_seen_at -> DbTimestamp,
        device -> Nullable<Text>,
        address -> Nullable<Text>,
        ended_because -> Nullable<Text>,
        only_enrols -> Bool,
    }
}

diesel::table! {
    use crate::store::column::{DbTimestamp, DbUuid};
    use diesel::sql_types::{BigInt, Binary, Nullable};

    refresh_tokens (clinic_id, hash) {
        clinic_id -> DbUuid,
        hash -> Binary,
        version -> BigInt,
        login_session_id -> DbUuid,
        issued_at -> DbTimestamp,
        expires_at -> DbTimestamp,
        consumed_at -> Nullable<DbTimestamp>,
        successor_hash -> Nullable<Binary>,
        parent_hash -> Nullable<Binary>,
        access_token_id -> Nullable<DbUuid>,
        access_used_at -> Nullable<DbTimestamp>,
        revoked_at -> Nullable<DbTimestamp>,
    }
}

diesel::table! {
    use crate::store::column::{DbTimestamp, DbUuid};
    use diesel::sql_types::{BigInt, Binary, Nullable, Text};

    signing_tokens (clinic_id, hash) {
        clinic_id -> DbUuid,
        hash -> Binary,
        version -> BigInt,
        staff_id -> DbUuid,
        login_session_id -> DbUuid,
        act -> Text,
        subject_id -> DbUuid,
        subject_sha256 -> Nullable<Binary>,
        cred_version -> BigInt,
        issued_at -> DbTimestamp,
        expires_at -> DbTimestamp,
        spent_at -> Nullable<DbTimestamp>,
    }
}

diesel::table! {
    use crate::store::column::{DbTimestamp, DbUuid};
    use diesel::sql_types::{BigInt, Binary, Nullable, Text};

    idempotency_keys (clinic_id, actor_id, idempotency_key) {
        clinic_id -> DbUuid,
        actor_id -> DbUuid,
        idempotency_key -> Text,
        version -> BigInt,
        fingerprint -> Binary,
        status -> BigInt,
        etag -> Nullable<Text>,
        location -> Nullable<Text>,
        body -> Binary,
        created_at -> DbTimestamp,
        expires_at -> DbTimestamp,
    }
}

diesel::table! {
    use crate::store::column::{DbTimestamp, DbUuid};
    use diesel::sql_types::BigInt;

    audit_heads (clinic_id) {
        clinic_id -> DbUuid,
        size -> BigInt,
        last_ts -> DbTimestamp,
    }
}

diesel::table! {
    use crate::store::column::{DbTimestamp, DbUuid};
    use diesel::sql_types::{BigInt, Binary, Nullable, Text};

    audit_events (clinic_id, seq) {
        clinic_id -> DbUuid,
        seq -> BigInt,
        at -> DbTimestamp,
        actor_id -> Nullable<DbUuid>,
        action -> Text,
        outcome -> Text,
        object_kind -> Nullable<Text>,
        object_id -> Nullable<DbUuid>,
        request_id -> DbUuid,
        body -> Text,
        leaf -> Binary,
    }
}

diesel::table! {
    use crate::store::column::DbUuid;
    use diesel::sql_types::BigInt;

    audit_subjects (clinic_id, seq, patient_id) {
        clinic_id -> DbUuid,
        seq -> BigInt,
        patient_id -> DbUuid,
    }
}

diesel::table! {
    use crate::store::column::DbUuid;
    use diesel::sql_types::{BigInt, Binary, Nullable, Text};

    audit_details (clinic_id, seq) {
        clinic_id -> DbUuid,
        seq -> BigInt,
        salt -> Binary,
        detail -> Nullable<Text>,
    }
}

diesel::allow_tables_to_appear_in_same_query!(accounts, clinics, staff, staff_roles);
