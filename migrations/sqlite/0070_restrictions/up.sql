-- A patient whose chart only those named, and whoever is in charge of a live visit, may read.
-- head
CREATE TABLE patient_restrictions (
    clinic_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL CHECK (version > 0),
    patient_id BLOB NOT NULL,
    reason TEXT NOT NULL,
    set_by BLOB NOT NULL,
    set_at INTEGER NOT NULL,
    ended_by BLOB,
    ended_at INTEGER,
    PRIMARY KEY (clinic_id, id),
    FOREIGN KEY (clinic_id, patient_id) REFERENCES patients (clinic_id, id),
    FOREIGN KEY (clinic_id, set_by) REFERENCES staff (clinic_id, id),
    FOREIGN KEY (clinic_id, ended_by) REFERENCES staff (clinic_id, id),
    CHECK ((ended_by IS NULL) = (ended_at IS NULL))
) STRICT;

-- One restriction in force: another list replaces it. Every request asks for these rows.
CREATE UNIQUE INDEX patient_restrictions_in_force ON patient_restrictions (clinic_id, patient_id) WHERE ended_at IS NULL;

-- Who may read all the same.
-- fact
CREATE TABLE patient_restriction_readers (
    clinic_id BLOB NOT NULL,
    patient_restriction_id BLOB NOT NULL,
    staff_id BLOB NOT NULL,
    PRIMARY KEY (clinic_id, patient_restriction_id, staff_id),
    FOREIGN KEY (clinic_id, patient_restriction_id) REFERENCES patient_restrictions (clinic_id, id),
    FOREIGN KEY (clinic_id, staff_id) REFERENCES staff (clinic_id, id)
) STRICT;

CREATE TRIGGER patient_restriction_readers_no_update BEFORE UPDATE ON patient_restriction_readers BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER patient_restriction_readers_no_delete BEFORE DELETE ON patient_restriction_readers BEGIN SELECT RAISE(ABORT, 'append-only'); END;

-- A restricted chart opened in an emergency: one patient, one hour, and somebody else looks at why.
-- head
CREATE TABLE break_glass (
    clinic_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL CHECK (version > 0),
    patient_id BLOB NOT NULL,
    reason_code TEXT NOT NULL CHECK (reason_code IN (
        'emergency_care', 'colleague_unavailable', 'patient_request', 'other'
    )),
    reason TEXT NOT NULL CHECK (length(reason) >= 10),
    opened_by BLOB NOT NULL,
    opened_at INTEGER NOT NULL,
    ends_at INTEGER NOT NULL,
    review_due_at INTEGER NOT NULL,
    reviewed_by BLOB,
    reviewed_at INTEGER,
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
) STRICT;

CREATE INDEX break_glass_in_force ON break_glass (clinic_id, opened_by, ends_at);
CREATE INDEX break_glass_unreviewed ON break_glass (clinic_id, review_due_at, id) WHERE reviewed_at IS NULL;

-- What a replayed answer tells is read from the trail of the request that made it.
ALTER TABLE idempotency_keys ADD COLUMN request_id BLOB;
CREATE INDEX audit_events_request ON audit_events (clinic_id, request_id, seq);

-- SQLite changes no CHECK in place: the table is made anew and filled from the old one.
ALTER TABLE tasks RENAME TO tasks_before;
DROP INDEX tasks_by_due;
DROP INDEX tasks_one_open;

-- Work that waits for somebody.
-- head
CREATE TABLE tasks (
    clinic_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL CHECK (version > 0),
    kind TEXT NOT NULL CHECK (kind IN (
        'reconstruction_review', 'countersign_order', 'waiver_review', 'handover_review', 'late_reason',
        'withdrawal_question', 'clinician_review', 'adverse_event_draft', 'waste_cosign', 'discrepancy',
        'unclosed_session', 'consent_expiring', 'follow_up', 'chair_conflict', 'break_glass_review'
    )),
    audience TEXT NOT NULL CHECK (audience IN ('prescriber', 'nurse', 'front_desk', 'auditor', 'reviewer')),
    assignee_id BLOB,
    subject_id BLOB NOT NULL,
    session_id BLOB,
    patient_id BLOB,
    opened_at INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    done_by BLOB,
    done_at INTEGER,
    outcome TEXT,
    -- Who did what the task reviews; somebody else does the task.
    acted_by BLOB,
    PRIMARY KEY (clinic_id, id),
    FOREIGN KEY (clinic_id, assignee_id) REFERENCES staff (clinic_id, id),
    FOREIGN KEY (clinic_id, session_id) REFERENCES sessions (clinic_id, id),
    FOREIGN KEY (clinic_id, patient_id) REFERENCES patients (clinic_id, id),
    FOREIGN KEY (clinic_id, done_by) REFERENCES staff (clinic_id, id),
    FOREIGN KEY (clinic_id, acted_by) REFERENCES staff (clinic_id, id),
    CHECK ((done_by IS NULL) = (done_at IS NULL)),
    CHECK (done_by <> acted_by)
) STRICT;

INSERT INTO tasks (clinic_id, id, version, kind, audience, assignee_id, subject_id, session_id, patient_id, opened_at, due_at, done_by, done_at, outcome, acted_by)
    SELECT clinic_id, id, version, kind, audience, assignee_id, subject_id, session_id, patient_id, opened_at, due_at, done_by, done_at, outcome, acted_by
    FROM tasks_before;
DROP TABLE tasks_before;

CREATE INDEX tasks_by_due ON tasks (clinic_id, due_at, id);
-- One open task of a kind about a record.
CREATE UNIQUE INDEX tasks_one_open ON tasks (clinic_id, kind, subject_id) WHERE done_at IS NULL;
