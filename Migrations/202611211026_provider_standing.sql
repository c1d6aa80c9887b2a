-- What: who is no member of the organisation they name may come in through a provider's grant: as an admin at most, and
--       not with a role `custom` at the provider, which says nothing of its customers.
-- Why: a provider's people work in their customers' organisations, by a grant that is explicit, limited and revocable.
-- Beside running programs: safe, the function keeps its parameters. Lock: none. Back: the function of 1022.

SET LOCAL ROLE pulse_lookup;

-- As before. Who is no member of the organisation they name may come through a provider's grant: then they have its role
-- (tenancy's provider_entry has weighed it against their role at the provider) and none of the permissions that
-- `beyond_providers` says this endpoint needs.
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
        IF NOT FOUND AND to_regprocedure('pulse.provider_entry(uuid, uuid, timestamptz)') IS NOT NULL THEN
            SELECT o.id AS org_id, CASE e.role WHEN 'owner' THEN 'admin' ELSE e.role END AS role,
                   NULL::text[] AS granted, NULL::text[] AS denied, NULL::text AS sight, o.state, o.suspension,
                   e.grant_id INTO place
            FROM provider_entry(session.user_id, wanted, moment) e JOIN orgs o ON o.id = wanted
            WHERE o.state <> 'deleted'
              AND NOT EXISTS (SELECT FROM members p WHERE p.org_id = e.provider_org_id
                              AND p.user_id = session.user_id AND p.role = 'custom');
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
