-- The second factor of an account: its secret sealed, and the last step that was used. The clinic is the nil one:
-- these rows are the installation's, a person has one factor wherever they work.
-- head
CREATE TABLE factors (
    clinic_id UUID NOT NULL,
    account_id UUID NOT NULL REFERENCES accounts (id),
    version BIGINT NOT NULL CHECK (version > 0),
    secret BYTEA,
    enrolled_at TIMESTAMPTZ,
    last_step BIGINT NOT NULL,
    pending_secret BYTEA,
    pending_until TIMESTAMPTZ,
    PRIMARY KEY (clinic_id, account_id),
    CHECK ((secret IS NULL) = (enrolled_at IS NULL)),
    CHECK ((pending_secret IS NULL) = (pending_until IS NULL))
);

-- What opens instead of a code, once each, by its hash.
-- head
CREATE TABLE recovery_codes (
    clinic_id UUID NOT NULL,
    hash BYTEA NOT NULL,
    version BIGINT NOT NULL CHECK (version > 0),
    account_id UUID NOT NULL REFERENCES accounts (id),
    issued_at TIMESTAMPTZ NOT NULL,
    used_at TIMESTAMPTZ,
    PRIMARY KEY (clinic_id, hash)
);
CREATE INDEX recovery_codes_account ON recovery_codes (clinic_id, account_id);

-- A sign-in whose password was right and whose code is waited for, by the hash of its token.
-- head
CREATE TABLE factor_challenges (
    clinic_id UUID NOT NULL,
    hash BYTEA NOT NULL,
    version BIGINT NOT NULL CHECK (version > 0),
    account_id UUID NOT NULL REFERENCES accounts (id),
    staff_id UUID NOT NULL,
    cred_version BIGINT NOT NULL,
    device_id UUID,
    tries BIGINT NOT NULL CHECK (tries >= 0),
    issued_at TIMESTAMPTZ NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL,
    answered_at TIMESTAMPTZ,
    PRIMARY KEY (clinic_id, hash),
    FOREIGN KEY (clinic_id, staff_id) REFERENCES staff (clinic_id, id)
);
CREATE INDEX factor_challenges_expiry ON factor_challenges (clinic_id, expires_at);

-- That a person gave their factor on the device of a sign-in, their own or a colleague's.
-- head
CREATE TABLE factor_proofs (
    clinic_id UUID NOT NULL,
    login_session_id UUID NOT NULL,
    staff_id UUID NOT NULL,
    version BIGINT NOT NULL CHECK (version > 0),
    given_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (clinic_id, login_session_id, staff_id),
    FOREIGN KEY (clinic_id, login_session_id) REFERENCES login_sessions (clinic_id, id),
    FOREIGN KEY (clinic_id, staff_id) REFERENCES staff (clinic_id, id)
);

ALTER TABLE accounts ADD COLUMN factor_changed_at TIMESTAMPTZ;

-- A sign-in of somebody who must have a factor and has none yet opens nothing but the way to one.
ALTER TABLE login_sessions ADD COLUMN only_enrols BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE login_sessions DROP CONSTRAINT login_sessions_ended_because_check;
ALTER TABLE login_sessions ADD CONSTRAINT login_sessions_ended_because_check CHECK (ended_because IN ('signed_out', 'ended_by_owner', 'ended_by_admin', 'password_changed', 'factor_changed', 'membership_changed', 'refresh_reused', 'too_many', 'wrong_secrets'));
