-- Refuses what would change or remove a fact. Created first: every table of facts uses it.
CREATE FUNCTION chairside_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'append-only';
END
$$;

-- Clinics, the people who work there, their sign-ins, and the trail.

-- A clinic: the unit of tenancy and of scale.
-- head
CREATE TABLE clinics (
    id UUID NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL CHECK (version > 0),
    name TEXT NOT NULL,
    zone TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL
);

-- A person who can sign in, across clinics. The login is the only name that is unique everywhere.
-- head
CREATE TABLE accounts (
    id UUID NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL CHECK (version > 0),
    login TEXT NOT NULL UNIQUE,
    password_hash TEXT NOT NULL,
    cred_version BIGINT NOT NULL CHECK (cred_version > 0),
    created_at TIMESTAMPTZ NOT NULL,
    disabled_at TIMESTAMPTZ
);

-- An account's membership of one clinic: the actor id of every entry there.
-- head
CREATE TABLE staff (
    clinic_id UUID NOT NULL REFERENCES clinics (id),
    id UUID NOT NULL,
    version BIGINT NOT NULL CHECK (version > 0),
    account_id UUID NOT NULL REFERENCES accounts (id),
    display_name TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    retired_at TIMESTAMPTZ,
    PRIMARY KEY (clinic_id, id),
    UNIQUE (clinic_id, account_id)
);
CREATE INDEX staff_account ON staff (account_id, clinic_id);

-- The roles a member holds; one that is taken away is retired.
-- head
CREATE TABLE staff_roles (
    clinic_id UUID NOT NULL,
    id UUID NOT NULL,
    version BIGINT NOT NULL CHECK (version > 0),
    staff_id UUID NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('admin', 'prescriber', 'nurse', 'front_desk', 'auditor')),
    granted_at TIMESTAMPTZ NOT NULL,
    retired_at TIMESTAMPTZ,
    PRIMARY KEY (clinic_id, id),
    FOREIGN KEY (clinic_id, staff_id) REFERENCES staff (clinic_id, id)
);
CREATE UNIQUE INDEX staff_roles_current ON staff_roles (clinic_id, staff_id, role) WHERE retired_at IS NULL;

-- Chairs and rooms.
-- head
CREATE TABLE rooms (
    clinic_id UUID NOT NULL REFERENCES clinics (id),
    id UUID NOT NULL,
    version BIGINT NOT NULL CHECK (version > 0),
    name TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    retired_at TIMESTAMPTZ,
    PRIMARY KEY (clinic_id, id),
    UNIQUE (clinic_id, name)
);

-- One sign-in on one device, from login to logout.
-- head
CREATE TABLE login_sessions (
    clinic_id UUID NOT NULL,
    id UUID NOT NULL,
    version BIGINT NOT NULL CHECK (version > 0),
    account_id UUID NOT NULL REFERENCES accounts (id),
    staff_id UUID NOT NULL,
    cred_version BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL,
    revoked_at TIMESTAMPTZ,
    PRIMARY KEY (clinic_id, id),
    FOREIGN KEY (clinic_id, staff_id) REFERENCES staff (clinic_id, id)
);
CREATE INDEX login_sessions_staff ON login_sessions (clinic_id, staff_id, id);

-- Refresh tokens, by their hash: each is used once and names its successor.
-- head
CREATE TABLE refresh_tokens (
    clinic_id UUID NOT NULL,
    hash BYTEA NOT NULL,
    version BIGINT NOT NULL CHECK (version > 0),
    login_session_id UUID NOT NULL,
    issued_at TIMESTAMPTZ NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL,
    consumed_at TIMESTAMPTZ,
    successor_hash BYTEA,
    PRIMARY KEY (clinic_id, hash),
    FOREIGN KEY (clinic_id, login_session_id) REFERENCES login_sessions (clinic_id, id)
);

-- Proofs that a person was there for one act: single use, five minutes.
-- head
CREATE TABLE signing_tokens (
    clinic_id UUID NOT NULL,
    hash BYTEA NOT NULL,
    version BIGINT NOT NULL CHECK (version > 0),
    staff_id UUID NOT NULL,
    login_session_id UUID NOT NULL,
    act TEXT NOT NULL,
    subject_id UUID NOT NULL,
    subject_sha256 BYTEA,
    cred_version BIGINT NOT NULL,
    issued_at TIMESTAMPTZ NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL,
    spent_at TIMESTAMPTZ,
    PRIMARY KEY (clinic_id, hash),
    FOREIGN KEY (clinic_id, staff_id) REFERENCES staff (clinic_id, id),
    FOREIGN KEY (clinic_id, login_session_id) REFERENCES login_sessions (clinic_id, id)
);

-- The answer to a request that made something, kept so that a repeat makes nothing new.
-- head
CREATE TABLE idempotency_keys (
    clinic_id UUID NOT NULL,
    actor_id UUID NOT NULL,
    idempotency_key TEXT NOT NULL,
    version BIGINT NOT NULL CHECK (version > 0),
    fingerprint BYTEA NOT NULL,
    status BIGINT NOT NULL,
    etag TEXT,
    location TEXT,
    body BYTEA NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (clinic_id, actor_id, idempotency_key)
);
CREATE INDEX idempotency_keys_expiry ON idempotency_keys (clinic_id, expires_at);

-- The head of each trail; the nil clinic is the installation's own. The only mutable row of the trail.
-- head: size is its version
CREATE TABLE audit_heads (
    clinic_id UUID NOT NULL PRIMARY KEY,
    size BIGINT NOT NULL CHECK (size >= 0),
    last_ts TIMESTAMPTZ NOT NULL
);

-- The trail. body is the exact bytes that were hashed; the other columns are copies of it to search by.
-- fact
CREATE TABLE audit_events (
    clinic_id UUID NOT NULL REFERENCES audit_heads (clinic_id),
    seq BIGINT NOT NULL CHECK (seq > 0),
    at TIMESTAMPTZ NOT NULL,
    actor_id UUID,
    action TEXT NOT NULL,
    outcome TEXT NOT NULL CHECK (outcome IN ('success', 'denied', 'failed')),
    object_kind TEXT,
    object_id UUID,
    request_id UUID NOT NULL,
    body TEXT NOT NULL,
    leaf BYTEA NOT NULL CHECK (length(leaf) = 32),
    PRIMARY KEY (clinic_id, seq)
);
CREATE INDEX audit_events_actor ON audit_events (clinic_id, actor_id, seq);
CREATE INDEX audit_events_object ON audit_events (clinic_id, object_id, seq);

-- The patients an entry is about: who saw this chart is a range of this index.
-- fact
CREATE TABLE audit_subjects (
    clinic_id UUID NOT NULL,
    seq BIGINT NOT NULL,
    patient_id UUID NOT NULL,
    PRIMARY KEY (clinic_id, seq, patient_id),
    FOREIGN KEY (clinic_id, seq) REFERENCES audit_events (clinic_id, seq)
);
CREATE INDEX audit_subjects_patient ON audit_subjects (clinic_id, patient_id, seq);

-- What an entry must not carry in the open: bound to it by a salted hash.
-- fact
CREATE TABLE audit_details (
    clinic_id UUID NOT NULL,
    seq BIGINT NOT NULL,
    salt BYTEA NOT NULL CHECK (length(salt) = 16),
    detail TEXT NOT NULL,
    PRIMARY KEY (clinic_id, seq),
    FOREIGN KEY (clinic_id, seq) REFERENCES audit_events (clinic_id, seq)
);

CREATE TRIGGER audit_events_append_only BEFORE UPDATE OR DELETE ON audit_events FOR EACH ROW EXECUTE FUNCTION chairside_append_only();
CREATE TRIGGER audit_events_no_truncate BEFORE TRUNCATE ON audit_events FOR EACH STATEMENT EXECUTE FUNCTION chairside_append_only();
ALTER TABLE audit_events ENABLE ALWAYS TRIGGER audit_events_append_only;
ALTER TABLE audit_events ENABLE ALWAYS TRIGGER audit_events_no_truncate;
CREATE TRIGGER audit_subjects_append_only BEFORE UPDATE OR DELETE ON audit_subjects FOR EACH ROW EXECUTE FUNCTION chairside_append_only();
CREATE TRIGGER audit_subjects_no_truncate BEFORE TRUNCATE ON audit_subjects FOR EACH STATEMENT EXECUTE FUNCTION chairside_append_only();
ALTER TABLE audit_subjects ENABLE ALWAYS TRIGGER audit_subjects_append_only;
ALTER TABLE audit_subjects ENABLE ALWAYS TRIGGER audit_subjects_no_truncate;
CREATE TRIGGER audit_details_append_only BEFORE UPDATE OR DELETE ON audit_details FOR EACH ROW EXECUTE FUNCTION chairside_append_only();
CREATE TRIGGER audit_details_no_truncate BEFORE TRUNCATE ON audit_details FOR EACH STATEMENT EXECUTE FUNCTION chairside_append_only();
ALTER TABLE audit_details ENABLE ALWAYS TRIGGER audit_details_append_only;
ALTER TABLE audit_details ENABLE ALWAYS TRIGGER audit_details_no_truncate;

INSERT INTO audit_heads (clinic_id, size, last_ts) VALUES ('00000000-0000-0000-0000-000000000000', 0, 'epoch');
