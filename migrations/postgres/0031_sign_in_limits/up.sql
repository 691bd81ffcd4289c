-- How often a secret was tried, by the hash of who or where. The clinic is the nil one: these rows are the installation's.
-- head
CREATE TABLE sign_in_limits (
    clinic_id UUID NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('account_address', 'address', 'account', 'device')),
    key BYTEA NOT NULL,
    version BIGINT NOT NULL CHECK (version > 0),
    full_at TIMESTAMPTZ NOT NULL,
    failures BIGINT NOT NULL CHECK (failures >= 0),
    last_at TIMESTAMPTZ NOT NULL,
    told_at TIMESTAMPTZ,
    forget_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (clinic_id, kind, key)
);
CREATE INDEX sign_in_limits_forget ON sign_in_limits (clinic_id, forget_at);
