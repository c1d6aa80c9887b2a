-- What: sessions of signed-in people, and the function that admits a request.
-- Why: a session is found by the hash of its cookie before any organisation is known.
-- Lock: none, the table is new. Back: drop the functions and the table; everybody signs in again.
--
-- All times come from the caller (`moment`), never from now(): one clock decides within a process, and tests move it.

CREATE TABLE sessions (
    id                   uuid PRIMARY KEY,
    user_id              uuid NOT NULL REFERENCES users (id),
    token_hash           bytea NOT NULL UNIQUE,
    csrf_hash            bytea NOT NULL,
    created_at           timestamptz NOT NULL,
    last_seen_at         timestamptz NOT NULL,
    -- How long it lives without being used; each use within it begins it anew.
    idle                 interval NOT NULL,
    expires_at           timestamptz NOT NULL,
    -- 30 days after it began, used or not.
    absolute_expires_at  timestamptz NOT NULL,
    user_agent           text NOT NULL,
    address              text NOT NULL
);
CREATE INDEX sessions_by_user ON sessions (user_id, created_at DESC);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

GRANT SELECT ON sessions TO pulse_lookup;
GRANT SELECT, INSERT, UPDATE, DELETE ON sessions TO pulse_identity;

SET LOCAL ROLE pulse_lookup;

-- Who is behind a session cookie, and may they enter the organisation they want? One row, always.
-- asked: the organisation of the header; remembered: of the cookie; neither: the only membership.
-- needs_org: the endpoint works inside an organisation, and `roles` are those it lets in (NULL: any).
-- outcome: ok, no-session, organisation-required, organisation-not-found (unknown and foreign alike),
--          organisation-suspended (told to members alone), permission-denied.
-- With `ok` and an organisation it sets pulse.org_id for the rest of the transaction, so that a query sent along in the
-- same round trip sees that organisation's rows; with any other outcome that query sees nothing.
CREATE FUNCTION admit_session(
    presented bytea, asked uuid, remembered uuid, needs_org boolean, roles text[], moment timestamptz)
RETURNS TABLE (outcome text, session_id uuid, user_id uuid, csrf_hash bytea, created_at timestamptz,
               last_seen_at timestamptz, expires_at timestamptz, org_id uuid, role text)
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
    created_at := session.created_at;
    last_seen_at := session.last_seen_at;
    expires_at := session.expires_at;

    IF wanted IS NULL THEN
        FOR place IN
            SELECT m.org_id, m.role, o.state FROM members m JOIN orgs o ON o.id = m.org_id
            WHERE m.user_id = session.user_id AND o.state <> 'deleted' LIMIT 2
        LOOP
            places := places + 1;
        END LOOP;
    ELSE
        SELECT m.org_id, m.role, o.state INTO place FROM members m JOIN orgs o ON o.id = m.org_id
        WHERE m.org_id = wanted AND m.user_id = session.user_id AND o.state <> 'deleted';
        IF FOUND THEN places := 1; END IF;
    END IF;

    outcome := CASE
        WHEN places <> 1 AND wanted IS NOT NULL THEN 'organisation-not-found'
        WHEN places <> 1 THEN 'organisation-required'
        WHEN place.state <> 'active' THEN 'organisation-suspended'
        WHEN place.role <> ALL (roles) THEN 'permission-denied'
        ELSE 'ok' END;
    IF outcome = 'ok' THEN
        org_id := place.org_id;
        role := place.role;
        PERFORM set_config('pulse.org_id', place.org_id::text, true);
    ELSIF NOT must_fit THEN
        outcome := 'ok';
    END IF;
    RETURN NEXT;
END $$;
GRANT EXECUTE ON FUNCTION admit_session TO pulse_app;

RESET ROLE;
SET LOCAL ROLE pulse_identity;

-- Begins a session. `replaced` is the session the browser came with: it ends, so that nobody can plant one. Of more than
-- ten the oldest end; the lock on the person makes that count exact when two sign-ins meet.
CREATE FUNCTION open_session(
    new_session uuid, person uuid, presented bytea, csrf bytea, replaced bytea, idle_seconds bigint, agent text,
    client_address text, moment timestamptz)
RETURNS timestamptz LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
DECLARE
    idle_for    interval := make_interval(secs => idle_seconds);
    last_moment timestamptz := moment + interval '30 days';
BEGIN
    PERFORM 1 FROM users u WHERE u.id = person FOR UPDATE;
    DELETE FROM sessions s WHERE s.token_hash = replaced;
    INSERT INTO sessions (id, user_id, token_hash, csrf_hash, created_at, last_seen_at, idle, expires_at,
                          absolute_expires_at, user_agent, address)
    VALUES (new_session, person, presented, csrf, moment, moment, idle_for, least(moment + idle_for, last_moment),
            last_moment, agent, client_address);
    DELETE FROM sessions s WHERE s.id IN (
        SELECT old.id FROM sessions old WHERE old.user_id = person
        ORDER BY (old.id = new_session) DESC, old.created_at DESC, old.id DESC OFFSET 10);
    RETURN least(moment + idle_for, last_moment);
END $$;
GRANT EXECUTE ON FUNCTION open_session TO pulse_app;

-- Moves the expiry of sessions that were used. Batched: a request never waits for it. A later touch never loses to an
-- earlier one, and nothing lives beyond its absolute end.
CREATE FUNCTION touch_sessions(used uuid[], moments timestamptz[]) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
    UPDATE sessions s
    SET last_seen_at = t.moment, expires_at = least(t.moment + s.idle, s.absolute_expires_at)
    FROM unnest(used, moments) AS t (id, moment)
    WHERE s.id = t.id AND s.last_seen_at < t.moment AND s.expires_at > t.moment
$$;
GRANT EXECUTE ON FUNCTION touch_sessions TO pulse_app;

-- The living sessions of one person, newest first.
CREATE FUNCTION sessions_of(person uuid, moment timestamptz)
RETURNS TABLE (id uuid, created_at timestamptz, last_seen_at timestamptz, expires_at timestamptz, user_agent text,
               address text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
    SELECT s.id, s.created_at, s.last_seen_at, s.expires_at, s.user_agent, s.address FROM sessions s
    WHERE s.user_id = person AND s.expires_at > moment AND s.absolute_expires_at > moment
    ORDER BY s.created_at DESC, s.id DESC
$$;
GRANT EXECUTE ON FUNCTION sessions_of TO pulse_app;

-- Ends one session of this person; false when they have no such session.
CREATE FUNCTION end_session(person uuid, ended uuid) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
BEGIN
    DELETE FROM sessions s WHERE s.id = ended AND s.user_id = person;
    RETURN FOUND;
END $$;
GRANT EXECUTE ON FUNCTION end_session TO pulse_app;

-- Ends all sessions of this person but one; says how many.
CREATE FUNCTION end_other_sessions(person uuid, kept uuid) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
    WITH ended AS (DELETE FROM sessions s WHERE s.user_id = person AND s.id <> kept RETURNING 1)
    SELECT count(*) FROM ended
$$;
GRANT EXECUTE ON FUNCTION end_other_sessions TO pulse_app;

RESET ROLE;
