-- When a member of staff is away. It calls nothing off: it says who has to be called.
-- fact
CREATE TABLE staff_absences (
    clinic_id UUID NOT NULL,
    id UUID NOT NULL,
    staff_id UUID NOT NULL,
    from_at TIMESTAMPTZ NOT NULL,
    to_at TIMESTAMPTZ NOT NULL,
    reason TEXT NOT NULL,
    recorded_by UUID NOT NULL,
    recorded_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (clinic_id, id),
    FOREIGN KEY (clinic_id, staff_id) REFERENCES staff (clinic_id, id),
    FOREIGN KEY (clinic_id, recorded_by) REFERENCES staff (clinic_id, id),
    CHECK (from_at < to_at)
);

CREATE INDEX staff_absences_staff ON staff_absences (clinic_id, staff_id, from_at, id);

CREATE TRIGGER staff_absences_append_only BEFORE UPDATE OR DELETE ON staff_absences FOR EACH ROW EXECUTE FUNCTION chairside_append_only();
CREATE TRIGGER staff_absences_no_truncate BEFORE TRUNCATE ON staff_absences FOR EACH STATEMENT EXECUTE FUNCTION chairside_append_only();
ALTER TABLE staff_absences ENABLE ALWAYS TRIGGER staff_absences_append_only;
ALTER TABLE staff_absences ENABLE ALWAYS TRIGGER staff_absences_no_truncate;

-- A bolus that ran for more than half an hour is kept as it was.
ALTER TABLE dosing_events DROP CONSTRAINT dosing_events_bolus_over_min_check;
ALTER TABLE dosing_events ADD CONSTRAINT dosing_events_bolus_over_min_check CHECK (bolus_over_min BETWEEN 0 AND 1440);
