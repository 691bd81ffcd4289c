-- SQLite changes no CHECK in place: each table is made anew and filled from the old one.
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

INSERT INTO tasks (clinic_id, id, version, kind, audience, assignee_id, subject_id, session_id, patient_id, opened_at, due_at, done_by, done_at, outcome)
    SELECT clinic_id, id, version, kind, audience, assignee_id, subject_id, session_id, patient_id, opened_at, due_at, done_by, done_at, outcome
    FROM tasks_before
    WHERE kind <> 'chair_conflict' AND audience <> 'reviewer';
DROP TABLE tasks_before;

CREATE INDEX tasks_by_due ON tasks (clinic_id, due_at, id);
-- One open task of a kind about a record.
CREATE UNIQUE INDEX tasks_one_open ON tasks (clinic_id, kind, subject_id) WHERE done_at IS NULL;

ALTER TABLE timers RENAME TO timers_before;
DROP INDEX timers_by_due;

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

INSERT INTO timers (clinic_id, id, version, kind, subject_id, due_at)
    SELECT clinic_id, id, version, kind, subject_id, due_at
    FROM timers_before
    WHERE kind = 'check';
DROP TABLE timers_before;

-- The one index that does not begin with the clinic: work is found across clinics.
CREATE INDEX timers_by_due ON timers (due_at, clinic_id);
