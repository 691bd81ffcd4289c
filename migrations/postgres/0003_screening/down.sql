DROP TABLE outcome_score_reviews;
DROP TABLE outcome_scores;
DROP TABLE screening_decisions;
DROP TABLE screenings;
DROP TABLE earlier_treatments;
DROP TABLE medications;
DROP TABLE allergies;
DROP TABLE conditions;
