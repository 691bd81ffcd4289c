-- One row of the flowsheet. A correction is a new row that names the old one; the old one stays readable.
-- fact
CREATE TABLE observations (
    clinic_id BLOB NOT NULL,
    id BLOB NOT NULL,
    session_id BLOB NOT NULL,
    patient_id BLOB NOT NULL,
    phase TEXT NOT NULL CHECK (phase IN ('baseline', 'infusion', 'recovery', 'discharge')),
    occurred_at INTEGER NOT NULL,
    -- What the sender's clock said, where it was ahead of the server's.
    claimed_at INTEGER,
    recorded_at INTEGER NOT NULL,
    recorded_by BLOB NOT NULL,
    observed_by BLOB,
    source TEXT NOT NULL CHECK (source IN ('manual', 'device', 'paper')),
    device_id TEXT,
    late_reason TEXT,
    systolic_mmhg INTEGER CHECK (systolic_mmhg BETWEEN 50 AND 300),
    diastolic_mmhg INTEGER CHECK (diastolic_mmhg BETWEEN 20 AND 200),
    bp_site TEXT CHECK (bp_site IN ('left_arm', 'right_arm', 'left_leg', 'right_leg')),
    bp_position TEXT CHECK (bp_position IN ('sitting', 'reclined', 'supine', 'standing')),
    heart_rate_per_min INTEGER CHECK (heart_rate_per_min BETWEEN 20 AND 250),
    resp_rate_per_min INTEGER CHECK (resp_rate_per_min BETWEEN 0 AND 60),
    spo2_percent INTEGER CHECK (spo2_percent BETWEEN 40 AND 100),
    oxygen_flow_ml_per_min INTEGER,
    temperature_tenths_c INTEGER,
    sedation_scale TEXT CHECK (sedation_scale IN ('moaas', 'rass')),
    sedation_score INTEGER,
    orientation_score INTEGER CHECK (orientation_score BETWEEN 0 AND 4),
    confusion TEXT CHECK (confusion IN ('none', 'mild', 'moderate', 'severe')),
    hallucination_present INTEGER CHECK (hallucination_present IN (0, 1)),
    hallucination_insight_kept INTEGER CHECK (hallucination_insight_kept IN (0, 1)),
    hallucination_distress INTEGER CHECK (hallucination_distress BETWEEN 0 AND 10),
    dissociation_total INTEGER CHECK (dissociation_total BETWEEN 0 AND 24),
    pain_nrs INTEGER CHECK (pain_nrs BETWEEN 0 AND 10),
    nausea TEXT CHECK (nausea IN ('none', 'mild', 'moderate', 'severe')),
    vomit_count INTEGER,
    gait TEXT CHECK (gait IN ('steady', 'needs_help', 'cannot_walk')),
    iv_site TEXT CHECK (iv_site IN ('clean', 'red', 'infiltrated', 'bleeding', 'removed')),
    rhythm TEXT CHECK (rhythm IN ('regular', 'known_arrhythmia', 'pvc', 'new_arrhythmia')),
    -- The lists: red flags (absent is not empty), scores with their items, what was looked for and not found.
    details TEXT NOT NULL,
    note TEXT,
    amends_id BLOB,
    correction TEXT CHECK (correction IN ('corrected', 'entered_in_error', 'moved')),
    reason TEXT,
    -- The row of another session it was copied from.
    moved_from_id BLOB,
    -- What the server made of it, once, when it was entered.
    level TEXT NOT NULL CHECK (level IN ('none', 'watch', 'act', 'pause', 'stop')),
    rules TEXT NOT NULL,
    recommended TEXT NOT NULL,
    recheck_due_at INTEGER,
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
) STRICT;

CREATE INDEX observations_by_session ON observations (clinic_id, session_id, occurred_at, id);

CREATE TRIGGER observations_no_update BEFORE UPDATE ON observations BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER observations_no_delete BEFORE DELETE ON observations BEGIN SELECT RAISE(ABORT, 'append-only'); END;

-- What needs a named person: one row for each visit and condition, that rises and falls in level.
-- head
CREATE TABLE alerts (
    clinic_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL CHECK (version > 0),
    session_id BLOB NOT NULL,
    patient_id BLOB NOT NULL,
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
    observation_id BLOB,
    raised_at INTEGER NOT NULL,
    seen_at INTEGER NOT NULL,
    paged_at INTEGER,
    -- The level that an acknowledgement covers; above it the alert opens again.
    covered TEXT NOT NULL CHECK (covered IN ('none', 'watch', 'act', 'pause', 'stop')),
    acknowledged_by BLOB,
    acknowledged_at INTEGER,
    -- Whether a prescriber has answered it at the level it has.
    seen_by_prescriber INTEGER NOT NULL CHECK (seen_by_prescriber IN (0, 1)),
    closed_at INTEGER,
    PRIMARY KEY (clinic_id, id),
    UNIQUE (clinic_id, session_id, condition, occasion),
    FOREIGN KEY (clinic_id, session_id) REFERENCES sessions (clinic_id, id),
    FOREIGN KEY (clinic_id, patient_id) REFERENCES patients (clinic_id, id),
    FOREIGN KEY (clinic_id, observation_id) REFERENCES observations (clinic_id, id),
    FOREIGN KEY (clinic_id, acknowledged_by) REFERENCES staff (clinic_id, id),
    CHECK ((acknowledged_by IS NULL) = (acknowledged_at IS NULL))
) STRICT;

CREATE INDEX alerts_by_state ON alerts (clinic_id, state, raised_at, id);
CREATE INDEX alerts_by_raised ON alerts (clinic_id, raised_at, id);

-- What somebody did about an alert.
-- fact
CREATE TABLE alert_actions (
    clinic_id BLOB NOT NULL,
    id BLOB NOT NULL,
    alert_id BLOB NOT NULL,
    step TEXT NOT NULL CHECK (step IN ('acknowledged', 'implied', 'resolved')),
    action TEXT CHECK (action IN (
        'rechecked', 'observed', 'repositioned', 'rate_reduced', 'paused', 'stopped', 'drug_given',
        'prescriber_informed', 'artefact'
    )),
    text TEXT,
    by_staff_id BLOB NOT NULL,
    at INTEGER NOT NULL,
    level TEXT NOT NULL CHECK (level IN ('none', 'watch', 'act', 'pause', 'stop')),
    PRIMARY KEY (clinic_id, id),
    FOREIGN KEY (clinic_id, alert_id) REFERENCES alerts (clinic_id, id),
    FOREIGN KEY (clinic_id, by_staff_id) REFERENCES staff (clinic_id, id),
    CHECK (action IS NOT NULL OR text IS NOT NULL)
) STRICT;

CREATE INDEX alert_actions_by_alert ON alert_actions (clinic_id, alert_id, at, id);

CREATE TRIGGER alert_actions_no_update BEFORE UPDATE ON alert_actions BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER alert_actions_no_delete BEFORE DELETE ON alert_actions BEGIN SELECT RAISE(ABORT, 'append-only'); END;

-- Work that waits for somebody.
-- head
CREATE TABLE tasks (
    clinic_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL CHECK (version > 0),
    kind TEXT NOT NULL CHECK (kind IN (
        'reconstruction_review', 'countersign_order', 'waiver_review', 'handover_review', 'late_reason',
        'withdrawal_question', 'clinician_review', 'adverse_event_draft', 'waste_cosign', 'discrepancy',
        'unclosed_session', 'consent_expiring', 'follow_up'
    )),
    audience TEXT NOT NULL CHECK (audience IN ('prescriber', 'nurse', 'front_desk', 'auditor')),
    assignee_id BLOB,
    subject_id BLOB NOT NULL,
    session_id BLOB,
    patient_id BLOB,
    opened_at INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    done_by BLOB,
    done_at INTEGER,
    outcome TEXT,
    PRIMARY KEY (clinic_id, id),
    FOREIGN KEY (clinic_id, assignee_id) REFERENCES staff (clinic_id, id),
    FOREIGN KEY (clinic_id, session_id) REFERENCES sessions (clinic_id, id),
    FOREIGN KEY (clinic_id, patient_id) REFERENCES patients (clinic_id, id),
    FOREIGN KEY (clinic_id, done_by) REFERENCES staff (clinic_id, id),
    CHECK ((done_by IS NULL) = (done_at IS NULL))
) STRICT;

CREATE INDEX tasks_by_due ON tasks (clinic_id, due_at, id);
-- One open task of a kind about a record.
CREATE UNIQUE INDEX tasks_one_open ON tasks (clinic_id, kind, subject_id) WHERE done_at IS NULL;

-- When a clock has to look at something. No patient data: a watcher reads it across clinics, then works in each.
-- head
CREATE TABLE timers (
    clinic_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL CHECK (version > 0),
    kind TEXT NOT NULL CHECK (kind IN ('check')),
    subject_id BLOB NOT NULL,
    -- Nothing is waited for while this is null.
    due_at INTEGER,
    PRIMARY KEY (clinic_id, id),
    UNIQUE (clinic_id, kind, subject_id),
    FOREIGN KEY (clinic_id) REFERENCES clinics (id)
) STRICT;

-- The one index that does not begin with the clinic: work is found across clinics.
CREATE INDEX timers_by_due ON timers (due_at, clinic_id);
