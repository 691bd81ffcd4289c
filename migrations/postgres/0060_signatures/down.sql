DROP TABLE signatures;
DROP TABLE staff_pins;
ALTER TABLE signing_tokens DROP COLUMN method;
ALTER TABLE signing_tokens DROP COLUMN meaning;
ALTER TABLE accounts DROP COLUMN person_id;
