-- Clinics, the people who work there, their sign-ins, and the trail.

-- A clinic: the unit of tenancy and of scale.
-- head
CREATE TABLE clinics (
    id BLOB NOT NULL PRIMARY KEY,
    version INTEGER NOT NULL CHECK (version > 0),
    name TEXT NOT NULL,
    zone TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

-- A person who can sign in, across clinics. The login is the only name that is unique everywhere.
-- head
CREATE TABLE accounts (
    id BLOB NOT NULL PRIMARY KEY,
    version INTEGER NOT NULL CHECK (version > 0),
    login TEXT NOT NULL UNIQUE,
    password_hash TEXT NOT NULL,
    cred_version INTEGER NOT NULL CHECK (cred_version > 0),
    created_at INTEGER NOT NULL,
    disabled_at INTEGER
) STRICT;

-- An account's membership of one clinic: the actor id of every entry there.
-- head
CREATE TABLE staff (
    clinic_id BLOB NOT NULL REFERENCES clinics (id),
    id BLOB NOT NULL,
    version INTEGER NOT NULL CHECK (version > 0),
    account_id BLOB NOT NULL REFERENCES accounts (id),
    display_name TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    retired_at INTEGER,
    PRIMARY KEY (clinic_id, id),
    UNIQUE (clinic_id, account_id)
) STRICT;
CREATE INDEX staff_account ON staff (account_id, clinic_id);

-- The roles a member holds; one that is taken away is retired.
-- head
CREATE TABLE staff_roles (
    clinic_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL CHECK (version > 0),
    staff_id BLOB NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('admin', 'prescriber', 'nurse', 'front_desk', 'auditor')),
    granted_at INTEGER NOT NULL,
    retired_at INTEGER,
    PRIMARY KEY (clinic_id, id),
    FOREIGN KEY (clinic_id, staff_id) REFERENCES staff (clinic_id, id)
) STRICT;
CREATE UNIQUE INDEX staff_roles_current ON staff_roles (clinic_id, staff_id, role) WHERE retired_at IS NULL;

-- Chairs and rooms.
-- head
CREATE TABLE rooms (
    clinic_id BLOB NOT NULL REFERENCES clinics (id),
    id BLOB NOT NULL,
    version INTEGER NOT NULL CHECK (version > 0),
    name TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    retired_at INTEGER,
    PRIMARY KEY (clinic_id, id),
    UNIQUE (clinic_id, name)
) STRICT;

-- One sign-in on one device, from login to logout.
-- head
CREATE TABLE login_sessions (
    clinic_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL CHECK (version > 0),
    account_id BLOB NOT NULL REFERENCES accounts (id),
    staff_id BLOB NOT NULL,
    cred_version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    revoked_at INTEGER,
    PRIMARY KEY (clinic_id, id),
    FOREIGN KEY (clinic_id, staff_id) REFERENCES staff (clinic_id, id)
) STRICT;
CREATE INDEX login_sessions_staff ON login_sessions (clinic_id, staff_id, id);

-- Refresh tokens, by their hash: each is used once and names its successor.
-- head
CREATE TABLE refresh_tokens (
    clinic_id BLOB NOT NULL,
    hash BLOB NOT NULL,
    version INTEGER NOT NULL CHECK (version > 0),
    login_session_id BLOB NOT NULL,
    issued_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    consumed_at INTEGER,
    successor_hash BLOB,
    PRIMARY KEY (clinic_id, hash),
    FOREIGN KEY (clinic_id, login_session_id) REFERENCES login_sessions (clinic_id, id)
) STRICT;

-- Proofs that a person was there for one act: single use, five minutes.
-- head
CREATE TABLE signing_tokens (
    clinic_id BLOB NOT NULL,
    hash BLOB NOT NULL,
    version INTEGER NOT NULL CHECK (version > 0),
    staff_id BLOB NOT NULL,
    login_session_id BLOB NOT NULL,
    act TEXT NOT NULL,
    subject_id BLOB NOT NULL,
    subject_sha256 BLOB,
    cred_version INTEGER NOT NULL,
    issued_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    spent_at INTEGER,
    PRIMARY KEY (clinic_id, hash),
    FOREIGN KEY (clinic_id, staff_id) REFERENCES staff (clinic_id, id),
    FOREIGN KEY (clinic_id, login_session_id) REFERENCES login_sessions (clinic_id, id)
) STRICT;

-- The answer to a request that made something, kept so that a repeat makes nothing new.
-- head
CREATE TABLE idempotency_keys (
    clinic_id BLOB NOT NULL,
    actor_id BLOB NOT NULL,
    idempotency_key TEXT NOT NULL,
    version INTEGER NOT NULL CHECK (version > 0),
    fingerprint BLOB NOT NULL,
    status INTEGER NOT NULL,
    etag TEXT,
    location TEXT,
    body BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (clinic_id, actor_id, idempotency_key)
) STRICT;
CREATE INDEX idempotency_keys_expiry ON idempotency_keys (clinic_id, expires_at);

-- The head of each trail; the nil clinic is the installation's own. The only mutable row of the trail.
-- head: size is its version
CREATE TABLE audit_heads (
    clinic_id BLOB NOT NULL PRIMARY KEY,
    size INTEGER NOT NULL CHECK (size >= 0),
    last_ts INTEGER NOT NULL
) STRICT;

-- The trail. body is the exact bytes that were hashed; the other columns are copies of it to search by.
-- fact
CREATE TABLE audit_events (
    clinic_id BLOB NOT NULL REFERENCES audit_heads (clinic_id),
    seq INTEGER NOT NULL CHECK (seq > 0),
    at INTEGER NOT NULL,
    actor_id BLOB,
    action TEXT NOT NULL,
    outcome TEXT NOT NULL CHECK (outcome IN ('success', 'denied', 'failed')),
    object_kind TEXT,
    object_id BLOB,
    request_id BLOB NOT NULL,
    body TEXT NOT NULL,
    leaf BLOB NOT NULL CHECK (length(leaf) = 32),
    PRIMARY KEY (clinic_id, seq)
) STRICT;
CREATE INDEX audit_events_actor ON audit_events (clinic_id, actor_id, seq);
CREATE INDEX audit_events_object ON audit_events (clinic_id, object_id, seq);

-- The patients an entry is about: who saw this chart is a range of this index.
-- fact
CREATE TABLE audit_subjects (
    clinic_id BLOB NOT NULL,
    seq INTEGER NOT NULL,
    patient_id BLOB NOT NULL,
    PRIMARY KEY (clinic_id, seq, patient_id),
    FOREIGN KEY (clinic_id, seq) REFERENCES audit_events (clinic_id, seq)
) STRICT;
CREATE INDEX audit_subjects_patient ON audit_subjects (clinic_id, patient_id, seq);

-- What an entry must not carry in the open: bound to it by a salted hash.
-- fact
CREATE TABLE audit_details (
    clinic_id BLOB NOT NULL,
    seq INTEGER NOT NULL,
    salt BLOB NOT NULL CHECK (length(salt) = 16),
    detail TEXT NOT NULL,
    PRIMARY KEY (clinic_id, seq),
    FOREIGN KEY (clinic_id, seq) REFERENCES audit_events (clinic_id, seq)
) STRICT;

CREATE TRIGGER audit_events_no_update BEFORE UPDATE ON audit_events BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER audit_events_no_delete BEFORE DELETE ON audit_events BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER audit_subjects_no_update BEFORE UPDATE ON audit_subjects BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER audit_subjects_no_delete BEFORE DELETE ON audit_subjects BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER audit_details_no_update BEFORE UPDATE ON audit_details BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER audit_details_no_delete BEFORE DELETE ON audit_details BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER audit_events_guard BEFORE INSERT ON audit_events
WHEN NEW.seq <> (SELECT COALESCE(MAX(seq), 0) + 1 FROM audit_events WHERE clinic_id = NEW.clinic_id)
BEGIN SELECT RAISE(ABORT, 'append-only'); END;

INSERT INTO audit_heads (clinic_id, size, last_ts) VALUES (zeroblob(16), 0, 0);
