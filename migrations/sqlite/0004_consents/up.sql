-- Versions of consent forms. A published one is frozen: the trigger below refuses any change of it.
-- head
CREATE TABLE consent_templates (
    clinic_id BLOB NOT NULL REFERENCES clinics (id),
    id BLOB NOT NULL,
    version INTEGER NOT NULL CHECK (version > 0),
    form_version INTEGER NOT NULL CHECK (form_version > 0),
    consent_type TEXT NOT NULL CHECK (consent_type IN ('ketamine_off_label')),
    code TEXT NOT NULL,
    title TEXT NOT NULL,
    language TEXT NOT NULL,
    text TEXT NOT NULL,
    text_sha256 BLOB NOT NULL CHECK (length(text_sha256) = 32),
    clauses TEXT NOT NULL,
    validity_days INTEGER NOT NULL CHECK (validity_days BETWEEN 1 AND 366),
    effective_from INTEGER,
    effective_until INTEGER,
    renews INTEGER NOT NULL CHECK (renews IN (0, 1)),
    state TEXT NOT NULL CHECK (state IN ('draft', 'published')),
    drafted_by BLOB NOT NULL,
    drafted_at INTEGER NOT NULL,
    published_by BLOB,
    published_at INTEGER,
    PRIMARY KEY (clinic_id, id),
    UNIQUE (clinic_id, code, form_version),
    FOREIGN KEY (clinic_id, drafted_by) REFERENCES staff (clinic_id, id),
    FOREIGN KEY (clinic_id, published_by) REFERENCES staff (clinic_id, id),
    CHECK ((state = 'published') = (published_at IS NOT NULL) AND (published_by IS NULL) = (published_at IS NULL))
) STRICT;
CREATE INDEX consent_templates_list ON consent_templates (clinic_id, drafted_at, id);

-- One patient's consent. What it says is frozen from the first row; only its life goes on.
-- head
CREATE TABLE consents (
    clinic_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL CHECK (version > 0),
    patient_id BLOB NOT NULL,
    consent_type TEXT NOT NULL CHECK (consent_type IN ('ketamine_off_label')),
    state TEXT NOT NULL CHECK (state IN ('draft', 'active', 'withdrawn', 'expired', 'superseded', 'voided')),
    template_id BLOB NOT NULL,
    routes TEXT NOT NULL,
    max_dose_ug_per_kg INTEGER NOT NULL CHECK (max_dose_ug_per_kg > 0),
    indications TEXT NOT NULL,
    plan_id BLOB,
    spoken_language TEXT NOT NULL,
    interpreter_needed INTEGER NOT NULL CHECK (interpreter_needed IN (0, 1)),
    document_sha256 BLOB NOT NULL CHECK (length(document_sha256) = 32),
    drafted_by BLOB NOT NULL,
    drafted_at INTEGER NOT NULL,
    activated_by BLOB,
    valid_from INTEGER,
    valid_until INTEGER,
    ended_at INTEGER,
    ending_recorded_at INTEGER,
    superseded_by BLOB,
    void_reason TEXT,
    PRIMARY KEY (clinic_id, id),
    FOREIGN KEY (clinic_id, patient_id) REFERENCES patients (clinic_id, id),
    FOREIGN KEY (clinic_id, template_id) REFERENCES consent_templates (clinic_id, id),
    FOREIGN KEY (clinic_id, drafted_by) REFERENCES staff (clinic_id, id),
    FOREIGN KEY (clinic_id, activated_by) REFERENCES staff (clinic_id, id),
    FOREIGN KEY (clinic_id, superseded_by) REFERENCES consents (clinic_id, id),
    FOREIGN KEY (clinic_id, plan_id) REFERENCES treatment_plans (clinic_id, id),
    CHECK ((valid_from IS NULL) = (valid_until IS NULL) AND (valid_from IS NULL) = (activated_by IS NULL)),
    CHECK ((state IN ('draft', 'voided')) = (valid_from IS NULL)),
    CHECK ((state IN ('draft', 'active')) = (ended_at IS NULL)),
    CHECK ((state = 'withdrawn') = (ending_recorded_at IS NOT NULL)),
    CHECK ((state = 'superseded') = (superseded_by IS NOT NULL)),
    CHECK ((state = 'voided') = (void_reason IS NOT NULL))
) STRICT;
-- A patient has at most one active consent of a type, whatever two tablets do at once.
CREATE UNIQUE INDEX consents_one_active ON consents (clinic_id, patient_id, consent_type) WHERE state = 'active';
CREATE INDEX consents_patient ON consents (clinic_id, patient_id, drafted_at, id);
CREATE INDEX consents_expiring ON consents (clinic_id, valid_until, id) WHERE state = 'active';

-- The document of a consent, byte for byte as it was shown.
-- fact
CREATE TABLE consent_documents (
    clinic_id BLOB NOT NULL,
    consent_id BLOB NOT NULL,
    media_type TEXT NOT NULL,
    bytes BLOB NOT NULL,
    PRIMARY KEY (clinic_id, consent_id),
    FOREIGN KEY (clinic_id, consent_id) REFERENCES consents (clinic_id, id)
) STRICT;

-- Signatures, each role once, each bound to the hash of the document that was on the screen.
-- fact
CREATE TABLE consent_signatures (
    clinic_id BLOB NOT NULL,
    id BLOB NOT NULL,
    consent_id BLOB NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('patient', 'surrogate', 'prescriber', 'witness', 'interpreter')),
    method TEXT NOT NULL CHECK (method IN ('drawn', 'typed', 'reauth')),
    name TEXT NOT NULL,
    staff_id BLOB,
    account_id BLOB REFERENCES accounts (id),
    authority TEXT,
    capacity TEXT CHECK (capacity IN ('confirmed', 'lacking')),
    document_sha256 BLOB NOT NULL CHECK (length(document_sha256) = 32),
    image BLOB,
    signed_at INTEGER NOT NULL,
    PRIMARY KEY (clinic_id, id),
    UNIQUE (clinic_id, consent_id, role),
    FOREIGN KEY (clinic_id, consent_id) REFERENCES consents (clinic_id, id),
    FOREIGN KEY (clinic_id, staff_id) REFERENCES staff (clinic_id, id),
    CHECK ((staff_id IS NULL) = (account_id IS NULL) AND (method = 'reauth') = (staff_id IS NOT NULL)),
    CHECK ((role = 'prescriber') = (capacity IS NOT NULL)),
    CHECK ((method = 'drawn') = (image IS NOT NULL))
) STRICT;
-- One human does not both explain and witness; patients and outside witnesses have no account.
CREATE UNIQUE INDEX consent_signatures_two_people ON consent_signatures (clinic_id, consent_id, account_id)
    WHERE role IN ('prescriber', 'witness') AND account_id IS NOT NULL;

-- What a patient withdrew from, and when it was said.
-- fact
CREATE TABLE consent_withdrawals (
    clinic_id BLOB NOT NULL,
    id BLOB NOT NULL,
    patient_id BLOB NOT NULL,
    consent_id BLOB NOT NULL,
    session_id BLOB,
    scope TEXT NOT NULL CHECK (scope IN ('this_session', 'series', 'all')),
    said_by TEXT NOT NULL CHECK (said_by IN ('patient', 'surrogate')),
    said_at INTEGER NOT NULL,
    pump_stopped_at INTEGER,
    words TEXT,
    recorded_by BLOB NOT NULL,
    recorded_at INTEGER NOT NULL,
    PRIMARY KEY (clinic_id, id),
    FOREIGN KEY (clinic_id, patient_id) REFERENCES patients (clinic_id, id),
    FOREIGN KEY (clinic_id, consent_id) REFERENCES consents (clinic_id, id),
    FOREIGN KEY (clinic_id, recorded_by) REFERENCES staff (clinic_id, id),
    FOREIGN KEY (clinic_id, session_id) REFERENCES sessions (clinic_id, id),
    CHECK (scope <> 'this_session' OR session_id IS NOT NULL)
) STRICT;
CREATE INDEX consent_withdrawals_patient ON consent_withdrawals (clinic_id, patient_id, recorded_at, id);

-- Reports and wishes: somebody says the patient may want to withdraw. An unresolved one blocks every start.
-- head
CREATE TABLE withdrawal_reports (
    clinic_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL CHECK (version > 0),
    patient_id BLOB NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('report', 'wish')),
    consent_id BLOB,
    session_id BLOB,
    wished_scope TEXT CHECK (wished_scope IN ('this_session', 'series', 'all')),
    text TEXT NOT NULL,
    said_at INTEGER NOT NULL,
    recorded_by BLOB NOT NULL,
    recorded_at INTEGER NOT NULL,
    outcome TEXT CHECK (outcome IN ('continues', 'withdraws')),
    statement TEXT,
    resolved_by BLOB,
    resolved_at INTEGER,
    PRIMARY KEY (clinic_id, id),
    FOREIGN KEY (clinic_id, patient_id) REFERENCES patients (clinic_id, id),
    FOREIGN KEY (clinic_id, consent_id) REFERENCES consents (clinic_id, id),
    FOREIGN KEY (clinic_id, recorded_by) REFERENCES staff (clinic_id, id),
    FOREIGN KEY (clinic_id, resolved_by) REFERENCES staff (clinic_id, id),
    FOREIGN KEY (clinic_id, session_id) REFERENCES sessions (clinic_id, id),
    CHECK ((outcome IS NULL) = (statement IS NULL) AND (outcome IS NULL) = (resolved_by IS NULL)),
    CHECK ((outcome IS NULL) = (resolved_at IS NULL)),
    CHECK ((kind = 'wish') = (wished_scope IS NOT NULL))
) STRICT;
CREATE INDEX withdrawal_reports_patient ON withdrawal_reports (clinic_id, patient_id, recorded_at, id);

CREATE TRIGGER consent_documents_no_update BEFORE UPDATE ON consent_documents BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER consent_documents_no_delete BEFORE DELETE ON consent_documents BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER consent_signatures_no_update BEFORE UPDATE ON consent_signatures BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER consent_signatures_no_delete BEFORE DELETE ON consent_signatures BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER consent_withdrawals_no_update BEFORE UPDATE ON consent_withdrawals BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER consent_withdrawals_no_delete BEFORE DELETE ON consent_withdrawals BEGIN SELECT RAISE(ABORT, 'append-only'); END;

-- Frozen: a published form, and what a consent says.
CREATE TRIGGER consent_templates_no_update BEFORE UPDATE ON consent_templates WHEN OLD.state = 'published'
    BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER consent_templates_no_delete BEFORE DELETE ON consent_templates WHEN OLD.state = 'published'
    BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER consents_frozen BEFORE UPDATE ON consents
    WHEN OLD.patient_id IS NOT NEW.patient_id
        OR OLD.consent_type IS NOT NEW.consent_type
        OR OLD.template_id IS NOT NEW.template_id
        OR OLD.routes IS NOT NEW.routes
        OR OLD.max_dose_ug_per_kg IS NOT NEW.max_dose_ug_per_kg
        OR OLD.indications IS NOT NEW.indications
        OR OLD.plan_id IS NOT NEW.plan_id
        OR OLD.spoken_language IS NOT NEW.spoken_language
        OR OLD.interpreter_needed IS NOT NEW.interpreter_needed
        OR OLD.document_sha256 IS NOT NEW.document_sha256
        OR OLD.drafted_by IS NOT NEW.drafted_by
        OR OLD.drafted_at IS NOT NEW.drafted_at
    BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER consents_no_delete BEFORE DELETE ON consents BEGIN SELECT RAISE(ABORT, 'append-only'); END;
