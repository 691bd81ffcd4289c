DROP TRIGGER audit_heads_grow;
DROP TRIGGER audit_heads_no_delete;
DROP TRIGGER audit_heads_guard;
DROP TRIGGER audit_checkpoints_guard;
DROP TRIGGER audit_details_guard;
DROP TRIGGER audit_subjects_guard;
DROP TRIGGER audit_subjects_no_delete;
CREATE TRIGGER audit_subjects_no_delete BEFORE DELETE ON audit_subjects BEGIN SELECT RAISE(ABORT, 'append-only'); END;
DROP TRIGGER audit_details_no_update;
DROP TRIGGER audit_details_no_delete;
ALTER TABLE audit_details RENAME TO audit_details_after;
-- What an entry must not carry in the open: bound to it by a salted hash.
-- fact
CREATE TABLE audit_details (
    clinic_id BLOB NOT NULL,
    seq INTEGER NOT NULL,
    salt BLOB NOT NULL CHECK (length(salt) = 16),
    detail TEXT NOT NULL,
    PRIMARY KEY (clinic_id, seq),
    FOREIGN KEY (clinic_id, seq) REFERENCES audit_events (clinic_id, seq)
) STRICT;
INSERT INTO audit_details (clinic_id, seq, salt, detail) SELECT clinic_id, seq, salt, detail FROM audit_details_after;
DROP TABLE audit_details_after;
CREATE TRIGGER audit_details_no_update BEFORE UPDATE ON audit_details BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER audit_details_no_delete BEFORE DELETE ON audit_details BEGIN SELECT RAISE(ABORT, 'append-only'); END;
