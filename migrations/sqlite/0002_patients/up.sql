-- The clinic's counters: MRN-000123 comes from here, gap or not, never twice.
-- head: n is its own version
CREATE TABLE clinic_counters (
    clinic_id BLOB NOT NULL REFERENCES clinics (id),
    name TEXT NOT NULL CHECK (name IN ('mrn')),
    n INTEGER NOT NULL CHECK (n > 0),
    PRIMARY KEY (clinic_id, name)
) STRICT;

-- Who a patient is and how to reach them. The *_key columns are the folded copies that searches compare
-- (src/domain/patient/search.rs); text is otherwise kept as it was written.
-- head
CREATE TABLE patients (
    clinic_id BLOB NOT NULL REFERENCES clinics (id),
    id BLOB NOT NULL,
    version INTEGER NOT NULL CHECK (version > 0),
    mrn TEXT NOT NULL,
    mrn_key TEXT NOT NULL,
    family_name TEXT NOT NULL,
    given_name TEXT,
    family_first_key TEXT NOT NULL,
    given_first_key TEXT NOT NULL,
    birth_date TEXT NOT NULL,
    sex TEXT NOT NULL CHECK (sex IN ('female', 'male', 'other', 'unknown')),
    phone TEXT NOT NULL,
    phone_key TEXT NOT NULL,
    email TEXT,
    address_line1 TEXT,
    address_line2 TEXT,
    address_city TEXT,
    address_region TEXT,
    address_postal_code TEXT,
    address_country TEXT,
    contact_name TEXT,
    contact_relationship TEXT,
    contact_phone TEXT,
    language TEXT NOT NULL,
    interpreter_needed INTEGER NOT NULL CHECK (interpreter_needed IN (0, 1)),
    registered_at INTEGER NOT NULL,
    retired_at INTEGER,
    PRIMARY KEY (clinic_id, id),
    CHECK ((address_line1 IS NULL) = (address_city IS NULL) AND (address_line1 IS NULL) = (address_country IS NULL)),
    CHECK ((contact_name IS NULL) = (contact_relationship IS NULL) AND (contact_name IS NULL) = (contact_phone IS NULL))
) STRICT;

CREATE UNIQUE INDEX patients_mrn ON patients (clinic_id, mrn_key);
CREATE INDEX patients_family ON patients (clinic_id, family_first_key, id);
CREATE INDEX patients_given ON patients (clinic_id, given_first_key, id);
CREATE INDEX patients_birth_date ON patients (clinic_id, birth_date, id);
CREATE INDEX patients_phone ON patients (clinic_id, phone_key, id);

-- Numbers under which others know the patient. A number that is taken off the list is retired, not deleted.
-- head
CREATE TABLE patient_identifiers (
    clinic_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL CHECK (version > 0),
    patient_id BLOB NOT NULL,
    system TEXT NOT NULL,
    value TEXT NOT NULL,
    added_at INTEGER NOT NULL,
    retired_at INTEGER,
    PRIMARY KEY (clinic_id, id),
    FOREIGN KEY (clinic_id, patient_id) REFERENCES patients (clinic_id, id)
) STRICT;

CREATE UNIQUE INDEX patient_identifiers_current
    ON patient_identifiers (clinic_id, patient_id, system, value) WHERE retired_at IS NULL;
