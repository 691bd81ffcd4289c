-- A sign-in knows when it was last used, from where, and why it ended; a refresh token knows whether its answer arrived.
ALTER TABLE login_sessions ADD COLUMN last_seen_at TIMESTAMPTZ NOT NULL DEFAULT 'epoch';
UPDATE login_sessions SET last_seen_at = created_at;
ALTER TABLE login_sessions ADD COLUMN device TEXT;
ALTER TABLE login_sessions ADD COLUMN address TEXT;
ALTER TABLE login_sessions ADD COLUMN ended_because TEXT CHECK (ended_because IN ('signed_out', 'ended_by_owner', 'ended_by_admin', 'password_changed', 'membership_changed', 'refresh_reused', 'too_many', 'wrong_secrets'));

ALTER TABLE refresh_tokens ADD COLUMN parent_hash BYTEA;
ALTER TABLE refresh_tokens ADD COLUMN access_token_id UUID;
ALTER TABLE refresh_tokens ADD COLUMN access_used_at TIMESTAMPTZ;
ALTER TABLE refresh_tokens ADD COLUMN revoked_at TIMESTAMPTZ;
CREATE INDEX refresh_tokens_access ON refresh_tokens (clinic_id, access_token_id);

ALTER TABLE accounts ADD COLUMN password_changed_at TIMESTAMPTZ;
