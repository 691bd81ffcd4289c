-- What a clinic's medical director decides: policy and protocols; and what is planned for a patient.

-- One version of a clinic's policy. settings is an object of groups of whole numbers, read by
-- src/domain/policy; the version in force is the newest whose effective_at has passed.
-- fact
CREATE TABLE policies (
    clinic_id BLOB NOT NULL REFERENCES clinics (id),
    id BLOB NOT NULL,
    version INTEGER NOT NULL CHECK (version > 0),
    effective_at INTEGER NOT NULL,
    approved_at INTEGER NOT NULL,
    approved_by BLOB,
    reason TEXT,
    score_set TEXT NOT NULL CHECK (score_set IN ('padss', 'aldrete')),
    settings TEXT NOT NULL,
    PRIMARY KEY (clinic_id, id),
    UNIQUE (clinic_id, version),
    FOREIGN KEY (clinic_id, approved_by) REFERENCES staff (clinic_id, id),
    CHECK ((approved_by IS NULL) = (version = 1))
) STRICT;
CREATE TRIGGER policies_no_update BEFORE UPDATE ON policies BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER policies_no_delete BEFORE DELETE ON policies BEGIN SELECT RAISE(ABORT, 'append-only'); END;

-- One edition of a protocol. A draft is a head; once published nothing in it changes, and a trigger says so.
-- head
CREATE TABLE protocols (
    clinic_id BLOB NOT NULL REFERENCES clinics (id),
    id BLOB NOT NULL,
    version INTEGER NOT NULL CHECK (version > 0),
    code TEXT NOT NULL,
    edition INTEGER NOT NULL CHECK (edition > 0),
    name TEXT NOT NULL,
    route TEXT NOT NULL CHECK (route IN ('iv', 'nebulized')),
    state TEXT NOT NULL CHECK (state IN ('draft', 'published')),
    drafted_by BLOB,
    drafted_at INTEGER NOT NULL,
    published_by BLOB,
    published_at INTEGER,
    effective_at INTEGER,
    policy_id BLOB,
    start_dose_ug_per_kg INTEGER NOT NULL,
    max_dose_ug_per_kg INTEGER NOT NULL,
    max_bolus_ug_per_kg INTEGER NOT NULL,
    max_rate_ug_per_kg_per_h INTEGER NOT NULL,
    max_step_ug_per_kg_per_h INTEGER NOT NULL,
    step_gap_minutes INTEGER NOT NULL,
    absolute_cap_ug INTEGER NOT NULL,
    min_duration_minutes INTEGER NOT NULL,
    max_duration_minutes INTEGER NOT NULL,
    max_per_7_days INTEGER NOT NULL,
    max_per_30_days INTEGER NOT NULL,
    max_per_365_days INTEGER NOT NULL,
    min_gap_days INTEGER NOT NULL,
    max_fill_dose_ug_per_kg INTEGER,
    fill_ul INTEGER,
    min_active_minutes INTEGER,
    max_active_minutes INTEGER,
    max_repeats INTEGER,
    repeat_gap_minutes INTEGER,
    first_check_minutes TEXT NOT NULL,
    every_minutes INTEGER NOT NULL,
    close_minutes INTEGER NOT NULL,
    close_checks INTEGER NOT NULL,
    recovery_minutes INTEGER NOT NULL,
    after_end_minutes INTEGER NOT NULL,
    after_start_minutes INTEGER NOT NULL,
    after_start_high_minutes INTEGER NOT NULL,
    high_dose_ug_per_kg INTEGER NOT NULL,
    PRIMARY KEY (clinic_id, id),
    UNIQUE (clinic_id, code, edition),
    FOREIGN KEY (clinic_id, drafted_by) REFERENCES staff (clinic_id, id),
    FOREIGN KEY (clinic_id, published_by) REFERENCES staff (clinic_id, id),
    FOREIGN KEY (clinic_id, policy_id) REFERENCES policies (clinic_id, id),
    CHECK ((state = 'published') = (published_by IS NOT NULL)),
    CHECK ((published_by IS NULL) = (published_at IS NULL) AND (published_by IS NULL) = (effective_at IS NULL) AND (published_by IS NULL) = (policy_id IS NULL)),
    CHECK ((route = 'nebulized') = (fill_ul IS NOT NULL)),
    CHECK ((fill_ul IS NULL) = (max_fill_dose_ug_per_kg IS NULL) AND (fill_ul IS NULL) = (min_active_minutes IS NULL)
        AND (fill_ul IS NULL) = (max_active_minutes IS NULL) AND (fill_ul IS NULL) = (max_repeats IS NULL)
        AND (fill_ul IS NULL) = (repeat_gap_minutes IS NULL))
) STRICT;
CREATE TRIGGER protocols_frozen BEFORE UPDATE ON protocols WHEN OLD.state = 'published'
BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER protocols_no_delete BEFORE DELETE ON protocols BEGIN SELECT RAISE(ABORT, 'append-only'); END;

-- One version of a patient's plan. A revision is a new row that supersedes the old one.
-- head
CREATE TABLE treatment_plans (
    clinic_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL CHECK (version > 0),
    patient_id BLOB NOT NULL,
    revision INTEGER NOT NULL CHECK (revision > 0),
    supersedes BLOB,
    state TEXT NOT NULL CHECK (state IN ('draft', 'active', 'closed', 'superseded')),
    drafted_by BLOB NOT NULL,
    drafted_at INTEGER NOT NULL,
    activated_by BLOB,
    activated_at INTEGER,
    override_reason TEXT,
    closed_by BLOB,
    closed_at INTEGER,
    outcome TEXT CHECK (outcome IN ('completed', 'stopped')),
    close_reason TEXT,
    indication TEXT NOT NULL,
    protocol_id BLOB NOT NULL,
    route TEXT NOT NULL CHECK (route IN ('iv', 'nebulized')),
    dose_ug_per_kg INTEGER NOT NULL CHECK (dose_ug_per_kg > 0),
    max_dose_ug_per_kg INTEGER NOT NULL CHECK (max_dose_ug_per_kg >= dose_ug_per_kg),
    weight_basis TEXT NOT NULL CHECK (weight_basis IN ('actual', 'ideal', 'adjusted')),
    duration_minutes INTEGER NOT NULL CHECK (duration_minutes BETWEEN 45 AND 90),
    sessions INTEGER NOT NULL CHECK (sessions > 0),
    spacing_days INTEGER NOT NULL CHECK (spacing_days > 0),
    stop_rules TEXT NOT NULL,
    review_on TEXT NOT NULL,
    PRIMARY KEY (clinic_id, id),
    UNIQUE (clinic_id, supersedes),
    FOREIGN KEY (clinic_id, patient_id) REFERENCES patients (clinic_id, id),
    FOREIGN KEY (clinic_id, protocol_id) REFERENCES protocols (clinic_id, id),
    FOREIGN KEY (clinic_id, supersedes) REFERENCES treatment_plans (clinic_id, id),
    FOREIGN KEY (clinic_id, drafted_by) REFERENCES staff (clinic_id, id),
    FOREIGN KEY (clinic_id, activated_by) REFERENCES staff (clinic_id, id),
    FOREIGN KEY (clinic_id, closed_by) REFERENCES staff (clinic_id, id),
    CHECK ((activated_by IS NULL) = (activated_at IS NULL)),
    CHECK (activated_by IS NOT NULL OR state IN ('draft', 'closed')),
    CHECK ((state = 'closed') = (closed_by IS NOT NULL)),
    CHECK ((closed_by IS NULL) = (closed_at IS NULL) AND (closed_by IS NULL) = (outcome IS NULL) AND (closed_by IS NULL) = (close_reason IS NULL))
) STRICT;
CREATE INDEX treatment_plans_patient ON treatment_plans (clinic_id, patient_id, id);
-- A patient has at most one plan in force for a route.
CREATE UNIQUE INDEX treatment_plans_in_force ON treatment_plans (clinic_id, patient_id, route) WHERE state = 'active';
