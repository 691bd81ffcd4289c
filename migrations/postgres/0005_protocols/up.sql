-- What a clinic's medical director decides: policy and protocols; and what is planned for a patient.

-- One version of a clinic's policy. settings is an object of groups of whole numbers, read by
-- src/domain/policy; the version in force is the newest whose effective_at has passed.
-- fact
CREATE TABLE policies (
    clinic_id UUID NOT NULL REFERENCES clinics (id),
    id UUID NOT NULL,
    version BIGINT NOT NULL CHECK (version > 0),
    effective_at TIMESTAMPTZ NOT NULL,
    approved_at TIMESTAMPTZ NOT NULL,
    approved_by UUID,
    reason TEXT,
    score_set TEXT NOT NULL CHECK (score_set IN ('padss', 'aldrete')),
    settings JSONB NOT NULL,
    PRIMARY KEY (clinic_id, id),
    UNIQUE (clinic_id, version),
    FOREIGN KEY (clinic_id, approved_by) REFERENCES staff (clinic_id, id),
    CHECK ((approved_by IS NULL) = (version = 1))
);
CREATE TRIGGER policies_append_only BEFORE UPDATE OR DELETE ON policies FOR EACH ROW EXECUTE FUNCTION chairside_append_only();
CREATE TRIGGER policies_no_truncate BEFORE TRUNCATE ON policies FOR EACH STATEMENT EXECUTE FUNCTION chairside_append_only();
ALTER TABLE policies ENABLE ALWAYS TRIGGER policies_append_only;
ALTER TABLE policies ENABLE ALWAYS TRIGGER policies_no_truncate;

-- One edition of a protocol. A draft is a head; once published nothing in it changes, and a trigger says so.
-- head
CREATE TABLE protocols (
    clinic_id UUID NOT NULL REFERENCES clinics (id),
    id UUID NOT NULL,
    version BIGINT NOT NULL CHECK (version > 0),
    code TEXT NOT NULL,
    edition BIGINT NOT NULL CHECK (edition > 0),
    name TEXT NOT NULL,
    route TEXT NOT NULL CHECK (route IN ('iv', 'nebulized')),
    state TEXT NOT NULL CHECK (state IN ('draft', 'published')),
    drafted_by UUID,
    drafted_at TIMESTAMPTZ NOT NULL,
    published_by UUID,
    published_at TIMESTAMPTZ,
    effective_at TIMESTAMPTZ,
    policy_id UUID,
    start_dose_ug_per_kg BIGINT NOT NULL,
    max_dose_ug_per_kg BIGINT NOT NULL,
    max_bolus_ug_per_kg BIGINT NOT NULL,
    max_rate_ug_per_kg_per_h BIGINT NOT NULL,
    max_step_ug_per_kg_per_h BIGINT NOT NULL,
    step_gap_minutes BIGINT NOT NULL,
    absolute_cap_ug BIGINT NOT NULL,
    min_duration_minutes BIGINT NOT NULL,
    max_duration_minutes BIGINT NOT NULL,
    max_per_7_days BIGINT NOT NULL,
    max_per_30_days BIGINT NOT NULL,
    max_per_365_days BIGINT NOT NULL,
    min_gap_days BIGINT NOT NULL,
    max_fill_dose_ug_per_kg BIGINT,
    fill_ul BIGINT,
    min_active_minutes BIGINT,
    max_active_minutes BIGINT,
    max_repeats BIGINT,
    repeat_gap_minutes BIGINT,
    first_check_minutes JSONB NOT NULL,
    every_minutes BIGINT NOT NULL,
    close_minutes BIGINT NOT NULL,
    close_checks BIGINT NOT NULL,
    recovery_minutes BIGINT NOT NULL,
    after_end_minutes BIGINT NOT NULL,
    after_start_minutes BIGINT NOT NULL,
    after_start_high_minutes BIGINT NOT NULL,
    high_dose_ug_per_kg BIGINT NOT NULL,
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
);
CREATE TRIGGER protocols_frozen BEFORE UPDATE ON protocols FOR EACH ROW WHEN (OLD.state = 'published') EXECUTE FUNCTION chairside_append_only();
CREATE TRIGGER protocols_no_delete BEFORE DELETE ON protocols FOR EACH ROW EXECUTE FUNCTION chairside_append_only();
CREATE TRIGGER protocols_no_truncate BEFORE TRUNCATE ON protocols FOR EACH STATEMENT EXECUTE FUNCTION chairside_append_only();
ALTER TABLE protocols ENABLE ALWAYS TRIGGER protocols_frozen;
ALTER TABLE protocols ENABLE ALWAYS TRIGGER protocols_no_delete;
ALTER TABLE protocols ENABLE ALWAYS TRIGGER protocols_no_truncate;

-- One version of a patient's plan. A revision is a new row that supersedes the old one.
-- head
CREATE TABLE treatment_plans (
    clinic_id UUID NOT NULL,
    id UUID NOT NULL,
    version BIGINT NOT NULL CHECK (version > 0),
    patient_id UUID NOT NULL,
    revision BIGINT NOT NULL CHECK (revision > 0),
    supersedes UUID,
    state TEXT NOT NULL CHECK (state IN ('draft', 'active', 'closed', 'superseded')),
    drafted_by UUID NOT NULL,
    drafted_at TIMESTAMPTZ NOT NULL,
    activated_by UUID,
    activated_at TIMESTAMPTZ,
    override_reason TEXT,
    closed_by UUID,
    closed_at TIMESTAMPTZ,
    outcome TEXT CHECK (outcome IN ('completed', 'stopped')),
    close_reason TEXT,
    indication TEXT NOT NULL,
    protocol_id UUID NOT NULL,
    route TEXT NOT NULL CHECK (route IN ('iv', 'nebulized')),
    dose_ug_per_kg BIGINT NOT NULL CHECK (dose_ug_per_kg > 0),
    max_dose_ug_per_kg BIGINT NOT NULL CHECK (max_dose_ug_per_kg >= dose_ug_per_kg),
    weight_basis TEXT NOT NULL CHECK (weight_basis IN ('actual', 'ideal', 'adjusted')),
    duration_minutes BIGINT NOT NULL CHECK (duration_minutes BETWEEN 45 AND 90),
    sessions BIGINT NOT NULL CHECK (sessions > 0),
    spacing_days BIGINT NOT NULL CHECK (spacing_days > 0),
    stop_rules JSONB NOT NULL,
    review_on DATE NOT NULL,
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
);
CREATE INDEX treatment_plans_patient ON treatment_plans (clinic_id, patient_id, id);
-- A patient has at most one plan in force for a route.
CREATE UNIQUE INDEX treatment_plans_in_force ON treatment_plans (clinic_id, patient_id, route) WHERE state = 'active';
