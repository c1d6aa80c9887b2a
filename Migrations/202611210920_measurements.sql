-- What: the way of a measurement in tables: the durable log of accepted reports, the streams that make a repeated report
-- harmless, the inventory, its live values, the numbered head of each organisation's deltas, and the leases of shards.
-- Why: a report is acknowledged after its row in ingest_log is committed and not before; everything after it can be
-- rebuilt from these rows by whichever worker holds the shard.
-- Beside running programs: safe, creates only. Back: drop the tables; accepted reports not yet in history are lost.

CREATE TABLE ingest_log (
    org_id      uuid        NOT NULL,
    seq         bigint      NOT NULL GENERATED ALWAYS AS IDENTITY,
    agent_id    uuid        NOT NULL,
    received_at timestamptz NOT NULL,
    is_backfill boolean     NOT NULL,   -- told late: its samples count, its values are not the present ones
    body        bytea       NOT NULL,   -- the report as gzip
    PRIMARY KEY (org_id, seq)
);
SELECT pulse_owner_tools.tenant_table('ingest_log');
GRANT SELECT, INSERT, DELETE ON ingest_log TO pulse_app;
-- Bodies are compressed already; trying again costs time and wins nothing.
ALTER TABLE ingest_log ALTER COLUMN body SET STORAGE EXTERNAL;
ALTER TABLE ingest_log SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 2000);

-- Which numbers of an agent's stream have been accepted. A multirange is the high-water mark and the bitmap in one:
-- one range when all is in order, a few while a backlog arrives beside live reports.
CREATE TABLE agent_streams (
    org_id   uuid           NOT NULL,
    agent_id uuid           NOT NULL,
    stream   text           NOT NULL CHECK (length(stream) BETWEEN 1 AND 64),
    accepted int8multirange NOT NULL DEFAULT '{}',
    seen_at  timestamptz    NOT NULL,
    PRIMARY KEY (org_id, agent_id, stream)
);
SELECT pulse_owner_tools.tenant_table('agent_streams');
GRANT SELECT, INSERT, UPDATE, DELETE ON agent_streams TO pulse_app;

CREATE TABLE resources (
    org_id        uuid        NOT NULL,
    id            uuid        NOT NULL,
    connection_id uuid        NOT NULL,   -- what reports it: for an agent's machine, the agent
    type          text        NOT NULL,
    source        text        NOT NULL,
    name          text        NOT NULL,
    name_key      text        NOT NULL,   -- lower case: what is searched and sorted by
    status        text        NOT NULL CHECK (status IN ('online', 'offline', 'warning', 'unknown')),
    facts         bytea       NOT NULL,   -- deflated JSON: all members of the resource but the live ones
    first_seen_at timestamptz NOT NULL,
    changed_at    timestamptz NOT NULL,
    PRIMARY KEY (org_id, id)
);
SELECT pulse_owner_tools.tenant_table('resources');
GRANT SELECT, INSERT, UPDATE, DELETE ON resources TO pulse_app;
CREATE INDEX resources_by_name ON resources (org_id, name_key, id);
ALTER TABLE resources ALTER COLUMN facts SET STORAGE EXTERNAL;

-- The evidence by which a claim finds its resource.
CREATE TABLE resource_keys (
    org_id      uuid NOT NULL,
    kind        text NOT NULL,   -- agent-id, machine-id, dmi-uuid
    value       text NOT NULL,
    resource_id uuid NOT NULL,
    PRIMARY KEY (org_id, kind, value),
    FOREIGN KEY (org_id, resource_id) REFERENCES resources (org_id, id) ON DELETE CASCADE
);
SELECT pulse_owner_tools.tenant_table('resource_keys');
GRANT SELECT, INSERT, UPDATE, DELETE ON resource_keys TO pulse_app;
CREATE INDEX resource_keys_by_resource ON resource_keys (org_id, resource_id);

-- A resource that turned out to be another one: old links, history and alerts follow.
CREATE TABLE resource_successions (
    org_id uuid        NOT NULL,
    old_id uuid        NOT NULL,
    new_id uuid        NOT NULL,
    at     timestamptz NOT NULL,
    PRIMARY KEY (org_id, old_id),
    CHECK (old_id <> new_id)
);
SELECT pulse_owner_tools.tenant_table('resource_successions');
GRANT SELECT, INSERT, UPDATE, DELETE ON resource_successions TO pulse_app;

-- The last values of everything one connection reports: one row, rewritten whole, so an update stays on its page.
CREATE TABLE resource_live (
    org_id        uuid        NOT NULL,
    connection_id uuid        NOT NULL,
    at            timestamptz NOT NULL,   -- when the report was received
    blob          bytea       NOT NULL,   -- deflated JSON: {resource id: live members}
    PRIMARY KEY (org_id, connection_id)
) WITH (fillfactor = 50);
SELECT pulse_owner_tools.tenant_table('resource_live');
GRANT SELECT, INSERT, UPDATE, DELETE ON resource_live TO pulse_app;
ALTER TABLE resource_live ALTER COLUMN blob SET STORAGE EXTERNAL;

-- The number of the last delta that was committed. One writer an organisation; a reader that meets a gap loads anew.
CREATE TABLE org_heads (
    org_id     uuid        NOT NULL,
    epoch      bigint      NOT NULL,
    seq        bigint      NOT NULL,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (org_id)
) WITH (fillfactor = 50);
SELECT pulse_owner_tools.tenant_table('org_heads');
GRANT SELECT, INSERT, UPDATE, DELETE ON org_heads TO pulse_app;

-- A worker that takes a shard over asks which organisations have anything to watch: names of columns, no payload.
GRANT SELECT (org_id) ON org_heads TO pulse_worker;
CREATE POLICY work ON org_heads FOR SELECT TO pulse_worker USING (true);
GRANT SELECT (org_id, seq) ON ingest_log TO pulse_worker;
CREATE POLICY work ON ingest_log FOR SELECT TO pulse_worker USING (true);

-- Who works on which shard. No organisation in it, and none for pulse_app to see.
CREATE TABLE shard_leases (
    shard      smallint    PRIMARY KEY CHECK (shard BETWEEN 0 AND 255),
    owner      uuid,
    epoch      bigint      NOT NULL DEFAULT 0,
    expires_at timestamptz NOT NULL DEFAULT '-infinity',
    UNIQUE (shard, epoch)
);
INSERT INTO shard_leases (shard) SELECT generate_series(0, 255);
GRANT SELECT, UPDATE ON shard_leases TO pulse_worker;
GRANT SELECT ON shard_leases TO pulse_lookup;
-- FOR KEY SHARE needs a right to write.
GRANT UPDATE (epoch) ON shard_leases TO pulse_lookup;

SET LOCAL ROLE pulse_lookup;
-- The first statement of every monitor transaction. A take-over raises the epoch and so changes a key column: it waits
-- for the writes that are under way here, and after it a stale epoch is refused. Renewals change no key and never wait.
CREATE FUNCTION pulse_fence(wanted_shard smallint, wanted_epoch bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
BEGIN
    PERFORM 1 FROM shard_leases WHERE shard = wanted_shard AND epoch = wanted_epoch FOR KEY SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'shard % is not held with epoch %', wanted_shard, wanted_epoch USING ERRCODE = 'PL001';
    END IF;
END $$;
REVOKE EXECUTE ON FUNCTION pulse_fence(smallint, bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION pulse_fence(smallint, bigint) TO pulse_app;
RESET ROLE;
