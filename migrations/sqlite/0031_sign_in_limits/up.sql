-- How often a secret was tried, by the hash of who or where. The clinic is the nil one: these rows are the installation's.
-- head
CREATE TABLE sign_in_limits (
    clinic_id BLOB NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('account_address', 'address', 'account', 'device')),
    key BLOB NOT NULL,
    version INTEGER NOT NULL CHECK (version > 0),
    full_at INTEGER NOT NULL,
    failures INTEGER NOT NULL CHECK (failures >= 0),
    last_at INTEGER NOT NULL,
    told_at INTEGER,
    forget_at INTEGER NOT NULL,
    PRIMARY KEY (clinic_id, kind, key)
) STRICT;
CREATE INDEX sign_in_limits_forget ON sign_in_limits (clinic_id, forget_at);
