//! Waivers of a second person.

diesel::table! {
    use crate::store::column::{DbTimestamp, DbUuid};
    use diesel::sql_types::{BigInt, Nullable, Text};

    two_person_waivers (clinic_id, id) {
        clinic_id -> DbUuid,
        id -> DbUuid,
        version -> BigInt,
        permission -> Text,
        reason -> Text,
        set_by -> Nullable<DbUuid>,
        set_at -> DbTimestamp,
        ends_at -> DbTimestamp,
        ended_by -> Nullable<DbUuid>,
        ended_at -> Nullable<DbTimestamp>,
    }
}
