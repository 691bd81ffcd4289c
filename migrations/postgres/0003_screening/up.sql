-- What is known of a patient before the drug. Statements are recorded once; a correction is a new row that names the
-- old one and says why (src/domain/chart.rs).

-- Diagnoses in ICD-10-CM.
-- fact
CREATE TABLE conditions (
    clinic_id UUID NOT NULL,
    id UUID NOT NULL,
    patient_id UUID NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('active', 'inactive', 'entered_in_error')),
    amends_id UUID,
    reason TEXT,
    code TEXT NOT NULL,
    text TEXT,
    onset_date DATE,
    recorded_at TIMESTAMPTZ NOT NULL,
    recorded_by UUID NOT NULL,
    PRIMARY KEY (clinic_id, id),
    -- A list is read by patient; the key also holds a correction to its own patient.
    UNIQUE (clinic_id, patient_id, id),
    UNIQUE (clinic_id, amends_id),
    FOREIGN KEY (clinic_id, patient_id) REFERENCES patients (clinic_id, id),
    FOREIGN KEY (clinic_id, recorded_by) REFERENCES staff (clinic_id, id),
    FOREIGN KEY (clinic_id, patient_id, amends_id) REFERENCES conditions (clinic_id, patient_id, id),
    CHECK ((amends_id IS NULL) = (reason IS NULL)),
    CHECK (status <> 'entered_in_error' OR amends_id IS NOT NULL)
);

CREATE TRIGGER conditions_append_only BEFORE UPDATE OR DELETE ON conditions
    FOR EACH ROW EXECUTE FUNCTION chairside_append_only();
CREATE TRIGGER conditions_no_truncate BEFORE TRUNCATE ON conditions
    FOR EACH STATEMENT EXECUTE FUNCTION chairside_append_only();
ALTER TABLE conditions ENABLE ALWAYS TRIGGER conditions_append_only;
ALTER TABLE conditions ENABLE ALWAYS TRIGGER conditions_no_truncate;

-- Allergies, and the statement that none is known.
-- fact
CREATE TABLE allergies (
    clinic_id UUID NOT NULL,
    id UUID NOT NULL,
    patient_id UUID NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('active', 'inactive', 'entered_in_error')),
    amends_id UUID,
    reason TEXT,
    kind TEXT NOT NULL CHECK (kind IN ('allergy', 'none_known')),
    substance TEXT,
    reaction TEXT,
    severity TEXT CHECK (severity IN ('mild', 'moderate', 'severe')),
    recorded_at TIMESTAMPTZ NOT NULL,
    recorded_by UUID NOT NULL,
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
);

CREATE TRIGGER allergies_append_only BEFORE UPDATE OR DELETE ON allergies
    FOR EACH ROW EXECUTE FUNCTION chairside_append_only();
CREATE TRIGGER allergies_no_truncate BEFORE TRUNCATE ON allergies
    FOR EACH STATEMENT EXECUTE FUNCTION chairside_append_only();
ALTER TABLE allergies ENABLE ALWAYS TRIGGER allergies_append_only;
ALTER TABLE allergies ENABLE ALWAYS TRIGGER allergies_no_truncate;

-- Medicines the patient takes; doses are reported in words, not ordered here.
-- fact
CREATE TABLE medications (
    clinic_id UUID NOT NULL,
    id UUID NOT NULL,
    patient_id UUID NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('active', 'inactive', 'entered_in_error')),
    amends_id UUID,
    reason TEXT,
    name TEXT NOT NULL,
    class TEXT NOT NULL CHECK (class IN (
        'ssri', 'snri', 'tricyclic', 'maoi', 'other_antidepressant', 'benzodiazepine', 'opioid',
        'cns_depressant', 'stimulant', 'theophylline', 'lamotrigine', 'cyp_inhibitor', 'triptan_or_ergot',
        'erenumab', 'thyroid_hormone', 'other'
    )),
    dose_text TEXT,
    last_taken_at TIMESTAMPTZ,
    recorded_at TIMESTAMPTZ NOT NULL,
    recorded_by UUID NOT NULL,
    PRIMARY KEY (clinic_id, id),
    -- A list is read by patient; the key also holds a correction to its own patient.
    UNIQUE (clinic_id, patient_id, id),
    UNIQUE (clinic_id, amends_id),
    FOREIGN KEY (clinic_id, patient_id) REFERENCES patients (clinic_id, id),
    FOREIGN KEY (clinic_id, recorded_by) REFERENCES staff (clinic_id, id),
    FOREIGN KEY (clinic_id, patient_id, amends_id) REFERENCES medications (clinic_id, patient_id, id),
    CHECK ((amends_id IS NULL) = (reason IS NULL)),
    CHECK (status <> 'entered_in_error' OR amends_id IS NOT NULL)
);

CREATE TRIGGER medications_append_only BEFORE UPDATE OR DELETE ON medications
    FOR EACH ROW EXECUTE FUNCTION chairside_append_only();
CREATE TRIGGER medications_no_truncate BEFORE TRUNCATE ON medications
    FOR EACH STATEMENT EXECUTE FUNCTION chairside_append_only();
ALTER TABLE medications ENABLE ALWAYS TRIGGER medications_append_only;
ALTER TABLE medications ENABLE ALWAYS TRIGGER medications_no_truncate;

-- What was tried before, and why it was stopped.
-- fact
CREATE TABLE earlier_treatments (
    clinic_id UUID NOT NULL,
    id UUID NOT NULL,
    patient_id UUID NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('active', 'inactive', 'entered_in_error')),
    amends_id UUID,
    reason TEXT,
    class TEXT NOT NULL CHECK (class IN (
        'beta_blocker', 'antidepressant', 'anticonvulsant', 'calcium_channel_blocker', 'angiotensin',
        'botulinum_toxin', 'cgrp_antibody', 'gepant', 'acute', 'procedure', 'neuromodulation', 'behavioural',
        'ketamine', 'other'
    )),
    name TEXT NOT NULL,
    dose_text TEXT,
    weeks BIGINT,
    why_stopped TEXT NOT NULL CHECK (why_stopped IN (
        'no_effect', 'lost_effect', 'side_effects', 'contraindicated', 'access', 'preference', 'other',
        'unknown'
    )),
    detail TEXT,
    recorded_at TIMESTAMPTZ NOT NULL,
    recorded_by UUID NOT NULL,
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
);

CREATE TRIGGER earlier_treatments_append_only BEFORE UPDATE OR DELETE ON earlier_treatments
    FOR EACH ROW EXECUTE FUNCTION chairside_append_only();
CREATE TRIGGER earlier_treatments_no_truncate BEFORE TRUNCATE ON earlier_treatments
    FOR EACH STATEMENT EXECUTE FUNCTION chairside_append_only();
ALTER TABLE earlier_treatments ENABLE ALWAYS TRIGGER earlier_treatments_append_only;
ALTER TABLE earlier_treatments ENABLE ALWAYS TRIGGER earlier_treatments_no_truncate;

-- One set of answers to the screening questions, of the version named.
-- fact
CREATE TABLE screenings (
    clinic_id UUID NOT NULL,
    id UUID NOT NULL,
    patient_id UUID NOT NULL,
    questions_version BIGINT NOT NULL,
    answers JSONB NOT NULL,
    recorded_at TIMESTAMPTZ NOT NULL,
    recorded_by UUID NOT NULL,
    PRIMARY KEY (clinic_id, id),
    UNIQUE (clinic_id, patient_id, id),
    FOREIGN KEY (clinic_id, patient_id) REFERENCES patients (clinic_id, id),
    FOREIGN KEY (clinic_id, recorded_by) REFERENCES staff (clinic_id, id)
);

CREATE TRIGGER screenings_append_only BEFORE UPDATE OR DELETE ON screenings
    FOR EACH ROW EXECUTE FUNCTION chairside_append_only();
CREATE TRIGGER screenings_no_truncate BEFORE TRUNCATE ON screenings
    FOR EACH STATEMENT EXECUTE FUNCTION chairside_append_only();
ALTER TABLE screenings ENABLE ALWAYS TRIGGER screenings_append_only;
ALTER TABLE screenings ENABLE ALWAYS TRIGGER screenings_no_truncate;

-- A prescriber's decision on one set of answers. A second prescriber joins one by naming it in seconds_id, once.
-- fact
CREATE TABLE screening_decisions (
    clinic_id UUID NOT NULL,
    id UUID NOT NULL,
    screening_id UUID NOT NULL,
    verdict TEXT NOT NULL CHECK (verdict IN ('cleared', 'not', 'conditional')),
    reasons JSONB NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL,
    seconds_id UUID,
    decided_by UUID NOT NULL,
    decided_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (clinic_id, id),
    UNIQUE (clinic_id, screening_id, id),
    UNIQUE (clinic_id, seconds_id),
    FOREIGN KEY (clinic_id, screening_id) REFERENCES screenings (clinic_id, id),
    FOREIGN KEY (clinic_id, decided_by) REFERENCES staff (clinic_id, id),
    FOREIGN KEY (clinic_id, screening_id, seconds_id) REFERENCES screening_decisions (clinic_id, screening_id, id)
);

CREATE TRIGGER screening_decisions_append_only BEFORE UPDATE OR DELETE ON screening_decisions
    FOR EACH ROW EXECUTE FUNCTION chairside_append_only();
CREATE TRIGGER screening_decisions_no_truncate BEFORE TRUNCATE ON screening_decisions
    FOR EACH STATEMENT EXECUTE FUNCTION chairside_append_only();
ALTER TABLE screening_decisions ENABLE ALWAYS TRIGGER screening_decisions_append_only;
ALTER TABLE screening_decisions ENABLE ALWAYS TRIGGER screening_decisions_no_truncate;

-- Answers to one outcome scale; sums and bands are computed from them, never stored.
-- fact
CREATE TABLE outcome_scores (
    clinic_id UUID NOT NULL,
    id UUID NOT NULL,
    patient_id UUID NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('active', 'inactive', 'entered_in_error')),
    amends_id UUID,
    reason TEXT,
    scale TEXT NOT NULL CHECK (scale IN (
        'nrs_now', 'nrs_worst_24h', 'nrs_average_24h', 'hit6', 'midas', 'phq9', 'pgic'
    )),
    timepoint TEXT NOT NULL CHECK (timepoint IN (
        'baseline', 'session', 'hours_24', 'hours_72', 'day_7', 'day_28', 'day_90', 'other'
    )),
    items JSONB NOT NULL,
    answered_at TIMESTAMPTZ NOT NULL,
    recorded_at TIMESTAMPTZ NOT NULL,
    recorded_by UUID NOT NULL,
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
);

CREATE TRIGGER outcome_scores_append_only BEFORE UPDATE OR DELETE ON outcome_scores
    FOR EACH ROW EXECUTE FUNCTION chairside_append_only();
CREATE TRIGGER outcome_scores_no_truncate BEFORE TRUNCATE ON outcome_scores
    FOR EACH STATEMENT EXECUTE FUNCTION chairside_append_only();
ALTER TABLE outcome_scores ENABLE ALWAYS TRIGGER outcome_scores_append_only;
ALTER TABLE outcome_scores ENABLE ALWAYS TRIGGER outcome_scores_no_truncate;

-- A prescriber's review of a score that called for one: PHQ-9 item 9 positive or missing.
-- fact
CREATE TABLE outcome_score_reviews (
    clinic_id UUID NOT NULL,
    id UUID NOT NULL,
    outcome_score_id UUID NOT NULL,
    action TEXT NOT NULL,
    reviewed_at TIMESTAMPTZ NOT NULL,
    reviewed_by UUID NOT NULL,
    PRIMARY KEY (clinic_id, id),
    UNIQUE (clinic_id, outcome_score_id),
    FOREIGN KEY (clinic_id, outcome_score_id) REFERENCES outcome_scores (clinic_id, id),
    FOREIGN KEY (clinic_id, reviewed_by) REFERENCES staff (clinic_id, id)
);

CREATE TRIGGER outcome_score_reviews_append_only BEFORE UPDATE OR DELETE ON outcome_score_reviews
    FOR EACH ROW EXECUTE FUNCTION chairside_append_only();
CREATE TRIGGER outcome_score_reviews_no_truncate BEFORE TRUNCATE ON outcome_score_reviews
    FOR EACH STATEMENT EXECUTE FUNCTION chairside_append_only();
ALTER TABLE outcome_score_reviews ENABLE ALWAYS TRIGGER outcome_score_reviews_append_only;
ALTER TABLE outcome_score_reviews ENABLE ALWAYS TRIGGER outcome_score_reviews_no_truncate;
