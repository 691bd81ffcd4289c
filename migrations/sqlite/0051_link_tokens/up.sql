-- The way to a password for somebody who has none that opens: single use, half an hour, by the hash of its token.
-- head
CREATE TABLE link_tokens (
    clinic_id BLOB NOT NULL,
    hash BLOB NOT NULL,
    version INTEGER NOT NULL CHECK (version > 0),
    account_id BLOB NOT NULL REFERENCES accounts (id),
    staff_id BLOB NOT NULL,
    cred_version INTEGER NOT NULL,
    issued_by BLOB NOT NULL,
    issued_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    spent_at INTEGER,
    PRIMARY KEY (clinic_id, hash),
    FOREIGN KEY (clinic_id, staff_id) REFERENCES staff (clinic_id, id),
    FOREIGN KEY (clinic_id, issued_by) REFERENCES staff (clinic_id, id)
) STRICT;
CREATE INDEX link_tokens_staff ON link_tokens (clinic_id, staff_id);
