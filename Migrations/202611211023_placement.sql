-- What: where a machine stands: a site and tags, taken over from the one-time token it enrolled with. A one-time token may
-- enrol several machines. And which of them a caller sees who sees a part of the organisation.
-- Why: conditions of roles speak of site and tag; a fleet is installed with one command, not with one token a machine.
-- Beside running programs: an older program makes tokens for one machine without tags, as before.
-- Lock: a moment each on agents and enrollment_tokens (columns with constant defaults). Back: drop columns and function,
-- put enroll_agent and fetch_installer of 0915 in place.

ALTER TABLE agents ADD COLUMN site_id uuid, ADD COLUMN tags text[] NOT NULL DEFAULT '{}';
ALTER TABLE enrollment_tokens
    ADD COLUMN site_id uuid,
    ADD COLUMN tags text[] NOT NULL DEFAULT '{}',
    ADD COLUMN uses integer NOT NULL DEFAULT 1 CHECK (uses BETWEEN 1 AND 1000),
    -- Those used before this column have used_at and a count of zero: they count as used up.
    ADD COLUMN used_count integer NOT NULL DEFAULT 0 CHECK (used_count BETWEEN 0 AND uses);
GRANT UPDATE (site_id, tags) ON agents TO pulse_app;

-- The connections that pulse.sight shows: {"any": [{"sites": […], "tags": […]}], "not": […]}. Without "any" all of them,
-- but for what a part of "not" names. Runs as the caller, so only in the organisation of the transaction.
CREATE FUNCTION visible_connections() RETURNS SETOF uuid
LANGUAGE sql STABLE SET search_path = pg_catalog, pulse AS $$
    SELECT a.id
    FROM agents a, (SELECT nullif(current_setting('pulse.sight', true), '')::jsonb AS sight) s
    WHERE (s.sight -> 'any' IS NULL OR EXISTS (
               SELECT FROM jsonb_array_elements(s.sight -> 'any') c
               WHERE (c -> 'sites' IS NULL OR c -> 'sites' ? a.site_id::text)
                 AND (c -> 'tags' IS NULL OR c -> 'tags' ?| a.tags)))
      AND NOT EXISTS (
               SELECT FROM jsonb_array_elements(s.sight -> 'not') c
               WHERE (c -> 'sites' IS NULL OR c -> 'sites' ? a.site_id::text)
                 AND (c -> 'tags' IS NULL OR c -> 'tags' ?| a.tags))
$$;
GRANT EXECUTE ON FUNCTION visible_connections() TO pulse_app;

SET LOCAL ROLE pulse_identity;

-- As before, for as many machines as the token says. What it says of site and tags counts for a machine that enrols
-- again, too, unless it says nothing.
CREATE OR REPLACE FUNCTION enroll_agent(
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
                    WHEN ticket.used_count >= ticket.uses OR (ticket.used_at IS NOT NULL AND ticket.used_count = 0)
                        THEN 'used'
                    WHEN ticket.expires_at <= moment THEN 'expired'
                    WHEN place <> 'active' THEN 'organisation-suspended'
                    ELSE 'ok' END;
    IF outcome = 'ok' THEN
        org_id := ticket.org_id;
        INSERT INTO agents AS a (org_id, id, machine_id, hostname, os, arch, version, token_id, token_hash, enrolled_at,
                                 site_id, tags)
        VALUES (ticket.org_id, new_agent, machine, host, system, architecture, agent_version, runtime_id, runtime_hash,
                moment, ticket.site_id, ticket.tags)
        ON CONFLICT (org_id, machine_id) WHERE revoked_at IS NULL DO UPDATE SET
            hostname = host, os = system, arch = architecture, version = agent_version, token_id = runtime_id,
            token_hash = runtime_hash, enrolled_at = moment, site_id = coalesce(ticket.site_id, a.site_id),
            tags = CASE WHEN ticket.tags = '{}' THEN a.tags ELSE ticket.tags END
        RETURNING a.id INTO agent_id;
        UPDATE enrollment_tokens t
        SET used_at = moment, used_count = t.used_count + 1, agent_id = enroll_agent.agent_id
        WHERE t.org_id = ticket.org_id AND t.id = ticket.id;
        PERFORM set_config('pulse.org_id', ticket.org_id::text, true);
    END IF;
    RETURN NEXT;
END $$;

CREATE OR REPLACE FUNCTION fetch_installer(ticket uuid, moment timestamptz) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
BEGIN
    UPDATE enrollment_tokens t SET installer_fetched_at = coalesce(t.installer_fetched_at, moment)
    WHERE t.id = ticket AND t.used_count < t.uses AND (t.used_at IS NULL OR t.used_count > 0)
      AND t.revoked_at IS NULL AND t.expires_at > moment;
    RETURN FOUND;
END $$;

RESET ROLE;
