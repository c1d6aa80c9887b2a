-- What: signing in without sending the password (SRP-6a): verifiers, handshakes under way, and the organisation's switch.
-- Why: an organisation can have its people's passwords never reach us; what we keep cannot be used to sign in.
-- Beside running programs: safe. Lock: none that matters, the tables are new. Back: drop them; whoever registered a
-- verifier has no password hash and sets a new password by mail.

CREATE TABLE sign_in_policies (
    org_id          uuid NOT NULL PRIMARY KEY REFERENCES orgs (id),
    zero_knowledge  boolean NOT NULL,
    changed_at      timestamptz NOT NULL
);
SELECT pulse_owner_tools.tenant_table('sign_in_policies');
CREATE POLICY identity ON sign_in_policies FOR SELECT TO pulse_identity USING (true);
GRANT SELECT, INSERT, UPDATE ON sign_in_policies TO pulse_app;
GRANT SELECT ON sign_in_policies TO pulse_identity;

CREATE TABLE srp_verifiers (
    user_id     uuid PRIMARY KEY REFERENCES users (id),
    salt        bytea NOT NULL CHECK (octet_length(salt) = 16),
    kdf_salt    bytea NOT NULL CHECK (octet_length(kdf_salt) = 16),
    verifier    bytea NOT NULL CHECK (octet_length(verifier) BETWEEN 1 AND 256),
    created_at  timestamptz NOT NULL
);
-- A handshake is used once and within a minute, by whoever named the same person. `name` is a digest.
CREATE TABLE srp_handshakes (
    id          uuid PRIMARY KEY,
    name        bytea NOT NULL,
    expires_at  timestamptz NOT NULL
);
CREATE INDEX srp_handshakes_by_expiry ON srp_handshakes (expires_at);
GRANT SELECT, INSERT, UPDATE, DELETE ON srp_verifiers, srp_handshakes TO pulse_identity;

SET LOCAL ROLE pulse_identity;

-- Begins a handshake. One row, always; NULLs for a stranger and for someone who has no verifier.
CREATE FUNCTION begin_srp(new_handshake uuid, wanted text, by_name bytea, moment timestamptz)
RETURNS TABLE (salt bytea, kdf_salt bytea, verifier bytea)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
BEGIN
    INSERT INTO srp_handshakes (id, name, expires_at) VALUES (new_handshake, by_name, moment + interval '60 seconds');
    RETURN QUERY
        SELECT v.salt, v.kdf_salt, v.verifier
        FROM (VALUES (wanted)) AS asked (email_key) LEFT JOIN users u ON u.email_key = asked.email_key
        LEFT JOIN srp_verifiers v ON v.user_id = u.id;
END $$;
GRANT EXECUTE ON FUNCTION begin_srp TO pulse_app;

-- Uses a handshake up: of two at once one gets it. No row when it is gone, too old, or of another name; else one, always.
CREATE FUNCTION take_srp(handshake uuid, wanted text, by_name bytea, moment timestamptz)
RETURNS TABLE (user_id uuid, salt bytea, verifier bytea)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
BEGIN
    DELETE FROM srp_handshakes h WHERE h.id = handshake AND h.name = by_name AND h.expires_at > moment;
    IF NOT FOUND THEN RETURN; END IF;
    RETURN QUERY
        SELECT v.user_id, v.salt, v.verifier
        FROM (VALUES (wanted)) AS asked (email_key) LEFT JOIN users u ON u.email_key = asked.email_key
        LEFT JOIN srp_verifiers v ON v.user_id = u.id;
END $$;
GRANT EXECUTE ON FUNCTION take_srp TO pulse_app;

-- offered: an organisation of this person has switched it on. registered: they have a verifier.
CREATE FUNCTION zero_knowledge_of(person uuid) RETURNS TABLE (offered boolean, registered boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
    SELECT EXISTS (SELECT FROM members m JOIN sign_in_policies p ON p.org_id = m.org_id
                   WHERE m.user_id = person AND p.zero_knowledge),
           EXISTS (SELECT FROM srp_verifiers v WHERE v.user_id = person)
$$;
GRANT EXECUTE ON FUNCTION zero_knowledge_of TO pulse_app;

-- Keeps a verifier in the place of the password: from now on nothing that reaches us is a password of this person. All
-- sessions but `kept` end, and links on their way too.
CREATE FUNCTION register_srp(
    person uuid, kept uuid, new_salt bytea, new_kdf_salt bytea, new_verifier bytea, moment timestamptz)
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
BEGIN
    INSERT INTO srp_verifiers AS v (user_id, salt, kdf_salt, verifier, created_at)
    VALUES (person, new_salt, new_kdf_salt, new_verifier, moment)
    ON CONFLICT (user_id) DO UPDATE
        SET salt = new_salt, kdf_salt = new_kdf_salt, verifier = new_verifier, created_at = moment;
    UPDATE users u SET password_hash = NULL, password_changed_at = moment WHERE u.id = person;
    PERFORM end_links(u.email_key, '{login,reset}', moment) FROM users u WHERE u.id = person;
    DELETE FROM sessions s WHERE s.user_id = person AND s.id <> kept;
END $$;
GRANT EXECUTE ON FUNCTION register_srp TO pulse_app;

-- As before; and a password takes the place of a verifier, or the old one would go on opening the account.
CREATE OR REPLACE FUNCTION change_password(
    person uuid, kept uuid, checked_hash text, new_hash text, moment timestamptz)
RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
DECLARE
    ended bigint;
BEGIN
    UPDATE users u SET password_hash = new_hash, password_changed_at = moment
    WHERE u.id = person AND u.password_hash IS NOT DISTINCT FROM checked_hash;
    IF NOT FOUND THEN RETURN NULL; END IF;
    DELETE FROM srp_verifiers v WHERE v.user_id = person;
    PERFORM end_links(u.email_key, '{login,reset}', moment) FROM users u WHERE u.id = person;
    DELETE FROM sessions s WHERE s.user_id = person AND s.id IS DISTINCT FROM kept;
    GET DIAGNOSTICS ended = ROW_COUNT;
    RETURN ended;
END $$;

CREATE OR REPLACE FUNCTION reset_password(link_hash bytea, new_hash text, moment timestamptz)
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
    DELETE FROM srp_verifiers v WHERE v.user_id = person;
    PERFORM end_links(u.email_key, '{login,reset}', moment) FROM users u WHERE u.id = person;
    DELETE FROM sessions s WHERE s.user_id = person;
    RETURN QUERY SELECT u.id, u.email FROM users u WHERE u.id = person;
END $$;

-- As before, and handshakes.
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
            ORDER BY old.expires_at LIMIT 5000 FOR UPDATE SKIP LOCKED) RETURNING 1),
    ended_handshakes AS (
        DELETE FROM srp_handshakes h WHERE h.id IN (
            SELECT old.id FROM srp_handshakes old WHERE old.expires_at <= moment
            ORDER BY old.expires_at LIMIT 5000 FOR UPDATE SKIP LOCKED) RETURNING 1)
    SELECT (SELECT count(*) FROM ended_sessions) + (SELECT count(*) FROM ended_links)
         + (SELECT count(*) FROM ended_counters) + (SELECT count(*) FROM ended_challenges)
         + (SELECT count(*) FROM ended_handshakes)
$$;

RESET ROLE;
