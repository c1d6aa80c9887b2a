-- What: taking an organisation in from an archive: the functions by which rows come into a fresh one, where it came from,
-- and the trail it had there.
-- Why: whoever leaves an installation takes everything along, and finds it again where they go.
-- Beside running programs: safe. Lock: a moment on custom_roles, to let its reference to itself wait for the end of a
-- transaction. Back: drop functions and tables; archives then cannot be taken in.

-- A role may come before the one it inherits from.
ALTER TABLE custom_roles ALTER CONSTRAINT custom_roles_org_id_parent_id_fkey DEFERRABLE INITIALLY IMMEDIATE;

-- Where an organisation was taken from. At most one row: only a fresh one takes an archive in.
CREATE TABLE org_imports (
    org_id       uuid PRIMARY KEY REFERENCES orgs (id),
    source_org   uuid NOT NULL,
    source_slug  text NOT NULL,
    exported_at  timestamptz NOT NULL,
    imported_at  timestamptz NOT NULL,
    imported_by  uuid NOT NULL,
    -- The transaction that takes the rows in; in no other one is anything taken.
    xact         xid8 NOT NULL
);
SELECT pulse_owner_tools.tenant_table('org_imports');
GRANT SELECT ON org_imports TO pulse_app;

-- The audit trail an organisation had where it came from, as it was there: its chain names that organisation, so it cannot
-- go on here, and not a byte of it is changed.
CREATE TABLE prior_trails (
    org_id      uuid NOT NULL REFERENCES orgs (id),
    source_org  uuid NOT NULL,
    -- entries, checkpoints, heads.
    kind        text NOT NULL CHECK (kind IN ('entries', 'checkpoints', 'heads')),
    seq         bigint NOT NULL,
    -- The row, as JSON.
    line        text NOT NULL,
    PRIMARY KEY (org_id, source_org, kind, seq)
);
SELECT pulse_owner_tools.tenant_table('prior_trails');
GRANT SELECT ON prior_trails TO pulse_app;

SET LOCAL ROLE pulse_identity;

-- Which of these people have an account here under this id and this address.
CREATE FUNCTION people_here(ids uuid[], mails text[]) RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
    SELECT u.id FROM users u JOIN unnest(ids, mails) AS wanted (id, mail)
    ON wanted.id = u.id AND lower(wanted.mail) = u.email_key
$$;
GRANT EXECUTE ON FUNCTION people_here TO pulse_app;

RESET ROLE;

-- As with erasure: the migrator's policies reach every tenant table, so it owns these functions. They work in the
-- organisation of the transaction and in no other.
GRANT CREATE ON SCHEMA pulse TO pulse_migrator;
SET LOCAL ROLE pulse_migrator;

-- Opens the organisation of this transaction for an archive: an owner asks, who is alone in it, and nothing is in it yet.
-- Their membership is taken out; finish_import sees that they are in again, as owner.
-- outcome: ok, busy (somebody else is at it), forbidden, not-empty.
CREATE FUNCTION begin_import(person uuid, source uuid, slug text, exported timestamptz, moment timestamptz) RETURNS text
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
                                'wrapping_keys', 'data_keys', 'key_rotations', 'org_heads')
    LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM pulse.%I WHERE org_id = $1)', relation) INTO is_used USING place;
        IF is_used THEN RETURN 'not-empty'; END IF;
    END LOOP;
    INSERT INTO org_imports (org_id, source_org, source_slug, exported_at, imported_at, imported_by, xact)
    VALUES (place, source, slug, exported, moment, person, pg_current_xact_id());
    DELETE FROM members m WHERE m.org_id = place;
    DELETE FROM audit_people p WHERE p.org_id = place;
    SET CONSTRAINTS ALL DEFERRED;
    RETURN 'ok';
END $$;
REVOKE EXECUTE ON FUNCTION begin_import FROM PUBLIC;
GRANT EXECUTE ON FUNCTION begin_import TO pulse_app;

-- Takes rows in, each a JSON object, into one table of the organisation of this transaction. `columns`: what the rows say
-- besides org_id; `secrets`: columns of hashes that nobody knows the secret of from now on.
-- stored: how many; samples whose time is over here are not. same: how many would be written again with the same bytes.
CREATE FUNCTION import_rows(relation text, columns text[], secrets text[], lines text[])
RETURNS TABLE (stored bigint, same bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
DECLARE
    place uuid := nullif(current_setting('pulse.org_id', true), '')::uuid;
    kept  text := 'true';
BEGIN
    IF NOT EXISTS (SELECT FROM org_imports i WHERE i.org_id = place AND i.xact = pg_current_xact_id()) THEN
        RAISE EXCEPTION 'nothing is taken in here' USING ERRCODE = '55000';
    END IF;
    IF relation IN ('wrapping_keys', 'data_keys', 'key_rotations', 'org_heads', 'org_imports', 'audit_entries',
                    'audit_heads', 'audit_checkpoints')
       OR NOT EXISTS (SELECT FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'org_id'
                      WHERE c.relnamespace = 'pulse'::regnamespace AND c.relname = relation AND a.attnotnull
                        AND c.relkind IN ('r', 'p') AND NOT c.relispartition) THEN
        RAISE EXCEPTION 'no rows are taken into %', relation USING ERRCODE = '55000';
    END IF;
    IF relation = 'history_chunks' THEN
        kept := $kept$EXISTS (
            SELECT FROM (VALUES (0, 'raw', 86400), (1, 'minute', 86400), (2, 'hour', 864000), (3, 'day', 8640000))
                AS kinds (tier, suffix, span)
            WHERE kinds.tier = (g.given_row).tier
              AND to_regclass(format('pulse.history_%s_%s', kinds.suffix, to_char(to_timestamp(
                    floor(extract(epoch FROM (g.given_row).t0) / kinds.span) * kinds.span) AT TIME ZONE 'UTC',
                    'YYYYMMDD'))) IS NOT NULL)$kept$;
    END IF;
    RETURN QUERY EXECUTE format(
        $insert$
        WITH given AS MATERIALIZED (
            SELECT l.given_line, r AS given_row
            FROM unnest($1) AS l (given_line), json_populate_record(NULL::pulse.%1$I, l.given_line::json) AS r),
        kept AS MATERIALIZED (SELECT g.* FROM given g WHERE %2$s),
        put AS (INSERT INTO pulse.%1$I (org_id%3$s%5$s) SELECT $2%4$s%6$s FROM kept g RETURNING 1)
        SELECT (SELECT count(*) FROM put),
               (SELECT count(*) FROM kept g
                WHERE (SELECT to_json(t)::text FROM (SELECT (g.given_row).org_id%4$s) t) = g.given_line)
        $insert$,
        relation, kept,
        (SELECT string_agg(format(', %I', c), '' ORDER BY n) FROM unnest(columns) WITH ORDINALITY u (c, n)),
        (SELECT string_agg(format(', (g.given_row).%I', c), '' ORDER BY n) FROM unnest(columns) WITH ORDINALITY u (c, n)),
        coalesce((SELECT string_agg(format(', %I', c), '' ORDER BY n) FROM unnest(secrets) WITH ORDINALITY u (c, n)), ''),
        coalesce((SELECT string_agg(', sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()))', '')
                  FROM unnest(secrets)), ''))
    USING lines, place;
END $$;
REVOKE EXECUTE ON FUNCTION import_rows FROM PUBLIC;
GRANT EXECUTE ON FUNCTION import_rows TO pulse_app;

-- The last step: what refers to something is looked at, whoever brought the archive is an owner, and everybody who listens
-- hears of it. Answers whether they had to be made one.
CREATE FUNCTION finish_import() RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
DECLARE
    place uuid := nullif(current_setting('pulse.org_id', true), '')::uuid;
    step  org_imports%ROWTYPE;
    done  boolean;
BEGIN
    SELECT * INTO step FROM org_imports i WHERE i.org_id = place AND i.xact = pg_current_xact_id();
    IF NOT FOUND THEN RAISE EXCEPTION 'nothing is taken in here' USING ERRCODE = '55000'; END IF;
    SET CONSTRAINTS ALL IMMEDIATE;
    done := NOT EXISTS (SELECT FROM members m WHERE m.org_id = place AND m.user_id = step.imported_by AND m.role = 'owner');
    INSERT INTO members (org_id, user_id, role, display_name, email, joined_at)
    SELECT place, u.id, 'owner', u.display_name, u.email, step.imported_at FROM users u WHERE u.id = step.imported_by
    ON CONFLICT (org_id, user_id) DO UPDATE SET role = 'owner';
    UPDATE orgs o SET generation = o.generation + 1 WHERE o.id = place;
    RETURN done;
END $$;
REVOKE EXECUTE ON FUNCTION finish_import FROM PUBLIC;
GRANT EXECUTE ON FUNCTION finish_import TO pulse_app;

RESET ROLE;
REVOKE CREATE ON SCHEMA pulse FROM pulse_migrator;
