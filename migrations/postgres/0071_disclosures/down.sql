DROP INDEX audit_events_at;
DROP INDEX audit_events_outcome;
DROP INDEX audit_events_action;
DROP TABLE disclosure_patients;
DROP TABLE disclosures;
