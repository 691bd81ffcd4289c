DROP TABLE treatment_plans;
DROP TABLE protocols;
DROP TABLE policies;
