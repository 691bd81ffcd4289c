-- One row of the flowsheet. A correction is a new row that names the old one; the old one stays readable.
-- fact
CREATE TABLE observations (
    clinic_id UUID NOT NULL,
    id UUID NOT NULL,
    session_id UUID NOT NULL,
    patient_id UUID NOT NULL,
    phase TEXT NOT NULL CHECK (phase IN ('baseline', 'infusion', 'recovery', 'discharge')),
    occurred_at TIMESTAMPTZ NOT NULL,
    -- What the sender's clock said, where it was ahead of the server's.
    claimed_at TIMESTAMPTZ,
    recorded_at TIMESTAMPTZ NOT NULL,
    recorded_by UUID NOT NULL,
    observed_by UUID,
    source TEXT NOT NULL CHECK (source IN ('manual', 'device', 'paper')),
    device_id TEXT,
    late_reason TEXT,
    systolic_mmhg BIGINT CHECK (systolic_mmhg BETWEEN 50 AND 300),
    diastolic_mmhg BIGINT CHECK (diastolic_mmhg BETWEEN 20 AND 200),
    bp_site TEXT CHECK (bp_site IN ('left_arm', 'right_arm', 'left_leg', 'right_leg')),
    bp_position TEXT CHECK (bp_position IN ('sitting', 'reclined', 'supine', 'standing')),
    heart_rate_per_min BIGINT CHECK (heart_rate_per_min BETWEEN 20 AND 250),
    resp_rate_per_min BIGINT CHECK (resp_rate_per_min BETWEEN 0 AND 60),
    spo2_percent BIGINT CHECK (spo2_percent BETWEEN 40 AND 100),
    oxygen_flow_ml_per_min BIGINT,
    temperature_tenths_c BIGINT,
    sedation_scale TEXT CHECK (sedation_scale IN ('moaas', 'rass')),
    sedation_score BIGINT,
    orientation_score BIGINT CHECK (orientation_score BETWEEN 0 AND 4),
    confusion TEXT CHECK (confusion IN ('none', 'mild', 'moderate', 'severe')),
    hallucination_present BOOLEAN,
    hallucination_insight_kept BOOLEAN,
    hallucination_distress BIGINT CHECK (hallucination_distress BETWEEN 0 AND 10),
    dissociation_total BIGINT CHECK (dissociation_total BETWEEN 0 AND 24),
    pain_nrs BIGINT CHECK (pain_nrs BETWEEN 0 AND 10),
    nausea TEXT CHECK (nausea IN ('none', 'mild', 'moderate', 'severe')),
    vomit_count BIGINT,
    gait TEXT CHECK (gait IN ('steady', 'needs_help', 'cannot_walk')),
    iv_site TEXT CHECK (iv_site IN ('clean', 'red', 'infiltrated', 'bleeding', 'removed')),
    rhythm TEXT CHECK (rhythm IN ('regular', 'known_arrhythmia', 'pvc', 'new_arrhythmia')),
    -- The lists: red flags (absent is not empty), scores with their items, what was looked for and not found.
    details JSONB NOT NULL,
    note TEXT,
    amends_id UUID,
    correction TEXT CHECK (correction IN ('corrected', 'entered_in_error', 'moved')),
    reason TEXT,
    -- The row of another session it was copied from.
    moved_from_id UUID,
    -- What the server made of it, once, when it was entered.
    level TEXT NOT NULL CHECK (level IN ('none', 'watch', 'act', 'pause', 'stop')),
    rules JSONB NOT NULL,
    recommended JSONB NOT NULL,
    recheck_due_at TIMESTAMPTZ,
    PRIMARY KEY (clinic_id, id),
    UNIQUE (clinic_id, amends_id),
    UNIQUE (clinic_id, moved_from_id),
    FOREIGN KEY (clinic_id, session_id) REFERENCES sessions (clinic_id, id),
    FOREIGN KEY (clinic_id, patient_id) REFERENCES patients (clinic_id, id),
    FOREIGN KEY (clinic_id, amends_id) REFERENCES observations (clinic_id, id),
    FOREIGN KEY (clinic_id, moved_from_id) REFERENCES observations (clinic_id, id),
    FOREIGN KEY (clinic_id, recorded_by) REFERENCES staff (clinic_id, id),
    FOREIGN KEY (clinic_id, observed_by) REFERENCES staff (clinic_id, id),
    CHECK (occurred_at <= recorded_at),
    CHECK (diastolic_mmhg < systolic_mmhg),
    CHECK ((sedation_scale IS NULL) = (sedation_score IS NULL)),
    CHECK ((amends_id IS NULL) = (correction IS NULL)),
    CHECK ((amends_id IS NULL) = (reason IS NULL))
);

CREATE INDEX observations_by_session ON observations (clinic_id, session_id, occurred_at, id);

CREATE TRIGGER observations_append_only BEFORE UPDATE OR DELETE ON observations
    FOR EACH ROW EXECUTE FUNCTION chairside_append_only();
CREATE TRIGGER observations_no_truncate BEFORE TRUNCATE ON observations
    FOR EACH STATEMENT EXECUTE FUNCTION chairside_append_only();
ALTER TABLE observations ENABLE ALWAYS TRIGGER observations_append_only;
ALTER TABLE observations ENABLE ALWAYS TRIGGER observations_no_truncate;

-- What needs a named person: one row for each visit and condition, that rises and falls in level.
-- head
CREATE TABLE alerts (
    clinic_id UUID NOT NULL,
    id UUID NOT NULL,
    version BIGINT NOT NULL CHECK (version > 0),
    session_id UUID NOT NULL,
    patient_id UUID NOT NULL,
    condition TEXT NOT NULL CHECK (condition IN (
        'pressure_high', 'pressure_low', 'heart_rate_high', 'heart_rate_low', 'saturation_low', 'breathing_slow',
        'breathing_fast', 'rhythm', 'sedation', 'agitation', 'disorientation', 'dissociation', 'distress', 'nausea',
        'unrecordable', 'red_flag', 'check_overdue', 'monitoring_gap', 'pump_stop_required', 'planned_end_passed',
        'consent_withdrawn', 'overdose', 'emergency', 'owner_absent', 'prescriber_absent', 'chair_conflict'
    )),
    -- What makes it the same alert when two try to raise it: 'visit', a due time, or a trigger's id.
    occasion TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'acknowledged', 'closed', 'retracted', 'historic')),
    level TEXT NOT NULL CHECK (level IN ('none', 'watch', 'act', 'pause', 'stop')),
    peak TEXT NOT NULL CHECK (peak IN ('none', 'watch', 'act', 'pause', 'stop')),
    observation_id UUID,
    raised_at TIMESTAMPTZ NOT NULL,
    seen_at TIMESTAMPTZ NOT NULL,
    paged_at TIMESTAMPTZ,
    -- The level that an acknowledgement covers; above it the alert opens again.
    covered TEXT NOT NULL CHECK (covered IN ('none', 'watch', 'act', 'pause', 'stop')),
    acknowledged_by UUID,
    acknowledged_at TIMESTAMPTZ,
    -- Whether a prescriber has answered it at the level it has.
    seen_by_prescriber BOOLEAN NOT NULL,
    closed_at TIMESTAMPTZ,
    PRIMARY KEY (clinic_id, id),
    UNIQUE (clinic_id, session_id, condition, occasion),
    FOREIGN KEY (clinic_id, session_id) REFERENCES sessions (clinic_id, id),
    FOREIGN KEY (clinic_id, patient_id) REFERENCES patients (clinic_id, id),
    FOREIGN KEY (clinic_id, observation_id) REFERENCES observations (clinic_id, id),
    FOREIGN KEY (clinic_id, acknowledged_by) REFERENCES staff (clinic_id, id),
    CHECK ((acknowledged_by IS NULL) = (acknowledged_at IS NULL))
);

CREATE INDEX alerts_by_state ON alerts (clinic_id, state, raised_at, id);
CREATE INDEX alerts_by_raised ON alerts (clinic_id, raised_at, id);

-- What somebody did about an alert.
-- fact
CREATE TABLE alert_actions (
    clinic_id UUID NOT NULL,
    id UUID NOT NULL,
    alert_id UUID NOT NULL,
    step TEXT NOT NULL CHECK (step IN ('acknowledged', 'implied', 'resolved')),
    action TEXT CHECK (action IN (
        'rechecked', 'observed', 'repositioned', 'rate_reduced', 'paused', 'stopped', 'drug_given',
        'prescriber_informed', 'artefact'
    )),
    text TEXT,
    by_staff_id UUID NOT NULL,
    at TIMESTAMPTZ NOT NULL,
    level TEXT NOT NULL CHECK (level IN ('none', 'watch', 'act', 'pause', 'stop')),
    PRIMARY KEY (clinic_id, id),
    FOREIGN KEY (clinic_id, alert_id) REFERENCES alerts (clinic_id, id),
    FOREIGN KEY (clinic_id, by_staff_id) REFERENCES staff (clinic_id, id),
    CHECK (action IS NOT NULL OR text IS NOT NULL)
);

CREATE INDEX alert_actions_by_alert ON alert_actions (clinic_id, alert_id, at, id);

CREATE TRIGGER alert_actions_append_only BEFORE UPDATE OR DELETE ON alert_actions
    FOR EACH ROW EXECUTE FUNCTION chairside_append_only();
CREATE TRIGGER alert_actions_no_truncate BEFORE TRUNCATE ON alert_actions
    FOR EACH STATEMENT EXECUTE FUNCTION chairside_append_only();
ALTER TABLE alert_actions ENABLE ALWAYS TRIGGER alert_actions_append_only;
ALTER TABLE alert_actions ENABLE ALWAYS TRIGGER alert_actions_no_truncate;

-- Work that waits for somebody.
-- head
CREATE TABLE tasks (
    clinic_id UUID NOT NULL,
    id UUID NOT NULL,
    version BIGINT NOT NULL CHECK (version > 0),
    kind TEXT NOT NULL CHECK (kind IN (
        'reconstruction_review', 'countersign_order', 'waiver_review', 'handover_review', 'late_reason',
        'withdrawal_question', 'clinician_review', 'adverse_event_draft', 'waste_cosign', 'discrepancy',
        'unclosed_session', 'consent_expiring', 'follow_up'
    )),
    audience TEXT NOT NULL CHECK (audience IN ('prescriber', 'nurse', 'front_desk', 'auditor')),
    assignee_id UUID,
    subject_id UUID NOT NULL,
    session_id UUID,
    patient_id UUID,
    opened_at TIMESTAMPTZ NOT NULL,
    due_at TIMESTAMPTZ NOT NULL,
    done_by UUID,
    done_at TIMESTAMPTZ,
    outcome TEXT,
    PRIMARY KEY (clinic_id, id),
    FOREIGN KEY (clinic_id, assignee_id) REFERENCES staff (clinic_id, id),
    FOREIGN KEY (clinic_id, session_id) REFERENCES sessions (clinic_id, id),
    FOREIGN KEY (clinic_id, patient_id) REFERENCES patients (clinic_id, id),
    FOREIGN KEY (clinic_id, done_by) REFERENCES staff (clinic_id, id),
    CHECK ((done_by IS NULL) = (done_at IS NULL))
);

CREATE INDEX tasks_by_due ON tasks (clinic_id, due_at, id);
-- One open task of a kind about a record.
CREATE UNIQUE INDEX tasks_one_open ON tasks (clinic_id, kind, subject_id) WHERE done_at IS NULL;

-- When a clock has to look at something. No patient data: a watcher reads it across clinics, then works in each.
-- head
CREATE TABLE timers (
    clinic_id UUID NOT NULL,
    id UUID NOT NULL,
    version BIGINT NOT NULL CHECK (version > 0),
    kind TEXT NOT NULL CHECK (kind IN ('check')),
    subject_id UUID NOT NULL,
    -- Nothing is waited for while this is null.
    due_at TIMESTAMPTZ,
    PRIMARY KEY (clinic_id, id),
    UNIQUE (clinic_id, kind, subject_id),
    FOREIGN KEY (clinic_id) REFERENCES clinics (id)
);

-- The one index that does not begin with the clinic: work is found across clinics.
CREATE INDEX timers_by_due ON timers (due_at, clinic_id);
