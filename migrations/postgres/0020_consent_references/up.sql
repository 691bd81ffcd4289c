-- Consents come before plans and sessions, and refer to both.
ALTER TABLE consents ADD CONSTRAINT consents_plan
    FOREIGN KEY (clinic_id, plan_id) REFERENCES treatment_plans (clinic_id, id);
ALTER TABLE consent_withdrawals ADD CONSTRAINT consent_withdrawals_session
    FOREIGN KEY (clinic_id, session_id) REFERENCES sessions (clinic_id, id);
ALTER TABLE withdrawal_reports ADD CONSTRAINT withdrawal_reports_session
    FOREIGN KEY (clinic_id, session_id) REFERENCES sessions (clinic_id, id);
