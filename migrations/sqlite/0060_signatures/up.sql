-- Another sign-in of the same human: the account they signed in with first. Where two people are asked for, they are one.
ALTER TABLE accounts ADD COLUMN person_id BLOB REFERENCES accounts (id);

-- What a proof of presence was given with, and in which meaning.
ALTER TABLE signing_tokens ADD COLUMN meaning TEXT NOT NULL DEFAULT 'author' CHECK (meaning IN ('author', 'reviewer', 'witness', 'override', 'verifier'));
ALTER TABLE signing_tokens ADD COLUMN method TEXT NOT NULL DEFAULT 'password' CHECK (method IN ('password', 'pin'));

-- A signing PIN of a member of staff. It counts only for the credential it was set under: a new password ends it.
-- head
CREATE TABLE staff_pins (
    clinic_id BLOB NOT NULL,
    staff_id BLOB NOT NULL,
    version INTEGER NOT NULL CHECK (version > 0),
    pin_hash TEXT NOT NULL,
    cred_version INTEGER NOT NULL,
    -- Wrong ones in a row, on whatever device; one that is being looked at counts already.
    failures INTEGER NOT NULL CHECK (failures >= 0),
    set_at INTEGER NOT NULL,
    PRIMARY KEY (clinic_id, staff_id),
    FOREIGN KEY (clinic_id, staff_id) REFERENCES staff (clinic_id, id)
) STRICT;

-- Who signed which act: the record as it was shown, and the record the act made.
-- fact
CREATE TABLE signatures (
    clinic_id BLOB NOT NULL,
    id BLOB NOT NULL,
    request_id BLOB NOT NULL,
    act TEXT NOT NULL,
    meaning TEXT NOT NULL CHECK (meaning IN ('author', 'reviewer', 'witness', 'override', 'verifier')),
    method TEXT NOT NULL CHECK (method IN ('password', 'pin')),
    staff_id BLOB NOT NULL,
    account_id BLOB NOT NULL,
    -- As printed at that moment; names and roles change.
    display_name TEXT NOT NULL,
    roles TEXT NOT NULL,
    login_session_id BLOB NOT NULL,
    shown_id BLOB NOT NULL,
    shown_sha256 BLOB CHECK (length(shown_sha256) = 32),
    record_kind TEXT NOT NULL,
    record_id BLOB NOT NULL,
    record_version INTEGER NOT NULL CHECK (record_version > 0),
    -- None where the act changed no record that is kept.
    record_sha256 BLOB CHECK (length(record_sha256) = 32),
    patient_id BLOB,
    signed_at INTEGER NOT NULL,
    PRIMARY KEY (clinic_id, id),
    -- One human signs an act once.
    UNIQUE (clinic_id, request_id, account_id),
    FOREIGN KEY (clinic_id, staff_id) REFERENCES staff (clinic_id, id),
    FOREIGN KEY (account_id) REFERENCES accounts (id),
    FOREIGN KEY (clinic_id, login_session_id) REFERENCES login_sessions (clinic_id, id),
    FOREIGN KEY (clinic_id, patient_id) REFERENCES patients (clinic_id, id)
) STRICT;
CREATE INDEX signatures_shown ON signatures (clinic_id, shown_id, signed_at, id);
CREATE INDEX signatures_record ON signatures (clinic_id, record_id, signed_at, id);

CREATE TRIGGER signatures_no_update BEFORE UPDATE ON signatures BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER signatures_no_delete BEFORE DELETE ON signatures BEGIN SELECT RAISE(ABORT, 'append-only'); END;
