-- A detail may be erased, by a court's order or when its time has come: its text goes, its salt and the row stay, and an
-- entry of the trail says so.
ALTER TABLE audit_details ALTER COLUMN detail DROP NOT NULL;

-- The one change there is: the text goes, and nothing else moves.
CREATE FUNCTION chairside_detail_erased() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.detail IS NOT NULL AND NEW.detail IS NULL
        AND NEW.clinic_id = OLD.clinic_id AND NEW.seq = OLD.seq AND NEW.salt = OLD.salt THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'append-only';
END $$;
DROP TRIGGER audit_details_append_only ON audit_details;
CREATE TRIGGER audit_details_append_only BEFORE UPDATE OR DELETE ON audit_details FOR EACH ROW EXECUTE FUNCTION chairside_detail_erased();
ALTER TABLE audit_details ENABLE ALWAYS TRIGGER audit_details_append_only;

-- The index of the patients goes with the text it repeats, and not without it.
CREATE FUNCTION chairside_subject_erased() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND EXISTS (
        SELECT 1 FROM audit_details d WHERE d.clinic_id = OLD.clinic_id AND d.seq = OLD.seq AND d.detail IS NULL
    ) THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'append-only';
END $$;
DROP TRIGGER audit_subjects_append_only ON audit_subjects;
CREATE TRIGGER audit_subjects_append_only BEFORE UPDATE OR DELETE ON audit_subjects FOR EACH ROW EXECUTE FUNCTION chairside_subject_erased();
ALTER TABLE audit_subjects ENABLE ALWAYS TRIGGER audit_subjects_append_only;

-- A head only grows, and never goes.
CREATE FUNCTION chairside_head_grows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.clinic_id = OLD.clinic_id AND NEW.size >= OLD.size AND NEW.last_ts >= OLD.last_ts THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'append-only';
END $$;
CREATE TRIGGER audit_heads_grow BEFORE UPDATE OR DELETE ON audit_heads FOR EACH ROW EXECUTE FUNCTION chairside_head_grows();
CREATE TRIGGER audit_heads_no_truncate BEFORE TRUNCATE ON audit_heads FOR EACH STATEMENT EXECUTE FUNCTION chairside_append_only();
ALTER TABLE audit_heads ENABLE ALWAYS TRIGGER audit_heads_grow;
ALTER TABLE audit_heads ENABLE ALWAYS TRIGGER audit_heads_no_truncate;
