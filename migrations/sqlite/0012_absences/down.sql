ALTER TABLE dosing_events RENAME TO dosing_events_before;
-- What happened to the drug, entry by entry.
-- fact
CREATE TABLE dosing_events (
    clinic_id BLOB NOT NULL,
    id BLOB NOT NULL,
    session_id BLOB NOT NULL,
    patient_id BLOB NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN (
        'start', 'rate_change', 'bolus', 'pause', 'resume', 'stop', 'neb_start', 'neb_pause', 'neb_end',
        'rescue_drug'
    )),
    rate_ul_per_h INTEGER,
    -- What the pump was set to; what is in the syringe is the preparation's.
    pump_concentration_ug_per_ml INTEGER,
    vtbi_ul INTEGER,
    bolus_ug INTEGER,
    bolus_over_min INTEGER CHECK (bolus_over_min BETWEEN 0 AND 30),
    -- What the pump's display said at the stop.
    pump_volume_ul INTEGER,
    residual_ul INTEGER,
    residual_unknown INTEGER CHECK (residual_unknown IN (0, 1)),
    drug TEXT,
    drug_class TEXT CHECK (drug_class IN ('antihypertensive', 'sedative', 'antiemetic', 'analgesic', 'other')),
    drug_dose_ug INTEGER,
    drug_route TEXT CHECK (drug_route IN ('iv', 'im', 'sc', 'oral', 'sublingual', 'inhaled')),
    occurred_at INTEGER NOT NULL,
    recorded_at INTEGER NOT NULL,
    basis TEXT NOT NULL CHECK (basis IN ('about_to', 'done')),
    source TEXT CHECK (source IN ('live_late', 'offline', 'paper', 'correction')),
    observed_by BLOB,
    late_reason TEXT,
    recorded_by BLOB NOT NULL,
    checked_by BLOB,
    ordered_by BLOB,
    order_mode TEXT CHECK (order_mode IN ('signed', 'standing', 'verbal')),
    ordered_at INTEGER,
    reason TEXT,
    -- The ids of the rules that were not met.
    unmet TEXT NOT NULL,
    -- The entry this one takes the place of, or says should not have been.
    amends_id BLOB,
    entered_in_error INTEGER NOT NULL CHECK (entered_in_error IN (0, 1)),
    amend_reason TEXT,
    -- The entry of another session that was moved here.
    moved_from_id BLOB,
    PRIMARY KEY (clinic_id, id),
    UNIQUE (clinic_id, amends_id),
    UNIQUE (clinic_id, moved_from_id),
    FOREIGN KEY (clinic_id, session_id) REFERENCES sessions (clinic_id, id),
    FOREIGN KEY (clinic_id, patient_id) REFERENCES patients (clinic_id, id),
    FOREIGN KEY (clinic_id, amends_id) REFERENCES dosing_events (clinic_id, id),
    FOREIGN KEY (clinic_id, moved_from_id) REFERENCES dosing_events (clinic_id, id),
    FOREIGN KEY (clinic_id, recorded_by) REFERENCES staff (clinic_id, id),
    FOREIGN KEY (clinic_id, observed_by) REFERENCES staff (clinic_id, id),
    FOREIGN KEY (clinic_id, checked_by) REFERENCES staff (clinic_id, id),
    FOREIGN KEY (clinic_id, ordered_by) REFERENCES staff (clinic_id, id),
    -- Every kind carries what it needs, and nothing of another kind.
    CHECK (kind <> 'rate_change' OR rate_ul_per_h IS NOT NULL),
    CHECK (rate_ul_per_h IS NULL OR kind IN ('start', 'rate_change', 'resume')),
    CHECK ((pump_concentration_ug_per_ml IS NULL AND vtbi_ul IS NULL) OR kind IN ('start', 'resume')),
    CHECK ((kind = 'bolus') = (bolus_ug IS NOT NULL)),
    CHECK ((kind = 'bolus') = (bolus_over_min IS NOT NULL)),
    CHECK (pump_volume_ul IS NULL OR kind = 'stop'),
    CHECK ((kind = 'neb_end') = (residual_unknown IS NOT NULL)),
    CHECK (kind <> 'neb_end' OR residual_unknown = (residual_ul IS NULL)),
    CHECK ((kind = 'rescue_drug') = (drug IS NOT NULL)),
    CHECK ((drug IS NULL) = (drug_class IS NULL)),
    CHECK ((drug IS NULL) = (drug_dose_ug IS NULL)),
    CHECK ((drug IS NULL) = (drug_route IS NULL)),
    CHECK ((ordered_by IS NULL) = (order_mode IS NULL)),
    CHECK ((ordered_by IS NULL) = (ordered_at IS NULL)),
    CHECK ((amends_id IS NULL) = (amend_reason IS NULL)),
    CHECK (amends_id IS NOT NULL OR entered_in_error = 0),
    CHECK (occurred_at <= recorded_at)
) STRICT;
INSERT INTO dosing_events SELECT * FROM dosing_events_before;
DROP TABLE dosing_events_before;
CREATE INDEX dosing_events_session ON dosing_events (clinic_id, session_id, occurred_at, id);

CREATE TRIGGER dosing_events_no_update BEFORE UPDATE ON dosing_events BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER dosing_events_no_delete BEFORE DELETE ON dosing_events BEGIN SELECT RAISE(ABORT, 'append-only'); END;
DROP TABLE staff_absences;
