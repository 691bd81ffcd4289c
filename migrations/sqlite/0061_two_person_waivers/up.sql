-- Where a clinic goes without the second person an act asks for, and until when. Only what may be waived is listed.
-- head
CREATE TABLE two_person_waivers (
    clinic_id BLOB NOT NULL REFERENCES clinics (id),
    id BLOB NOT NULL,
    version INTEGER NOT NULL CHECK (version > 0),
    permission TEXT NOT NULL CHECK (permission IN ('policy.approve', 'protocol.approve', 'order.sign')),
    reason TEXT NOT NULL,
    -- Nobody when the operator set it at the command line.
    set_by BLOB,
    set_at INTEGER NOT NULL,
    ends_at INTEGER NOT NULL,
    ended_by BLOB,
    ended_at INTEGER,
    PRIMARY KEY (clinic_id, id),
    FOREIGN KEY (clinic_id, set_by) REFERENCES staff (clinic_id, id),
    FOREIGN KEY (clinic_id, ended_by) REFERENCES staff (clinic_id, id),
    CHECK (ends_at > set_at),
    CHECK (ended_by IS NULL OR ended_at IS NOT NULL)
) STRICT;
-- One for each permission; a new one ends the one before.
CREATE UNIQUE INDEX two_person_waivers_one ON two_person_waivers (clinic_id, permission) WHERE ended_at IS NULL;
