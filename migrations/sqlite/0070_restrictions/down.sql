DROP INDEX audit_events_request;
ALTER TABLE idempotency_keys DROP COLUMN request_id;
DROP TABLE break_glass;
DROP TABLE patient_restriction_readers;
DROP TABLE patient_restrictions;

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
        'unclosed_session', 'consent_expiring', 'follow_up', 'chair_conflict'
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
    FROM tasks_before
    WHERE kind <> 'break_glass_review';
DROP TABLE tasks_before;

CREATE INDEX tasks_by_due ON tasks (clinic_id, due_at, id);
-- One open task of a kind about a record.
CREATE UNIQUE INDEX tasks_one_open ON tasks (clinic_id, kind, subject_id) WHERE done_at IS NULL;
