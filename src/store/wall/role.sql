-- The role the server acts as: it owns nothing and signs in nowhere; the login of the database URL may act as it.
DO $$
DECLARE
    made boolean := false;
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'chairside_app') THEN
        BEGIN
            CREATE ROLE chairside_app NOLOGIN;
            made := true;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            NULL; -- Another installation on this server was faster; the role is the same.
        END;
    END IF;
    -- Whoever makes a role may hand it on, but since PostgreSQL 16 not act as it.
    IF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)
        AND (made OR NOT pg_has_role('chairside_app', 'MEMBER')) THEN
        EXECUTE format('GRANT chairside_app TO %I', current_user);
    END IF;
END
$$
