-- An auditor's case: without an open one an auditor reads no chart.
-- head
CREATE TABLE audit_cases (
    clinic_id UUID NOT NULL,
    id UUID NOT NULL,
    version BIGINT NOT NULL CHECK (version > 0),
    number TEXT NOT NULL,
    reason TEXT NOT NULL,
    -- Everybody with a visit booked in this time; empty when patients are named one by one.
    period_from TIMESTAMPTZ,
    period_until TIMESTAMPTZ,
    opened_by UUID NOT NULL,
    opened_at TIMESTAMPTZ NOT NULL,
    ends_at TIMESTAMPTZ NOT NULL,
    closed_by UUID,
    closed_at TIMESTAMPTZ,
    PRIMARY KEY (clinic_id, id),
    FOREIGN KEY (clinic_id, opened_by) REFERENCES staff (clinic_id, id),
    FOREIGN KEY (clinic_id, closed_by) REFERENCES staff (clinic_id, id),
    CHECK ((period_from IS NULL) = (period_until IS NULL)),
    CHECK ((closed_by IS NULL) = (closed_at IS NULL)),
    CHECK (ends_at > opened_at)
);

-- The patients a case names one by one.
-- fact
CREATE TABLE audit_case_patients (
    clinic_id UUID NOT NULL,
    audit_case_id UUID NOT NULL,
    patient_id UUID NOT NULL,
    PRIMARY KEY (clinic_id, audit_case_id, patient_id),
    FOREIGN KEY (clinic_id, audit_case_id) REFERENCES audit_cases (clinic_id, id),
    FOREIGN KEY (clinic_id, patient_id) REFERENCES patients (clinic_id, id)
);

CREATE TRIGGER audit_case_patients_append_only BEFORE UPDATE OR DELETE ON audit_case_patients
    FOR EACH ROW EXECUTE FUNCTION chairside_append_only();
CREATE TRIGGER audit_case_patients_no_truncate BEFORE TRUNCATE ON audit_case_patients
    FOR EACH STATEMENT EXECUTE FUNCTION chairside_append_only();
ALTER TABLE audit_case_patients ENABLE ALWAYS TRIGGER audit_case_patients_append_only;
ALTER TABLE audit_case_patients ENABLE ALWAYS TRIGGER audit_case_patients_no_truncate;
