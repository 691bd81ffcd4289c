-- The second factor of an account: its secret sealed, and the last step that was used. The clinic is the nil one:
-- these rows are the installation's, a person has one factor wherever they work.
-- head
CREATE TABLE factors (
    clinic_id BLOB NOT NULL,
    account_id BLOB NOT NULL REFERENCES accounts (id),
    version INTEGER NOT NULL CHECK (version > 0),
    secret BLOB,
    enrolled_at INTEGER,
    last_step INTEGER NOT NULL,
    pending_secret BLOB,
    pending_until INTEGER,
    PRIMARY KEY (clinic_id, account_id),
    CHECK ((secret IS NULL) = (enrolled_at IS NULL)),
    CHECK ((pending_secret IS NULL) = (pending_until IS NULL))
) STRICT;

-- What opens instead of a code, once each, by its hash.
-- head
CREATE TABLE recovery_codes (
    clinic_id BLOB NOT NULL,
    hash BLOB NOT NULL,
    version INTEGER NOT NULL CHECK (version > 0),
    account_id BLOB NOT NULL REFERENCES accounts (id),
    issued_at INTEGER NOT NULL,
    used_at INTEGER,
    PRIMARY KEY (clinic_id, hash)
) STRICT;
CREATE INDEX recovery_codes_account ON recovery_codes (clinic_id, account_id);

-- A sign-in whose password was right and whose code is waited for, by the hash of its token.
-- head
CREATE TABLE factor_challenges (
    clinic_id BLOB NOT NULL,
    hash BLOB NOT NULL,
    version INTEGER NOT NULL CHECK (version > 0),
    account_id BLOB NOT NULL REFERENCES accounts (id),
    staff_id BLOB NOT NULL,
    cred_version INTEGER NOT NULL,
    device_id BLOB,
    tries INTEGER NOT NULL CHECK (tries >= 0),
    issued_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    answered_at INTEGER,
    PRIMARY KEY (clinic_id, hash),
    FOREIGN KEY (clinic_id, staff_id) REFERENCES staff (clinic_id, id)
) STRICT;
CREATE INDEX factor_challenges_expiry ON factor_challenges (clinic_id, expires_at);

-- That a person gave their factor on the device of a sign-in, their own or a colleague's.
-- head
CREATE TABLE factor_proofs (
    clinic_id BLOB NOT NULL,
    login_session_id BLOB NOT NULL,
    staff_id BLOB NOT NULL,
    version INTEGER NOT NULL CHECK (version > 0),
    given_at INTEGER NOT NULL,
    PRIMARY KEY (clinic_id, login_session_id, staff_id),
    FOREIGN KEY (clinic_id, login_session_id) REFERENCES login_sessions (clinic_id, id),
    FOREIGN KEY (clinic_id, staff_id) REFERENCES staff (clinic_id, id)
) STRICT;

ALTER TABLE accounts ADD COLUMN factor_changed_at INTEGER;

-- A sign-in of somebody who must have a factor and has none yet opens nothing but the way to one.
ALTER TABLE login_sessions ADD COLUMN only_enrols INTEGER NOT NULL DEFAULT 0 CHECK (only_enrols IN (0, 1));
ALTER TABLE login_sessions RENAME COLUMN ended_because TO ended_before;
ALTER TABLE login_sessions ADD COLUMN ended_because TEXT CHECK (ended_because IN ('signed_out', 'ended_by_owner', 'ended_by_admin', 'password_changed', 'factor_changed', 'membership_changed', 'refresh_reused', 'too_many', 'wrong_secrets'));
UPDATE login_sessions SET ended_because = ended_before;
ALTER TABLE login_sessions DROP COLUMN ended_before;
