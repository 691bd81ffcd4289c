//! Patients and their numbers elsewhere; the counters of a clinic.

diesel::table! {
    use crate::store::column::{DbDate, DbTimestamp, DbUuid};
    use diesel::sql_types::{BigInt, Bool, Nullable, Text};

    patients (clinic_id, id) {
        clinic_id -> DbUuid,
        id -> DbUuid,
        version -> BigInt,
        mrn -> Text,
        mrn_key -> Text,
        family_name -> Text,
        given_name -> Nullable<Text>,
        family_first_key -> Text,
        given_first_key -> Text,
        birth_date -> DbDate,
        sex -> Text,
        phone -> Text,
        phone_key -> Text,
        email -> Nullable<Text>,
        address_line1 -> Nullable<Text>,
        address_line2 -> Nullable<Text>,
        address_city -> Nullable<Text>,
        address_region -> Nullable<Text>,
        address_postal_code -> Nullable<Text>,
        address_country -> Nullable<Text>,
        contact_name -> Nullable<Text>,
        contact_relationship -> Nullable<Text>,
        contact_phone -> Nullable<Text>,
        language -> Text,
        interpreter_needed -> Bool,
        registered_at -> DbTimestamp,
        retired_at -> Nullable<DbTimestamp>,
    }
}

diesel::table! {
    use crate::store::column::{DbTimestamp, DbUuid};
    use diesel::sql_types::{BigInt, Nullable, Text};

    patient_identifiers (clinic_id, id) {
        clinic_id -> DbUuid,
        id -> DbUuid,
        version -> BigInt,
        patient_id -> DbUuid,
        system -> Text,
        value -> Text,
        added_at -> DbTimestamp,
        retired_at -> Nullable<DbTimestamp>,
    }
}

diesel::table! {
    use crate::store::column::DbUuid;
    use diesel::sql_types::{BigInt, Text};

    clinic_counters (clinic_id, name) {
        clinic_id -> DbUuid,
        name -> Text,
        n -> BigInt,
    }
}
