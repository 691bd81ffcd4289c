-- Every session that was started in a period, for the review of its consent.
CREATE INDEX sessions_started ON sessions (clinic_id, started_at, id) WHERE started_at IS NOT NULL;
