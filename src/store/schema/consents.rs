//! Consent forms, consents, their documents and signatures, withdrawals, and reports of a wish to withdraw.

diesel::table! {
    use crate::store::column::{DbJson, DbTimestamp, DbUuid};
    use diesel::sql_types::{BigInt, Binary, Bool, Nullable, Text};

    consent_templates (clinic_id, id) {
        clinic_id -> DbUuid,
        id -> DbUuid,
        version -> BigInt,
        form_version -> BigInt,
        consent_type -> Text,
        code -> Text,
        title -> Text,
        language -> Text,
        text -> Text,
        text_sha256 -> Binary,
        clauses -> DbJson,
        validity_days -> BigInt,
        effective_from -> Nullable<DbTimestamp>,
        effective_until -> Nullable<DbTimestamp>,
        renews -> Bool,
        state -> Text,
        drafted_by -> DbUuid,
        drafted_at -> DbTimestamp,
        published_by -> Nullable<DbUuid>,
        published_at -> Nullable<DbTimestamp>,
        items -> DbJson,
    }
}

diesel::table! {
    use crate::store::column::DbUuid;
    use diesel::sql_types::{BigInt, Text};

    consent_translations (clinic_id, template_id) {
        clinic_id -> DbUuid,
        template_id -> DbUuid,
        original_id -> DbUuid,
        original_code -> Text,
        original_form_version -> BigInt,
    }
}

diesel::table! {
    use crate::store::column::{DbTimestamp, DbUuid};
    use diesel::sql_types::{BigInt, Nullable, Text};

    consent_circumstances (clinic_id, id) {
        clinic_id -> DbUuid,
        id -> DbUuid,
        version -> BigInt,
        patient_id -> DbUuid,
        kind -> Text,
        began_at -> DbTimestamp,
        note -> Text,
        recorded_by -> DbUuid,
        recorded_at -> DbTimestamp,
        retract_reason -> Nullable<Text>,
        retracted_by -> Nullable<DbUuid>,
        retracted_at -> Nullable<DbTimestamp>,
    }
}

diesel::table! {
    use crate::store::column::{DbJson, DbTimestamp, DbUuid};
    use diesel::sql_types::{BigInt, Binary, Bool, Nullable, Text};

    consents (clinic_id, id) {
        clinic_id -> DbUuid,
        id -> DbUuid,
        version -> BigInt,
        patient_id -> DbUuid,
        consent_type -> Text,
        state -> Text,
        template_id -> DbUuid,
        routes -> DbJson,
        max_dose_ug_per_kg -> BigInt,
        indications -> DbJson,
        plan_id -> Nullable<DbUuid>,
        spoken_language -> Text,
        interpreter_needed -> Bool,
        document_sha256 -> Binary,
        drafted_by -> DbUuid,
        drafted_at -> DbTimestamp,
        activated_by -> Nullable<DbUuid>,
        valid_from -> Nullable<DbTimestamp>,
        valid_until -> Nullable<DbTimestamp>,
        ended_at -> Nullable<DbTimestamp>,
        ending_recorded_at -> Nullable<DbTimestamp>,
        superseded_by -> Nullable<DbUuid>,
        void_reason -> Nullable<Text>,
    }
}

diesel::table! {
    use crate::store::column::DbUuid;
    use diesel::sql_types::{Binary, Text};

    consent_documents (clinic_id, consent_id) {
        clinic_id -> DbUuid,
        consent_id -> DbUuid,
        media_type -> Text,
        bytes -> Binary,
    }
}

diesel::table! {
    use crate::store::column::{DbJson, DbTimestamp, DbUuid};
    use diesel::sql_types::{Binary, Nullable, Text};

    consent_signatures (clinic_id, id) {
        clinic_id -> DbUuid,
        id -> DbUuid,
        consent_id -> DbUuid,
        role -> Text,
        method -> Text,
        name -> Text,
        staff_id -> Nullable<DbUuid>,
        account_id -> Nullable<DbUuid>,
        authority -> Nullable<Text>,
        capacity -> Nullable<Text>,
        document_sha256 -> Binary,
        image -> Nullable<Binary>,
        signed_at -> DbTimestamp,
        authority_kind -> Nullable<Text>,
        relationship -> Nullable<Text>,
        language -> Nullable<Text>,
        capacity_statement -> Nullable<DbJson>,
        items -> Nullable<DbJson>,
        recorded_at -> Nullable<DbTimestamp>,
    }
}

diesel::table! {
    use crate::store::column::{DbTimestamp, DbUuid};
    use diesel::sql_types::{Nullable, Text};

    consent_withdrawals (clinic_id, id) {
        clinic_id -> DbUuid,
        id -> DbUuid,
        patient_id -> DbUuid,
        consent_id -> DbUuid,
        session_id -> Nullable<DbUuid>,
        scope -> Text,
        said_by -> Text,
        said_at -> DbTimestamp,
        pump_stopped_at -> Nullable<DbTimestamp>,
        words -> Nullable<Text>,
        recorded_by -> DbUuid,
        recorded_at -> DbTimestamp,
    }
}

diesel::table! {
    use crate::store::column::{DbTimestamp, DbUuid};
    use diesel::sql_types::{BigInt, Nullable, Text};

    withdrawal_reports (clinic_id, id) {
        clinic_id -> DbUuid,
        id -> DbUuid,
        version -> BigInt,
        patient_id -> DbUuid,
        kind -> Text,
        consent_id -> Nullable<DbUuid>,
        session_id -> Nullable<DbUuid>,
        wished_scope -> Nullable<Text>,
        text -> Text,
        said_at -> DbTimestamp,
        recorded_by -> DbUuid,
        recorded_at -> DbTimestamp,
        outcome -> Nullable<Text>,
        statement -> Nullable<Text>,
        resolved_by -> Nullable<DbUuid>,
        resolved_at -> Nullable<DbTimestamp>,
    }
}

diesel::allow_tables_to_appear_in_same_query!(consent_templates, consent_translations, consents);
