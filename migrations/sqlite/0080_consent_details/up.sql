-- What a signature says beside its name, and what the patient answered one by one. Older rows have none of it.
ALTER TABLE consent_signatures ADD COLUMN authority_kind TEXT
    CHECK (authority_kind IN ('health_care_agent', 'guardian', 'next_of_kin', 'parent'));
ALTER TABLE consent_signatures ADD COLUMN relationship TEXT;
ALTER TABLE consent_signatures ADD COLUMN language TEXT;
ALTER TABLE consent_signatures ADD COLUMN capacity_statement TEXT;
ALTER TABLE consent_signatures ADD COLUMN items TEXT;
ALTER TABLE consent_signatures ADD COLUMN recorded_at INTEGER;

-- What a form asks the patient one by one.
ALTER TABLE consent_templates ADD COLUMN items TEXT NOT NULL DEFAULT '[]';

-- That one form version says in another language what another says.
-- fact
CREATE TABLE consent_translations (
    clinic_id BLOB NOT NULL,
    template_id BLOB NOT NULL,
    original_id BLOB NOT NULL,
    original_code TEXT NOT NULL,
    original_form_version INTEGER NOT NULL,
    PRIMARY KEY (clinic_id, template_id),
    FOREIGN KEY (clinic_id, template_id) REFERENCES consent_templates (clinic_id, id),
    FOREIGN KEY (clinic_id, original_id) REFERENCES consent_templates (clinic_id, id)
) STRICT;
CREATE INDEX consent_translations_original ON consent_translations (clinic_id, original_id);

CREATE TRIGGER consent_translations_no_update BEFORE UPDATE ON consent_translations BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER consent_translations_no_delete BEFORE DELETE ON consent_translations BEGIN SELECT RAISE(ABORT, 'append-only'); END;

-- Changes in a patient's life that call for a new consent. One noted in error is retracted, never taken away.
-- head
CREATE TABLE consent_circumstances (
    clinic_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL CHECK (version > 0),
    patient_id BLOB NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('pregnancy', 'major_diagnosis', 'surrogate_changed')),
    began_at INTEGER NOT NULL,
    note TEXT NOT NULL,
    recorded_by BLOB NOT NULL,
    recorded_at INTEGER NOT NULL,
    retract_reason TEXT,
    retracted_by BLOB,
    retracted_at INTEGER,
    PRIMARY KEY (clinic_id, id),
    FOREIGN KEY (clinic_id, patient_id) REFERENCES patients (clinic_id, id),
    FOREIGN KEY (clinic_id, recorded_by) REFERENCES staff (clinic_id, id),
    FOREIGN KEY (clinic_id, retracted_by) REFERENCES staff (clinic_id, id),
    CHECK ((retract_reason IS NULL) = (retracted_by IS NULL) AND (retract_reason IS NULL) = (retracted_at IS NULL))
) STRICT;
CREATE INDEX consent_circumstances_patient ON consent_circumstances (clinic_id, patient_id, recorded_at, id);
