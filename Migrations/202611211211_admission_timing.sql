-- What: whether somebody may enter an organisation as its provider is asked before the organisation itself is looked at.
-- Why: joined, the planner looked the organisation up first and asked for grants only where there was one, so an
--      organisation of others took 0.3 ms longer to be refused than one that does not exist. And the question keeps its
--      plans: as an SQL function it was planned anew at every refusal.
-- Beside running programs: safe, both functions keep their parameters. Lock: none. Back: the functions of 1026 and 1034.

SET LOCAL ROLE pulse_lookup;

-- As before.
CREATE OR REPLACE FUNCTION provider_entry(person uuid, customer uuid, moment timestamptz)
RETURNS TABLE (grant_id uuid, provider_org_id uuid, role text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT g.id, g.provider_org_id,
           CASE WHEN g.role = 'admin' THEN m.role
                WHEN m.role IN ('owner', 'admin') OR m.role = g.role THEN g.role
                ELSE 'viewer' END
    FROM provider_grants g
    JOIN orgs p ON p.id = g.provider_org_id AND p.state = 'active'
    JOIN members o ON o.org_id = p.id AND o.user_id = person AND o.role <> 'custom'
    CROSS JOIN LATERAL (SELECT CASE o.role WHEN 'owner' THEN 'admin' ELSE o.role END AS role) m
    WHERE g.org_id = customer AND g.accepted_at IS NOT NULL AND g.revoked_at IS NULL AND g.expires_at > moment
    ORDER BY g.created_at LIMIT 1;
END $$;

-- As before, but for the order of the questions.
CREATE OR REPLACE FUNCTION admit_session(
    presented bytea, asked uuid, remembered uuid, needs_org boolean, roles text[], patterns text[], states text[],
    beyond_providers boolean, moment timestamptz)
RETURNS TABLE (outcome text, session_id uuid, user_id uuid, csrf_hash bytea, last_seen_at timestamptz, org_id uuid,
               role text, granted text[], denied text[], sight text, grant_id uuid)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
#variable_conflict use_column
DECLARE
    session sessions%ROWTYPE;
    wanted  uuid := coalesce(asked, remembered);
    must_fit boolean := needs_org OR asked IS NOT NULL;
    place   record;
    entry   record;
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
            SELECT m.org_id, m.role, m.granted, m.denied, sees(m.role, m.sight, m.sight_beside_role) AS sight,
                   o.state, o.suspension, NULL::uuid AS grant_id
            FROM members m JOIN orgs o ON o.id = m.org_id
            WHERE m.user_id = session.user_id AND o.state <> 'deleted' LIMIT 2
        LOOP
            places := places + 1;
        END LOOP;
    ELSE
        SELECT m.org_id, m.role, m.granted, m.denied, sees(m.role, m.sight, m.sight_beside_role) AS sight,
               o.state, o.suspension, NULL::uuid AS grant_id INTO place
        FROM members m JOIN orgs o ON o.id = m.org_id
        WHERE m.org_id = wanted AND m.user_id = session.user_id AND o.state <> 'deleted';
        IF NOT FOUND THEN
            SELECT * INTO entry FROM provider_entry(session.user_id, wanted, moment);
            IF FOUND THEN
                SELECT o.id AS org_id, CASE entry.role WHEN 'owner' THEN 'admin' ELSE entry.role END AS role,
                       NULL::text[] AS granted, NULL::text[] AS denied, NULL::text AS sight, o.state, o.suspension,
                       entry.grant_id INTO place
                FROM orgs o
                WHERE o.id = wanted AND o.state <> 'deleted'
                  AND NOT EXISTS (SELECT FROM members p WHERE p.org_id = entry.provider_org_id
                                  AND p.user_id = session.user_id AND p.role = 'custom');
            END IF;
        END IF;
        IF FOUND THEN places := 1; END IF;
    END IF;

    outcome := CASE
        WHEN places <> 1 AND wanted IS NOT NULL THEN 'organisation-not-found'
        WHEN places <> 1 THEN 'organisation-required'
        WHEN concat_ws(':', place.state, place.suspension) <> ALL (states) THEN 'organisation-suspended'
        WHEN place.grant_id IS NOT NULL AND beyond_providers THEN 'permission-denied'
        WHEN NOT permits(place.role, place.granted, place.denied, roles, patterns) THEN 'permission-denied'
        ELSE 'ok' END;
    IF outcome = 'ok' THEN
        org_id := place.org_id;
        role := place.role;
        granted := place.granted;
        denied := place.denied;
        sight := place.sight;
        grant_id := place.grant_id;
        PERFORM set_config('pulse.org_id', place.org_id::text, true),
                set_config('pulse.sight', coalesce(place.sight, ''), true);
    ELSIF NOT must_fit THEN
        outcome := 'ok';
    END IF;
    RETURN NEXT;
END $$;

RESET ROLE;
