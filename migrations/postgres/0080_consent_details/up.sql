-- What a signature says beside its name, and what the patient answered one by one. Older rows have none of it.
ALTER TABLE consent_signatures ADD COLUMN authority_kind TEXT
    CHECK (authority_kind IN ('health_care_agent', 'guardian', 'next_of_kin', 'parent'));
ALTER TABLE consent_signatures ADD COLUMN relationship TEXT;
ALTER TABLE consent_signatures ADD COLUMN language TEXT;
ALTER TABLE consent_signatures ADD COLUMN capacity_statement JSONB;
ALTER TABLE consent_signatures ADD COLUMN items JSONB;
ALTER TABLE consent_signatures ADD COLUMN recorded_at TIMESTAMPTZ;

-- What a form asks the patient one by one.
ALTER TABLE consent_templates ADD COLUMN items JSONB NOT NULL DEFAULT '[]';

-- That one form version says in another language what another says.
-- fact
CREATE TABLE consent_translations (
    clinic_id UUID NOT NULL,
    template_id UUID NOT NULL,
    original_id UUID NOT NULL,
    original_code TEXT NOT NULL,
    original_form_version BIGINT NOT NULL,
    PRIMARY KEY (clinic_id, template_id),
    FOREIGN KEY (clinic_id, template_id) REFERENCES consent_templates (clinic_id, id),
    FOREIGN KEY (clinic_id, original_id) REFERENCES consent_templates (clinic_id, id)
);
CREATE INDEX consent_translations_original ON consent_translations (clinic_id, original_id);

CREATE TRIGGER consent_translations_append_only BEFORE UPDATE OR DELETE ON consent_translations
    FOR EACH ROW EXECUTE FUNCTION chairside_append_only();
CREATE TRIGGER consent_translations_no_truncate BEFORE TRUNCATE ON consent_translations
    FOR EACH STATEMENT EXECUTE FUNCTION chairside_append_only();
ALTER TABLE consent_translations ENABLE ALWAYS TRIGGER consent_translations_append_only;
ALTER TABLE consent_translations ENABLE ALWAYS TRIGGER consent_translations_no_truncate;

-- Changes in a patient's life that call for a new consent. One noted in error is retracted, never taken away.
-- head
CREATE TABLE consent_circumstances (
    clinic_id UUID NOT NULL,
    id UUID NOT NULL,
    version BIGINT NOT NULL CHECK (version > 0),
    patient_id UUID NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('pregnancy', 'major_diagnosis', 'surrogate_changed')),
    began_at TIMESTAMPTZ NOT NULL,
    note TEXT NOT NULL,
    recorded_by UUID NOT NULL,
    recorded_at TIMESTAMPTZ NOT NULL,
    retract_reason TEXT,
    retracted_by UUID,
    retracted_at TIMESTAMPTZ,
    PRIMARY KEY (clinic_id, id),
    FOREIGN KEY (clinic_id, patient_id) REFERENCES patients (clinic_id, id),
    FOREIGN KEY (clinic_id, recorded_by) REFERENCES staff (clinic_id, id),
    FOREIGN KEY (clinic_id, retracted_by) REFERENCES staff (clinic_id, id),
    CHECK ((retract_reason IS NULL) = (retracted_by IS NULL) AND (retract_reason IS NULL) = (retracted_at IS NULL))
);
CREATE INDEX consent_circumstances_patient ON consent_circumstances (clinic_id, patient_id, recorded_at, id);
