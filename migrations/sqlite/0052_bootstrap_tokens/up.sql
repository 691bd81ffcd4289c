-- The way to the first administrator: made on the host, single use, a quarter of an hour, by its hash. The clinic is the
-- nil one: there is none yet.
-- head
CREATE TABLE bootstrap_tokens (
    clinic_id BLOB NOT NULL,
    hash BLOB NOT NULL,
    version INTEGER NOT NULL CHECK (version > 0),
    issued_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    spent_at INTEGER,
    PRIMARY KEY (clinic_id, hash)
) STRICT;
