-- The visit around the infusion: asked, ordered, prepared, settled; and who is in the house.

-- The day-of check. Each saving is a new row; the one with the highest number is in force.
-- fact
CREATE TABLE prechecks (
    clinic_id UUID NOT NULL,
    id UUID NOT NULL,
    session_id UUID NOT NULL,
    number BIGINT NOT NULL CHECK (number > 0),
    answers JSONB NOT NULL,
    clear_fluids_at TIMESTAMPTZ,
    food_at TIMESTAMPTZ,
    weight_g BIGINT CHECK (weight_g BETWEEN 30000 AND 300000),
    weight_source TEXT CHECK (weight_source IN ('measured', 'stated')),
    height_mm BIGINT CHECK (height_mm BETWEEN 1000 AND 2300),
    consent_reaffirmed_at TIMESTAMPTZ,
    kit_ok BOOLEAN,
    iv_site TEXT,
    note TEXT,
    signed BOOLEAN NOT NULL,
    recorded_by UUID NOT NULL,
    recorded_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (clinic_id, id),
    UNIQUE (clinic_id, session_id, number),
    FOREIGN KEY (clinic_id, session_id) REFERENCES sessions (clinic_id, id),
    FOREIGN KEY (clinic_id, recorded_by) REFERENCES staff (clinic_id, id),
    CHECK ((weight_g IS NULL) = (weight_source IS NULL))
);

-- The prescriber's order, which is the release. The one with the highest number is in force.
-- fact
CREATE TABLE orders (
    clinic_id UUID NOT NULL,
    id UUID NOT NULL,
    session_id UUID NOT NULL,
    number BIGINT NOT NULL CHECK (number > 0),
    protocol_id UUID NOT NULL,
    precheck_id UUID NOT NULL,
    route TEXT NOT NULL CHECK (route IN ('iv', 'nebulized')),
    dose_ug_per_kg BIGINT NOT NULL CHECK (dose_ug_per_kg > 0),
    weight_basis TEXT NOT NULL CHECK (weight_basis IN ('actual', 'ideal', 'adjusted')),
    weight_g BIGINT NOT NULL CHECK (weight_g > 0),
    duration_minutes BIGINT NOT NULL CHECK (duration_minutes > 0),
    max_total_ug BIGINT NOT NULL CHECK (max_total_ug > 0),
    concentration_ug_per_ml BIGINT CHECK (concentration_ug_per_ml > 0),
    rate_ul_per_h BIGINT CHECK (rate_ul_per_h >= 0),
    titration_step_ul_per_h BIGINT CHECK (titration_step_ul_per_h > 0),
    titration_min_gap_minutes BIGINT CHECK (titration_min_gap_minutes > 0),
    titration_ceiling_ul_per_h BIGINT CHECK (titration_ceiling_ul_per_h > 0),
    nominal_ug BIGINT CHECK (nominal_ug > 0),
    fill_ul BIGINT CHECK (fill_ul > 0),
    drug_ul BIGINT CHECK (drug_ul >= 0),
    device TEXT,
    max_repeats BIGINT CHECK (max_repeats >= 0),
    repeat_gap_minutes BIGINT CHECK (repeat_gap_minutes > 0),
    rescue_orders JSONB NOT NULL,
    session_limits JSONB,
    holds_released JSONB NOT NULL,
    override_reason TEXT,
    overridden JSONB NOT NULL,
    signed_by UUID NOT NULL,
    seconded_by UUID,
    signed_at TIMESTAMPTZ NOT NULL,
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
);

-- A syringe, bag or fill. One that another row names as amended no longer counts.
-- fact
CREATE TABLE preparations (
    clinic_id UUID NOT NULL,
    id UUID NOT NULL,
    session_id UUID NOT NULL,
    amends_id UUID,
    amends_reason TEXT,
    kind TEXT NOT NULL CHECK (kind IN ('syringe', 'bag', 'prefilled', 'neb')),
    product TEXT NOT NULL,
    lot TEXT NOT NULL,
    vial TEXT,
    expires_on DATE NOT NULL,
    vial_concentration_ug_per_ml BIGINT NOT NULL CHECK (vial_concentration_ug_per_ml > 0),
    drawn_volume_ul BIGINT NOT NULL CHECK (drawn_volume_ul >= 0),
    drawn_ug BIGINT NOT NULL CHECK (drawn_ug > 0),
    diluent TEXT,
    final_volume_ul BIGINT NOT NULL CHECK (final_volume_ul > 0),
    concentration_ug_per_ml BIGINT NOT NULL CHECK (concentration_ug_per_ml > 0),
    prepared_at TIMESTAMPTZ NOT NULL,
    beyond_use_at TIMESTAMPTZ,
    prepared_by UUID NOT NULL,
    checked_by UUID,
    recorded_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (clinic_id, id),
    UNIQUE (clinic_id, amends_id),
    FOREIGN KEY (clinic_id, session_id) REFERENCES sessions (clinic_id, id),
    FOREIGN KEY (clinic_id, amends_id) REFERENCES preparations (clinic_id, id),
    FOREIGN KEY (clinic_id, prepared_by) REFERENCES staff (clinic_id, id),
    FOREIGN KEY (clinic_id, checked_by) REFERENCES staff (clinic_id, id),
    CHECK ((amends_id IS NULL) = (amends_reason IS NULL)),
    CHECK (checked_by <> prepared_by)
);
CREATE INDEX preparations_session ON preparations (clinic_id, session_id, id);

-- Where the drug went: prepared = given + wasted + breakage + unexplained, in the database's own words.
-- fact
CREATE TABLE settlements (
    clinic_id UUID NOT NULL,
    id UUID NOT NULL,
    session_id UUID NOT NULL,
    amends_id UUID,
    prepared_ug BIGINT NOT NULL CHECK (prepared_ug > 0),
    charted_ug BIGINT NOT NULL CHECK (charted_ug >= 0),
    concentration_ug_per_ml BIGINT CHECK (concentration_ug_per_ml > 0),
    pump_volume_ul BIGINT CHECK (pump_volume_ul >= 0),
    measured_waste_ul BIGINT CHECK (measured_waste_ul >= 0),
    waste_method TEXT,
    given_ug BIGINT NOT NULL CHECK (given_ug >= 0),
    given_basis TEXT NOT NULL CHECK (given_basis IN ('pump_volume', 'charted')),
    wasted_ug BIGINT NOT NULL CHECK (wasted_ug >= 0),
    calculated_waste_ug BIGINT NOT NULL CHECK (calculated_waste_ug >= 0),
    variance_ug BIGINT,
    breakage_ug BIGINT NOT NULL CHECK (breakage_ug >= 0),
    unexplained_ug BIGINT NOT NULL,
    pump_differs BOOLEAN NOT NULL,
    discrepancy TEXT CHECK (discrepancy IN ('measurement', 'documentation', 'breakage', 'unexplained', 'suspected_theft')),
    explanation TEXT,
    hold_bag TEXT,
    recorded_by UUID NOT NULL,
    witness UUID,
    recorded_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (clinic_id, id),
    UNIQUE (clinic_id, amends_id),
    FOREIGN KEY (clinic_id, session_id) REFERENCES sessions (clinic_id, id),
    FOREIGN KEY (clinic_id, amends_id) REFERENCES settlements (clinic_id, id),
    FOREIGN KEY (clinic_id, recorded_by) REFERENCES staff (clinic_id, id),
    FOREIGN KEY (clinic_id, witness) REFERENCES staff (clinic_id, id),
    CHECK (prepared_ug = given_ug + wasted_ug + breakage_ug + unexplained_ug),
    CHECK (unexplained_ug = 0 OR discrepancy IS NOT NULL),
    CHECK (witness <> recorded_by)
);
-- A session is settled once; what follows names what it replaces.
CREATE UNIQUE INDEX settlements_session ON settlements (clinic_id, session_id) WHERE amends_id IS NULL;
CREATE INDEX settlements_history ON settlements (clinic_id, session_id, id);

-- What each member of staff said last about being in the house.
-- head
CREATE TABLE presence (
    clinic_id UUID NOT NULL,
    staff_id UUID NOT NULL,
    version BIGINT NOT NULL CHECK (version > 0),
    on_site_until TIMESTAMPTZ,
    said_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (clinic_id, staff_id),
    FOREIGN KEY (clinic_id, staff_id) REFERENCES staff (clinic_id, id)
);
-- A signed act of the last hours says that its signer is here.
CREATE INDEX signing_tokens_signer ON signing_tokens (clinic_id, staff_id, spent_at);

CREATE TRIGGER prechecks_append_only BEFORE UPDATE OR DELETE ON prechecks FOR EACH ROW EXECUTE FUNCTION chairside_append_only();
CREATE TRIGGER prechecks_no_truncate BEFORE TRUNCATE ON prechecks FOR EACH STATEMENT EXECUTE FUNCTION chairside_append_only();
ALTER TABLE prechecks ENABLE ALWAYS TRIGGER prechecks_append_only;
ALTER TABLE prechecks ENABLE ALWAYS TRIGGER prechecks_no_truncate;
CREATE TRIGGER orders_append_only BEFORE UPDATE OR DELETE ON orders FOR EACH ROW EXECUTE FUNCTION chairside_append_only();
CREATE TRIGGER orders_no_truncate BEFORE TRUNCATE ON orders FOR EACH STATEMENT EXECUTE FUNCTION chairside_append_only();
ALTER TABLE orders ENABLE ALWAYS TRIGGER orders_append_only;
ALTER TABLE orders ENABLE ALWAYS TRIGGER orders_no_truncate;
CREATE TRIGGER preparations_append_only BEFORE UPDATE OR DELETE ON preparations FOR EACH ROW EXECUTE FUNCTION chairside_append_only();
CREATE TRIGGER preparations_no_truncate BEFORE TRUNCATE ON preparations FOR EACH STATEMENT EXECUTE FUNCTION chairside_append_only();
ALTER TABLE preparations ENABLE ALWAYS TRIGGER preparations_append_only;
ALTER TABLE preparations ENABLE ALWAYS TRIGGER preparations_no_truncate;
CREATE TRIGGER settlements_append_only BEFORE UPDATE OR DELETE ON settlements FOR EACH ROW EXECUTE FUNCTION chairside_append_only();
CREATE TRIGGER settlements_no_truncate BEFORE TRUNCATE ON settlements FOR EACH STATEMENT EXECUTE FUNCTION chairside_append_only();
ALTER TABLE settlements ENABLE ALWAYS TRIGGER settlements_append_only;
ALTER TABLE settlements ENABLE ALWAYS TRIGGER settlements_no_truncate;
