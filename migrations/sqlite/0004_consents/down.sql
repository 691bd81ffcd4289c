DROP TABLE withdrawal_reports;
DROP TABLE consent_withdrawals;
DROP TABLE consent_signatures;
DROP TABLE consent_documents;
DROP TABLE consents;
DROP TABLE consent_templates;
