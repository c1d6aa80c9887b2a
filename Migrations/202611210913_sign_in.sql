-- What: signing in by password and by mailed link, with the lock after five failures.
-- Why: both look a person up before any organisation is known, and both must take the same time for a stranger.
-- Lock: none, the table is new. Back: drop functions and table; links in mailboxes then lead nowhere.

CREATE TABLE email_links (
    id          uuid PRIMARY KEY,
    kind        text NOT NULL CHECK (kind IN ('login', 'signup')),
    -- HMAC-SHA-256 of the token under a key the database does not have.
    token_hash  bytea NOT NULL UNIQUE,
    email       text NOT NULL,
    email_key   text NOT NULL,
    -- login: whose link it is. NULL: nobody's; the row was written so that strangers cost the same work.
    user_id     uuid REFERENCES users (id),
    -- signup: the organisation to found.
    org_name    text,
    created_at  timestamptz NOT NULL,
    expires_at  timestamptz NOT NULL,
    used_at     timestamptz
);
CREATE INDEX email_links_by_expiry ON email_links (expires_at);
GRANT SELECT, INSERT, UPDATE, DELETE ON email_links TO pulse_identity;

SET LOCAL ROLE pulse_identity;

-- What a sign-in needs to know. One row, always, whoever asks: user and hash are NULL for a stranger, `locked_until` for
-- someone who has not failed too often. The caller computes one password hash whatever stands in it.
CREATE FUNCTION begin_login(wanted text, by_name bytea, by_address bytea, moment timestamptz)
RETURNS TABLE (user_id uuid, password_hash text, locked_until timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
    SELECT u.id, u.password_hash,
           (SELECT max(c.locked_until) FROM counters c
            WHERE (c.kind, c.subject) IN (('login-name', by_name), ('login-address', by_address))
              AND c.locked_until > moment)
    FROM (VALUES (wanted)) AS asked (email_key) LEFT JOIN users u ON u.email_key = asked.email_key
$$;
GRANT EXECUTE ON FUNCTION begin_login TO pulse_app;

-- Counts a failure against the name and the address (NULL: an address that says nothing, such as loopback). The fifth
-- within 15 minutes locks for 15 minutes. Returns how many failures stand, and the lock.
CREATE FUNCTION fail_login(by_name bytea, by_address bytea, moment timestamptz)
RETURNS TABLE (failures int, locked_until timestamptz)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
#variable_conflict use_column
DECLARE
    found int;
BEGIN
    failures := hit('login-name', by_name, interval '15 minutes', moment);
    IF by_address IS NOT NULL THEN
        found := hit('login-address', by_address, interval '15 minutes', moment);
        failures := greatest(failures, found);
    END IF;
    UPDATE counters c SET locked_until = moment + interval '15 minutes'
    WHERE (c.kind, c.subject) IN (('login-name', by_name), ('login-address', by_address))
      AND c.hits >= 5 AND c.locked_until IS NULL;
    SELECT max(c.locked_until) INTO locked_until FROM counters c
    WHERE (c.kind, c.subject) IN (('login-name', by_name), ('login-address', by_address)) AND c.locked_until > moment;
    RETURN NEXT;
END $$;
GRANT EXECUTE ON FUNCTION fail_login TO pulse_app;

-- The password was right. False when a lock fell while it was being checked: then it does not count, or a hundred
-- guesses at once would all be tried. Forgets the failures of this name; those of the address age.
CREATE FUNCTION pass_login(person uuid, by_name bytea, by_address bytea, renewed_hash text, moment timestamptz)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
BEGIN
    PERFORM 1 FROM counters c
    WHERE (c.kind, c.subject) IN (('login-name', by_name), ('login-address', by_address)) FOR UPDATE;
    IF EXISTS (SELECT FROM counters c
               WHERE (c.kind, c.subject) IN (('login-name', by_name), ('login-address', by_address))
                 AND c.locked_until > moment) THEN
        RETURN false;
    END IF;
    DELETE FROM counters c WHERE c.kind = 'login-name' AND c.subject = by_name;
    IF renewed_hash IS NOT NULL THEN
        UPDATE users u SET password_hash = renewed_hash WHERE u.id = person;
    END IF;
    RETURN true;
END $$;
GRANT EXECUTE ON FUNCTION pass_login TO pulse_app;

-- Writes a sign-in link and says whether to mail it: not to strangers, and three an hour to one mailbox. The same rows
-- are written in every case; a link that is not to be mailed is born used.
CREATE FUNCTION request_login_link(
    new_link uuid, link_hash bytea, mail text, mail_key text, by_name bytea, moment timestamptz)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
DECLARE
    hits   int := hit('login-link', by_name, interval '1 hour', moment);
    person uuid := (SELECT u.id FROM users u WHERE u.email_key = mail_key);
    wanted boolean := person IS NOT NULL AND hits <= 3;
BEGIN
    INSERT INTO email_links (id, kind, token_hash, email, email_key, user_id, created_at, expires_at, used_at)
    VALUES (new_link, 'login', link_hash, mail, mail_key, person, moment, moment + interval '15 minutes',
            CASE WHEN NOT wanted THEN moment END);
    RETURN wanted;
END $$;
GRANT EXECUTE ON FUNCTION request_login_link TO pulse_app;

-- Uses a sign-in link up: its person, once, within 15 minutes. No row: not a link, used, or too late.
CREATE FUNCTION redeem_login_link(link_hash bytea, moment timestamptz) RETURNS TABLE (user_id uuid, email text)
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
    UPDATE email_links l SET used_at = moment
    WHERE l.token_hash = link_hash AND l.kind = 'login' AND l.used_at IS NULL AND l.expires_at > moment
      AND l.user_id IS NOT NULL
    RETURNING l.user_id, l.email
$$;
GRANT EXECUTE ON FUNCTION redeem_login_link TO pulse_app;

-- Takes away what has ended: sessions, links an hour after their end, counters of yesterday. At most 5000 rows a table
-- and call. Returns how many.
CREATE FUNCTION sweep_identity(moment timestamptz) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
    WITH ended_sessions AS (
        DELETE FROM sessions s WHERE s.id IN (
            SELECT old.id FROM sessions old WHERE old.expires_at <= moment ORDER BY old.expires_at LIMIT 5000
            FOR UPDATE SKIP LOCKED) RETURNING 1),
    ended_links AS (
        DELETE FROM email_links l WHERE l.id IN (
            SELECT old.id FROM email_links old WHERE old.expires_at <= moment - interval '1 hour'
            ORDER BY old.expires_at LIMIT 5000 FOR UPDATE SKIP LOCKED) RETURNING 1),
    ended_counters AS (
        DELETE FROM counters c WHERE (c.kind, c.subject) IN (
            SELECT old.kind, old.subject FROM counters old WHERE old.began_at <= moment - interval '1 day'
            ORDER BY old.began_at LIMIT 5000 FOR UPDATE SKIP LOCKED) RETURNING 1)
    SELECT (SELECT count(*) FROM ended_sessions) + (SELECT count(*) FROM ended_links)
         + (SELECT count(*) FROM ended_counters)
$$;
GRANT EXECUTE ON FUNCTION sweep_identity TO pulse_app;

RESET ROLE;
