-- Signed statements that a trail had so many entries, and these. The frontier (the roots of the tree's full subtrees,
-- the largest first) lets the next one be made from the new leaves alone.
-- fact
CREATE TABLE audit_checkpoints (
    clinic_id BLOB NOT NULL REFERENCES audit_heads (clinic_id),
    size INTEGER NOT NULL CHECK (size > 0),
    root BLOB NOT NULL CHECK (length(root) = 32),
    frontier BLOB NOT NULL,
    note TEXT NOT NULL,
    signed_at INTEGER NOT NULL,
    PRIMARY KEY (clinic_id, size)
) STRICT;

CREATE TRIGGER audit_checkpoints_no_update BEFORE UPDATE ON audit_checkpoints BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER audit_checkpoints_no_delete BEFORE DELETE ON audit_checkpoints BEGIN SELECT RAISE(ABORT, 'append-only'); END;
