ALTER TABLE accounts DROP COLUMN password_changed_at;

DROP INDEX refresh_tokens_access;
ALTER TABLE refresh_tokens DROP COLUMN revoked_at;
ALTER TABLE refresh_tokens DROP COLUMN access_used_at;
ALTER TABLE refresh_tokens DROP COLUMN access_token_id;
ALTER TABLE refresh_tokens DROP COLUMN parent_hash;

ALTER TABLE login_sessions DROP COLUMN ended_because;
ALTER TABLE login_sessions DROP COLUMN address;
ALTER TABLE login_sessions DROP COLUMN device;
ALTER TABLE login_sessions DROP COLUMN last_seen_at;
