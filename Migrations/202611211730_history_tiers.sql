-- What: minutes are kept for 14 days and days for two years; quarters of an hour of what stands in every list; a plan an
-- organisation; when its monitor was there; and what a platform remembers from before it was watched.
-- Why: a list of 500 machines over a day needs 100 points of four metrics, not 1440 of all; what nobody watched must not
-- read as down; a new connection should not begin with empty charts.
-- Beside running programs: safe; an older program writes no quarters, so lists have a gap where it ran. Lock: a moment on
-- history_heads. Back: drop what is new and replace history_prepare and import_rows by those of 0930 and 1111.

-- | tier | holds                       | window of a row | kept    |
-- | 0    | samples                     | 2 hours         | 2 days  |
-- | 1    | a minute's roll-ups         | 2 hours         | 14 days |
-- | 4    | a quarter's, headlines only | 1 day           | 14 days |
-- | 2    | an hour's                   | 1 day           | 90 days |
-- | 3    | a day's                     | 20 days         | 2 years |
-- A plan may keep less of all of them (history_plans), never more.
CREATE TABLE history_quarter PARTITION OF history_chunks FOR VALUES IN (4) PARTITION BY RANGE (t0);
SELECT pulse_owner_tools.tenant_table('history_quarter');

-- The quarters of a piece's headlines: a list need not read its samples. NULL: written by a program that made none.
ALTER TABLE history_heads ADD COLUMN brief bytea;
ALTER TABLE history_heads ALTER COLUMN brief SET STORAGE EXTERNAL;

-- What an organisation's history is cut to. Without a row it keeps all of the table above.
CREATE TABLE history_plans (
    org_id     uuid        PRIMARY KEY,
    plan       text        NOT NULL CHECK (plan IN ('free', 'relay', 'pro', 'business', 'standard')),
    changed_at timestamptz NOT NULL
);
SELECT pulse_owner_tools.tenant_table('history_plans');
GRANT SELECT, INSERT, UPDATE, DELETE ON history_plans TO pulse_app;

-- When the organisation's monitor was there, to about a minute. Between two rows nobody watched: what was not measured
-- then says nothing about the machine.
CREATE TABLE history_presence (
    org_id uuid        NOT NULL,
    since  timestamptz NOT NULL,
    until  timestamptz NOT NULL CHECK (until >= since),
    PRIMARY KEY (org_id, since)
) WITH (fillfactor = 50);
SELECT pulse_owner_tools.tenant_table('history_presence');
GRANT SELECT, INSERT, UPDATE, DELETE ON history_presence TO pulse_app;

-- What a platform itself remembers of a resource: one row a timeframe of its round-robin archives, in its own steps. Never
-- mixed with what was measured: a reader takes it only where nothing was.
CREATE TABLE history_past (
    org_id       uuid        NOT NULL,
    resource_id  uuid        NOT NULL,
    frame        text        NOT NULL CHECK (length(frame) BETWEEN 1 AND 16),   -- hour, day, week, month, year
    step_seconds integer     NOT NULL CHECK (step_seconds BETWEEN 1 AND 31536000),
    t0           timestamptz NOT NULL,   -- start of its first step
    t1           timestamptz NOT NULL,   -- end of its last
    n            integer     NOT NULL CHECK (n > 0),
    codec        smallint    NOT NULL,
    data         bytea       NOT NULL,
    PRIMARY KEY (org_id, resource_id, frame)
);
SELECT pulse_owner_tools.tenant_table('history_past');
GRANT SELECT, INSERT, UPDATE, DELETE ON history_past TO pulse_app;
ALTER TABLE history_past ALTER COLUMN data SET STORAGE EXTERNAL;

-- How far the reading of a connection's past has come; when it is finished it is never begun again.
CREATE TABLE history_backfills (
    org_id        uuid        NOT NULL,
    connection_id uuid        NOT NULL,
    cursor        text        NOT NULL DEFAULT '' CHECK (length(cursor) <= 500),   -- the last question that is done with
    finished_at   timestamptz,
    PRIMARY KEY (org_id, connection_id)
);
SELECT pulse_owner_tools.tenant_table('history_backfills');
GRANT SELECT, INSERT, UPDATE, DELETE ON history_backfills TO pulse_app;

-- As before, with the times above.
CREATE OR REPLACE FUNCTION history_prepare(around timestamptz) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pulse SET lock_timeout = '2s' AS $$
DECLARE
    kind    record;
    expired record;
    start   bigint;
    name    text;
    changed integer := 0;
    oldest  bigint;
BEGIN
    IF around IS NULL OR around NOT BETWEEN now() - interval '5 years' AND now() + interval '5 years' THEN
        RAISE EXCEPTION 'no history is kept around %', around USING ERRCODE = '22023';
    END IF;
    PERFORM pg_advisory_xact_lock(482939957094);
    FOR kind IN SELECT * FROM (VALUES
        ('history_raw',      86400,    172800,  172800),
        ('history_minute',   86400,   1209600,  172800),
        ('history_quarter', 864000,   1209600,  864000),
        ('history_hour',    864000,   7776000,  864000),
        ('history_day',    8640000,  63072000, 8640000)) AS kinds (parent, span, keep, ahead)
    LOOP
        oldest := floor((extract(epoch FROM around) - kind.keep) / kind.span)::bigint * kind.span;
        FOR start IN SELECT * FROM generate_series(
            oldest, floor(extract(epoch FROM around) + kind.ahead)::bigint, kind.span)
        LOOP
            name := kind.parent || to_char(to_timestamp(start) AT TIME ZONE 'UTC', '_YYYYMMDD');
            CONTINUE WHEN to_regclass(format('pulse.%I', name)) IS NOT NULL;
            EXECUTE format('CREATE TABLE pulse.%I (LIKE pulse.%I INCLUDING ALL)', name, kind.parent);
            PERFORM pulse_owner_tools.tenant_table(name);
            EXECUTE format('ALTER TABLE pulse.%I ATTACH PARTITION pulse.%I FOR VALUES FROM (%L) TO (%L)',
                           kind.parent, name, to_timestamp(start), to_timestamp(start + kind.span));
            changed := changed + 1;
        END LOOP;
        FOR expired IN
            SELECT relid::regclass::text AS relation FROM pg_partition_tree(format('pulse.%I', kind.parent)::regclass)
            WHERE isleaf AND extract(epoch FROM to_date(right(relid::regclass::text, 8), 'YYYYMMDD'))
                             + kind.span + kind.keep < extract(epoch FROM least(around, now()))
        LOOP
            EXECUTE format('DROP TABLE %s', expired.relation);
            changed := changed + 1;
        END LOOP;
    END LOOP;
    RETURN changed;
END $$;
SELECT history_prepare(now());

-- As before, quarters too.
GRANT CREATE ON SCHEMA pulse TO pulse_migrator;
SET LOCAL ROLE pulse_migrator;
CREATE OR REPLACE FUNCTION import_rows(relation text, columns text[], secrets text[], lines text[])
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
            SELECT FROM (VALUES (0, 'raw', 86400), (1, 'minute', 86400), (2, 'hour', 864000), (3, 'day', 8640000),
                         (4, 'quarter', 864000))
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
RESET ROLE;
REVOKE CREATE ON SCHEMA pulse FROM pulse_migrator;
