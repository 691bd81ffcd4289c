-- The session: one visit to the chair. Who and when is the booking, what happened is the transitions.
-- head
CREATE TABLE sessions (
    clinic_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL CHECK (version > 0),
    infusion_version INTEGER NOT NULL CHECK (infusion_version >= 0),
    patient_id BLOB NOT NULL,
    state TEXT NOT NULL CHECK (state IN (
        'scheduled', 'checked_in', 'in_progress', 'paused', 'recovery', 'completed', 'cancelled',
        'no_show', 'aborted'
    )),
    treatment_plan_id BLOB,
    sequence_in_plan INTEGER CHECK (sequence_in_plan > 0),
    protocol_id BLOB NOT NULL,
    policy_id BLOB,
    route TEXT NOT NULL CHECK (route IN ('iv', 'nebulized')),
    room_id BLOB NOT NULL,
    scheduled_start_at INTEGER NOT NULL,
    scheduled_end_at INTEGER NOT NULL,
    local_start TEXT NOT NULL,
    zone TEXT NOT NULL,
    nurse_id BLOB NOT NULL,
    prescriber_id BLOB NOT NULL,
    owner_id BLOB NOT NULL,
    checked_in_at INTEGER,
    precheck_signed_at INTEGER,
    released_at INTEGER,
    prepared_at INTEGER,
    started_at INTEGER,
    stopped_at INTEGER,
    emergency_at INTEGER,
    emergency_ended_at INTEGER,
    completed_at INTEGER,
    locked_at INTEGER,
    pump_state TEXT NOT NULL CHECK (pump_state IN ('idle', 'running', 'paused', 'stopped', 'stop_required')),
    pump_stop_required_at INTEGER,
    pump_stopped_at INTEGER,
    end_reason TEXT CHECK (end_reason IN (
        'completed', 'adverse_event', 'patient_request', 'consent_withdrawn', 'equipment', 'other'
    )),
    disposition TEXT CHECK (disposition IN (
        'home_with_escort', 'home_exception', 'against_advice', 'eloped', 'transferred_ems'
    )),
    abort_reason TEXT CHECK (abort_reason IN (
        'not_given', 'unfit_today', 'patient_request', 'consent_withdrawn', 'equipment',
        'emergency_transfer', 'left_against_advice'
    )),
    cancel_reason TEXT CHECK (cancel_reason IN (
        'patient_request', 'illness', 'no_escort', 'clinical_decision', 'clinic_unavailable',
        'booked_in_error', 'other'
    )),
    note TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (clinic_id, id),
    FOREIGN KEY (clinic_id, patient_id) REFERENCES patients (clinic_id, id),
    FOREIGN KEY (clinic_id, treatment_plan_id) REFERENCES treatment_plans (clinic_id, id),
    FOREIGN KEY (clinic_id, protocol_id) REFERENCES protocols (clinic_id, id),
    FOREIGN KEY (clinic_id, policy_id) REFERENCES policies (clinic_id, id),
    FOREIGN KEY (clinic_id, room_id) REFERENCES rooms (clinic_id, id),
    FOREIGN KEY (clinic_id, nurse_id) REFERENCES staff (clinic_id, id),
    FOREIGN KEY (clinic_id, prescriber_id) REFERENCES staff (clinic_id, id),
    FOREIGN KEY (clinic_id, owner_id) REFERENCES staff (clinic_id, id),
    CHECK (scheduled_start_at < scheduled_end_at),
    CHECK ((treatment_plan_id IS NULL) = (sequence_in_plan IS NULL)),
    -- What ran is pinned to the policy it ran under.
    CHECK ((started_at IS NULL) = (policy_id IS NULL)),
    CHECK ((pump_state = 'stop_required') = (pump_stop_required_at IS NOT NULL))
) STRICT;

CREATE INDEX sessions_start ON sessions (clinic_id, scheduled_start_at, id);
CREATE INDEX sessions_patient ON sessions (clinic_id, patient_id, scheduled_start_at, id);
CREATE INDEX sessions_plan ON sessions (clinic_id, treatment_plan_id, id);
-- The board and the watchers look at the few that are open, not at the years behind them.
CREATE INDEX sessions_open ON sessions (clinic_id, state, scheduled_start_at, id);

-- What a session holds: its chair, its patient, a lane of its nurse and one of its prescriber. Two bookings of one
-- lane never overlap: the database says so, whoever writes first.
-- head
CREATE TABLE bookings (
    clinic_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL CHECK (version > 0),
    session_id BLOB NOT NULL,
    resource_kind TEXT NOT NULL CHECK (resource_kind IN ('chair', 'patient', 'nurse', 'prescriber')),
    resource_id BLOB NOT NULL,
    lane INTEGER NOT NULL CHECK (lane > 0),
    starts_at INTEGER NOT NULL,
    ends_at INTEGER NOT NULL,
    -- Given back: the row stays, the slot is free.
    released_at INTEGER,
    PRIMARY KEY (clinic_id, id),
    FOREIGN KEY (clinic_id, session_id) REFERENCES sessions (clinic_id, id),
    CHECK (starts_at < ends_at)
) STRICT;

CREATE INDEX bookings_session ON bookings (clinic_id, session_id, id);
CREATE INDEX bookings_lane ON bookings (clinic_id, resource_kind, resource_id, lane, starts_at) WHERE released_at IS NULL;

CREATE TRIGGER bookings_no_overlap BEFORE INSERT ON bookings
WHEN NEW.released_at IS NULL AND EXISTS (
    SELECT 1 FROM bookings AS held
    WHERE held.clinic_id = NEW.clinic_id AND held.resource_kind = NEW.resource_kind AND held.resource_id = NEW.resource_id
      AND held.lane = NEW.lane AND held.released_at IS NULL
      AND held.starts_at < NEW.ends_at AND NEW.starts_at < held.ends_at
) BEGIN SELECT RAISE(ABORT, 'slot-overlap'); END;
-- The one change a booking knows is being given back; a moved visit books anew.
CREATE TRIGGER bookings_only_released BEFORE UPDATE ON bookings
WHEN OLD.released_at IS NOT NULL OR NEW.released_at IS NULL
  OR (OLD.session_id, OLD.resource_kind, OLD.resource_id, OLD.lane, OLD.starts_at, OLD.ends_at)
  IS NOT (NEW.session_id, NEW.resource_kind, NEW.resource_id, NEW.lane, NEW.starts_at, NEW.ends_at)
BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER bookings_no_delete BEFORE DELETE ON bookings BEGIN SELECT RAISE(ABORT, 'append-only'); END;

-- The history of a session: one line for each of its versions.
-- fact
CREATE TABLE session_transitions (
    clinic_id BLOB NOT NULL,
    id BLOB NOT NULL,
    session_id BLOB NOT NULL,
    session_version INTEGER NOT NULL CHECK (session_version > 0),
    event TEXT NOT NULL CHECK (event IN (
        'schedule', 'reschedule', 'replan', 'check_in', 'undo_check_in', 'cancel', 'no_show',
        'reinstate', 'precheck', 'release', 'prepare', 'start', 'retract_start', 'pause', 'resume',
        'stop', 'explain_stop', 'confirm_pump', 'emergency', 'end_emergency', 'abort', 'complete',
        'close', 'handover'
    )),
    from_state TEXT CHECK (from_state IN (
        'scheduled', 'checked_in', 'in_progress', 'paused', 'recovery', 'completed', 'cancelled',
        'no_show', 'aborted'
    )),
    to_state TEXT NOT NULL CHECK (to_state IN (
        'scheduled', 'checked_in', 'in_progress', 'paused', 'recovery', 'completed', 'cancelled',
        'no_show', 'aborted'
    )),
    reason TEXT,
    -- What the rules missed when it was stated all the same.
    unmet TEXT NOT NULL,
    actor_id BLOB NOT NULL,
    occurred_at INTEGER NOT NULL,
    recorded_at INTEGER NOT NULL,
    basis TEXT NOT NULL CHECK (basis IN ('about_to', 'done')),
    source TEXT CHECK (source IN ('live_late', 'offline', 'paper', 'correction')),
    observed_by BLOB,
    late_reason TEXT,
    PRIMARY KEY (clinic_id, id),
    UNIQUE (clinic_id, session_id, session_version),
    FOREIGN KEY (clinic_id, session_id) REFERENCES sessions (clinic_id, id),
    FOREIGN KEY (clinic_id, actor_id) REFERENCES staff (clinic_id, id),
    FOREIGN KEY (clinic_id, observed_by) REFERENCES staff (clinic_id, id)
) STRICT;

-- Who takes the patient home; a later row about the same person names the one it replaces.
-- fact
CREATE TABLE session_escorts (
    clinic_id BLOB NOT NULL,
    id BLOB NOT NULL,
    session_id BLOB NOT NULL,
    amends_id BLOB,
    name TEXT NOT NULL,
    relationship TEXT,
    phone TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('person', 'medical_transport')),
    status TEXT NOT NULL CHECK (status IN ('expected', 'seen', 'called_off')),
    seen_at INTEGER,
    seen_by BLOB,
    actor_id BLOB NOT NULL,
    occurred_at INTEGER NOT NULL,
    recorded_at INTEGER NOT NULL,
    basis TEXT NOT NULL CHECK (basis IN ('about_to', 'done')),
    source TEXT CHECK (source IN ('live_late', 'offline', 'paper', 'correction')),
    observed_by BLOB,
    late_reason TEXT,
    PRIMARY KEY (clinic_id, id),
    UNIQUE (clinic_id, amends_id),
    FOREIGN KEY (clinic_id, session_id) REFERENCES sessions (clinic_id, id),
    FOREIGN KEY (clinic_id, amends_id) REFERENCES session_escorts (clinic_id, id),
    FOREIGN KEY (clinic_id, seen_by) REFERENCES staff (clinic_id, id),
    FOREIGN KEY (clinic_id, actor_id) REFERENCES staff (clinic_id, id),
    FOREIGN KEY (clinic_id, observed_by) REFERENCES staff (clinic_id, id),
    CHECK ((status = 'seen') = (seen_at IS NOT NULL) AND (seen_at IS NULL) = (seen_by IS NULL))
) STRICT;

CREATE INDEX session_escorts_session ON session_escorts (clinic_id, session_id, id);

-- Who was in charge of the patient and who took over.
-- fact
CREATE TABLE session_handovers (
    clinic_id BLOB NOT NULL,
    id BLOB NOT NULL,
    session_id BLOB NOT NULL,
    from_staff_id BLOB NOT NULL,
    to_staff_id BLOB NOT NULL,
    giver TEXT NOT NULL CHECK (giver IN ('signed', 'unavailable')),
    summary TEXT,
    actor_id BLOB NOT NULL,
    occurred_at INTEGER NOT NULL,
    recorded_at INTEGER NOT NULL,
    basis TEXT NOT NULL CHECK (basis IN ('about_to', 'done')),
    source TEXT CHECK (source IN ('live_late', 'offline', 'paper', 'correction')),
    observed_by BLOB,
    late_reason TEXT,
    PRIMARY KEY (clinic_id, id),
    FOREIGN KEY (clinic_id, session_id) REFERENCES sessions (clinic_id, id),
    FOREIGN KEY (clinic_id, from_staff_id) REFERENCES staff (clinic_id, id),
    FOREIGN KEY (clinic_id, to_staff_id) REFERENCES staff (clinic_id, id),
    FOREIGN KEY (clinic_id, actor_id) REFERENCES staff (clinic_id, id),
    FOREIGN KEY (clinic_id, observed_by) REFERENCES staff (clinic_id, id)
) STRICT;

CREATE INDEX session_handovers_session ON session_handovers (clinic_id, session_id, id);

CREATE TRIGGER session_transitions_no_update BEFORE UPDATE ON session_transitions BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER session_transitions_no_delete BEFORE DELETE ON session_transitions BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER session_escorts_no_update BEFORE UPDATE ON session_escorts BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER session_escorts_no_delete BEFORE DELETE ON session_escorts BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER session_handovers_no_update BEFORE UPDATE ON session_handovers BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER session_handovers_no_delete BEFORE DELETE ON session_handovers BEGIN SELECT RAISE(ABORT, 'append-only'); END;
