-- What: support access: an operator asks an organisation to be let in, an owner agrees for a time, and either ends it.
-- Why: the company that hosts Pulse looks into an organisation with its leave, in its sight, and never otherwise.
-- Beside running programs: safe, creates only. Lock: none, the table is new. Back: drop functions and table; nobody of the
-- operators then gets in anywhere.

CREATE TABLE support_access (
    org_id              uuid NOT NULL REFERENCES orgs (id),
    id                  uuid NOT NULL,
    operator_id         uuid NOT NULL,
    -- As the operator was called when they asked: tenants do not read the accounts of operators.
    operator_name       text NOT NULL,
    reason              text NOT NULL CHECK (octet_length(reason) BETWEEN 1 AND 500),
    -- How long was asked for; the owner may give less.
    minutes             int NOT NULL CHECK (minutes BETWEEN 15 AND 10080),
    requested_at        timestamptz NOT NULL,
    -- Unanswered until then, it is void.
    request_expires_at  timestamptz NOT NULL,
    -- Of the owner's consent.
    decided_at          timestamptz,
    decided_by          uuid,
    expires_at          timestamptz,
    ended_at            timestamptz,
    ending              text CHECK (ending IN ('declined', 'revoked', 'withdrawn', 'expired')),
    PRIMARY KEY (org_id, id),
    CHECK ((ended_at IS NULL) = (ending IS NULL)),
    CHECK ((decided_at IS NULL) = (expires_at IS NULL) AND (decided_at IS NULL) = (decided_by IS NULL)),
    CHECK (expires_at <= decided_at + minutes * interval '1 minute')
);
-- An operator has one open request or access in an organisation.
CREATE UNIQUE INDEX support_access_open ON support_access (org_id, operator_id) WHERE ended_at IS NULL;
CREATE INDEX support_access_by_operator ON support_access (operator_id, id DESC);

SELECT pulse_owner_tools.tenant_table('support_access');
CREATE POLICY lookup ON support_access FOR SELECT TO pulse_lookup USING (true);
CREATE POLICY identity ON support_access TO pulse_identity USING (true) WITH CHECK (true);
-- Tenants answer requests; they make none.
GRANT SELECT, UPDATE (decided_at, decided_by, expires_at, ended_at, ending) ON support_access TO pulse_app;
GRANT SELECT ON support_access TO pulse_lookup;
GRANT SELECT, INSERT, UPDATE ON support_access TO pulse_identity;

SET LOCAL ROLE pulse_lookup;

-- What one operator (NULL: any) asked for, newest first. `wanted_org`, `wanted_state`: NULL: any.
CREATE FUNCTION operator_support(
    person uuid, wanted_org uuid, wanted uuid, wanted_state text, after uuid, most int, moment timestamptz)
RETURNS TABLE (id uuid, org_id uuid, slug text, name text, operator_id uuid, operator_name text, reason text,
               minutes int, state text, requested_at timestamptz, request_expires_at timestamptz,
               decided_at timestamptz, expires_at timestamptz, ended_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
    SELECT * FROM (
        SELECT s.id, s.org_id, o.slug, o.name, s.operator_id, s.operator_name, s.reason, s.minutes,
               CASE WHEN s.ended_at IS NOT NULL THEN s.ending
                    WHEN coalesce(s.expires_at, s.request_expires_at) <= moment THEN 'expired'
                    WHEN s.decided_at IS NULL THEN 'pending' ELSE 'active' END AS state,
               s.requested_at, s.request_expires_at, s.decided_at, s.expires_at, s.ended_at
        FROM support_access s JOIN orgs o ON o.id = s.org_id
        WHERE (person IS NULL OR s.operator_id = person) AND (wanted_org IS NULL OR s.org_id = wanted_org)
          AND (wanted IS NULL OR s.id = wanted) AND (after IS NULL OR s.id < after)) AS found
    WHERE wanted_state IS NULL OR found.state = wanted_state
    ORDER BY found.id DESC LIMIT most
$$;
GRANT EXECUTE ON FUNCTION operator_support TO pulse_operator;

RESET ROLE;
SET LOCAL ROLE pulse_identity;

-- Asks. The transaction stands in the organisation from now on, so that its trail tells of it. Returns the id of what is
-- open now: the new one, or one that was open already. NULL: no such organisation.
CREATE FUNCTION request_support(
    org uuid, new_id uuid, person uuid, why text, wanted_minutes int, moment timestamptz)
RETURNS uuid LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
DECLARE
    found_id uuid;
BEGIN
    PERFORM 1 FROM orgs o WHERE o.id = org AND o.state <> 'deleted' FOR KEY SHARE;
    IF NOT FOUND THEN RETURN NULL; END IF;
    PERFORM set_config('pulse.org_id', org::text, true);
    UPDATE support_access s SET ended_at = coalesce(s.expires_at, s.request_expires_at), ending = 'expired'
    WHERE s.org_id = org AND s.operator_id = person AND s.ended_at IS NULL
      AND coalesce(s.expires_at, s.request_expires_at) <= moment;
    INSERT INTO support_access (org_id, id, operator_id, operator_name, reason, minutes, requested_at,
                                request_expires_at)
    SELECT org, new_id, p.id, p.display_name, why, wanted_minutes, moment, moment + interval '7 days'
    FROM operators p WHERE p.id = person
    ON CONFLICT (org_id, operator_id) WHERE ended_at IS NULL DO NOTHING RETURNING id INTO found_id;
    IF found_id IS NULL THEN
        SELECT s.id INTO found_id FROM support_access s
        WHERE s.org_id = org AND s.operator_id = person AND s.ended_at IS NULL;
    END IF;
    RETURN found_id;
END $$;

-- An operator takes their own request back, or gives access up. Stands in the organisation as above. NULL: none open.
CREATE FUNCTION withdraw_support(wanted uuid, person uuid, moment timestamptz) RETURNS uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
DECLARE
    place uuid;
BEGIN
    UPDATE support_access s SET ended_at = moment, ending = 'withdrawn'
    WHERE s.id = wanted AND s.operator_id = person AND s.ended_at IS NULL
      AND coalesce(s.expires_at, s.request_expires_at) > moment
    RETURNING s.org_id INTO place;
    PERFORM set_config('pulse.org_id', place::text, true) WHERE place IS NOT NULL;
    RETURN place;
END $$;
GRANT EXECUTE ON FUNCTION request_support, withdraw_support TO pulse_operator;

-- May the operator behind this cookie read in that organisation now? One row, always. `states`: the states of an
-- organisation the endpoint is open to. `is_use`: a request, which prolongs the session; looking whether an open socket
-- may stay open does not.
-- outcome: ok, no-session, organisation-not-found, support-access-required, organisation-suspended.
-- With `ok` it sets pulse.org_id for the rest of the transaction, as admission does for everybody.
CREATE FUNCTION admit_support(presented bytea, wanted uuid, states text[], is_use boolean, moment timestamptz)
RETURNS TABLE (outcome text, operator_id uuid, role text, csrf_hash bytea, consent_id uuid)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
#variable_conflict use_column
DECLARE
    session record;
    place   record;
BEGIN
    SELECT s.id, s.operator_id, s.csrf_hash, o.role INTO session
    FROM operator_sessions s JOIN operators o ON o.id = s.operator_id
    WHERE s.token_hash = presented AND s.expires_at > moment AND s.absolute_expires_at > moment
      AND o.disabled_at IS NULL;
    IF NOT FOUND THEN
        outcome := 'no-session';
        RETURN NEXT;
        RETURN;
    END IF;
    IF is_use THEN PERFORM touch_operator_session(session.id, moment); END IF;
    operator_id := session.operator_id;
    role := session.role;
    csrf_hash := session.csrf_hash;
    SELECT o.id, o.state, o.suspension, a.id AS consent INTO place
    FROM orgs o LEFT JOIN support_access a ON a.org_id = o.id AND a.operator_id = session.operator_id
         AND a.ended_at IS NULL AND a.decided_at IS NOT NULL AND a.expires_at > moment
    WHERE o.id = wanted AND o.state <> 'deleted';
    outcome := CASE
        WHEN NOT FOUND THEN 'organisation-not-found'
        WHEN place.consent IS NULL THEN 'support-access-required'
        WHEN concat_ws(':', place.state, place.suspension) <> ALL (states) THEN 'organisation-suspended'
        ELSE 'ok' END;
    IF outcome = 'ok' THEN
        consent_id := place.consent;
        PERFORM set_config('pulse.org_id', place.id::text, true), set_config('pulse.sight', '', true);
    END IF;
    RETURN NEXT;
END $$;
GRANT EXECUTE ON FUNCTION admit_support TO pulse_app;

RESET ROLE;
