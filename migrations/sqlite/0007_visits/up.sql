-- The visit around the infusion: asked, ordered, prepared, settled; and who is in the house.

-- The day-of check. Each saving is a new row; the one with the highest number is in force.
-- fact
CREATE TABLE prechecks (
    clinic_id BLOB NOT NULL,
    id BLOB NOT NULL,
    session_id BLOB NOT NULL,
    number INTEGER NOT NULL CHECK (number > 0),
    answers TEXT NOT NULL,
    clear_fluids_at INTEGER,
    food_at INTEGER,
    weight_g INTEGER CHECK (weight_g BETWEEN 30000 AND 300000),
    weight_source TEXT CHECK (weight_source IN ('measured', 'stated')),
    height_mm INTEGER CHECK (height_mm BETWEEN 1000 AND 2300),
    consent_reaffirmed_at INTEGER,
    kit_ok INTEGER CHECK (kit_ok IN (0, 1)),
    iv_site TEXT,
    note TEXT,
    signed INTEGER NOT NULL CHECK (signed IN (0, 1)),
    recorded_by BLOB NOT NULL,
    recorded_at INTEGER NOT NULL,
    PRIMARY KEY (clinic_id, id),
    UNIQUE (clinic_id, session_id, number),
    FOREIGN KEY (clinic_id, session_id) REFERENCES sessions (clinic_id, id),
    FOREIGN KEY (clinic_id, recorded_by) REFERENCES staff (clinic_id, id),
    CHECK ((weight_g IS NULL) = (weight_source IS NULL))
) STRICT;

-- The prescriber's order, which is the release. The one with the highest number is in force.
-- fact
CREATE TABLE orders (
    clinic_id BLOB NOT NULL,
    id BLOB NOT NULL,
    session_id BLOB NOT NULL,
    number INTEGER NOT NULL CHECK (number > 0),
    protocol_id BLOB NOT NULL,
    precheck_id BLOB NOT NULL,
    route TEXT NOT NULL CHECK (route IN ('iv', 'nebulized')),
    dose_ug_per_kg INTEGER NOT NULL CHECK (dose_ug_per_kg > 0),
    weight_basis TEXT NOT NULL CHECK (weight_basis IN ('actual', 'ideal', 'adjusted')),
    weight_g INTEGER NOT NULL CHECK (weight_g > 0),
    duration_minutes INTEGER NOT NULL CHECK (duration_minutes > 0),
    max_total_ug INTEGER NOT NULL CHECK (max_total_ug > 0),
    concentration_ug_per_ml INTEGER CHECK (concentration_ug_per_ml > 0),
    rate_ul_per_h INTEGER CHECK (rate_ul_per_h >= 0),
    titration_step_ul_per_h INTEGER CHECK (titration_step_ul_per_h > 0),
    titration_min_gap_minutes INTEGER CHECK (titration_min_gap_minutes > 0),
    titration_ceiling_ul_per_h INTEGER CHECK (titration_ceiling_ul_per_h > 0),
    nominal_ug INTEGER CHECK (nominal_ug > 0),
    fill_ul INTEGER CHECK (fill_ul > 0),
    drug_ul INTEGER CHECK (drug_ul >= 0),
    device TEXT,
    max_repeats INTEGER CHECK (max_repeats >= 0),
    repeat_gap_minutes INTEGER CHECK (repeat_gap_minutes > 0),
    rescue_orders TEXT NOT NULL,
    session_limits TEXT,
    holds_released TEXT NOT NULL,
    override_reason TEXT,
    overridden TEXT NOT NULL,
    signed_by BLOB NOT NULL,
    seconded_by BLOB,
    signed_at INTEGER NOT NULL,
    PRIMARY KEY (clinic_id, id),
    UNIQUE (clinic_id, session_id, number),
    FOREIGN KEY (clinic_id, session_id) REFERENCES sessions (clinic_id, id),
    FOREIGN KEY (clinic_id, protocol_id) REFERENCES protocols (clinic_id, id),
    FOREIGN KEY (clinic_id, precheck_id) REFERENCES prechecks (clinic_id, id),
    FOREIGN KEY (clinic_id, signed_by) REFERENCES staff (clinic_id, id),
    FOREIGN KEY (clinic_id, seconded_by) REFERENCES staff (clinic_id, id),
    -- The route decides the shape.
    CHECK ((route = 'iv') = (concentration_ug_per_ml IS NOT NULL) AND (route = 'iv') = (rate_ul_per_h IS NOT NULL)),
    CHECK ((route = 'nebulized') = (nominal_ug IS NOT NULL) AND (route = 'nebulized') = (fill_ul IS NOT NULL)
        AND (route = 'nebulized') = (drug_ul IS NOT NULL) AND (route = 'nebulized') = (device IS NOT NULL)
        AND (route = 'nebulized') = (max_repeats IS NOT NULL) AND (route = 'nebulized') = (repeat_gap_minutes IS NOT NULL)),
    CHECK ((titration_step_ul_per_h IS NULL) = (titration_ceiling_ul_per_h IS NULL)
        AND (titration_step_ul_per_h IS NULL) = (titration_min_gap_minutes IS NULL)),
    -- Whoever signs with her is somebody else.
    CHECK (seconded_by <> signed_by)
) STRICT;

-- A syringe, bag or fill. One that another row names as amended no longer counts.
-- fact
CREATE TABLE preparations (
    clinic_id BLOB NOT NULL,
    id BLOB NOT NULL,
    session_id BLOB NOT NULL,
    amends_id BLOB,
    amends_reason TEXT,
    kind TEXT NOT NULL CHECK (kind IN ('syringe', 'bag', 'prefilled', 'neb')),
    product TEXT NOT NULL,
    lot TEXT NOT NULL,
    vial TEXT,
    expires_on TEXT NOT NULL,
    vial_concentration_ug_per_ml INTEGER NOT NULL CHECK (vial_concentration_ug_per_ml > 0),
    drawn_volume_ul INTEGER NOT NULL CHECK (drawn_volume_ul >= 0),
    drawn_ug INTEGER NOT NULL CHECK (drawn_ug > 0),
    diluent TEXT,
    final_volume_ul INTEGER NOT NULL CHECK (final_volume_ul > 0),
    concentration_ug_per_ml INTEGER NOT NULL CHECK (concentration_ug_per_ml > 0),
    prepared_at INTEGER NOT NULL,
    beyond_use_at INTEGER,
    prepared_by BLOB NOT NULL,
    checked_by BLOB,
    recorded_at INTEGER NOT NULL,
    PRIMARY KEY (clinic_id, id),
    UNIQUE (clinic_id, amends_id),
    FOREIGN KEY (clinic_id, session_id) REFERENCES sessions (clinic_id, id),
    FOREIGN KEY (clinic_id, amends_id) REFERENCES preparations (clinic_id, id),
    FOREIGN KEY (clinic_id, prepared_by) REFERENCES staff (clinic_id, id),
    FOREIGN KEY (clinic_id, checked_by) REFERENCES staff (clinic_id, id),
    CHECK ((amends_id IS NULL) = (amends_reason IS NULL)),
    CHECK (checked_by <> prepared_by)
) STRICT;
CREATE INDEX preparations_session ON preparations (clinic_id, session_id, id);

-- Where the drug went: prepared = given + wasted + breakage + unexplained, in the database's own words.
-- fact
CREATE TABLE settlements (
    clinic_id BLOB NOT NULL,
    id BLOB NOT NULL,
    session_id BLOB NOT NULL,
    amends_id BLOB,
    prepared_ug INTEGER NOT NULL CHECK (prepared_ug > 0),
    charted_ug INTEGER NOT NULL CHECK (charted_ug >= 0),
    concentration_ug_per_ml INTEGER CHECK (concentration_ug_per_ml > 0),
    pump_volume_ul INTEGER CHECK (pump_volume_ul >= 0),
    measured_waste_ul INTEGER CHECK (measured_waste_ul >= 0),
    waste_method TEXT,
    given_ug INTEGER NOT NULL CHECK (given_ug >= 0),
    given_basis TEXT NOT NULL CHECK (given_basis IN ('pump_volume', 'charted')),
    wasted_ug INTEGER NOT NULL CHECK (wasted_ug >= 0),
    calculated_waste_ug INTEGER NOT NULL CHECK (calculated_waste_ug >= 0),
    variance_ug INTEGER,
    breakage_ug INTEGER NOT NULL CHECK (breakage_ug >= 0),
    unexplained_ug INTEGER NOT NULL,
    pump_differs INTEGER NOT NULL CHECK (pump_differs IN (0, 1)),
    discrepancy TEXT CHECK (discrepancy IN ('measurement', 'documentation', 'breakage', 'unexplained', 'suspected_theft')),
    explanation TEXT,
    hold_bag TEXT,
    recorded_by BLOB NOT NULL,
    witness BLOB,
    recorded_at INTEGER NOT NULL,
    PRIMARY KEY (clinic_id, id),
    UNIQUE (clinic_id, amends_id),
    FOREIGN KEY (clinic_id, session_id) REFERENCES sessions (clinic_id, id),
    FOREIGN KEY (clinic_id, amends_id) REFERENCES settlements (clinic_id, id),
    FOREIGN KEY (clinic_id, recorded_by) REFERENCES staff (clinic_id, id),
    FOREIGN KEY (clinic_id, witness) REFERENCES staff (clinic_id, id),
    CHECK (prepared_ug = given_ug + wasted_ug + breakage_ug + unexplained_ug),
    CHECK (unexplained_ug = 0 OR discrepancy IS NOT NULL),
    CHECK (witness <> recorded_by)
) STRICT;
-- A session is settled once; what follows names what it replaces.
CREATE UNIQUE INDEX settlements_session ON settlements (clinic_id, session_id) WHERE amends_id IS NULL;
CREATE INDEX settlements_history ON settlements (clinic_id, session_id, id);

-- What each member of staff said last about being in the house.
-- head
CREATE TABLE presence (
    clinic_id BLOB NOT NULL,
    staff_id BLOB NOT NULL,
    version INTEGER NOT NULL CHECK (version > 0),
    on_site_until INTEGER,
    said_at INTEGER NOT NULL,
    PRIMARY KEY (clinic_id, staff_id),
    FOREIGN KEY (clinic_id, staff_id) REFERENCES staff (clinic_id, id)
) STRICT;
-- A signed act of the last hours says that its signer is here.
CREATE INDEX signing_tokens_signer ON signing_tokens (clinic_id, staff_id, spent_at);

CREATE TRIGGER prechecks_no_update BEFORE UPDATE ON prechecks BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER prechecks_no_delete BEFORE DELETE ON prechecks BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER orders_no_update BEFORE UPDATE ON orders BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER orders_no_delete BEFORE DELETE ON orders BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER preparations_no_update BEFORE UPDATE ON preparations BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER preparations_no_delete BEFORE DELETE ON preparations BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER settlements_no_update BEFORE UPDATE ON settlements BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER settlements_no_delete BEFORE DELETE ON settlements BEGIN SELECT RAISE(ABORT, 'append-only'); END;
