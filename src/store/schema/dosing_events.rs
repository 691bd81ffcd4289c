//! The drug record.

diesel::table! {
    use crate::store::column::{DbJson, DbTimestamp, DbUuid};
    use diesel::sql_types::{BigInt, Bool, Nullable, Text};

    dosing_events (clinic_id, id) {
        clinic_id -> DbUuid,
        id -> DbUuid,
        session_id -> DbUuid,
        patient_id -> DbUuid,
        kind -> Text,
        rate_ul_per_h -> Nullable<BigInt>,
        pump_concentration_ug_per_ml -> Nullable<BigInt>,
        vtbi_ul -> Nullable<BigInt>,
        bolus_ug -> Nullable<BigInt>,
        bolus_over_min -> Nullable<BigInt>,
        pump_volume_ul -> Nullable<BigInt>,
        residual_ul -> Nullable<BigInt>,
        residual_unknown -> Nullable<Bool>,
        drug -> Nullable<Text>,
        drug_class -> Nullable<Text>,
        drug_dose_ug -> Nullable<BigInt>,
        drug_route -> Nullable<Text>,
        occurred_at -> DbTimestamp,
        recorded_at -> DbTimestamp,
        basis -> Text,
        source -> Nullable<Text>,
        observed_by -> Nullable<DbUuid>,
        late_reason -> Nullable<Text>,
        recorded_by -> DbUuid,
        checked_by -> Nullable<DbUuid>,
        ordered_by -> Nullable<DbUuid>,
        order_mode -> Nullable<Text>,
        ordered_at -> Nullable<DbTimestamp>,
        reason -> Nullable<Text>,
        unmet -> DbJson,
        amends_id -> Nullable<DbUuid>,
        entered_in_error -> Bool,
        amend_reason -> Nullable<Text>,
        moved_from_id -> Nullable<DbUuid>,
    }
}
