-- A detail may be erased, by a court's order or when its time has come: its text goes, its salt and the row stay, and an
-- entry of the trail says so. SQLite lets a column be absent by writing the table anew.
ALTER TABLE audit_details RENAME TO audit_details_before;
-- What an entry must not carry in the open: bound to it by a salted hash. The text is absent once it was erased.
-- fact
CREATE TABLE audit_details (
    clinic_id BLOB NOT NULL,
    seq INTEGER NOT NULL,
    salt BLOB NOT NULL CHECK (length(salt) = 16),
    detail TEXT,
    PRIMARY KEY (clinic_id, seq),
    FOREIGN KEY (clinic_id, seq) REFERENCES audit_events (clinic_id, seq)
) STRICT;
INSERT INTO audit_details (clinic_id, seq, salt, detail) SELECT clinic_id, seq, salt, detail FROM audit_details_before;
DROP TRIGGER audit_details_no_update;
DROP TRIGGER audit_details_no_delete;
DROP TABLE audit_details_before;

-- The one change there is: the text goes, and nothing else moves.
CREATE TRIGGER audit_details_no_update BEFORE UPDATE ON audit_details
WHEN NEW.detail IS NOT NULL OR OLD.detail IS NULL
    OR NEW.clinic_id IS NOT OLD.clinic_id OR NEW.seq IS NOT OLD.seq OR NEW.salt IS NOT OLD.salt
BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER audit_details_no_delete BEFORE DELETE ON audit_details BEGIN SELECT RAISE(ABORT, 'append-only'); END;
-- The index of the patients goes with the text it repeats, and not without it.
DROP TRIGGER audit_subjects_no_delete;
CREATE TRIGGER audit_subjects_no_delete BEFORE DELETE ON audit_subjects
WHEN NOT EXISTS (
    SELECT 1 FROM audit_details d WHERE d.clinic_id = OLD.clinic_id AND d.seq = OLD.seq AND d.detail IS NULL
)
BEGIN SELECT RAISE(ABORT, 'append-only'); END;

-- REPLACE fires no trigger of a deleted row unless the connection asks for it: these hold on any connection.
CREATE TRIGGER audit_subjects_guard BEFORE INSERT ON audit_subjects
WHEN EXISTS (
    SELECT 1 FROM audit_subjects s
    WHERE s.clinic_id = NEW.clinic_id AND s.seq = NEW.seq AND s.patient_id = NEW.patient_id
)
BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER audit_details_guard BEFORE INSERT ON audit_details
WHEN EXISTS (SELECT 1 FROM audit_details d WHERE d.clinic_id = NEW.clinic_id AND d.seq = NEW.seq)
BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER audit_checkpoints_guard BEFORE INSERT ON audit_checkpoints
WHEN EXISTS (SELECT 1 FROM audit_checkpoints c WHERE c.clinic_id = NEW.clinic_id AND c.size = NEW.size)
BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER audit_heads_guard BEFORE INSERT ON audit_heads
WHEN EXISTS (SELECT 1 FROM audit_heads h WHERE h.clinic_id = NEW.clinic_id)
BEGIN SELECT RAISE(ABORT, 'append-only'); END;
-- A head only grows, and never goes.
CREATE TRIGGER audit_heads_no_delete BEFORE DELETE ON audit_heads BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER audit_heads_grow BEFORE UPDATE ON audit_heads
WHEN NEW.clinic_id IS NOT OLD.clinic_id OR NEW.size < OLD.size OR NEW.last_ts < OLD.last_ts
BEGIN SELECT RAISE(ABORT, 'append-only'); END;
