-- A conversation: consult, consent, follow-up call. It holds the time of one member of staff, who talks to one patient
-- at a time, and the patient's. Who is under drug is counted by bookings, so a conversation takes no lane there.
-- head
CREATE TABLE appointments (
    clinic_id UUID NOT NULL,
    id UUID NOT NULL,
    version BIGINT NOT NULL CHECK (version > 0),
    patient_id UUID NOT NULL,
    staff_id UUID NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('consult', 'consent', 'follow_up_call')),
    mode TEXT NOT NULL CHECK (mode IN ('in_person', 'video', 'phone')),
    -- Only what is booked holds time.
    state TEXT NOT NULL CHECK (state IN ('booked', 'attended', 'no_show', 'cancelled')),
    starts_at TIMESTAMPTZ NOT NULL,
    ends_at TIMESTAMPTZ NOT NULL,
    local_start TEXT NOT NULL,
    zone TEXT NOT NULL,
    note TEXT,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (clinic_id, id),
    FOREIGN KEY (clinic_id, patient_id) REFERENCES patients (clinic_id, id),
    FOREIGN KEY (clinic_id, staff_id) REFERENCES staff (clinic_id, id),
    CHECK (starts_at < ends_at),
    CONSTRAINT appointments_staff_no_overlap EXCLUDE USING gist (
        clinic_id WITH =, staff_id WITH =, tstzrange(starts_at, ends_at) WITH &&
    ) WHERE (state = 'booked'),
    CONSTRAINT appointments_patient_no_overlap EXCLUDE USING gist (
        clinic_id WITH =, patient_id WITH =, tstzrange(starts_at, ends_at) WITH &&
    ) WHERE (state = 'booked')
);

CREATE INDEX appointments_start ON appointments (clinic_id, starts_at, id);
CREATE INDEX appointments_patient ON appointments (clinic_id, patient_id, starts_at, id);
CREATE INDEX appointments_staff ON appointments (clinic_id, staff_id, starts_at, id);

-- A patient is in one place at a time, in the chair or in a conversation. Whoever books locks the patient first, so
-- looking at the other table is enough.
CREATE FUNCTION chairside_not_in_the_chair() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT 1 FROM bookings AS held
        WHERE held.clinic_id = NEW.clinic_id AND held.resource_kind = 'patient' AND held.resource_id = NEW.patient_id
          AND held.released_at IS NULL AND held.starts_at < NEW.ends_at AND NEW.starts_at < held.ends_at
    ) THEN
        RAISE EXCEPTION 'slot-overlap';
    END IF;
    RETURN NEW;
END
$$;
CREATE FUNCTION chairside_not_in_a_conversation() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT 1 FROM appointments AS held
        WHERE held.clinic_id = NEW.clinic_id AND held.patient_id = NEW.resource_id AND held.state = 'booked'
          AND held.starts_at < NEW.ends_at AND NEW.starts_at < held.ends_at
    ) THEN
        RAISE EXCEPTION 'slot-overlap';
    END IF;
    RETURN NEW;
END
$$;

CREATE TRIGGER appointments_not_in_the_chair BEFORE INSERT OR UPDATE ON appointments FOR EACH ROW
WHEN (NEW.state = 'booked') EXECUTE FUNCTION chairside_not_in_the_chair();
CREATE TRIGGER bookings_not_in_a_conversation BEFORE INSERT ON bookings FOR EACH ROW
WHEN (NEW.resource_kind = 'patient' AND NEW.released_at IS NULL) EXECUTE FUNCTION chairside_not_in_a_conversation();
CREATE TRIGGER appointments_no_delete BEFORE DELETE ON appointments FOR EACH ROW EXECUTE FUNCTION chairside_append_only();
