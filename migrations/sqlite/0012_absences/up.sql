-- When a member of staff is away. It calls nothing off: it says who has to be called.
-- fact
CREATE TABLE staff_absences (
    clinic_id BLOB NOT NULL,
    id BLOB NOT NULL,
    staff_id BLOB NOT NULL,
    from_at INTEGER NOT NULL,
    to_at INTEGER NOT NULL,
    reason TEXT NOT NULL,
    recorded_by BLOB NOT NULL,
    recorded_at INTEGER NOT NULL,
    PRIMARY KEY (clinic_id, id),
    FOREIGN KEY (clinic_id, staff_id) REFERENCES staff (clinic_id, id),
    FOREIGN KEY (clinic_id, recorded_by) REFERENCES staff (clinic_id, id),
    CHECK (from_at < to_at)
) STRICT;

CREATE INDEX staff_absences_staff ON staff_absences (clinic_id, staff_id, from_at, id);

CREATE TRIGGER staff_absences_no_update BEFORE UPDATE ON staff_absences BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER staff_absences_no_delete BEFORE DELETE ON staff_absences BEGIN SELECT RAISE(ABORT, 'append-only'); END;
