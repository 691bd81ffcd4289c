-- A conversation: consult, consent, follow-up call. It holds the time of one member of staff, who talks to one patient
-- at a time, and the patient's. Who is under drug is counted by bookings, so a conversation takes no lane there.
-- head
CREATE TABLE appointments (
    clinic_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL CHECK (version > 0),
    patient_id BLOB NOT NULL,
    staff_id BLOB NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('consult', 'consent', 'follow_up_call')),
    mode TEXT NOT NULL CHECK (mode IN ('in_person', 'video', 'phone')),
    -- Only what is booked holds time.
    state TEXT NOT NULL CHECK (state IN ('booked', 'attended', 'no_show', 'cancelled')),
    starts_at INTEGER NOT NULL,
    ends_at INTEGER NOT NULL,
    local_start TEXT NOT NULL,
    zone TEXT NOT NULL,
    note TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (clinic_id, id),
    FOREIGN KEY (clinic_id, patient_id) REFERENCES patients (clinic_id, id),
    FOREIGN KEY (clinic_id, staff_id) REFERENCES staff (clinic_id, id),
    CHECK (starts_at < ends_at)
) STRICT;

CREATE INDEX appointments_start ON appointments (clinic_id, starts_at, id);
CREATE INDEX appointments_patient ON appointments (clinic_id, patient_id, starts_at, id);
CREATE INDEX appointments_staff ON appointments (clinic_id, staff_id, starts_at, id);

-- A patient is in one place at a time, in the chair or in a conversation; a member of staff in one conversation.
CREATE TRIGGER appointments_no_overlap_on_insert BEFORE INSERT ON appointments
WHEN NEW.state = 'booked' AND (EXISTS (
    SELECT 1 FROM appointments AS held
    WHERE held.clinic_id = NEW.clinic_id AND (held.staff_id = NEW.staff_id OR held.patient_id = NEW.patient_id)
      AND held.state = 'booked' AND held.starts_at < NEW.ends_at AND NEW.starts_at < held.ends_at
) OR EXISTS (
    SELECT 1 FROM bookings AS held
    WHERE held.clinic_id = NEW.clinic_id AND held.resource_kind = 'patient' AND held.resource_id = NEW.patient_id
      AND held.released_at IS NULL AND held.starts_at < NEW.ends_at AND NEW.starts_at < held.ends_at
)) BEGIN SELECT RAISE(ABORT, 'slot-overlap'); END;
CREATE TRIGGER appointments_no_overlap_on_update BEFORE UPDATE ON appointments
WHEN NEW.state = 'booked' AND (EXISTS (
    SELECT 1 FROM appointments AS held
    WHERE held.clinic_id = NEW.clinic_id AND (held.staff_id = NEW.staff_id OR held.patient_id = NEW.patient_id)
      AND held.id <> NEW.id
      AND held.state = 'booked' AND held.starts_at < NEW.ends_at AND NEW.starts_at < held.ends_at
) OR EXISTS (
    SELECT 1 FROM bookings AS held
    WHERE held.clinic_id = NEW.clinic_id AND held.resource_kind = 'patient' AND held.resource_id = NEW.patient_id
      AND held.released_at IS NULL AND held.starts_at < NEW.ends_at AND NEW.starts_at < held.ends_at
)) BEGIN SELECT RAISE(ABORT, 'slot-overlap'); END;
CREATE TRIGGER bookings_not_in_a_conversation BEFORE INSERT ON bookings
WHEN NEW.resource_kind = 'patient' AND NEW.released_at IS NULL AND EXISTS (
    SELECT 1 FROM appointments AS held
    WHERE held.clinic_id = NEW.clinic_id AND held.patient_id = NEW.resource_id AND held.state = 'booked'
      AND held.starts_at < NEW.ends_at AND NEW.starts_at < held.ends_at
) BEGIN SELECT RAISE(ABORT, 'slot-overlap'); END;
CREATE TRIGGER appointments_no_delete BEFORE DELETE ON appointments BEGIN SELECT RAISE(ABORT, 'append-only'); END;
