-- What: changing a password, setting a new one by a mailed link, and when a session was last confirmed by its person.
-- Why: a password that cannot be changed or recovered is no password; a stolen cookie must not reach what matters most.
-- Beside running programs: safe; new columns are empty and old functions stay. Lock: a moment on email_links, users and
-- sessions to add columns and change a check. Back: drop the functions, then the columns.

ALTER TABLE email_links DROP CONSTRAINT email_links_kind_check;
ALTER TABLE email_links ADD CONSTRAINT email_links_kind_check CHECK (kind IN ('login', 'signup', 'reset'));
-- A newer link ends the older ones of its kind and mailbox.
CREATE INDEX email_links_by_mailbox ON email_links (email_key, kind) WHERE used_at IS NULL;

ALTER TABLE users ADD COLUMN password_changed_at timestamptz;
-- When the person last proved again who they are; NULL: not since the session began.
ALTER TABLE sessions ADD COLUMN confirmed_at timestamptz;

SET LOCAL ROLE pulse_lookup;

CREATE FUNCTION session_confirmed_at(wanted uuid) RETURNS timestamptz
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
    SELECT coalesce(s.confirmed_at, s.created_at) FROM sessions s WHERE s.id = wanted
$$;
GRANT EXECUTE ON FUNCTION session_confirmed_at TO pulse_app;

RESET ROLE;
SET LOCAL ROLE pulse_identity;

CREATE FUNCTION confirm_session(person uuid, session uuid, moment timestamptz) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
    UPDATE sessions s SET confirmed_at = moment WHERE s.id = session AND s.user_id = person
$$;
GRANT EXECUTE ON FUNCTION confirm_session TO pulse_app;

-- What checking one's own password needs. One row while the account exists.
CREATE FUNCTION own_password(person uuid) RETURNS TABLE (email text, password_hash text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
    SELECT u.email, u.password_hash FROM users u WHERE u.id = person
$$;
GRANT EXECUTE ON FUNCTION own_password TO pulse_app;

-- Ends every unused link of one mailbox and these kinds.
-- For other functions of pulse_identity; pulse_app may not call it.
CREATE FUNCTION end_links(mail_key text, kinds text[], moment timestamptz) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, pulse AS $$
    UPDATE email_links l SET used_at = moment
    WHERE l.email_key = mail_key AND l.kind = ANY (kinds) AND l.used_at IS NULL
$$;

-- Another password: all sessions but `kept` end, and so do links that would sign in or set a password.
-- Returns how many sessions ended; NULL when the password is no longer the one that was checked.
CREATE FUNCTION change_password(
    person uuid, kept uuid, checked_hash text, new_hash text, moment timestamptz)
RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
DECLARE
    ended bigint;
BEGIN
    UPDATE users u SET password_hash = new_hash, password_changed_at = moment
    WHERE u.id = person AND u.password_hash IS NOT DISTINCT FROM checked_hash;
    IF NOT FOUND THEN RETURN NULL; END IF;
    PERFORM end_links(u.email_key, '{login,reset}', moment) FROM users u WHERE u.id = person;
    DELETE FROM sessions s WHERE s.user_id = person AND s.id IS DISTINCT FROM kept;
    GET DIAGNOSTICS ended = ROW_COUNT;
    RETURN ended;
END $$;
GRANT EXECUTE ON FUNCTION change_password TO pulse_app;

-- Writes a link that sets a new password and says whether to mail it: not to strangers, and three an hour to one mailbox.
-- As with sign-in links the same rows are written in every case; one that is not to be mailed is born used.
CREATE FUNCTION request_reset_link(
    new_link uuid, link_hash bytea, mail text, mail_key text, by_name bytea, moment timestamptz)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
DECLARE
    hits   int := hit('reset-link', by_name, interval '1 hour', moment);
    person uuid := (SELECT u.id FROM users u WHERE u.email_key = mail_key);
    wanted boolean := person IS NOT NULL AND hits <= 3;
BEGIN
    IF hits <= 3 THEN PERFORM end_links(mail_key, '{reset}', moment); END IF;
    INSERT INTO email_links (id, kind, token_hash, email, email_key, user_id, created_at, expires_at, used_at)
    VALUES (new_link, 'reset', link_hash, mail, mail_key, person, moment, moment + interval '30 minutes',
            CASE WHEN NOT wanted THEN moment END);
    RETURN wanted;
END $$;
GRANT EXECUTE ON FUNCTION request_reset_link TO pulse_app;

-- Whose password an open link sets; it stays open. No row: not a link, used, or too late.
CREATE FUNCTION read_reset_link(link_hash bytea, moment timestamptz) RETURNS TABLE (user_id uuid, email text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
    SELECT l.user_id, u.email FROM email_links l JOIN users u ON u.id = l.user_id
    WHERE l.token_hash = link_hash AND l.kind = 'reset' AND l.used_at IS NULL AND l.expires_at > moment
$$;
GRANT EXECUTE ON FUNCTION read_reset_link TO pulse_app;

-- Uses the link up and sets the password; every session ends. Of two at once one wins. No row: as above.
CREATE FUNCTION reset_password(link_hash bytea, new_hash text, moment timestamptz)
RETURNS TABLE (user_id uuid, email text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
#variable_conflict use_column
DECLARE
    person uuid;
BEGIN
    UPDATE email_links l SET used_at = moment
    WHERE l.token_hash = link_hash AND l.kind = 'reset' AND l.used_at IS NULL AND l.expires_at > moment
      AND l.user_id IS NOT NULL
    RETURNING l.user_id INTO person;
    IF person IS NULL THEN RETURN; END IF;
    UPDATE users u SET password_hash = new_hash, password_changed_at = moment WHERE u.id = person;
    PERFORM end_links(u.email_key, '{login,reset}', moment) FROM users u WHERE u.id = person;
    DELETE FROM sessions s WHERE s.user_id = person;
    RETURN QUERY SELECT u.id, u.email FROM users u WHERE u.id = person;
END $$;
GRANT EXECUTE ON FUNCTION reset_password TO pulse_app;

-- As before, and a link that is mailed ends the older ones of its mailbox: what lies longest in a mailbox works least.
CREATE OR REPLACE FUNCTION request_login_link(
    new_link uuid, link_hash bytea, mail text, mail_key text, by_name bytea, moment timestamptz)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
DECLARE
    hits   int := hit('login-link', by_name, interval '1 hour', moment);
    person uuid := (SELECT u.id FROM users u WHERE u.email_key = mail_key);
    wanted boolean := person IS NOT NULL AND hits <= 3;
BEGIN
    IF hits <= 3 THEN PERFORM end_links(mail_key, '{login}', moment); END IF;
    INSERT INTO email_links (id, kind, token_hash, email, email_key, user_id, created_at, expires_at, used_at)
    VALUES (new_link, 'login', link_hash, mail, mail_key, person, moment, moment + interval '15 minutes',
            CASE WHEN NOT wanted THEN moment END);
    RETURN wanted;
END $$;

CREATE OR REPLACE FUNCTION request_signup(
    new_link uuid, link_hash bytea, mail text, mail_key text, wanted_name text, by_name bytea, by_address bytea,
    moment timestamptz)
RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
DECLARE
    hits int;
BEGIN
    IF by_address IS NOT NULL AND hit('signup-address', by_address, interval '1 hour', moment) > 5 THEN
        RETURN 'too-many';
    END IF;
    hits := hit('signup-name', by_name, interval '1 hour', moment);
    IF hits <= 3 THEN PERFORM end_links(mail_key, '{signup}', moment); END IF;
    INSERT INTO email_links (id, kind, token_hash, email, email_key, org_name, created_at, expires_at, used_at)
    VALUES (new_link, 'signup', link_hash, mail, mail_key, wanted_name, moment, moment + interval '15 minutes',
            CASE WHEN hits > 3 THEN moment END);
    RETURN CASE WHEN hits > 3 THEN 'quiet' ELSE 'send' END;
END $$;

RESET ROLE;
