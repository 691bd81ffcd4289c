-- Versions of consent forms. A published one is frozen: the trigger below refuses any change of it.
-- head
CREATE TABLE consent_templates (
    clinic_id UUID NOT NULL REFERENCES clinics (id),
    id UUID NOT NULL,
    version BIGINT NOT NULL CHECK (version > 0),
    form_version BIGINT NOT NULL CHECK (form_version > 0),
    consent_type TEXT NOT NULL CHECK (consent_type IN ('ketamine_off_label')),
    code TEXT NOT NULL,
    title TEXT NOT NULL,
    language TEXT NOT NULL,
    text TEXT NOT NULL,
    text_sha256 BYTEA NOT NULL CHECK (length(text_sha256) = 32),
    clauses JSONB NOT NULL,
    validity_days BIGINT NOT NULL CHECK (validity_days BETWEEN 1 AND 366),
    effective_from TIMESTAMPTZ,
    effective_until TIMESTAMPTZ,
    renews BOOLEAN NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('draft', 'published')),
    drafted_by UUID NOT NULL,
    drafted_at TIMESTAMPTZ NOT NULL,
    published_by UUID,
    published_at TIMESTAMPTZ,
    PRIMARY KEY (clinic_id, id),
    UNIQUE (clinic_id, code, form_version),
    FOREIGN KEY (clinic_id, drafted_by) REFERENCES staff (clinic_id, id),
    FOREIGN KEY (clinic_id, published_by) REFERENCES staff (clinic_id, id),
    CHECK ((state = 'published') = (published_at IS NOT NULL) AND (published_by IS NULL) = (published_at IS NULL))
);
CREATE INDEX consent_templates_list ON consent_templates (clinic_id, drafted_at, id);

-- One patient's consent. What it says is frozen from the first row; only its life goes on.
-- head
CREATE TABLE consents (
    clinic_id UUID NOT NULL,
    id UUID NOT NULL,
    version BIGINT NOT NULL CHECK (version > 0),
    patient_id UUID NOT NULL,
    consent_type TEXT NOT NULL CHECK (consent_type IN ('ketamine_off_label')),
    state TEXT NOT NULL CHECK (state IN ('draft', 'active', 'withdrawn', 'expired', 'superseded', 'voided')),
    template_id UUID NOT NULL,
    routes JSONB NOT NULL,
    max_dose_ug_per_kg BIGINT NOT NULL CHECK (max_dose_ug_per_kg > 0),
    indications JSONB NOT NULL,
    plan_id UUID,
    spoken_language TEXT NOT NULL,
    interpreter_needed BOOLEAN NOT NULL,
    document_sha256 BYTEA NOT NULL CHECK (length(document_sha256) = 32),
    drafted_by UUID NOT NULL,
    drafted_at TIMESTAMPTZ NOT NULL,
    activated_by UUID,
    valid_from TIMESTAMPTZ,
    valid_until TIMESTAMPTZ,
    ended_at TIMESTAMPTZ,
    ending_recorded_at TIMESTAMPTZ,
    superseded_by UUID,
    void_reason TEXT,
    PRIMARY KEY (clinic_id, id),
    FOREIGN KEY (clinic_id, patient_id) REFERENCES patients (clinic_id, id),
    FOREIGN KEY (clinic_id, template_id) REFERENCES consent_templates (clinic_id, id),
    FOREIGN KEY (clinic_id, drafted_by) REFERENCES staff (clinic_id, id),
    FOREIGN KEY (clinic_id, activated_by) REFERENCES staff (clinic_id, id),
    FOREIGN KEY (clinic_id, superseded_by) REFERENCES consents (clinic_id, id),
    CHECK ((valid_from IS NULL) = (valid_until IS NULL) AND (valid_from IS NULL) = (activated_by IS NULL)),
    CHECK ((state IN ('draft', 'voided')) = (valid_from IS NULL)),
    CHECK ((state IN ('draft', 'active')) = (ended_at IS NULL)),
    CHECK ((state = 'withdrawn') = (ending_recorded_at IS NOT NULL)),
    CHECK ((state = 'superseded') = (superseded_by IS NOT NULL)),
    CHECK ((state = 'voided') = (void_reason IS NOT NULL))
);
-- A patient has at most one active consent of a type, whatever two tablets do at once.
CREATE UNIQUE INDEX consents_one_active ON consents (clinic_id, patient_id, consent_type) WHERE state = 'active';
CREATE INDEX consents_patient ON consents (clinic_id, patient_id, drafted_at, id);
CREATE INDEX consents_expiring ON consents (clinic_id, valid_until, id) WHERE state = 'active';

-- The document of a consent, byte for byte as it was shown.
-- fact
CREATE TABLE consent_documents (
    clinic_id UUID NOT NULL,
    consent_id UUID NOT NULL,
    media_type TEXT NOT NULL,
    bytes BYTEA NOT NULL,
    PRIMARY KEY (clinic_id, consent_id),
    FOREIGN KEY (clinic_id, consent_id) REFERENCES consents (clinic_id, id)
);

-- Signatures, each role once, each bound to the hash of the document that was on the screen.
-- fact
CREATE TABLE consent_signatures (
    clinic_id UUID NOT NULL,
    id UUID NOT NULL,
    consent_id UUID NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('patient', 'surrogate', 'prescriber', 'witness', 'interpreter')),
    method TEXT NOT NULL CHECK (method IN ('drawn', 'typed', 'reauth')),
    name TEXT NOT NULL,
    staff_id UUID,
    account_id UUID REFERENCES accounts (id),
    authority TEXT,
    capacity TEXT CHECK (capacity IN ('confirmed', 'lacking')),
    document_sha256 BYTEA NOT NULL CHECK (length(document_sha256) = 32),
    image BYTEA,
    signed_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (clinic_id, id),
    UNIQUE (clinic_id, consent_id, role),
    FOREIGN KEY (clinic_id, consent_id) REFERENCES consents (clinic_id, id),
    FOREIGN KEY (clinic_id, staff_id) REFERENCES staff (clinic_id, id),
    CHECK ((staff_id IS NULL) = (account_id IS NULL) AND (method = 'reauth') = (staff_id IS NOT NULL)),
    CHECK ((role = 'prescriber') = (capacity IS NOT NULL)),
    CHECK ((method = 'drawn') = (image IS NOT NULL))
);
-- One human does not both explain and witness; patients and outside witnesses have no account.
CREATE UNIQUE INDEX consent_signatures_two_people ON consent_signatures (clinic_id, consent_id, account_id)
    WHERE role IN ('prescriber', 'witness') AND account_id IS NOT NULL;

-- What a patient withdrew from, and when it was said.
-- fact
CREATE TABLE consent_withdrawals (
    clinic_id UUID NOT NULL,
    id UUID NOT NULL,
    patient_id UUID NOT NULL,
    consent_id UUID NOT NULL,
    session_id UUID,
    scope TEXT NOT NULL CHECK (scope IN ('this_session', 'series', 'all')),
    said_by TEXT NOT NULL CHECK (said_by IN ('patient', 'surrogate')),
    said_at TIMESTAMPTZ NOT NULL,
    pump_stopped_at TIMESTAMPTZ,
    words TEXT,
    recorded_by UUID NOT NULL,
    recorded_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (clinic_id, id),
    FOREIGN KEY (clinic_id, patient_id) REFERENCES patients (clinic_id, id),
    FOREIGN KEY (clinic_id, consent_id) REFERENCES consents (clinic_id, id),
    FOREIGN KEY (clinic_id, recorded_by) REFERENCES staff (clinic_id, id),
    CHECK (scope <> 'this_session' OR session_id IS NOT NULL)
);
CREATE INDEX consent_withdrawals_patient ON consent_withdrawals (clinic_id, patient_id, recorded_at, id);

-- Reports and wishes: somebody says the patient may want to withdraw. An unresolved one blocks every start.
-- head
CREATE TABLE withdrawal_reports (
    clinic_id UUID NOT NULL,
    id UUID NOT NULL,
    version BIGINT NOT NULL CHECK (version > 0),
    patient_id UUID NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('report', 'wish')),
    consent_id UUID,
    session_id UUID,
    wished_scope TEXT CHECK (wished_scope IN ('this_session', 'series', 'all')),
    text TEXT NOT NULL,
    said_at TIMESTAMPTZ NOT NULL,
    recorded_by UUID NOT NULL,
    recorded_at TIMESTAMPTZ NOT NULL,
    outcome TEXT CHECK (outcome IN ('continues', 'withdraws')),
    statement TEXT,
    resolved_by UUID,
    resolved_at TIMESTAMPTZ,
    PRIMARY KEY (clinic_id, id),
    FOREIGN KEY (clinic_id, patient_id) REFERENCES patients (clinic_id, id),
    FOREIGN KEY (clinic_id, consent_id) REFERENCES consents (clinic_id, id),
    FOREIGN KEY (clinic_id, recorded_by) REFERENCES staff (clinic_id, id),
    FOREIGN KEY (clinic_id, resolved_by) REFERENCES staff (clinic_id, id),
    CHECK ((outcome IS NULL) = (statement IS NULL) AND (outcome IS NULL) = (resolved_by IS NULL)),
    CHECK ((outcome IS NULL) = (resolved_at IS NULL)),
    CHECK ((kind = 'wish') = (wished_scope IS NOT NULL))
);
CREATE INDEX withdrawal_reports_patient ON withdrawal_reports (clinic_id, patient_id, recorded_at, id);

CREATE TRIGGER consent_documents_append_only BEFORE UPDATE OR DELETE ON consent_documents
    FOR EACH ROW EXECUTE FUNCTION chairside_append_only();
CREATE TRIGGER consent_documents_no_truncate BEFORE TRUNCATE ON consent_documents
    FOR EACH STATEMENT EXECUTE FUNCTION chairside_append_only();
ALTER TABLE consent_documents ENABLE ALWAYS TRIGGER consent_documents_append_only;
ALTER TABLE consent_documents ENABLE ALWAYS TRIGGER consent_documents_no_truncate;
CREATE TRIGGER consent_signatures_append_only BEFORE UPDATE OR DELETE ON consent_signatures
    FOR EACH ROW EXECUTE FUNCTION chairside_append_only();
CREATE TRIGGER consent_signatures_no_truncate BEFORE TRUNCATE ON consent_signatures
    FOR EACH STATEMENT EXECUTE FUNCTION chairside_append_only();
ALTER TABLE consent_signatures ENABLE ALWAYS TRIGGER consent_signatures_append_only;
ALTER TABLE consent_signatures ENABLE ALWAYS TRIGGER consent_signatures_no_truncate;
CREATE TRIGGER consent_withdrawals_append_only BEFORE UPDATE OR DELETE ON consent_withdrawals
    FOR EACH ROW EXECUTE FUNCTION chairside_append_only();
CREATE TRIGGER consent_withdrawals_no_truncate BEFORE TRUNCATE ON consent_withdrawals
    FOR EACH STATEMENT EXECUTE FUNCTION chairside_append_only();
ALTER TABLE consent_withdrawals ENABLE ALWAYS TRIGGER consent_withdrawals_append_only;
ALTER TABLE consent_withdrawals ENABLE ALWAYS TRIGGER consent_withdrawals_no_truncate;

-- Frozen: a published form, and what a consent says.
CREATE TRIGGER consent_templates_frozen BEFORE UPDATE OR DELETE ON consent_templates
    FOR EACH ROW WHEN (OLD.state = 'published') EXECUTE FUNCTION chairside_append_only();
ALTER TABLE consent_templates ENABLE ALWAYS TRIGGER consent_templates_frozen;
CREATE TRIGGER consents_frozen BEFORE UPDATE ON consents
    FOR EACH ROW WHEN (
        OLD.patient_id IS DISTINCT FROM NEW.patient_id
        OR OLD.consent_type IS DISTINCT FROM NEW.consent_type
        OR OLD.template_id IS DISTINCT FROM NEW.template_id
        OR OLD.routes IS DISTINCT FROM NEW.routes
        OR OLD.max_dose_ug_per_kg IS DISTINCT FROM NEW.max_dose_ug_per_kg
        OR OLD.indications IS DISTINCT FROM NEW.indications
        OR OLD.plan_id IS DISTINCT FROM NEW.plan_id
        OR OLD.spoken_language IS DISTINCT FROM NEW.spoken_language
        OR OLD.interpreter_needed IS DISTINCT FROM NEW.interpreter_needed
        OR OLD.document_sha256 IS DISTINCT FROM NEW.document_sha256
        OR OLD.drafted_by IS DISTINCT FROM NEW.drafted_by
        OR OLD.drafted_at IS DISTINCT FROM NEW.drafted_at
    ) EXECUTE FUNCTION chairside_append_only();
ALTER TABLE consents ENABLE ALWAYS TRIGGER consents_frozen;
CREATE TRIGGER consents_kept BEFORE DELETE ON consents FOR EACH ROW EXECUTE FUNCTION chairside_append_only();
ALTER TABLE consents ENABLE ALWAYS TRIGGER consents_kept;
