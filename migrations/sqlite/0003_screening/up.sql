-- What is known of a patient before the drug. Statements are recorded once; a correction is a new row that names the
-- old one and says why (src/domain/chart.rs).

-- Diagnoses in ICD-10-CM.
-- fact
CREATE TABLE conditions (
    clinic_id BLOB NOT NULL,
    id BLOB NOT NULL,
    patient_id BLOB NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('active', 'inactive', 'entered_in_error')),
    amends_id BLOB,
    reason TEXT,
    code TEXT NOT NULL,
    text TEXT,
    onset_date TEXT,
    recorded_at INTEGER NOT NULL,
    recorded_by BLOB NOT NULL,
    PRIMARY KEY (clinic_id, id),
    -- A list is read by patient; the key also holds a correction to its own patient.
    UNIQUE (clinic_id, patient_id, id),
    UNIQUE (clinic_id, amends_id),
    FOREIGN KEY (clinic_id, patient_id) REFERENCES patients (clinic_id, id),
    FOREIGN KEY (clinic_id, recorded_by) REFERENCES staff (clinic_id, id),
    FOREIGN KEY (clinic_id, patient_id, amends_id) REFERENCES conditions (clinic_id, patient_id, id),
    CHECK ((amends_id IS NULL) = (reason IS NULL)),
    CHECK (status <> 'entered_in_error' OR amends_id IS NOT NULL)
) STRICT;

CREATE TRIGGER conditions_no_update BEFORE UPDATE ON conditions BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER conditions_no_delete BEFORE DELETE ON conditions BEGIN SELECT RAISE(ABORT, 'append-only'); END;

-- Allergies, and the statement that none is known.
-- fact
CREATE TABLE allergies (
    clinic_id BLOB NOT NULL,
    id BLOB NOT NULL,
    patient_id BLOB NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('active', 'inactive', 'entered_in_error')),
    amends_id BLOB,
    reason TEXT,
    kind TEXT NOT NULL CHECK (kind IN ('allergy', 'none_known')),
    substance TEXT,
    reaction TEXT,
    severity TEXT CHECK (severity IN ('mild', 'moderate', 'severe')),
    recorded_at INTEGER NOT NULL,
    recorded_by BLOB NOT NULL,
    PRIMARY KEY (clinic_id, id),
    -- A list is read by patient; the key also holds a correction to its own patient.
    UNIQUE (clinic_id, patient_id, id),
    UNIQUE (clinic_id, amends_id),
    FOREIGN KEY (clinic_id, patient_id) REFERENCES patients (clinic_id, id),
    FOREIGN KEY (clinic_id, recorded_by) REFERENCES staff (clinic_id, id),
    FOREIGN KEY (clinic_id, patient_id, amends_id) REFERENCES allergies (clinic_id, patient_id, id),
    CHECK ((kind = 'allergy') = (substance IS NOT NULL)),
    CHECK (kind = 'allergy' OR (reaction IS NULL AND severity IS NULL)),
    CHECK ((amends_id IS NULL) = (reason IS NULL)),
    CHECK (status <> 'entered_in_error' OR amends_id IS NOT NULL)
) STRICT;

CREATE TRIGGER allergies_no_update BEFORE UPDATE ON allergies BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER allergies_no_delete BEFORE DELETE ON allergies BEGIN SELECT RAISE(ABORT, 'append-only'); END;

-- Medicines the patient takes; doses are reported in words, not ordered here.
-- fact
CREATE TABLE medications (
    clinic_id BLOB NOT NULL,
    id BLOB NOT NULL,
    patient_id BLOB NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('active', 'inactive', 'entered_in_error')),
    amends_id BLOB,
    reason TEXT,
    name TEXT NOT NULL,
    class TEXT NOT NULL CHECK (class IN (
        'ssri', 'snri', 'tricyclic', 'maoi', 'other_antidepressant', 'benzodiazepine', 'opioid',
        'cns_depressant', 'stimulant', 'theophylline', 'lamotrigine', 'cyp_inhibitor', 'triptan_or_ergot',
        'erenumab', 'thyroid_hormone', 'other'
    )),
    dose_text TEXT,
    last_taken_at INTEGER,
    recorded_at INTEGER NOT NULL,
    recorded_by BLOB NOT NULL,
    PRIMARY KEY (clinic_id, id),
    -- A list is read by patient; the key also holds a correction to its own patient.
    UNIQUE (clinic_id, patient_id, id),
    UNIQUE (clinic_id, amends_id),
    FOREIGN KEY (clinic_id, patient_id) REFERENCES patients (clinic_id, id),
    FOREIGN KEY (clinic_id, recorded_by) REFERENCES staff (clinic_id, id),
    FOREIGN KEY (clinic_id, patient_id, amends_id) REFERENCES medications (clinic_id, patient_id, id),
    CHECK ((amends_id IS NULL) = (reason IS NULL)),
    CHECK (status <> 'entered_in_error' OR amends_id IS NOT NULL)
) STRICT;

CREATE TRIGGER medications_no_update BEFORE UPDATE ON medications BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER medications_no_delete BEFORE DELETE ON medications BEGIN SELECT RAISE(ABORT, 'append-only'); END;

-- What was tried before, and why it was stopped.
-- fact
CREATE TABLE earlier_treatments (
    clinic_id BLOB NOT NULL,
    id BLOB NOT NULL,
    patient_id BLOB NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('active', 'inactive', 'entered_in_error')),
    amends_id BLOB,
    reason TEXT,
    class TEXT NOT NULL CHECK (class IN (
        'beta_blocker', 'antidepressant', 'anticonvulsant', 'calcium_channel_blocker', 'angiotensin',
        'botulinum_toxin', 'cgrp_antibody', 'gepant', 'acute', 'procedure', 'neuromodulation', 'behavioural',
        'ketamine', 'other'
    )),
    name TEXT NOT NULL,
    dose_text TEXT,
    weeks INTEGER,
    why_stopped TEXT NOT NULL CHECK (why_stopped IN (
        'no_effect', 'lost_effect', 'side_effects', 'contraindicated', 'access', 'preference', 'other',
        'unknown'
    )),
    detail TEXT,
    recorded_at INTEGER NOT NULL,
    recorded_by BLOB NOT NULL,
    PRIMARY KEY (clinic_id, id),
    -- A list is read by patient; the key also holds a correction to its own patient.
    UNIQUE (clinic_id, patient_id, id),
    UNIQUE (clinic_id, amends_id),
    FOREIGN KEY (clinic_id, patient_id) REFERENCES patients (clinic_id, id),
    FOREIGN KEY (clinic_id, recorded_by) REFERENCES staff (clinic_id, id),
    FOREIGN KEY (clinic_id, patient_id, amends_id) REFERENCES earlier_treatments (clinic_id, patient_id, id),
    -- What happened does not end.
    CHECK (status <> 'inactive'),
    CHECK ((amends_id IS NULL) = (reason IS NULL)),
    CHECK (status <> 'entered_in_error' OR amends_id IS NOT NULL)
) STRICT;

CREATE TRIGGER earlier_treatments_no_update BEFORE UPDATE ON earlier_treatments BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER earlier_treatments_no_delete BEFORE DELETE ON earlier_treatments BEGIN SELECT RAISE(ABORT, 'append-only'); END;

-- One set of answers to the screening questions, of the version named.
-- fact
CREATE TABLE screenings (
    clinic_id BLOB NOT NULL,
    id BLOB NOT NULL,
    patient_id BLOB NOT NULL,
    questions_version INTEGER NOT NULL,
    answers TEXT NOT NULL,
    recorded_at INTEGER NOT NULL,
    recorded_by BLOB NOT NULL,
    PRIMARY KEY (clinic_id, id),
    UNIQUE (clinic_id, patient_id, id),
    FOREIGN KEY (clinic_id, patient_id) REFERENCES patients (clinic_id, id),
    FOREIGN KEY (clinic_id, recorded_by) REFERENCES staff (clinic_id, id)
) STRICT;

CREATE TRIGGER screenings_no_update BEFORE UPDATE ON screenings BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER screenings_no_delete BEFORE DELETE ON screenings BEGIN SELECT RAISE(ABORT, 'append-only'); END;

-- A prescriber's decision on one set of answers. A second prescriber joins one by naming it in seconds_id, once.
-- fact
CREATE TABLE screening_decisions (
    clinic_id BLOB NOT NULL,
    id BLOB NOT NULL,
    screening_id BLOB NOT NULL,
    verdict TEXT NOT NULL CHECK (verdict IN ('cleared', 'not', 'conditional')),
    reasons TEXT NOT NULL,
    expires_at INTEGER NOT NULL,
    seconds_id BLOB,
    decided_by BLOB NOT NULL,
    decided_at INTEGER NOT NULL,
    PRIMARY KEY (clinic_id, id),
    UNIQUE (clinic_id, screening_id, id),
    UNIQUE (clinic_id, seconds_id),
    FOREIGN KEY (clinic_id, screening_id) REFERENCES screenings (clinic_id, id),
    FOREIGN KEY (clinic_id, decided_by) REFERENCES staff (clinic_id, id),
    FOREIGN KEY (clinic_id, screening_id, seconds_id) REFERENCES screening_decisions (clinic_id, screening_id, id)
) STRICT;

CREATE TRIGGER screening_decisions_no_update BEFORE UPDATE ON screening_decisions BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER screening_decisions_no_delete BEFORE DELETE ON screening_decisions BEGIN SELECT RAISE(ABORT, 'append-only'); END;

-- Answers to one outcome scale; sums and bands are computed from them, never stored.
-- fact
CREATE TABLE outcome_scores (
    clinic_id BLOB NOT NULL,
    id BLOB NOT NULL,
    patient_id BLOB NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('active', 'inactive', 'entered_in_error')),
    amends_id BLOB,
    reason TEXT,
    scale TEXT NOT NULL CHECK (scale IN (
        'nrs_now', 'nrs_worst_24h', 'nrs_average_24h', 'hit6', 'midas', 'phq9', 'pgic'
    )),
    timepoint TEXT NOT NULL CHECK (timepoint IN (
        'baseline', 'session', 'hours_24', 'hours_72', 'day_7', 'day_28', 'day_90', 'other'
    )),
    items TEXT NOT NULL,
    answered_at INTEGER NOT NULL,
    recorded_at INTEGER NOT NULL,
    recorded_by BLOB NOT NULL,
    PRIMARY KEY (clinic_id, id),
    -- A list is read by patient; the key also holds a correction to its own patient.
    UNIQUE (clinic_id, patient_id, id),
    UNIQUE (clinic_id, amends_id),
    FOREIGN KEY (clinic_id, patient_id) REFERENCES patients (clinic_id, id),
    FOREIGN KEY (clinic_id, recorded_by) REFERENCES staff (clinic_id, id),
    FOREIGN KEY (clinic_id, patient_id, amends_id) REFERENCES outcome_scores (clinic_id, patient_id, id),
    -- What happened does not end.
    CHECK (status <> 'inactive'),
    CHECK ((amends_id IS NULL) = (reason IS NULL)),
    CHECK (status <> 'entered_in_error' OR amends_id IS NOT NULL)
) STRICT;

CREATE TRIGGER outcome_scores_no_update BEFORE UPDATE ON outcome_scores BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER outcome_scores_no_delete BEFORE DELETE ON outcome_scores BEGIN SELECT RAISE(ABORT, 'append-only'); END;

-- A prescriber's review of a score that called for one: PHQ-9 item 9 positive or missing.
-- fact
CREATE TABLE outcome_score_reviews (
    clinic_id BLOB NOT NULL,
    id BLOB NOT NULL,
    outcome_score_id BLOB NOT NULL,
    action TEXT NOT NULL,
    reviewed_at INTEGER NOT NULL,
    reviewed_by BLOB NOT NULL,
    PRIMARY KEY (clinic_id, id),
    UNIQUE (clinic_id, outcome_score_id),
    FOREIGN KEY (clinic_id, outcome_score_id) REFERENCES outcome_scores (clinic_id, id),
    FOREIGN KEY (clinic_id, reviewed_by) REFERENCES staff (clinic_id, id)
) STRICT;

CREATE TRIGGER outcome_score_reviews_no_update BEFORE UPDATE ON outcome_score_reviews BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER outcome_score_reviews_no_delete BEFORE DELETE ON outcome_score_reviews BEGIN SELECT RAISE(ABORT, 'append-only'); END;
