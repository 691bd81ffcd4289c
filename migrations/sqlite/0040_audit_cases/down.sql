DROP TABLE audit_case_patients;
DROP TABLE audit_cases;
