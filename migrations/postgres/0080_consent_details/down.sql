DROP TABLE consent_circumstances;
DROP TABLE consent_translations;
ALTER TABLE consent_templates DROP COLUMN items;
ALTER TABLE consent_signatures DROP COLUMN recorded_at;
ALTER TABLE consent_signatures DROP COLUMN items;
ALTER TABLE consent_signatures DROP COLUMN capacity_statement;
ALTER TABLE consent_signatures DROP COLUMN language;
ALTER TABLE consent_signatures DROP COLUMN relationship;
ALTER TABLE consent_signatures DROP COLUMN authority_kind;
