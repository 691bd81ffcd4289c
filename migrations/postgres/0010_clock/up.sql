-- What the clock raises besides overdue checks, and reviews that their own author does not close.
ALTER TABLE tasks
    -- Who did what the task reviews; somebody else does the task.
    ADD COLUMN acted_by UUID,
    ADD FOREIGN KEY (clinic_id, acted_by) REFERENCES staff (clinic_id, id),
    ADD CONSTRAINT tasks_by_another CHECK (done_by <> acted_by),
    DROP CONSTRAINT tasks_kind_check,
    ADD CONSTRAINT tasks_kind_check CHECK (kind IN (
        'reconstruction_review', 'countersign_order', 'waiver_review', 'handover_review', 'late_reason',
        'withdrawal_question', 'clinician_review', 'adverse_event_draft', 'waste_cosign', 'discrepancy',
        'unclosed_session', 'consent_expiring', 'follow_up', 'chair_conflict'
    )),
    DROP CONSTRAINT tasks_audience_check,
    ADD CONSTRAINT tasks_audience_check CHECK (audience IN (
        'prescriber', 'nurse', 'front_desk', 'auditor', 'reviewer'
    ));

ALTER TABLE timers
    DROP CONSTRAINT timers_kind_check,
    ADD CONSTRAINT timers_kind_check CHECK (kind IN ('check', 'consent'));
