UPDATE login_sessions SET ended_because = 'password_changed' WHERE ended_because = 'factor_changed';
ALTER TABLE login_sessions DROP CONSTRAINT login_sessions_ended_because_check;
ALTER TABLE login_sessions ADD CONSTRAINT login_sessions_ended_because_check CHECK (ended_because IN ('signed_out', 'ended_by_owner', 'ended_by_admin', 'password_changed', 'membership_changed', 'refresh_reused', 'too_many', 'wrong_secrets'));
ALTER TABLE login_sessions DROP COLUMN only_enrols;

ALTER TABLE accounts DROP COLUMN factor_changed_at;

DROP TABLE factor_proofs;
DROP TABLE factor_challenges;
DROP TABLE recovery_codes;
DROP TABLE factors;
