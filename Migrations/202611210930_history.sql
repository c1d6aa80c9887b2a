-- What: history: compressed chunks of samples, one row a resource and time window, in four tiers, and the heads: what was
-- measured since the last window was closed.
-- Why: one row a sample would be 100 times larger. All series of a resource share one row and its times, so row and
-- index overhead vanish (ops/decisions/0005-history-layout.md).
-- Beside running programs: safe, creates only. Locks nothing. Back: drop both tables and the function.

-- Small pieces of a few minutes. The newest of a resource is rewritten every few seconds, in the transaction that
-- deletes the ingest_log rows it covers; after their window all of them become one chunk.
CREATE TABLE history_heads (
    org_id      uuid        NOT NULL,
    resource_id uuid        NOT NULL,
    t0          timestamptz NOT NULL,   -- start of the window: a whole multiple of two hours
    piece       bigint      NOT NULL,   -- made by the writer, never used twice
    written_at  timestamptz NOT NULL,
    n           integer     NOT NULL CHECK (n > 0),
    codec       smallint    NOT NULL,
    data        bytea       NOT NULL,
    PRIMARY KEY (org_id, resource_id, t0, piece)
) WITH (fillfactor = 85, toast_tuple_target = 8160,
        autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 500);
SELECT pulse_owner_tools.tenant_table('history_heads');
GRANT SELECT, INSERT, UPDATE, DELETE ON history_heads TO pulse_app;
-- Compressed already; PostgreSQL trying again costs time and wins nothing.
ALTER TABLE history_heads ALTER COLUMN data SET STORAGE EXTERNAL;

-- | tier | holds               | window of a row | kept     |
-- | 0    | samples             | 2 hours         | 2 days   |
-- | 1    | a minute's roll-ups | 2 hours         | 7 days   |
-- | 2    | an hour's           | 1 day           | 90 days  |
-- | 3    | a day's             | 20 days         | 400 days |
CREATE TABLE history_chunks (
    org_id      uuid        NOT NULL,
    resource_id uuid        NOT NULL,
    tier        smallint    NOT NULL,
    t0          timestamptz NOT NULL,   -- start of the window
    n           integer     NOT NULL CHECK (n > 0),
    codec       smallint    NOT NULL,
    data        bytea       NOT NULL,
    PRIMARY KEY (org_id, resource_id, tier, t0)
) PARTITION BY LIST (tier);
ALTER TABLE history_chunks ALTER COLUMN data SET STORAGE EXTERNAL;
SELECT pulse_owner_tools.tenant_table('history_chunks');
GRANT SELECT, INSERT, UPDATE, DELETE ON history_chunks TO pulse_app;

-- Nobody has a grant on a partition: reading one directly would pass by the parent's policy. They carry it all the same.
CREATE TABLE history_raw    PARTITION OF history_chunks FOR VALUES IN (0) PARTITION BY RANGE (t0);
CREATE TABLE history_minute PARTITION OF history_chunks FOR VALUES IN (1) PARTITION BY RANGE (t0);
CREATE TABLE history_hour   PARTITION OF history_chunks FOR VALUES IN (2) PARTITION BY RANGE (t0);
CREATE TABLE history_day    PARTITION OF history_chunks FOR VALUES IN (3) PARTITION BY RANGE (t0);
SELECT pulse_owner_tools.tenant_table(name)
FROM unnest(ARRAY['history_raw', 'history_minute', 'history_hour', 'history_day']) AS name;

-- Makes the partitions that are needed around a moment and drops those whose last sample has passed its time. Called
-- hourly by a worker. Owned by the owner, so all it can do is this; a caller who lies about the time only makes empty
-- tables, since nothing is dropped that is not also expired by the database's own clock.
-- A partition is filled in as a table of its own and then attached: that does not lock readers of the parent out.
CREATE FUNCTION history_prepare(around timestamptz) RETURNS integer
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
        ('history_minute',   86400,    604800,  172800),
        ('history_hour',    864000,   7776000,  864000),
        ('history_day',    8640000,  34560000, 8640000)) AS kinds (parent, span, keep, ahead)
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
GRANT EXECUTE ON FUNCTION history_prepare(timestamptz) TO pulse_worker;
SELECT history_prepare(now());
