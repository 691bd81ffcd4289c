ALTER TABLE dosing_events DROP CONSTRAINT dosing_events_bolus_over_min_check;
ALTER TABLE dosing_events ADD CONSTRAINT dosing_events_bolus_over_min_check CHECK (bolus_over_min BETWEEN 0 AND 30);
DROP TABLE staff_absences;
