-- What: agents that are gateways: which of them are, what they allow, and where their connection stands now.
-- Why: whoever polls must find the process that holds a gateway's connection, and a row that outlived its connection must
-- not send anybody to it: a session has an epoch, which rises with every connection of the agent, and a beat by the
-- database's own clock.
-- Beside running programs: safe, creates only. Back: drop the functions and the table; gateways come again by themselves.

CREATE TABLE gateways (
    org_id           uuid NOT NULL REFERENCES orgs (id),
    -- The agent's.
    id               uuid NOT NULL,
    -- False: an administrator switched it off here. The agent's own administrator decides by starting it.
    is_enabled       boolean NOT NULL DEFAULT true,
    epoch            bigint NOT NULL,
    -- The process that holds the connection; NULL without one.
    process          uuid,
    -- Where other processes reach that one; NULL where it listens for none.
    address          text,
    -- What the agent says that its administrator allows: for people to read.
    allows           text[] NOT NULL CHECK (cardinality(allows) <= 128),
    agent_version    text NOT NULL CHECK (octet_length(agent_version) <= 64),
    connected_at     timestamptz NOT NULL,
    disconnected_at  timestamptz,
    -- By the clock of the database; NULL without a connection.
    beat_at          timestamptz,
    -- Of this connection, as of the last beat.
    streams          integer NOT NULL DEFAULT 0,
    bytes_in         bigint NOT NULL DEFAULT 0,
    bytes_out        bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (org_id, id)
);
SELECT pulse_owner_tools.tenant_table('gateways');
GRANT SELECT, INSERT, UPDATE ON gateways TO pulse_app;
GRANT SELECT, UPDATE ON gateways TO pulse_identity;
CREATE POLICY identity ON gateways TO pulse_identity USING (true) WITH CHECK (true);
-- Rewritten every five seconds, and no index holds what changes: room for the new version beside the old.
ALTER TABLE gateways SET (fillfactor = 60);

-- How many connections lead through an agent.
CREATE FUNCTION connections_through(agent uuid) RETURNS bigint
LANGUAGE sql STABLE SET search_path = pg_catalog, pulse AS $$
    SELECT count(*) FROM connections c WHERE c.agent_id = agent
$$;
GRANT EXECUTE ON FUNCTION connections_through TO pulse_app;

SET LOCAL ROLE pulse_identity;

-- Asked by a process about all connections of gateways that it holds, twice a second: whether each may go on. Also says
-- that they are alive, every five seconds. One row for each asked, in no order; verdict: ok, superseded (a newer
-- connection of the agent is there), disabled, revoked, organisation-suspended.
CREATE FUNCTION beat_gateways(
    owners uuid[], agents uuid[], epochs bigint[], open_streams integer[], came bigint[], went bigint[])
RETURNS TABLE (agent_id uuid, verdict text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
#variable_conflict use_column
BEGIN
    UPDATE gateways g SET beat_at = clock_timestamp(), streams = b.streams, bytes_in = b.came, bytes_out = b.went
    FROM unnest(owners, agents, epochs, open_streams, came, went) AS b (org_id, id, epoch, streams, came, went)
    WHERE g.org_id = b.org_id AND g.id = b.id AND g.epoch = b.epoch AND g.process IS NOT NULL
          AND (g.beat_at IS NULL OR g.beat_at < clock_timestamp() - interval '5 seconds');
    RETURN QUERY
        SELECT b.id,
               CASE WHEN a.id IS NULL OR a.revoked_at IS NOT NULL THEN 'revoked'
                    WHEN o.state <> 'active' THEN 'organisation-suspended'
                    WHEN g.id IS NULL OR g.epoch <> b.epoch THEN 'superseded'
                    WHEN NOT g.is_enabled THEN 'disabled'
                    ELSE 'ok' END
        FROM unnest(owners, agents, epochs) AS b (org_id, id, epoch)
        LEFT JOIN agents a ON a.org_id = b.org_id AND a.id = b.id
        LEFT JOIN orgs o ON o.id = a.org_id
        LEFT JOIN gateways g ON g.org_id = a.org_id AND g.id = b.id;
END $$;
GRANT EXECUTE ON FUNCTION beat_gateways TO pulse_app;

RESET ROLE;
