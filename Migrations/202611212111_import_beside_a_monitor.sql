-- What: an organisation whose monitor has been there is still a fresh one.
-- Why: the monitor notes its presence within a minute, and then no archive went in any more.
-- Beside running programs: safe, replaces a function. Lock: none. Back: the function as it was.

GRANT CREATE ON SCHEMA pulse TO pulse_migrator;
SET LOCAL ROLE pulse_migrator;

-- As before; what the monitor noted goes, for the archive brings the presence of where it comes from.
CREATE OR REPLACE FUNCTION begin_import(person uuid, source uuid, slug text, exported timestamptz, moment timestamptz) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
DECLARE
    place    uuid := nullif(current_setting('pulse.org_id', true), '')::uuid;
    relation name;
    is_used  boolean;
BEGIN
    IF NOT pg_try_advisory_xact_lock(hashtextextended('pulse import ' || place, 0)) THEN RETURN 'busy'; END IF;
    IF NOT EXISTS (SELECT FROM orgs o WHERE o.id = place AND o.state = 'active')
       OR NOT EXISTS (SELECT FROM members m WHERE m.org_id = place AND m.user_id = person AND m.role = 'owner') THEN
        RETURN 'forbidden';
    END IF;
    IF EXISTS (SELECT FROM members m WHERE m.org_id = place AND m.user_id <> person) THEN RETURN 'not-empty'; END IF;
    FOR relation IN
        SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'org_id' AND a.attnotnull
        WHERE c.relnamespace = 'pulse'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
          AND c.relname NOT IN ('members', 'audit_entries', 'audit_heads', 'audit_checkpoints', 'audit_people',
                                'wrapping_keys', 'data_keys', 'key_rotations', 'org_heads', 'history_presence')
    LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM pulse.%I WHERE org_id = $1)', relation) INTO is_used USING place;
        IF is_used THEN RETURN 'not-empty'; END IF;
    END LOOP;
    INSERT INTO org_imports (org_id, source_org, source_slug, exported_at, imported_at, imported_by, xact)
    VALUES (place, source, slug, exported, moment, person, pg_current_xact_id());
    DELETE FROM members m WHERE m.org_id = place;
    DELETE FROM audit_people p WHERE p.org_id = place;
    DELETE FROM history_presence h WHERE h.org_id = place;
    SET CONSTRAINTS ALL DEFERRED;
    RETURN 'ok';
END $$;

RESET ROLE;
REVOKE CREATE ON SCHEMA pulse FROM pulse_migrator;
