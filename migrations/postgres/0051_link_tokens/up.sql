-- The way to a password for somebody who has none that opens: single use, half an hour, by the hash of its token.
-- head
CREATE TABLE link_tokens (
    clinic_id UUID NOT NULL,
    hash BYTEA NOT NULL,
    version BIGINT NOT NULL CHECK (version > 0),
    account_id UUID NOT NULL REFERENCES accounts (id),
    staff_id UUID NOT NULL,
    cred_version BIGINT NOT NULL,
    issued_by UUID NOT NULL,
    issued_at TIMESTAMPTZ NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL,
    spent_at TIMESTAMPTZ,
    PRIMARY KEY (clinic_id, hash),
    FOREIGN KEY (clinic_id, staff_id) REFERENCES staff (clinic_id, id),
    FOREIGN KEY (clinic_id, issued_by) REFERENCES staff (clinic_id, id)
);
CREATE INDEX link_tokens_staff ON link_tokens (clinic_id, staff_id);
