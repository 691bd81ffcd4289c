DELETE FROM timers WHERE kind <> 'check';
ALTER TABLE timers
    DROP CONSTRAINT timers_kind_check,
    ADD CONSTRAINT timers_kind_check CHECK (kind IN ('check'));

DELETE FROM tasks WHERE kind = 'chair_conflict' OR audience = 'reviewer';
ALTER TABLE tasks
    DROP CONSTRAINT tasks_by_another,
    DROP COLUMN acted_by,
    DROP CONSTRAINT tasks_kind_check,
    ADD CONSTRAINT tasks_kind_check CHECK (kind IN (
        'reconstruction_review', 'countersign_order', 'waiver_review', 'handover_review', 'late_reason',
        'withdrawal_question', 'clinician_review', 'adverse_event_draft', 'waste_cosign', 'discrepancy',
        'unclosed_session', 'consent_expiring', 'follow_up'
    )),
    DROP CONSTRAINT tasks_audience_check,
    ADD CONSTRAINT tasks_audience_check CHECK (audience IN ('prescriber', 'nurse', 'front_desk', 'auditor'));
