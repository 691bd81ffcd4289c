ALTER TABLE login_sessions RENAME COLUMN ended_because TO ended_before;
ALTER TABLE login_sessions ADD COLUMN ended_because TEXT CHECK (ended_because IN ('signed_out', 'ended_by_owner', 'ended_by_admin', 'password_changed', 'membership_changed', 'refresh_reused', 'too_many', 'wrong_secrets'));
UPDATE login_sessions SET ended_because = CASE ended_before WHEN 'factor_changed' THEN 'password_changed' ELSE ended_before END;
ALTER TABLE login_sessions DROP COLUMN ended_before;
ALTER TABLE login_sessions DROP COLUMN only_enrols;

ALTER TABLE accounts DROP COLUMN factor_changed_at;

DROP TABLE factor_proofs;
DROP TABLE factor_challenges;
DROP TABLE recovery_codes;
DROP TABLE factors;
