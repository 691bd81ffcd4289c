-- What of a patient's record was given to somebody outside (45 CFR 164.528).
-- fact
CREATE TABLE disclosures (
    clinic_id UUID NOT NULL,
    id UUID NOT NULL,
    recipient TEXT NOT NULL,
    recipient_address TEXT,
    what TEXT NOT NULL,
    purpose TEXT NOT NULL,
    authority TEXT NOT NULL CHECK (authority IN (
        'authorization', 'patient_request', 'court_order', 'required_by_law', 'public_health', 'oversight',
        'law_enforcement', 'threat', 'research', 'workers_compensation', 'other'
    )),
    disclosed_at TIMESTAMPTZ NOT NULL,
    -- Until then the patient is not told, because an agency asked so.
    suspended_until TIMESTAMPTZ,
    suspended_for TEXT,
    recorded_by UUID NOT NULL,
    recorded_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (clinic_id, id),
    FOREIGN KEY (clinic_id, recorded_by) REFERENCES staff (clinic_id, id),
    CHECK (disclosed_at <= recorded_at),
    CHECK ((suspended_until IS NULL) = (suspended_for IS NULL))
);

-- Whose record it was of.
-- fact
CREATE TABLE disclosure_patients (
    clinic_id UUID NOT NULL,
    disclosure_id UUID NOT NULL,
    patient_id UUID NOT NULL,
    PRIMARY KEY (clinic_id, disclosure_id, patient_id),
    FOREIGN KEY (clinic_id, disclosure_id) REFERENCES disclosures (clinic_id, id),
    FOREIGN KEY (clinic_id, patient_id) REFERENCES patients (clinic_id, id)
);

CREATE INDEX disclosure_patients_patient ON disclosure_patients (clinic_id, patient_id, disclosure_id);

CREATE TRIGGER disclosures_append_only BEFORE UPDATE OR DELETE ON disclosures
    FOR EACH ROW EXECUTE FUNCTION chairside_append_only();
CREATE TRIGGER disclosures_no_truncate BEFORE TRUNCATE ON disclosures
    FOR EACH STATEMENT EXECUTE FUNCTION chairside_append_only();
ALTER TABLE disclosures ENABLE ALWAYS TRIGGER disclosures_append_only;
ALTER TABLE disclosures ENABLE ALWAYS TRIGGER disclosures_no_truncate;
CREATE TRIGGER disclosure_patients_append_only BEFORE UPDATE OR DELETE ON disclosure_patients
    FOR EACH ROW EXECUTE FUNCTION chairside_append_only();
CREATE TRIGGER disclosure_patients_no_truncate BEFORE TRUNCATE ON disclosure_patients
    FOR EACH STATEMENT EXECUTE FUNCTION chairside_append_only();
ALTER TABLE disclosure_patients ENABLE ALWAYS TRIGGER disclosure_patients_append_only;
ALTER TABLE disclosure_patients ENABLE ALWAYS TRIGGER disclosure_patients_no_truncate;

-- What is asked of the trail, each an index range: a deep page costs what the first one costs.
CREATE INDEX audit_events_action ON audit_events (clinic_id, action, seq);
CREATE INDEX audit_events_outcome ON audit_events (clinic_id, outcome, seq);
CREATE INDEX audit_events_at ON audit_events (clinic_id, at, seq);
