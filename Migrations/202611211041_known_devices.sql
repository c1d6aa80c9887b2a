-- What: the browsers a person has signed in with, and a throttle that counts them apart from strangers.
-- Why: five failures lock a name, so anybody could lock anybody out. Who signs in with a browser they have used before is
-- counted by that browser alone: no stranger, and no neighbour behind the same address, can shut them out.
-- Beside running programs: safe; the functions of older ones stay. Lock: none, the table is new. Back: drop both.
--
-- A device counts for the person it was made for and nobody else. Its cookie is 256 random bits, made here and never taken
-- over from a browser, so planting one gains nothing.

CREATE TABLE known_devices (
    id            uuid PRIMARY KEY,
    user_id       uuid NOT NULL REFERENCES users (id),
    token_hash    bytea NOT NULL UNIQUE,
    created_at    timestamptz NOT NULL,
    last_seen_at  timestamptz NOT NULL,
    user_agent    text NOT NULL
);
CREATE INDEX known_devices_by_user ON known_devices (user_id, last_seen_at DESC);
GRANT SELECT, INSERT, UPDATE, DELETE ON known_devices TO pulse_identity;

SET LOCAL ROLE pulse_identity;

-- What a sign-in needs to know. One row, always, whoever asks: user and hash are NULL for a stranger. `device` is the hash
-- of the cookie the browser came with (anything, when it came with none). `by_device`: count by it, not by name and
-- address; that ends for 15 minutes with its tenth failure.
CREATE FUNCTION begin_sign_in(wanted text, by_name bytea, by_address bytea, device bytea, moment timestamptz)
RETURNS TABLE (user_id uuid, password_hash text, by_device boolean, locked_until timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
    SELECT u.id, u.password_hash, trusted.yes, CASE WHEN NOT trusted.yes THEN
           (SELECT max(c.locked_until) FROM counters c
            WHERE (c.kind, c.subject) IN (('login-name', by_name), ('login-address', by_address))
              AND c.locked_until > moment) END
    FROM (VALUES (wanted)) AS asked (email_key) LEFT JOIN users u ON u.email_key = asked.email_key
    CROSS JOIN LATERAL (SELECT
        EXISTS (SELECT FROM known_devices d WHERE d.token_hash = device AND d.user_id = u.id)
        AND NOT EXISTS (SELECT FROM counters c WHERE c.kind = 'login-device' AND c.subject = device
                        AND c.locked_until > moment)) AS trusted (yes)
$$;
GRANT EXECUTE ON FUNCTION begin_sign_in TO pulse_app;

-- Counts a failure: of the known device (`device` is given), else of the name and the address (NULL: one that says
-- nothing). The fifth of a name or an address and the tenth of a device within 15 minutes lock for 15 minutes.
CREATE FUNCTION fail_sign_in(by_name bytea, by_address bytea, device bytea, moment timestamptz)
RETURNS TABLE (failures int, locked_until timestamptz)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
#variable_conflict use_column
BEGIN
    IF device IS NULL THEN
        RETURN QUERY SELECT f.failures, f.locked_until FROM fail_login(by_name, by_address, moment) f;
        RETURN;
    END IF;
    failures := hit('login-device', device, interval '15 minutes', moment);
    UPDATE counters c SET locked_until = moment + interval '15 minutes'
    WHERE c.kind = 'login-device' AND c.subject = device AND c.hits >= 10 AND c.locked_until IS NULL
    RETURNING c.locked_until INTO locked_until;
    RETURN NEXT;
END $$;
GRANT EXECUTE ON FUNCTION fail_sign_in TO pulse_app;

-- The proof was right. False when a lock fell while it was being checked, as with pass_login. A device's success forgets
-- its own failures and leaves those of the name: they are somebody else's.
CREATE FUNCTION pass_sign_in(
    person uuid, by_name bytea, by_address bytea, device bytea, renewed_hash text, moment timestamptz)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
BEGIN
    IF device IS NULL THEN
        RETURN pass_login(person, by_name, by_address, renewed_hash, moment);
    END IF;
    PERFORM 1 FROM counters c WHERE c.kind = 'login-device' AND c.subject = device FOR UPDATE;
    IF EXISTS (SELECT FROM counters c WHERE c.kind = 'login-device' AND c.subject = device
               AND c.locked_until > moment) THEN
        RETURN false;
    END IF;
    DELETE FROM counters c WHERE c.kind = 'login-device' AND c.subject = device;
    IF renewed_hash IS NOT NULL THEN
        UPDATE users u SET password_hash = renewed_hash WHERE u.id = person;
    END IF;
    RETURN true;
END $$;
GRANT EXECUTE ON FUNCTION pass_sign_in TO pulse_app;

-- Remembers the browser of a sign-in. `presented` is the hash of the cookie it came with: if this person's, it stays;
-- else the new one is written, and of more than twenty the longest unseen go. `had_others`: it is not the first.
CREATE FUNCTION remember_device(
    person uuid, presented bytea, new_device uuid, new_hash bytea, agent text, moment timestamptz)
RETURNS TABLE (is_known boolean, had_others boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
BEGIN
    had_others := EXISTS (SELECT FROM known_devices d WHERE d.user_id = person);
    UPDATE known_devices d SET last_seen_at = moment, user_agent = agent
    WHERE d.user_id = person AND d.token_hash = presented;
    is_known := FOUND;
    IF NOT is_known THEN
        INSERT INTO known_devices (id, user_id, token_hash, created_at, last_seen_at, user_agent)
        VALUES (new_device, person, new_hash, moment, moment, agent);
        DELETE FROM known_devices d WHERE d.id IN (
            SELECT old.id FROM known_devices old WHERE old.user_id = person
            ORDER BY (old.id = new_device) DESC, old.last_seen_at DESC, old.id DESC OFFSET 20);
    END IF;
    RETURN NEXT;
END $$;
GRANT EXECUTE ON FUNCTION remember_device TO pulse_app;

CREATE FUNCTION devices_of(person uuid, presented bytea)
RETURNS TABLE (id uuid, created_at timestamptz, last_seen_at timestamptz, user_agent text, is_current boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
    SELECT d.id, d.created_at, d.last_seen_at, d.user_agent, d.token_hash IS NOT DISTINCT FROM presented
    FROM known_devices d WHERE d.user_id = person ORDER BY d.last_seen_at DESC, d.id DESC
$$;
GRANT EXECUTE ON FUNCTION devices_of TO pulse_app;

-- Forgets one device of this person, or all but `kept` when `forgotten` is NULL. Returns how many.
CREATE FUNCTION forget_devices(person uuid, forgotten uuid, kept bytea) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
    WITH gone AS (
        DELETE FROM known_devices d
        WHERE d.user_id = person AND (d.id = forgotten OR forgotten IS NULL AND d.token_hash IS DISTINCT FROM kept)
        RETURNING 1)
    SELECT count(*) FROM gone
$$;
GRANT EXECUTE ON FUNCTION forget_devices TO pulse_app;

-- Attempts at something that only someone already half-way in can try: to confirm a session, to give a second factor.
-- Counts an attempt BEFORE it is checked, so that many at once are not all tried. Returns the lock when this was one too
-- many: more than five within 15 minutes.
CREATE FUNCTION count_attempt(counted text, whom bytea, moment timestamptz)
RETURNS TABLE (attempts int, locked_until timestamptz)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
#variable_conflict use_column
BEGIN
    IF counted NOT IN ('confirm', 'second-factor') THEN
        RAISE EXCEPTION 'not a kind of attempt: %', counted;
    END IF;
    SELECT c.hits, c.locked_until INTO attempts, locked_until FROM counters c
    WHERE c.kind = counted AND c.subject = whom AND c.locked_until > moment FOR UPDATE;
    IF NOT FOUND THEN
        attempts := hit(counted, whom, interval '15 minutes', moment);
        UPDATE counters c SET locked_until = moment + interval '15 minutes'
        WHERE c.kind = counted AND c.subject = whom AND c.hits > 5
        RETURNING c.locked_until INTO locked_until;
    END IF;
    RETURN NEXT;
END $$;
GRANT EXECUTE ON FUNCTION count_attempt TO pulse_app;

CREATE FUNCTION forget_attempts(counted text, whom bytea) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
    DELETE FROM counters c
    WHERE c.kind = counted AND counted IN ('confirm', 'second-factor') AND c.subject = whom
$$;
GRANT EXECUTE ON FUNCTION forget_attempts TO pulse_app;

RESET ROLE;
