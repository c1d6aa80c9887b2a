-- What: agents on customers' machines, and the one-time tokens they enrol with.
-- Why: an agent is known by its runtime token alone; the organisation follows from it.
-- Lock: none, the tables are new. Back: drop them; agents then have to enrol again.

CREATE TABLE agents (
    org_id       uuid NOT NULL REFERENCES orgs (id),
    id           uuid NOT NULL,
    -- The machine it was enrolled on; reports of another machine under its token are refused.
    machine_id   text NOT NULL CHECK (octet_length(machine_id) BETWEEN 1 AND 128),
    hostname     text NOT NULL CHECK (octet_length(hostname) BETWEEN 1 AND 255),
    os           text NOT NULL,
    arch         text NOT NULL,
    version      text NOT NULL,
    token_id     uuid NOT NULL,
    token_hash   bytea NOT NULL UNIQUE,
    enrolled_at  timestamptz NOT NULL,
    revoked_at   timestamptz,
    PRIMARY KEY (org_id, id)
);
CREATE UNIQUE INDEX agents_by_machine ON agents (org_id, machine_id) WHERE revoked_at IS NULL;

CREATE TABLE enrollment_tokens (
    org_id                uuid NOT NULL REFERENCES orgs (id),
    id                    uuid NOT NULL,
    name                  text NOT NULL CHECK (octet_length(name) <= 64),
    token_hash            bytea NOT NULL UNIQUE,
    created_by            uuid NOT NULL,
    created_at            timestamptz NOT NULL,
    expires_at            timestamptz NOT NULL,
    used_at               timestamptz,
    agent_id              uuid,
    revoked_at            timestamptz,
    installer_fetched_at  timestamptz,
    PRIMARY KEY (org_id, id)
);
CREATE UNIQUE INDEX enrollment_tokens_by_id ON enrollment_tokens (id);

SELECT pulse_owner_tools.tenant_table('agents');
SELECT pulse_owner_tools.tenant_table('enrollment_tokens');
CREATE POLICY lookup ON agents FOR SELECT TO pulse_lookup USING (true);
CREATE POLICY identity ON agents TO pulse_identity USING (true) WITH CHECK (true);
CREATE POLICY identity ON enrollment_tokens TO pulse_identity USING (true) WITH CHECK (true);
GRANT SELECT, UPDATE (revoked_at) ON agents TO pulse_app;
GRANT SELECT, INSERT, UPDATE (revoked_at) ON enrollment_tokens TO pulse_app;
GRANT SELECT ON agents TO pulse_lookup;
GRANT SELECT, INSERT, UPDATE ON agents, enrollment_tokens TO pulse_identity;

SET LOCAL ROLE pulse_lookup;

-- The agent behind a runtime token. One row, always; outcome: ok, unknown (revoked ones too), organisation-suspended.
-- With `ok` it sets pulse.org_id for the rest of the transaction, so a statement sent along works inside.
CREATE FUNCTION admit_agent(presented bytea)
RETURNS TABLE (outcome text, agent_id uuid, org_id uuid, shard smallint, machine_id text, hostname text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
#variable_conflict use_column
DECLARE
    agent record;
BEGIN
    SELECT a.id, a.org_id, o.shard, o.state, a.machine_id, a.hostname INTO agent
    FROM agents a JOIN orgs o ON o.id = a.org_id
    WHERE a.token_hash = presented AND a.revoked_at IS NULL AND o.state <> 'deleted';
    outcome := CASE WHEN NOT FOUND THEN 'unknown' WHEN agent.state <> 'active' THEN 'organisation-suspended'
                    ELSE 'ok' END;
    IF outcome = 'ok' THEN
        agent_id := agent.id;
        org_id := agent.org_id;
        shard := agent.shard;
        machine_id := agent.machine_id;
        hostname := agent.hostname;
        PERFORM set_config('pulse.org_id', agent.org_id::text, true);
    END IF;
    RETURN NEXT;
END $$;
GRANT EXECUTE ON FUNCTION admit_agent TO pulse_app;

RESET ROLE;
SET LOCAL ROLE pulse_identity;

-- Exchanges a one-time token for a runtime token. Of two at once one wins: the row lock decides. A machine that was
-- enrolled before keeps its agent id, and its old runtime token ends.
-- outcome: ok, unknown (revoked and foreign kinds too), used, expired, organisation-suspended. With `ok` pulse.org_id is
-- set for the rest of the transaction.
CREATE FUNCTION enroll_agent(
    presented bytea, new_agent uuid, machine text, host text, system text, architecture text, agent_version text,
    runtime_id uuid, runtime_hash bytea, moment timestamptz)
RETURNS TABLE (outcome text, agent_id uuid, org_id uuid)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
#variable_conflict use_column
DECLARE
    ticket enrollment_tokens%ROWTYPE;
    place  text;
BEGIN
    SELECT * INTO ticket FROM enrollment_tokens t WHERE t.token_hash = presented AND t.revoked_at IS NULL FOR UPDATE;
    SELECT o.state INTO place FROM orgs o WHERE o.id = ticket.org_id;
    outcome := CASE WHEN ticket.id IS NULL OR place = 'deleted' THEN 'unknown'
                    WHEN ticket.used_at IS NOT NULL THEN 'used'
                    WHEN ticket.expires_at <= moment THEN 'expired'
                    WHEN place <> 'active' THEN 'organisation-suspended'
                    ELSE 'ok' END;
    IF outcome = 'ok' THEN
        org_id := ticket.org_id;
        INSERT INTO agents AS a (org_id, id, machine_id, hostname, os, arch, version, token_id, token_hash, enrolled_at)
        VALUES (ticket.org_id, new_agent, machine, host, system, architecture, agent_version, runtime_id, runtime_hash,
                moment)
        ON CONFLICT (org_id, machine_id) WHERE revoked_at IS NULL DO UPDATE SET
            hostname = host, os = system, arch = architecture, version = agent_version, token_id = runtime_id,
            token_hash = runtime_hash, enrolled_at = moment
        RETURNING a.id INTO agent_id;
        UPDATE enrollment_tokens t SET used_at = moment, agent_id = enroll_agent.agent_id
        WHERE t.org_id = ticket.org_id AND t.id = ticket.id;
        PERFORM set_config('pulse.org_id', ticket.org_id::text, true);
    END IF;
    RETURN NEXT;
END $$;
GRANT EXECUTE ON FUNCTION enroll_agent TO pulse_app;

-- Notes that the install script of a token was fetched, so that the onboarding page can say so; false when the token is
-- unknown, used, revoked or expired.
CREATE FUNCTION fetch_installer(ticket uuid, moment timestamptz) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
BEGIN
    UPDATE enrollment_tokens t SET installer_fetched_at = coalesce(t.installer_fetched_at, moment)
    WHERE t.id = ticket AND t.used_at IS NULL AND t.revoked_at IS NULL AND t.expires_at > moment;
    RETURN FOUND;
END $$;
GRANT EXECUTE ON FUNCTION fetch_installer TO pulse_app;

RESET ROLE;
