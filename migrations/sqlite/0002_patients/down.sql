DROP TABLE patient_identifiers;
DROP TABLE patients;
DROP TABLE clinic_counters;
