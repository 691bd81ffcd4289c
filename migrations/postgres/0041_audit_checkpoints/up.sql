-- Signed statements that a trail had so many entries, and these. The frontier (the roots of the tree's full subtrees,
-- the largest first) lets the next one be made from the new leaves alone.
-- fact
CREATE TABLE audit_checkpoints (
    clinic_id UUID NOT NULL REFERENCES audit_heads (clinic_id),
    size BIGINT NOT NULL CHECK (size > 0),
    root BYTEA NOT NULL CHECK (length(root) = 32),
    frontier BYTEA NOT NULL,
    note TEXT NOT NULL,
    signed_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (clinic_id, size)
);

CREATE TRIGGER audit_checkpoints_append_only BEFORE UPDATE OR DELETE ON audit_checkpoints
    FOR EACH ROW EXECUTE FUNCTION chairside_append_only();
CREATE TRIGGER audit_checkpoints_no_truncate BEFORE TRUNCATE ON audit_checkpoints
    FOR EACH STATEMENT EXECUTE FUNCTION chairside_append_only();
ALTER TABLE audit_checkpoints ENABLE ALWAYS TRIGGER audit_checkpoints_append_only;
ALTER TABLE audit_checkpoints ENABLE ALWAYS TRIGGER audit_checkpoints_no_truncate;
