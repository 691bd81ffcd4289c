ALTER TABLE withdrawal_reports DROP CONSTRAINT withdrawal_reports_session;
ALTER TABLE consent_withdrawals DROP CONSTRAINT consent_withdrawals_session;
ALTER TABLE consents DROP CONSTRAINT consents_plan;
