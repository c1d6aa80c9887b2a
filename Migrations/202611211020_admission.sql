-- What: what a member may do, in the shape admission needs: beside the built-in role what custom roles add and take away,
-- and which part of the inventory they see. Admission knows the states an endpoint is open to, and a removed agent by name.
-- Why: one round trip a request; whatever custom roles mean is worked out when they change, not when they are used.
-- Beside running programs: the functions change their parameters, so an older program cannot admit; none is released.
-- Lock: a moment on members (new columns without a default, a wider check). Back: restore the functions before these.

ALTER TABLE members DROP CONSTRAINT members_role_check;
ALTER TABLE members ADD CONSTRAINT members_role_check
    CHECK (role IN ('custom', 'auditor', 'viewer', 'editor', 'admin', 'owner'));
-- Patterns as `read:monitoring` or `read:*`; NULL for the many who have no custom role. Written when roles change.
ALTER TABLE members ADD COLUMN granted text[], ADD COLUMN denied text[],
    -- {"any": [{"sites": […], "tags": […]}], "not": […]}; NULL: everything.
    ADD COLUMN sight text;
GRANT UPDATE (granted, denied, sight) ON members TO pulse_app;

DROP FUNCTION admit_session(bytea, uuid, uuid, boolean, text[], timestamptz);
DROP FUNCTION admit_agent(bytea);

SET LOCAL ROLE pulse_lookup;

-- May someone with this role and these patterns? `roles`: the built-in roles that may; NULL: anyone. `patterns`: every
-- way in which a rule can name the permission. Deny wins, nothing is granted by default.
CREATE FUNCTION permits(role text, granted text[], denied text[], roles text[], patterns text[]) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT roles IS NULL
        OR (NOT coalesce(denied && patterns, false) AND (role = ANY (roles) OR coalesce(granted && patterns, false)))
$$;

-- Who is behind a session cookie, and may they enter the organisation they want? One row, always.
-- asked: the organisation of the path or header; remembered: of the cookie; neither: the only membership.
-- needs_org: the endpoint works inside an organisation. `roles` and `patterns`: see permits(). `states`: the states of an
-- organisation the endpoint is open to.
-- outcome: ok, no-session, organisation-required, organisation-not-found (unknown and foreign alike),
--          organisation-suspended (told to members alone), permission-denied.
-- With `ok` and an organisation it sets pulse.org_id and pulse.sight for the rest of the transaction, so that a query sent
-- along in the same round trip sees that organisation's rows; with any other outcome that query sees nothing.
CREATE FUNCTION admit_session(
    presented bytea, asked uuid, remembered uuid, needs_org boolean, roles text[], patterns text[], states text[],
    moment timestamptz)
RETURNS TABLE (outcome text, session_id uuid, user_id uuid, csrf_hash bytea, last_seen_at timestamptz, org_id uuid,
               role text, granted text[], denied text[], sight text, grant_id uuid)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
#variable_conflict use_column
DECLARE
    session sessions%ROWTYPE;
    wanted  uuid := coalesce(asked, remembered);
    must_fit boolean := needs_org OR asked IS NOT NULL;
    place   record;
    places  int := 0;
BEGIN
    SELECT * INTO session FROM sessions s
    WHERE s.token_hash = presented AND s.expires_at > moment AND s.absolute_expires_at > moment;
    IF NOT FOUND THEN
        outcome := 'no-session';
        RETURN NEXT;
        RETURN;
    END IF;
    session_id := session.id;
    user_id := session.user_id;
    csrf_hash := session.csrf_hash;
    last_seen_at := session.last_seen_at;

    IF wanted IS NULL THEN
        FOR place IN
            SELECT m.org_id, m.role, m.granted, m.denied, m.sight, o.state, o.suspension
            FROM members m JOIN orgs o ON o.id = m.org_id
            WHERE m.user_id = session.user_id AND o.state <> 'deleted' LIMIT 2
        LOOP
            places := places + 1;
        END LOOP;
    ELSE
        SELECT m.org_id, m.role, m.granted, m.denied, m.sight, o.state, o.suspension INTO place
        FROM members m JOIN orgs o ON o.id = m.org_id
        WHERE m.org_id = wanted AND m.user_id = session.user_id AND o.state <> 'deleted';
        IF FOUND THEN places := 1; END IF;
    END IF;

    outcome := CASE
        WHEN places <> 1 AND wanted IS NOT NULL THEN 'organisation-not-found'
        WHEN places <> 1 THEN 'organisation-required'
        WHEN concat_ws(':', place.state, place.suspension) <> ALL (states) THEN 'organisation-suspended'
        WHEN NOT permits(place.role, place.granted, place.denied, roles, patterns) THEN 'permission-denied'
        ELSE 'ok' END;
    IF outcome = 'ok' THEN
        org_id := place.org_id;
        role := place.role;
        granted := place.granted;
        denied := place.denied;
        sight := place.sight;
        PERFORM set_config('pulse.org_id', place.org_id::text, true),
                set_config('pulse.sight', coalesce(place.sight, ''), true);
    ELSIF NOT must_fit THEN
        outcome := 'ok';
    END IF;
    RETURN NEXT;
END $$;
GRANT EXECUTE ON FUNCTION admit_session TO pulse_app;

-- The agent behind a runtime token. One row, always; outcome: ok, unknown, revoked (its machine was removed and has to
-- enrol again), organisation-suspended.
-- With `ok` it sets pulse.org_id for the rest of the transaction, so a statement sent along works inside.
CREATE FUNCTION admit_agent(presented bytea, states text[])
RETURNS TABLE (outcome text, agent_id uuid, org_id uuid, shard smallint, machine_id text, hostname text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
#variable_conflict use_column
DECLARE
    agent record;
BEGIN
    SELECT a.id, a.org_id, o.shard, o.state, o.suspension, a.machine_id, a.hostname, a.revoked_at INTO agent
    FROM agents a JOIN orgs o ON o.id = a.org_id
    WHERE a.token_hash = presented AND o.state <> 'deleted';
    outcome := CASE WHEN NOT FOUND THEN 'unknown' WHEN agent.revoked_at IS NOT NULL THEN 'revoked'
                    WHEN concat_ws(':', agent.state, agent.suspension) <> ALL (states) THEN 'organisation-suspended'
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
