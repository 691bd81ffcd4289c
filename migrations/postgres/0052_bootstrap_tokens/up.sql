-- The way to the first administrator: made on the host, single use, a quarter of an hour, by its hash. The clinic is the
-- nil one: there is none yet.
-- head
CREATE TABLE bootstrap_tokens (
    clinic_id UUID NOT NULL,
    hash BYTEA NOT NULL,
    version BIGINT NOT NULL CHECK (version > 0),
    issued_at TIMESTAMPTZ NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL,
    spent_at TIMESTAMPTZ,
    PRIMARY KEY (clinic_id, hash)
);
