//! The visit around the infusion: pre-check, order, preparation, settlement; and who is in the house.

diesel::table! {
    use crate::store::column::{DbJson, DbTimestamp, DbUuid};
    use diesel::sql_types::{BigInt, Bool, Nullable, Text};

    prechecks (clinic_id, id) {
        clinic_id -> DbUuid,
        id -> DbUuid,
        session_id -> DbUuid,
        number -> BigInt,
        answers -> DbJson,
        clear_fluids_at -> Nullable<DbTimestamp>,
        food_at -> Nullable<DbTimestamp>,
        weight_g -> Nullable<BigInt>,
        weight_source -> Nullable<Text>,
        height_mm -> Nullable<BigInt>,
        consent_reaffirmed_at -> Nullable<DbTimestamp>,
        kit_ok -> Nullable<Bool>,
        iv_site -> Nullable<Text>,
        note -> Nullable<Text>,
        signed -> Bool,
        recorded_by -> DbUuid,
        recorded_at -> DbTimestamp,
    }
}

diesel::table! {
    use crate::store::column::{DbJson, DbTimestamp, DbUuid};
    use diesel::sql_types::{BigInt, Nullable, Text};

    orders (clinic_id, id) {
        clinic_id -> DbUuid,
        id -> DbUuid,
        session_id -> DbUuid,
        number -> BigInt,
        protocol_id -> DbUuid,
        precheck_id -> DbUuid,
        route -> Text,
        dose_ug_per_kg -> BigInt,
        weight_basis -> Text,
        weight_g -> BigInt,
        duration_minutes -> BigInt,
        max_total_ug -> BigInt,
        concentration_ug_per_ml -> Nullable<BigInt>,
        rate_ul_per_h -> Nullable<BigInt>,
        titration_step_ul_per_h -> Nullable<BigInt>,
        titration_min_gap_minutes -> Nullable<BigInt>,
        titration_ceiling_ul_per_h -> Nullable<BigInt>,
        nominal_ug -> Nullable<BigInt>,
        fill_ul -> Nullable<BigInt>,
        drug_ul -> Nullable<BigInt>,
        device -> Nullable<Text>,
        max_repeats -> Nullable<BigInt>,
        repeat_gap_minutes -> Nullable<BigInt>,
        rescue_orders -> DbJson,
        session_limits -> Nullable<DbJson>,
        holds_released -> DbJson,
        override_reason -> Nullable<Text>,
        overridden -> DbJson,
        signed_by -> DbUuid,
        seconded_by -> Nullable<DbUuid>,
        signed_at -> DbTimestamp,
    }
}

diesel::table! {
    use crate::store::column::{DbDate, DbTimestamp, DbUuid};
    use diesel::sql_types::{BigInt, Nullable, Text};

    preparations (clinic_id, id) {
        clinic_id -> DbUuid,
        id -> DbUuid,
        session_id -> DbUuid,
        amends_id -> Nullable<DbUuid>,
        amends_reason -> Nullable<Text>,
        kind -> Text,
        product -> Text,
        lot -> Text,
        vial -> Nullable<Text>,
        expires_on -> DbDate,
        vial_concentration_ug_per_ml -> BigInt,
        drawn_volume_ul -> BigInt,
        drawn_ug -> BigInt,
        diluent -> Nullable<Text>,
        final_volume_ul -> BigInt,
        concentration_ug_per_ml -> BigInt,
        prepared_at -> DbTimestamp,
        beyond_use_at -> Nullable<DbTimestamp>,
        prepared_by -> DbUuid,
        checked_by -> Nullable<DbUuid>,
        recorded_at -> DbTimestamp,
    }
}

diesel::table! {
    use crate::store::column::{DbTimestamp, DbUuid};
    use diesel::sql_types::{BigInt, Bool, Nullable, Text};

    settlements (clinic_id, id) {
        clinic_id -> DbUuid,
        id -> DbUuid,
        session_id -> DbUuid,
        amends_id -> Nullable<DbUuid>,
        prepared_ug -> BigInt,
        charted_ug -> BigInt,
        concentration_ug_per_ml -> Nullable<BigInt>,
        pump_volume_ul -> Nullable<BigInt>,
        measured_waste_ul -> Nullable<BigInt>,
        waste_method -> Nullable<Text>,
        given_ug -> BigInt,
        given_basis -> Text,
        wasted_ug -> BigInt,
        calculated_waste_ug -> BigInt,
        variance_ug -> Nullable<BigInt>,
        breakage_ug -> BigInt,
        unexplained_ug -> BigInt,
        pump_differs -> Bool,
        discrepancy -> Nullable<Text>,
        explanation -> Nullable<Text>,
        hold_bag -> Nullable<Text>,
        recorded_by -> DbUuid,
        witness -> Nullable<DbUuid>,
        recorded_at -> DbTimestamp,
    }
}

diesel::table! {
    use crate::store::column::{DbTimestamp, DbUuid};
    use diesel::sql_types::{BigInt, Nullable};

    presence (clinic_id, staff_id) {
        clinic_id -> DbUuid,
        staff_id -> DbUuid,
        version -> BigInt,
        on_site_until -> Nullable<DbTimestamp>,
        said_at -> DbTimestamp,
    }
}
