-- What is wrong with the second wall, told from the catalogue: a line for each fault, with the statements that mend it
-- where mending cannot hide that somebody was at the trail. $1: tables that are open to every clinic. $2: tables whose
-- rows may go. $3: whether a migration has just changed a table.
WITH app AS (
    SELECT oid, rolsuper OR rolbypassrls AS above FROM pg_roles WHERE rolname = 'chairside_app'
),
tables AS (
    SELECT c.oid, c.relname, quote_ident(c.relname) AS name, c.relowner, c.relrowsecurity, c.relforcerowsecurity,
        (keyed AND c.relname <> ALL ($1)) OR c.relname = 'clinics' AS walled,
        -- The function that refuses UPDATE and DELETE, or lets through an erasure and nothing else.
        (SELECT p.proname FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid
            WHERE t.tgrelid = c.oid AND t.tgtype = 27 AND t.tgqual IS NULL AND p.prosrc LIKE '%RAISE EXCEPTION ''append-only''%'
            AND p.proname IN ('chairside_append_only', 'chairside_detail_erased', 'chairside_subject_erased')
            ORDER BY p.proname LIMIT 1) AS guard
    FROM pg_class c CROSS JOIN LATERAL (SELECT EXISTS (SELECT FROM pg_attribute a
        WHERE a.attrelid = c.oid AND a.attname = 'clinic_id' AND NOT a.attisdropped) AS keyed) k
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
        AND (keyed OR c.relname IN ('clinics', 'accounts', '__diesel_schema_migrations'))
),
-- A transaction says whose rows it wants; one that does not say it gets none.
clinic AS (
    SELECT 'NULLIF(current_setting(''app.clinic_id'', true), '''')::uuid' AS chosen,
        'NULLIF(current_setting(''app.account_id'', true), '''')::uuid' AS person
),
policies AS (
    SELECT oid, relname, name, 'clinic' AS policy, '*'::"char" AS command,
        CASE relname WHEN 'clinics' THEN 'id = ' ELSE 'clinic_id = ' END || chosen AS sees
    FROM tables, clinic WHERE walled
    -- Who signs in finds their own memberships, and the names of those clinics, before one is chosen.
    UNION ALL SELECT oid, relname, name, 'sign_in', 'r', 'account_id = ' || person
    FROM tables, clinic WHERE relname = 'staff'
    UNION ALL SELECT oid, relname, name, 'sign_in', 'r',
        'EXISTS (SELECT FROM staff s WHERE s.clinic_id = clinics.id AND s.account_id = ' || person || ')'
    FROM tables, clinic WHERE relname = 'clinics'
    -- The notary finds the trails that have grown: sizes and signed roots, nothing of a patient.
    UNION ALL SELECT oid, relname, name, 'notary', 'r', 'current_setting(''app.job'', true) = ''notary'''
    FROM tables WHERE relname IN ('audit_heads', 'audit_checkpoints')
),
policy_faults AS (
    SELECT w.name, w.policy, 'CREATE POLICY ' || w.policy || ' ON ' || w.name
            || CASE w.command WHEN 'r' THEN ' FOR SELECT' ELSE '' END || ' USING (' || w.sees || ')'
            || CASE w.command WHEN 'r' THEN '' ELSE ' WITH CHECK (' || w.sees || ')' END AS makes,
        p.oid IS NULL AS missing,
        p.polpermissive AND p.polroles = '{0}' AND p.polcmd = w.command
            AND regexp_replace(pg_get_expr(p.polqual, w.oid), '[\s()]|::text', '', 'g')
                = regexp_replace(w.sees, '[\s()]|::text', '', 'g')
            AND (w.command = 'r' OR regexp_replace(pg_get_expr(p.polwithcheck, w.oid), '[\s()]|::text', '', 'g')
                = regexp_replace(w.sees, '[\s()]|::text', '', 'g')) AS same
    FROM policies w LEFT JOIN pg_policy p ON p.polrelid = w.oid AND p.polname = w.policy
),
rights AS (
    SELECT t.name, r.privilege,
        CASE r.privilege WHEN 'SELECT' THEN true
            WHEN 'INSERT' THEN t.relname <> '__diesel_schema_migrations'
            WHEN 'UPDATE' THEN t.relname <> '__diesel_schema_migrations'
                AND COALESCE(t.guard = 'chairside_detail_erased', true)
            WHEN 'DELETE' THEN t.relname = ANY ($2) OR COALESCE(t.guard = 'chairside_subject_erased', false)
            ELSE false END AS may,
        CASE WHEN r.privilege IN ('SELECT', 'DELETE', 'TRUNCATE', 'TRIGGER')
            THEN has_table_privilege(app.oid, t.oid, r.privilege)
            ELSE has_any_column_privilege(app.oid, t.oid, r.privilege) END AS can,
        -- A table without any right is new. On another, a missing UPDATE may be all that tells of a lost trigger.
        NOT has_table_privilege(app.oid, t.oid, 'SELECT') AS new
    FROM tables t, app, unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER'])
        AS r (privilege)
),
guards AS (
    SELECT t.name, g.tgname, g.tgenabled FROM tables t JOIN pg_trigger g ON g.tgrelid = t.oid AND NOT g.tgisinternal
),
faults (rank, what, remedy) AS (
    SELECT 1, 'there is no role chairside_app', NULL WHERE NOT EXISTS (SELECT FROM app)
    UNION ALL SELECT 1, 'the role chairside_app is above row-level security: it must be NOSUPERUSER NOBYPASSRLS', NULL
    FROM app WHERE above
    UNION ALL SELECT 1, 'the login ' || current_user || ' may not act as chairside_app: GRANT chairside_app TO '
        || quote_ident(current_user), NULL FROM app WHERE NOT pg_has_role(app.oid, 'MEMBER')
    UNION ALL SELECT 1, 'the role chairside_app owns ' || name || ', or may become its owner, and could open it', NULL
    FROM tables, app WHERE NOT app.above AND pg_has_role(app.oid, relowner, 'MEMBER')
    UNION ALL SELECT 1, 'the function chairside_append_only lets facts be changed', NULL
    WHERE EXISTS (SELECT FROM tables WHERE relname = 'clinics') AND NOT EXISTS (SELECT FROM pg_proc
        WHERE proname = 'chairside_append_only' AND pronamespace = 'public'::regnamespace
        AND regexp_replace(prosrc, '\s', '', 'g') = 'BEGINRAISEEXCEPTION''append-only'';END')
    UNION ALL SELECT 1, name || ' has no trigger that refuses UPDATE and DELETE', NULL FROM tables
    WHERE guard IS NULL AND relname IN ('audit_events', 'audit_subjects', 'audit_details', 'audit_checkpoints')
    UNION ALL SELECT 1, name || ' has no trigger that refuses TRUNCATE', NULL FROM tables t
    WHERE guard IS NOT NULL AND NOT EXISTS (SELECT FROM pg_trigger g JOIN pg_proc p ON p.oid = g.tgfoid
        WHERE g.tgrelid = t.oid AND g.tgtype = 34 AND p.proname = 'chairside_append_only')
    UNION ALL SELECT 1, 'the trigger ' || tgname || ' of ' || name || ' is switched off', NULL
    FROM guards WHERE tgenabled NOT IN ('A', 'O')
    UNION ALL SELECT 2, 'the trigger ' || tgname || ' of ' || name || ' is not ENABLE ALWAYS: a replica would pass it',
        'ALTER TABLE ' || name || ' ENABLE ALWAYS TRIGGER ' || quote_ident(tgname) FROM guards WHERE tgenabled = 'O'
    UNION ALL SELECT 2, name || ' has no row-level security', 'ALTER TABLE ' || name || ' ENABLE ROW LEVEL SECURITY'
    FROM tables WHERE walled AND NOT relrowsecurity
    UNION ALL SELECT 2, 'the row-level security of ' || name || ' is not forced on its owner',
        'ALTER TABLE ' || name || ' FORCE ROW LEVEL SECURITY' FROM tables WHERE walled AND NOT relforcerowsecurity
    UNION ALL SELECT 3, name || ' has no policy ' || policy, makes FROM policy_faults WHERE missing
    UNION ALL SELECT 3, 'the policy ' || policy || ' of ' || name || ' is not what it was made as',
        'DROP POLICY ' || policy || ' ON ' || name || '; ' || makes FROM policy_faults
    WHERE NOT missing AND NOT COALESCE(same, false)
    UNION ALL SELECT 3, 'the policy ' || p.polname || ' of ' || t.name || ' is not ours and lets chairside_app see more', NULL
    FROM tables t JOIN pg_policy p ON p.polrelid = t.oid, app
    WHERE p.polpermissive AND (0 = ANY (p.polroles) OR app.oid = ANY (p.polroles))
        AND NOT EXISTS (SELECT FROM policies w WHERE w.oid = t.oid AND w.policy = p.polname)
    UNION ALL SELECT 4, 'chairside_app has no right to ' || string_agg(privilege, ', ') || ' on ' || name,
        CASE WHEN new OR $3 THEN 'GRANT ' || string_agg(privilege, ', ') || ' ON ' || name || ' TO chairside_app' END
    FROM rights WHERE may AND NOT can GROUP BY name, new
    UNION ALL SELECT 4, 'chairside_app has the right to ' || string_agg(privilege, ', ') || ' on ' || name,
        'REVOKE ' || string_agg(privilege, ', ') || ' ON ' || name || ' FROM chairside_app, PUBLIC'
    FROM rights, app WHERE can AND NOT may AND NOT app.above GROUP BY name
)
SELECT what, remedy FROM faults ORDER BY rank, what
