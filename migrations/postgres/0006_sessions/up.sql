-- In public, once: an extension in a test's schema would take the constraints of all others along when it goes.
CREATE EXTENSION IF NOT EXISTS btree_gist SCHEMA public;

-- The session: one visit to the chair. Who and when is the booking, what happened is the transitions.
-- head
CREATE TABLE sessions (
    clinic_id UUID NOT NULL,
    id UUID NOT NULL,
    version BIGINT NOT NULL CHECK (version > 0),
    infusion_version BIGINT NOT NULL CHECK (infusion_version >= 0),
    patient_id UUID NOT NULL,
    state TEXT NOT NULL CHECK (state IN (
        'scheduled', 'checked_in', 'in_progress', 'paused', 'recovery', 'completed', 'cancelled',
        'no_show', 'aborted'
    )),
    treatment_plan_id UUID,
    sequence_in_plan BIGINT CHECK (sequence_in_plan > 0),
    protocol_id UUID NOT NULL,
    policy_id UUID,
    route TEXT NOT NULL CHECK (route IN ('iv', 'nebulized')),
    room_id UUID NOT NULL,
    scheduled_start_at TIMESTAMPTZ NOT NULL,
    scheduled_end_at TIMESTAMPTZ NOT NULL,
    local_start TEXT NOT NULL,
    zone TEXT NOT NULL,
    nurse_id UUID NOT NULL,
    prescriber_id UUID NOT NULL,
    owner_id UUID NOT NULL,
    checked_in_at TIMESTAMPTZ,
    precheck_signed_at TIMESTAMPTZ,
    released_at TIMESTAMPTZ,
    prepared_at TIMESTAMPTZ,
    started_at TIMESTAMPTZ,
    stopped_at TIMESTAMPTZ,
    emergency_at TIMESTAMPTZ,
    emergency_ended_at TIMESTAMPTZ,
    completed_at TIMESTAMPTZ,
    locked_at TIMESTAMPTZ,
    pump_state TEXT NOT NULL CHECK (pump_state IN ('idle', 'running', 'paused', 'stopped', 'stop_required')),
    pump_stop_required_at TIMESTAMPTZ,
    pump_stopped_at TIMESTAMPTZ,
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
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
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
);

CREATE INDEX sessions_start ON sessions (clinic_id, scheduled_start_at, id);
CREATE INDEX sessions_patient ON sessions (clinic_id, patient_id, scheduled_start_at, id);
CREATE INDEX sessions_plan ON sessions (clinic_id, treatment_plan_id, id);
-- The board and the watchers look at the few that are open, not at the years behind them.
CREATE INDEX sessions_open ON sessions (clinic_id, state, scheduled_start_at, id);

-- What a session holds: its chair, its patient, a lane of its nurse and one of its prescriber. Two bookings of one
-- lane never overlap: the database says so, whoever writes first.
-- head
CREATE TABLE bookings (
    clinic_id UUID NOT NULL,
    id UUID NOT NULL,
    version BIGINT NOT NULL CHECK (version > 0),
    session_id UUID NOT NULL,
    resource_kind TEXT NOT NULL CHECK (resource_kind IN ('chair', 'patient', 'nurse', 'prescriber')),
    resource_id UUID NOT NULL,
    lane BIGINT NOT NULL CHECK (lane > 0),
    starts_at TIMESTAMPTZ NOT NULL,
    ends_at TIMESTAMPTZ NOT NULL,
    -- Given back: the row stays, the slot is free.
    released_at TIMESTAMPTZ,
    PRIMARY KEY (clinic_id, id),
    FOREIGN KEY (clinic_id, session_id) REFERENCES sessions (clinic_id, id),
    CHECK (starts_at < ends_at),
    CONSTRAINT bookings_no_overlap EXCLUDE USING gist (
        clinic_id WITH =, resource_kind WITH =, resource_id WITH =, lane WITH =, tstzrange(starts_at, ends_at) WITH &&
    ) WHERE (released_at IS NULL)
);

CREATE INDEX bookings_session ON bookings (clinic_id, session_id, id);
CREATE INDEX bookings_lane ON bookings (clinic_id, resource_kind, resource_id, lane, starts_at) WHERE released_at IS NULL;

-- The one change a booking knows is being given back; a moved visit books anew.
CREATE TRIGGER bookings_only_released BEFORE UPDATE ON bookings FOR EACH ROW
WHEN (OLD.released_at IS NOT NULL OR NEW.released_at IS NULL
  OR (OLD.session_id, OLD.resource_kind, OLD.resource_id, OLD.lane, OLD.starts_at, OLD.ends_at)
  IS DISTINCT FROM (NEW.session_id, NEW.resource_kind, NEW.resource_id, NEW.lane, NEW.starts_at, NEW.ends_at))
EXECUTE FUNCTION chairside_append_only();
CREATE TRIGGER bookings_no_delete BEFORE DELETE ON bookings FOR EACH ROW EXECUTE FUNCTION chairside_append_only();

-- The history of a session: one line for each of its versions.
-- fact
CREATE TABLE session_transitions (
    clinic_id UUID NOT NULL,
    id UUID NOT NULL,
    session_id UUID NOT NULL,
    session_version BIGINT NOT NULL CHECK (session_version > 0),
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
    unmet JSONB NOT NULL,
    actor_id UUID NOT NULL,
    occurred_at TIMESTAMPTZ NOT NULL,
    recorded_at TIMESTAMPTZ NOT NULL,
    basis TEXT NOT NULL CHECK (basis IN ('about_to', 'done')),
    source TEXT CHECK (source IN ('live_late', 'offline', 'paper', 'correction')),
    observed_by UUID,
    late_reason TEXT,
    PRIMARY KEY (clinic_id, id),
    UNIQUE (clinic_id, session_id, session_version),
    FOREIGN KEY (clinic_id, session_id) REFERENCES sessions (clinic_id, id),
    FOREIGN KEY (clinic_id, actor_id) REFERENCES staff (clinic_id, id),
    FOREIGN KEY (clinic_id, observed_by) REFERENCES staff (clinic_id, id)
);

-- Who takes the patient home; a later row about the same person names the one it replaces.
-- fact
CREATE TABLE session_escorts (
    clinic_id UUID NOT NULL,
    id UUID NOT NULL,
    session_id UUID NOT NULL,
    amends_id UUID,
    name TEXT NOT NULL,
    relationship TEXT,
    phone TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('person', 'medical_transport')),
    status TEXT NOT NULL CHECK (status IN ('expected', 'seen', 'called_off')),
    seen_at TIMESTAMPTZ,
    seen_by UUID,
    actor_id UUID NOT NULL,
    occurred_at TIMESTAMPTZ NOT NULL,
    recorded_at TIMESTAMPTZ NOT NULL,
    basis TEXT NOT NULL CHECK (basis IN ('about_to', 'done')),
    source TEXT CHECK (source IN ('live_late', 'offline', 'paper', 'correction')),
    observed_by UUID,
    late_reason TEXT,
    PRIMARY KEY (clinic_id, id),
    UNIQUE (clinic_id, amends_id),
    FOREIGN KEY (clinic_id, session_id) REFERENCES sessions (clinic_id, id),
    FOREIGN KEY (clinic_id, amends_id) REFERENCES session_escorts (clinic_id, id),
    FOREIGN KEY (clinic_id, seen_by) REFERENCES staff (clinic_id, id),
    FOREIGN KEY (clinic_id, actor_id) REFERENCES staff (clinic_id, id),
    FOREIGN KEY (clinic_id, observed_by) REFERENCES staff (clinic_id, id),
    CHECK ((status = 'seen') = (seen_at IS NOT NULL) AND (seen_at IS NULL) = (seen_by IS NULL))
);

CREATE INDEX session_escorts_session ON session_escorts (clinic_id, session_id, id);

-- Who was in charge of the patient and who took over.
-- fact
CREATE TABLE session_handovers (
    clinic_id UUID NOT NULL,
    id UUID NOT NULL,
    session_id UUID NOT NULL,
    from_staff_id UUID NOT NULL,
    to_staff_id UUID NOT NULL,
    giver TEXT NOT NULL CHECK (giver IN ('signed', 'unavailable')),
    summary TEXT,
    actor_id UUID NOT NULL,
    occurred_at TIMESTAMPTZ NOT NULL,
    recorded_at TIMESTAMPTZ NOT NULL,
    basis TEXT NOT NULL CHECK (basis IN ('about_to', 'done')),
    source TEXT CHECK (source IN ('live_late', 'offline', 'paper', 'correction')),
    observed_by UUID,
    late_reason TEXT,
    PRIMARY KEY (clinic_id, id),
    FOREIGN KEY (clinic_id, session_id) REFERENCES sessions (clinic_id, id),
    FOREIGN KEY (clinic_id, from_staff_id) REFERENCES staff (clinic_id, id),
    FOREIGN KEY (clinic_id, to_staff_id) REFERENCES staff (clinic_id, id),
    FOREIGN KEY (clinic_id, actor_id) REFERENCES staff (clinic_id, id),
    FOREIGN KEY (clinic_id, observed_by) REFERENCES staff (clinic_id, id)
);

CREATE INDEX session_handovers_session ON session_handovers (clinic_id, session_id, id);

CREATE TRIGGER session_transitions_append_only BEFORE UPDATE OR DELETE ON session_transitions FOR EACH ROW EXECUTE FUNCTION chairside_append_only();
CREATE TRIGGER session_transitions_no_truncate BEFORE TRUNCATE ON session_transitions FOR EACH STATEMENT EXECUTE FUNCTION chairside_append_only();
ALTER TABLE session_transitions ENABLE ALWAYS TRIGGER session_transitions_append_only;
ALTER TABLE session_transitions ENABLE ALWAYS TRIGGER session_transitions_no_truncate;
CREATE TRIGGER session_escorts_append_only BEFORE UPDATE OR DELETE ON session_escorts FOR EACH ROW EXECUTE FUNCTION chairside_append_only();
CREATE TRIGGER session_escorts_no_truncate BEFORE TRUNCATE ON session_escorts FOR EACH STATEMENT EXECUTE FUNCTION chairside_append_only();
ALTER TABLE session_escorts ENABLE ALWAYS TRIGGER session_escorts_append_only;
ALTER TABLE session_escorts ENABLE ALWAYS TRIGGER session_escorts_no_truncate;
CREATE TRIGGER session_handovers_append_only BEFORE UPDATE OR DELETE ON session_handovers FOR EACH ROW EXECUTE FUNCTION chairside_append_only();
CREATE TRIGGER session_handovers_no_truncate BEFORE TRUNCATE ON session_handovers FOR EACH STATEMENT EXECUTE FUNCTION chairside_append_only();
ALTER TABLE session_handovers ENABLE ALWAYS TRIGGER session_handovers_append_only;
ALTER TABLE session_handovers ENABLE ALWAYS TRIGGER session_handovers_no_truncate;
