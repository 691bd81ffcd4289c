-- An auditor's case: without an open one an auditor reads no chart.
-- head
CREATE TABLE audit_cases (
    clinic_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL CHECK (version > 0),
    number TEXT NOT NULL,
    reason TEXT NOT NULL,
    -- Everybody with a visit booked in this time; empty when patients are named one by one.
    period_from INTEGER,
    period_until INTEGER,
    opened_by BLOB NOT NULL,
    opened_at INTEGER NOT NULL,
    ends_at INTEGER NOT NULL,
    closed_by BLOB,
    closed_at INTEGER,
    PRIMARY KEY (clinic_id, id),
    FOREIGN KEY (clinic_id, opened_by) REFERENCES staff (clinic_id, id),
    FOREIGN KEY (clinic_id, closed_by) REFERENCES staff (clinic_id, id),
    CHECK ((period_from IS NULL) = (period_until IS NULL)),
    CHECK ((closed_by IS NULL) = (closed_at IS NULL)),
    CHECK (ends_at > opened_at)
) STRICT;

-- The patients a case names one by one.
-- fact
CREATE TABLE audit_case_patients (
    clinic_id BLOB NOT NULL,
    audit_case_id BLOB NOT NULL,
    patient_id BLOB NOT NULL,
    PRIMARY KEY (clinic_id, audit_case_id, patient_id),
    FOREIGN KEY (clinic_id, audit_case_id) REFERENCES audit_cases (clinic_id, id),
    FOREIGN KEY (clinic_id, patient_id) REFERENCES patients (clinic_id, id)
) STRICT;

CREATE TRIGGER audit_case_patients_no_update BEFORE UPDATE ON audit_case_patients BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER audit_case_patients_no_delete BEFORE DELETE ON audit_case_patients BEGIN SELECT RAISE(ABORT, 'append-only'); END;
