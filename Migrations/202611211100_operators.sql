-- What: the accounts of the people who host Pulse, their authenticators, set-up links and sessions.
-- Why: staff are nobody's members. They sign in by a door of their own, with accounts that open nothing else.
-- Beside running programs: safe, creates only. Lock: none, the tables are new. Back: drop functions and tables; staff are
-- then out, customers notice nothing.
--
-- None of these tables is any tenant's, and pulse_app may neither read them nor call the functions: all of them are for
-- pulse_operator, whose pool serves the operators' listener and the commands of `pulse admin`.

CREATE TABLE operators (
    id                uuid PRIMARY KEY,
    email             text NOT NULL CHECK (octet_length(email) <= 254),
    -- Lower case.
    email_key         text NOT NULL UNIQUE,
    display_name      text NOT NULL CHECK (octet_length(display_name) BETWEEN 1 AND 128),
    role              text NOT NULL CHECK (role IN ('operator', 'operator_admin')),
    -- Argon2id in its encoded form; NULL until the account is set up.
    password_hash     text,
    created_at        timestamptz NOT NULL,
    disabled_at       timestamptz,
    last_sign_in_at   timestamptz
);

CREATE TABLE operator_totp (
    operator_id  uuid PRIMARY KEY REFERENCES operators (id),
    secret       sealed NOT NULL,
    -- NULL: begun and not confirmed; nobody signs in with it.
    enabled_at   timestamptz,
    -- The newest 30-second step a code was accepted for; that one and older ones are not accepted again.
    last_step    bigint NOT NULL DEFAULT 0
);

-- The way to a first password and authenticator, or to new ones. One an operator: a newer one replaces it.
CREATE TABLE operator_setups (
    operator_id  uuid PRIMARY KEY REFERENCES operators (id),
    -- HMAC-SHA-256 of the token under a key the database does not have.
    token_hash   bytea NOT NULL UNIQUE,
    expires_at   timestamptz NOT NULL
);

CREATE TABLE operator_sessions (
    id                   uuid PRIMARY KEY,
    operator_id          uuid NOT NULL REFERENCES operators (id),
    token_hash           bytea NOT NULL UNIQUE,
    csrf_hash            bytea NOT NULL,
    created_at           timestamptz NOT NULL,
    last_seen_at         timestamptz NOT NULL,
    -- 30 minutes after it was last used.
    expires_at           timestamptz NOT NULL,
    -- 12 hours after it began, used or not.
    absolute_expires_at  timestamptz NOT NULL,
    user_agent           text NOT NULL,
    address              text NOT NULL
);
CREATE INDEX operator_sessions_by_operator ON operator_sessions (operator_id, created_at DESC);

GRANT SELECT, INSERT, UPDATE, DELETE ON operators, operator_totp, operator_setups, operator_sessions TO pulse_identity;
SELECT pulse_owner_tools.sealed_column('operator_totp', 'secret', 'operator_id');

SET LOCAL ROLE pulse_identity;

-- A new account, which cannot sign in before it is set up. False when the address has one.
CREATE FUNCTION create_operator(
    new_id uuid, mail text, mail_key text, called text, standing text, setup_hash bytea, moment timestamptz)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
BEGIN
    INSERT INTO operators (id, email, email_key, display_name, role, created_at)
    VALUES (new_id, mail, mail_key, called, standing, moment) ON CONFLICT (email_key) DO NOTHING;
    IF NOT FOUND THEN RETURN false; END IF;
    INSERT INTO operator_setups (operator_id, token_hash, expires_at)
    VALUES (new_id, setup_hash, moment + interval '24 hours');
    RETURN true;
END $$;

-- Password, authenticator and sessions end, and a new link leads to others. False when there is no such operator.
CREATE FUNCTION reset_operator(person uuid, setup_hash bytea, moment timestamptz) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
BEGIN
    UPDATE operators o SET password_hash = NULL WHERE o.id = person;
    IF NOT FOUND THEN RETURN false; END IF;
    DELETE FROM operator_totp t WHERE t.operator_id = person;
    DELETE FROM operator_sessions s WHERE s.operator_id = person;
    INSERT INTO operator_setups AS u (operator_id, token_hash, expires_at)
    VALUES (person, setup_hash, moment + interval '24 hours')
    ON CONFLICT (operator_id) DO UPDATE SET token_hash = setup_hash, expires_at = moment + interval '24 hours';
    RETURN true;
END $$;

-- Shuts an account, at once, or opens it again. False when there is no such operator.
CREATE FUNCTION disable_operator(person uuid, is_disabled boolean, moment timestamptz) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
BEGIN
    UPDATE operators o SET disabled_at = CASE WHEN is_disabled THEN coalesce(o.disabled_at, moment) END
    WHERE o.id = person;
    IF NOT FOUND THEN RETURN false; END IF;
    DELETE FROM operator_sessions s WHERE s.operator_id = person AND is_disabled;
    RETURN true;
END $$;

-- Everybody, by name; `state`: invited, active or disabled.
CREATE FUNCTION all_operators()
RETURNS TABLE (id uuid, email text, display_name text, role text, state text, created_at timestamptz,
               last_sign_in_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
    SELECT o.id, o.email, o.display_name, o.role,
           CASE WHEN o.disabled_at IS NOT NULL THEN 'disabled' WHEN o.password_hash IS NULL THEN 'invited'
                ELSE 'active' END,
           o.created_at, o.last_sign_in_at
    FROM operators o ORDER BY o.display_name, o.id
$$;

-- Whose set-up an open link is, and the authenticator begun with it. No row: not a link, used, or too late.
CREATE FUNCTION operator_setup(presented bytea, moment timestamptz)
RETURNS TABLE (id uuid, email text, display_name text, role text, secret bytea, expires_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
    SELECT o.id, o.email, o.display_name, o.role, t.secret, u.expires_at
    FROM operator_setups u JOIN operators o ON o.id = u.operator_id
    LEFT JOIN operator_totp t ON t.operator_id = o.id AND t.enabled_at IS NULL
    WHERE u.token_hash = presented AND u.expires_at > moment AND o.disabled_at IS NULL
$$;

-- Keeps a new secret until it is confirmed. False when the link has ended.
CREATE FUNCTION begin_operator_totp(presented bytea, sealed bytea, moment timestamptz) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
BEGIN
    INSERT INTO operator_totp AS t (operator_id, secret)
    SELECT u.operator_id, sealed FROM operator_setups u WHERE u.token_hash = presented AND u.expires_at > moment
    ON CONFLICT (operator_id) DO UPDATE SET secret = sealed, last_step = 0 WHERE t.enabled_at IS NULL;
    RETURN FOUND;
END $$;

-- Uses the link up: the password is set and the authenticator whose code fitted (`checked`) is on. Of two at once one
-- wins. Returns whose account it is; NULL: the link has ended, or another secret was begun meanwhile.
CREATE FUNCTION complete_operator_setup(
    presented bytea, checked bytea, step bigint, new_hash text, moment timestamptz)
RETURNS uuid LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
DECLARE
    person uuid;
BEGIN
    SELECT u.operator_id INTO person FROM operator_setups u JOIN operators o ON o.id = u.operator_id
    WHERE u.token_hash = presented AND u.expires_at > moment AND o.disabled_at IS NULL FOR UPDATE OF u;
    IF NOT FOUND THEN RETURN NULL; END IF;
    UPDATE operator_totp t SET enabled_at = moment, last_step = step
    WHERE t.operator_id = person AND t.secret = checked AND t.enabled_at IS NULL;
    IF NOT FOUND THEN RETURN NULL; END IF;
    DELETE FROM operator_setups u WHERE u.operator_id = person;
    DELETE FROM operator_sessions s WHERE s.operator_id = person;
    UPDATE operators o SET password_hash = new_hash WHERE o.id = person;
    RETURN person;
END $$;

-- What a sign-in needs to know. One row, always, whoever asks: all but the lock are NULL for a stranger, a disabled
-- account and one that is not set up. The caller computes one password hash whatever stands in it.
CREATE FUNCTION begin_operator_login(wanted text, by_name bytea, by_address bytea, moment timestamptz)
RETURNS TABLE (id uuid, email text, display_name text, role text, password_hash text, secret bytea, last_step bigint,
               locked_until timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
    SELECT o.id, o.email, o.display_name, o.role, o.password_hash, o.secret, o.last_step,
           (SELECT max(c.locked_until) FROM counters c
            WHERE (c.kind, c.subject) IN (('login-name', by_name), ('login-address', by_address))
              AND c.locked_until > moment)
    FROM (VALUES (wanted)) AS asked (email_key)
    LEFT JOIN (SELECT p.*, t.secret, t.last_step FROM operators p JOIN operator_totp t ON t.operator_id = p.id
               WHERE p.disabled_at IS NULL AND p.password_hash IS NOT NULL AND t.enabled_at IS NOT NULL) o
           ON o.email_key = asked.email_key
$$;

-- Password and code were right: uses the code up and begins a session; of more than five the oldest end. `replaced` is
-- the session the browser came with. Returns when it ends unused; NULL when a lock fell meanwhile, when the code was used,
-- and when the account was shut or reset.
CREATE FUNCTION open_operator_session(
    new_session uuid, person uuid, checked_hash text, step bigint, presented bytea, csrf bytea, replaced bytea,
    by_name bytea, by_address bytea, renewed_hash text, agent text, client_address text, moment timestamptz)
RETURNS timestamptz LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
BEGIN
    IF NOT pass_login(NULL, by_name, by_address, NULL, moment) THEN RETURN NULL; END IF;
    UPDATE operators o SET last_sign_in_at = moment, password_hash = coalesce(renewed_hash, o.password_hash)
    WHERE o.id = person AND o.disabled_at IS NULL AND o.password_hash = checked_hash;
    IF NOT FOUND THEN RETURN NULL; END IF;
    UPDATE operator_totp t SET last_step = step
    WHERE t.operator_id = person AND t.enabled_at IS NOT NULL AND t.last_step < step;
    IF NOT FOUND THEN RETURN NULL; END IF;
    DELETE FROM operator_sessions s WHERE s.token_hash = replaced OR s.absolute_expires_at <= moment;
    INSERT INTO operator_sessions (id, operator_id, token_hash, csrf_hash, created_at, last_seen_at, expires_at,
                                   absolute_expires_at, user_agent, address)
    VALUES (new_session, person, presented, csrf, moment, moment, moment + interval '30 minutes',
            moment + interval '12 hours', agent, client_address);
    DELETE FROM operator_sessions s WHERE s.id IN (
        SELECT old.id FROM operator_sessions old WHERE old.operator_id = person
        ORDER BY (old.id = new_session) DESC, old.created_at DESC, old.id DESC OFFSET 5);
    RETURN moment + interval '30 minutes';
END $$;

-- A use moves the end of a session, at most once a minute, so that a busy page does not write a row with every request.
-- For other functions of pulse_identity.
CREATE FUNCTION touch_operator_session(session uuid, moment timestamptz) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, pulse AS $$
    UPDATE operator_sessions s
    SET last_seen_at = moment, expires_at = least(moment + interval '30 minutes', s.absolute_expires_at)
    WHERE s.id = session AND s.last_seen_at <= moment - interval '1 minute'
$$;

-- Who is behind an operator's cookie, and is their role one of `roles`? One row, always.
-- outcome: ok, no-session, permission-denied.
CREATE FUNCTION admit_operator(presented bytea, roles text[], moment timestamptz)
RETURNS TABLE (outcome text, operator_id uuid, role text, csrf_hash bytea)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
#variable_conflict use_column
DECLARE
    session record;
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
    PERFORM touch_operator_session(session.id, moment);
    operator_id := session.operator_id;
    role := session.role;
    csrf_hash := session.csrf_hash;
    outcome := CASE WHEN session.role = ANY (roles) THEN 'ok' ELSE 'permission-denied' END;
    RETURN NEXT;
END $$;

-- The operator of a living session, in person. No row: there is none.
CREATE FUNCTION operator_in_person(presented bytea, moment timestamptz)
RETURNS TABLE (id uuid, email text, display_name text, role text, expires_at timestamptz,
               absolute_expires_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
    SELECT o.id, o.email, o.display_name, o.role, s.expires_at, s.absolute_expires_at
    FROM operator_sessions s JOIN operators o ON o.id = s.operator_id
    WHERE s.token_hash = presented AND s.expires_at > moment AND s.absolute_expires_at > moment
$$;

CREATE FUNCTION end_operator_session(presented bytea) RETURNS uuid
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
    DELETE FROM operator_sessions s WHERE s.token_hash = presented RETURNING s.id
$$;

GRANT EXECUTE ON FUNCTION
    create_operator, reset_operator, disable_operator, all_operators, operator_setup, begin_operator_totp,
    complete_operator_setup, begin_operator_login, open_operator_session, admit_operator, operator_in_person,
    end_operator_session
TO pulse_operator;
-- Failures are counted as those of customers are, under digests of their own.
GRANT EXECUTE ON FUNCTION fail_login TO pulse_operator;

RESET ROLE;
