DROP INDEX audit_events_request;
ALTER TABLE idempotency_keys DROP COLUMN request_id;
DROP TABLE break_glass;
DROP TABLE patient_restriction_readers;
DROP TABLE patient_restrictions;

DELETE FROM tasks WHERE kind = 'break_glass_review';
ALTER TABLE tasks
    DROP CONSTRAINT tasks_kind_check,
    ADD CONSTRAINT tasks_kind_check CHECK (kind IN (
        'reconstruction_review', 'countersign_order', 'waiver_review', 'handover_review', 'late_reason',
        'withdrawal_question', 'clinician_review', 'adverse_event_draft', 'waste_cosign', 'discrepancy',
        'unclosed_session', 'consent_expiring', 'follow_up', 'chair_conflict'
    ));
