-- A patient whose chart only those named, and whoever is in charge of a live visit, may read.
-- head
CREATE TABLE patient_restrictions (
    clinic_id UUID NOT NULL,
    id UUID NOT NULL,
    version BIGINT NOT NULL CHECK (version > 0),
    patient_id UUID NOT NULL,
    reason TEXT NOT NULL,
    set_by UUID NOT NULL,
    set_at TIMESTAMPTZ NOT NULL,
    ended_by UUID,
    ended_at TIMESTAMPTZ,
    PRIMARY KEY (clinic_id, id),
    FOREIGN KEY (clinic_id, patient_id) REFERENCES patients (clinic_id, id),
    FOREIGN KEY (clinic_id, set_by) REFERENCES staff (clinic_id, id),
    FOREIGN KEY (clinic_id, ended_by) REFERENCES staff (clinic_id, id),
    CHECK ((ended_by IS NULL) = (ended_at IS NULL))
);

-- One restriction in force: another list replaces it. Every request asks for these rows.
CREATE UNIQUE INDEX patient_restrictions_in_force ON patient_restrictions (clinic_id, patient_id) WHERE ended_at IS NULL;

-- Who may read all the same.
-- fact
CREATE TABLE patient_restriction_readers (
    clinic_id UUID NOT NULL,
    patient_restriction_id UUID NOT NULL,
    staff_id UUID NOT NULL,
    PRIMARY KEY (clinic_id, patient_restriction_id, staff_id),
    FOREIGN KEY (clinic_id, patient_restriction_id) REFERENCES patient_restrictions (clinic_id, id),
    FOREIGN KEY (clinic_id, staff_id) REFERENCES staff (clinic_id, id)
);

CREATE TRIGGER patient_restriction_readers_append_only BEFORE UPDATE OR DELETE ON patient_restriction_readers
    FOR EACH ROW EXECUTE FUNCTION chairside_append_only();
CREATE TRIGGER patient_restriction_readers_no_truncate BEFORE TRUNCATE ON patient_restriction_readers
    FOR EACH STATEMENT EXECUTE FUNCTION chairside_append_only();
ALTER TABLE patient_restriction_readers ENABLE ALWAYS TRIGGER patient_restriction_readers_append_only;
ALTER TABLE patient_restriction_readers ENABLE ALWAYS TRIGGER patient_restriction_readers_no_truncate;

-- A restricted chart opened in an emergency: one patient, one hour, and somebody else looks at why.
-- head
CREATE TABLE break_glass (
    clinic_id UUID NOT NULL,
    id UUID NOT NULL,
    version BIGINT NOT NULL CHECK (version > 0),
    patient_id UUID NOT NULL,
    reason_code TEXT NOT NULL CHECK (reason_code IN (
        'emergency_care', 'colleague_unavailable', 'patient_request', 'other'
    )),
    reason TEXT NOT NULL CHECK (length(reason) >= 10),
    opened_by UUID NOT NULL,
    opened_at TIMESTAMPTZ NOT NULL,
    ends_at TIMESTAMPTZ NOT NULL,
    review_due_at TIMESTAMPTZ NOT NULL,
    reviewed_by UUID,
    reviewed_at TIMESTAMPTZ,
    verdict TEXT CHECK (verdict IN ('justified', 'not_justified')),
    note TEXT,
    PRIMARY KEY (clinic_id, id),
    FOREIGN KEY (clinic_id, patient_id) REFERENCES patients (clinic_id, id),
    FOREIGN KEY (clinic_id, opened_by) REFERENCES staff (clinic_id, id),
    FOREIGN KEY (clinic_id, reviewed_by) REFERENCES staff (clinic_id, id),
    CHECK (ends_at > opened_at),
    CHECK ((reviewed_by IS NULL) = (reviewed_at IS NULL)),
    CHECK ((reviewed_by IS NULL) = (verdict IS NULL)),
    CHECK (reviewed_by <> opened_by)
);

CREATE INDEX break_glass_in_force ON break_glass (clinic_id, opened_by, ends_at);
CREATE INDEX break_glass_unreviewed ON break_glass (clinic_id, review_due_at, id) WHERE reviewed_at IS NULL;

-- What a replayed answer tells is read from the trail of the request that made it.
ALTER TABLE idempotency_keys ADD COLUMN request_id UUID;
CREATE INDEX audit_events_request ON audit_events (clinic_id, request_id, seq);

ALTER TABLE tasks
    DROP CONSTRAINT tasks_kind_check,
    ADD CONSTRAINT tasks_kind_check CHECK (kind IN (
        'reconstruction_review', 'countersign_order', 'waiver_review', 'handover_review', 'late_reason',
        'withdrawal_question', 'clinician_review', 'adverse_event_draft', 'waste_cosign', 'discrepancy',
        'unclosed_session', 'consent_expiring', 'follow_up', 'chair_conflict', 'break_glass_review'
    ));
