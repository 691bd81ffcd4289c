-- A migration of data has to see the rows of every clinic: without FORCE the owner of a table does.
DO $$
DECLARE
    name text;
BEGIN
    IF (SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user) THEN
        RETURN; -- The wall does not stand in its way.
    END IF;
    FOR name IN SELECT quote_ident(relname) FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND relforcerowsecurity
    LOOP
        EXECUTE 'ALTER TABLE ' || name || ' NO FORCE ROW LEVEL SECURITY';
    END LOOP;
END
$$
