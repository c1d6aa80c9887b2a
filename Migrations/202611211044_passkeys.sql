-- What: passkeys (WebAuthn): the public keys of people's authenticators, and the challenges they sign.
-- Why: a passkey is bound to our address and cannot be phished; it is both steps of a sign-in in one.
-- Beside running programs: safe. Lock: none, the tables are new. Back: drop them; people sign in by other ways.

CREATE TABLE passkeys (
    id             uuid PRIMARY KEY,
    user_id        uuid NOT NULL REFERENCES users (id),
    credential_id  bytea NOT NULL UNIQUE CHECK (octet_length(credential_id) BETWEEN 1 AND 1023),
    public_key     bytea NOT NULL CHECK (octet_length(public_key) = 64),
    -- As the authenticator counts; 0 for one that does not.
    uses           bigint NOT NULL,
    name           text NOT NULL CHECK (octet_length(name) BETWEEN 1 AND 128),
    created_at     timestamptz NOT NULL,
    last_used_at   timestamptz
);
CREATE INDEX passkeys_by_user ON passkeys (user_id, created_at);
-- Signed once, within five minutes. user_id: who adds a passkey; NULL: somebody signs in.
CREATE TABLE passkey_challenges (
    token_hash  bytea PRIMARY KEY,
    user_id     uuid REFERENCES users (id),
    expires_at  timestamptz NOT NULL
);
CREATE INDEX passkey_challenges_by_expiry ON passkey_challenges (expires_at);
GRANT SELECT, INSERT, UPDATE, DELETE ON passkeys, passkey_challenges TO pulse_identity;

SET LOCAL ROLE pulse_identity;

-- Ended challenges go as new ones come, a few at a time: nothing else needs to sweep them.
CREATE FUNCTION open_passkey_challenge(hash bytea, person uuid, moment timestamptz) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
    DELETE FROM passkey_challenges c WHERE c.token_hash IN (
        SELECT old.token_hash FROM passkey_challenges old WHERE old.expires_at <= moment
        ORDER BY old.expires_at LIMIT 10 FOR UPDATE SKIP LOCKED);
    INSERT INTO passkey_challenges (token_hash, user_id, expires_at)
    VALUES (hash, person, moment + interval '5 minutes');
$$;
GRANT EXECUTE ON FUNCTION open_passkey_challenge TO pulse_app;

-- Uses a challenge up; false when it is gone, too old, or another person's.
CREATE FUNCTION close_passkey_challenge(hash bytea, person uuid, moment timestamptz) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
BEGIN
    DELETE FROM passkey_challenges c
    WHERE c.token_hash = hash AND c.user_id IS NOT DISTINCT FROM person AND c.expires_at > moment;
    RETURN FOUND;
END $$;
GRANT EXECUTE ON FUNCTION close_passkey_challenge TO pulse_app;

-- `added`, `full` (ten a person), or `taken` (somebody has this credential already).
CREATE FUNCTION add_passkey(
    new_passkey uuid, person uuid, credential bytea, key bytea, counted bigint, label text, moment timestamptz)
RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
BEGIN
    PERFORM 1 FROM users u WHERE u.id = person FOR UPDATE;
    IF (SELECT count(*) FROM passkeys p WHERE p.user_id = person) >= 10 THEN RETURN 'full'; END IF;
    INSERT INTO passkeys (id, user_id, credential_id, public_key, uses, name, created_at)
    VALUES (new_passkey, person, credential, key, counted, label, moment)
    ON CONFLICT (credential_id) DO NOTHING;
    RETURN CASE WHEN FOUND THEN 'added' ELSE 'taken' END;
END $$;
GRANT EXECUTE ON FUNCTION add_passkey TO pulse_app;

CREATE FUNCTION passkeys_of(person uuid)
RETURNS TABLE (id uuid, name text, created_at timestamptz, last_used_at timestamptz, credential_id bytea)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
    SELECT p.id, p.name, p.created_at, p.last_used_at, p.credential_id FROM passkeys p
    WHERE p.user_id = person ORDER BY p.created_at, p.id
$$;
GRANT EXECUTE ON FUNCTION passkeys_of TO pulse_app;

CREATE FUNCTION passkey_by_credential(credential bytea) RETURNS TABLE (id uuid, user_id uuid, public_key bytea)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
    SELECT p.id, p.user_id, p.public_key FROM passkeys p WHERE p.credential_id = credential
$$;
GRANT EXECUTE ON FUNCTION passkey_by_credential TO pulse_app;

-- False when the authenticator's count does not rise: then two of them hold this key, and one is a copy.
CREATE FUNCTION use_passkey(used uuid, counted bigint, moment timestamptz) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
BEGIN
    UPDATE passkeys p SET uses = counted, last_used_at = moment
    WHERE p.id = used AND (p.uses < counted OR p.uses = 0 AND counted = 0);
    RETURN FOUND;
END $$;
GRANT EXECUTE ON FUNCTION use_passkey TO pulse_app;

-- False when this person has no such passkey.
CREATE FUNCTION remove_passkey(person uuid, removed uuid) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
BEGIN
    DELETE FROM passkeys p WHERE p.id = removed AND p.user_id = person;
    RETURN FOUND;
END $$;
GRANT EXECUTE ON FUNCTION remove_passkey TO pulse_app;

RESET ROLE;
