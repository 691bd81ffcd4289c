-- What of a patient's record was given to somebody outside (45 CFR 164.528).
-- fact
CREATE TABLE disclosures (
    clinic_id BLOB NOT NULL,
    id BLOB NOT NULL,
    recipient TEXT NOT NULL,
    recipient_address TEXT,
    what TEXT NOT NULL,
    purpose TEXT NOT NULL,
    authority TEXT NOT NULL CHECK (authority IN (
        'authorization', 'patient_request', 'court_order', 'required_by_law', 'public_health', 'oversight',
        'law_enforcement', 'threat', 'research', 'workers_compensation', 'other'
    )),
    disclosed_at INTEGER NOT NULL,
    -- Until then the patient is not told, because an agency asked so.
    suspended_until INTEGER,
    suspended_for TEXT,
    recorded_by BLOB NOT NULL,
    recorded_at INTEGER NOT NULL,
    PRIMARY KEY (clinic_id, id),
    FOREIGN KEY (clinic_id, recorded_by) REFERENCES staff (clinic_id, id),
    CHECK (disclosed_at <= recorded_at),
    CHECK ((suspended_until IS NULL) = (suspended_for IS NULL))
) STRICT;

-- Whose record it was of.
-- fact
CREATE TABLE disclosure_patients (
    clinic_id BLOB NOT NULL,
    disclosure_id BLOB NOT NULL,
    patient_id BLOB NOT NULL,
    PRIMARY KEY (clinic_id, disclosure_id, patient_id),
    FOREIGN KEY (clinic_id, disclosure_id) REFERENCES disclosures (clinic_id, id),
    FOREIGN KEY (clinic_id, patient_id) REFERENCES patients (clinic_id, id)
) STRICT;

CREATE INDEX disclosure_patients_patient ON disclosure_patients (clinic_id, patient_id, disclosure_id);

CREATE TRIGGER disclosures_no_update BEFORE UPDATE ON disclosures BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER disclosures_no_delete BEFORE DELETE ON disclosures BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER disclosure_patients_no_update BEFORE UPDATE ON disclosure_patients BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER disclosure_patients_no_delete BEFORE DELETE ON disclosure_patients BEGIN SELECT RAISE(ABORT, 'append-only'); END;

-- What is asked of the trail, each an index range: a deep page costs what the first one costs.
CREATE INDEX audit_events_action ON audit_events (clinic_id, action, seq);
CREATE INDEX audit_events_outcome ON audit_events (clinic_id, outcome, seq);
CREATE INDEX audit_events_at ON audit_events (clinic_id, at, seq);
