-- What: the second step of a sign-in: a code of the moment (TOTP, RFC 6238) or a recovery code.
-- Why: a password alone is one phishing mail away. The secret is sealed under the installation's key, the codes are kept
-- as HMAC-SHA-256 under a key the database does not have.
-- Beside running programs: safe; one that does not know these tables would let people in without the second step, so
-- none may still run when the first person switches it on. Lock: none, the tables are new. Back: drop them; everybody
-- then signs in with one step.

CREATE TABLE totp_secrets (
    user_id     uuid PRIMARY KEY REFERENCES users (id),
    secret      sealed NOT NULL,
    created_at  timestamptz NOT NULL,
    -- NULL: begun and not confirmed.
    enabled_at  timestamptz,
    -- The newest 30-second step a code was accepted for; that one and older ones are not accepted again.
    last_step   bigint NOT NULL DEFAULT 0
);
CREATE TABLE recovery_codes (
    user_id    uuid NOT NULL REFERENCES users (id),
    code_hash  bytea NOT NULL,
    used_at    timestamptz,
    PRIMARY KEY (user_id, code_hash)
);
-- Someone who has proved the first step and owes the second.
CREATE TABLE login_challenges (
    token_hash  bytea PRIMARY KEY,
    user_id     uuid NOT NULL REFERENCES users (id),
    remember    boolean NOT NULL,
    expires_at  timestamptz NOT NULL
);
CREATE INDEX login_challenges_by_expiry ON login_challenges (expires_at);
GRANT SELECT, INSERT, UPDATE, DELETE ON totp_secrets, recovery_codes, login_challenges TO pulse_identity;
SELECT pulse_owner_tools.sealed_column('totp_secrets', 'secret', 'user_id');

SET LOCAL ROLE pulse_identity;

CREATE FUNCTION has_second_step(person uuid) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
    SELECT EXISTS (SELECT FROM totp_secrets t WHERE t.user_id = person AND t.enabled_at IS NOT NULL)
$$;
GRANT EXECUTE ON FUNCTION has_second_step TO pulse_app;

-- One row when there is a secret, confirmed or not.
CREATE FUNCTION totp_of(person uuid)
RETURNS TABLE (secret bytea, created_at timestamptz, enabled_at timestamptz, last_step bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
    SELECT t.secret, t.created_at, t.enabled_at, t.last_step FROM totp_secrets t WHERE t.user_id = person
$$;
GRANT EXECUTE ON FUNCTION totp_of TO pulse_app;

CREATE FUNCTION recovery_codes_left(person uuid) RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
    SELECT count(*) FROM recovery_codes c WHERE c.user_id = person AND c.used_at IS NULL
$$;
GRANT EXECUTE ON FUNCTION recovery_codes_left TO pulse_app;

-- Keeps a new secret until it is confirmed, in the place of one that was not. False when one is in use.
CREATE FUNCTION begin_totp(person uuid, sealed bytea, moment timestamptz) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
BEGIN
    INSERT INTO totp_secrets AS t (user_id, secret, created_at) VALUES (person, sealed, moment)
    ON CONFLICT (user_id) DO UPDATE SET secret = sealed, created_at = moment, last_step = 0
    WHERE t.enabled_at IS NULL;
    RETURN FOUND;
END $$;
GRANT EXECUTE ON FUNCTION begin_totp TO pulse_app;

-- Fresh codes in the place of all that there were.
CREATE FUNCTION renew_recovery_codes(person uuid, hashes bytea[]) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
    DELETE FROM recovery_codes c WHERE c.user_id = person;
    INSERT INTO recovery_codes (user_id, code_hash) SELECT person, h FROM unnest(hashes) AS h;
$$;
GRANT EXECUTE ON FUNCTION renew_recovery_codes TO pulse_app;

-- Switches the second step on; `checked` is the secret that the code fitted. False when it was begun anew meanwhile.
CREATE FUNCTION enable_totp(person uuid, checked bytea, step bigint, hashes bytea[], moment timestamptz)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
BEGIN
    UPDATE totp_secrets t SET enabled_at = moment, last_step = step
    WHERE t.user_id = person AND t.secret = checked AND t.enabled_at IS NULL;
    IF NOT FOUND THEN RETURN false; END IF;
    PERFORM renew_recovery_codes(person, hashes);
    RETURN true;
END $$;
GRANT EXECUTE ON FUNCTION enable_totp TO pulse_app;

-- Uses up the codes of a step and of all before it. False when that has happened already: of two at once one wins.
CREATE FUNCTION use_totp(person uuid, step bigint) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
BEGIN
    UPDATE totp_secrets t SET last_step = step
    WHERE t.user_id = person AND t.enabled_at IS NOT NULL AND t.last_step < step;
    RETURN FOUND;
END $$;
GRANT EXECUTE ON FUNCTION use_totp TO pulse_app;

-- Uses up a recovery code. False when there is none such, or it was used.
CREATE FUNCTION use_recovery_code(person uuid, hash bytea, moment timestamptz) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
BEGIN
    UPDATE recovery_codes c SET used_at = moment
    WHERE c.user_id = person AND c.code_hash = hash AND c.used_at IS NULL;
    RETURN FOUND;
END $$;
GRANT EXECUTE ON FUNCTION use_recovery_code TO pulse_app;

-- False when there was nothing to switch off.
CREATE FUNCTION disable_totp(person uuid) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
BEGIN
    DELETE FROM recovery_codes c WHERE c.user_id = person;
    DELETE FROM login_challenges l WHERE l.user_id = person;
    DELETE FROM totp_secrets t WHERE t.user_id = person;
    RETURN FOUND;
END $$;
GRANT EXECUTE ON FUNCTION disable_totp TO pulse_app;

CREATE FUNCTION open_challenge(hash bytea, person uuid, is_remembered boolean, moment timestamptz) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
    INSERT INTO login_challenges (token_hash, user_id, remember, expires_at)
    VALUES (hash, person, is_remembered, moment + interval '5 minutes')
$$;
GRANT EXECUTE ON FUNCTION open_challenge TO pulse_app;

-- Whose second step a challenge asks for, and whether the browser is one they know; no row when it has ended.
CREATE FUNCTION challenge_of(hash bytea, device bytea, moment timestamptz)
RETURNS TABLE (user_id uuid, remember boolean, by_device boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
    SELECT l.user_id, l.remember,
           EXISTS (SELECT FROM known_devices d WHERE d.token_hash = device AND d.user_id = l.user_id)
    FROM login_challenges l WHERE l.token_hash = hash AND l.expires_at > moment
$$;
GRANT EXECUTE ON FUNCTION challenge_of TO pulse_app;

-- Uses a challenge up: false when it is gone.
CREATE FUNCTION close_challenge(hash bytea, moment timestamptz) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
BEGIN
    DELETE FROM login_challenges l WHERE l.token_hash = hash AND l.expires_at > moment;
    RETURN FOUND;
END $$;
GRANT EXECUTE ON FUNCTION close_challenge TO pulse_app;

-- As before, and ended challenges.
CREATE OR REPLACE FUNCTION sweep_identity(moment timestamptz) RETURNS bigint
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
            ORDER BY old.began_at LIMIT 5000 FOR UPDATE SKIP LOCKED) RETURNING 1),
    ended_challenges AS (
        DELETE FROM login_challenges l WHERE l.token_hash IN (
            SELECT old.token_hash FROM login_challenges old WHERE old.expires_at <= moment
            ORDER BY old.expires_at LIMIT 5000 FOR UPDATE SKIP LOCKED) RETURNING 1)
    SELECT (SELECT count(*) FROM ended_sessions) + (SELECT count(*) FROM ended_links)
         + (SELECT count(*) FROM ended_counters) + (SELECT count(*) FROM ended_challenges)
$$;

RESET ROLE;
