-- What: identity providers of the installation, by which operators sign in; whom they vouch for, sign-ins under way, and
-- what their sessions rest on.
-- Why: the company that hosts Pulse has a directory of its own, and whoever leaves it shall be out here, too.
-- Beside running programs: safe. An older program knows none of it and signs operators in by password, whatever is set here.
-- Lock: moments, for one column that is added to operator_sessions. Back: drop tables, functions and the column, and restore
-- all_operators and reset_operator; operators then sign in with password and authenticator.
--
-- None of it is any tenant's. pulse_operator reaches the tables; accounts and sessions by functions alone, as before.

-- When the person last proved who they are, at this session's beginning or over there before it; NULL: nobody said.
ALTER TABLE operator_sessions ADD COLUMN proved_at timestamptz;

CREATE TABLE operator_providers (
    -- A part of the addresses that are pasted at the provider.
    id                   text PRIMARY KEY CHECK (id ~ '^[a-zA-Z0-9]([a-zA-Z0-9_-]{0,62}[a-zA-Z0-9])?$'),
    type                 text NOT NULL CHECK (type IN ('oidc', 'saml')),
    display_name         text NOT NULL CHECK (octet_length(display_name) BETWEEN 1 AND 128),
    -- Lower comes first.
    priority             int NOT NULL CHECK (priority BETWEEN 0 AND 1000),
    is_enabled           boolean NOT NULL,
    -- JSON: what the protocol needs, without secrets.
    settings             text NOT NULL CHECK (octet_length(settings) <= 1048576),
    secrets              sealed,
    -- Each counts where something is listed; a person is in one of the groups.
    allowed_domains      text[] NOT NULL,
    required_groups      text[] NOT NULL,
    -- Whoever is in one of those groups and has no account yet gets an operator's.
    makes_operators      boolean NOT NULL,
    -- The first time, whoever has an operator's address at the provider is that operator.
    trusts_addresses     boolean NOT NULL,
    -- Words of the provider (acr, and amr or SAML's context classes), any of which says that a second factor was asked for.
    second_factor_acr    text[] NOT NULL,
    second_factor_amr    text[] NOT NULL,
    -- Rises with every change: what was begun under an older one is begun again.
    version              int NOT NULL DEFAULT 1,
    created_at           timestamptz NOT NULL,
    updated_at           timestamptz NOT NULL,
    CHECK (NOT makes_operators OR cardinality(required_groups) > 0)
);

-- Whom a provider means by a subject.
CREATE TABLE operator_links (
    id             uuid PRIMARY KEY,
    operator_id    uuid NOT NULL REFERENCES operators (id),
    provider_id    text NOT NULL REFERENCES operator_providers (id) ON DELETE CASCADE,
    -- Digest of type, provider and subject.
    subject_hash   bytea NOT NULL UNIQUE,
    -- As the provider writes it, to be shown.
    subject        text NOT NULL CHECK (octet_length(subject) <= 512),
    linked_at      timestamptz NOT NULL,
    linked_by      text NOT NULL CHECK (linked_by IN ('person', 'admin', 'address', 'new')),
    last_login_at  timestamptz
);
CREATE INDEX operator_links_by_operator ON operator_links (operator_id, provider_id);

-- Sign-ins that are under way. Ten minutes, one use.
CREATE TABLE operator_sso_flows (
    state_hash    bytea PRIMARY KEY,
    provider_id   text NOT NULL REFERENCES operator_providers (id) ON DELETE CASCADE,
    version       int NOT NULL,
    kind          text NOT NULL CHECK (kind IN ('login', 'link')),
    -- Digest of the cookie of the browser that began it.
    browser_hash  bytea NOT NULL,
    -- Digest of the id of the SAML request.
    request_hash  bytea NOT NULL UNIQUE,
    return_to     text NOT NULL,
    -- Who began it, where somebody was signed in.
    operator_id   uuid,
    session_id    uuid,
    created_at    timestamptz NOT NULL,
    expires_at    timestamptz NOT NULL,
    -- The provider has answered, and the browser has to come back with this ticket.
    ticket_hash   bytea UNIQUE,
    -- The authenticator is still asked for.
    wants_code    boolean NOT NULL DEFAULT false,
    -- What finishing it needs: the verifier of a code, later the answer that waits.
    kept          sealed
);
CREATE INDEX operator_sso_flows_by_expiry ON operator_sso_flows (expires_at);

-- What was used once and may not be used again: assertions, logout tokens. Kept until it would be too old anyway.
CREATE TABLE operator_sso_replays (
    provider_id  text NOT NULL,
    used_hash    bytea NOT NULL,
    expires_at   timestamptz NOT NULL,
    PRIMARY KEY (provider_id, used_hash)
);

-- What a session rests on that a provider vouched for. It goes with the session.
CREATE TABLE operator_sso_sessions (
    session_id    uuid PRIMARY KEY REFERENCES operator_sessions (id) ON DELETE CASCADE,
    -- No cascade: a session that lost this row would look like one of a password.
    provider_id   text NOT NULL REFERENCES operator_providers (id),
    -- `oidc` or `saml`, and where our authenticator was asked for, too, `+totp` behind it.
    method        text NOT NULL CHECK (method ~ '^(oidc|saml)(\+totp)?$'),
    subject_hash  bytea NOT NULL,
    -- Digests of the provider's own name for its session, and of the name it gives the person in it; NULL: it has none.
    sid_hash      bytea,
    name_hash     bytea,
    -- JSON: name id, session index, tokens.
    logout        sealed,
    created_at    timestamptz NOT NULL
);
CREATE INDEX operator_sso_sessions_by_provider ON operator_sso_sessions (provider_id, subject_hash);

-- One row: what holds for every operator's sign-in.
CREATE TABLE operator_sign_in (
    single          boolean PRIMARY KEY DEFAULT true CHECK (single),
    password_login  boolean NOT NULL
);
INSERT INTO operator_sign_in (password_login) VALUES (true);

GRANT SELECT, INSERT, UPDATE, DELETE ON operator_providers TO pulse_operator;
GRANT SELECT, INSERT, DELETE, UPDATE (last_login_at) ON operator_links TO pulse_operator;
GRANT SELECT, INSERT, DELETE, UPDATE (ticket_hash, kept) ON operator_sso_flows TO pulse_operator;
GRANT SELECT, INSERT, DELETE ON operator_sso_replays TO pulse_operator;
GRANT SELECT, INSERT ON operator_sso_sessions TO pulse_operator;
GRANT SELECT, UPDATE (password_login) ON operator_sign_in TO pulse_operator;
GRANT SELECT, DELETE ON operator_links TO pulse_identity;
GRANT SELECT, UPDATE ON operator_providers, operator_sso_flows, operator_sso_sessions TO pulse_identity;
SELECT pulse_owner_tools.sealed_column('operator_providers', 'secrets', 'id');
SELECT pulse_owner_tools.sealed_column('operator_sso_flows', 'kept', 'state_hash');
SELECT pulse_owner_tools.sealed_column('operator_sso_sessions', 'logout', 'session_id');

SET LOCAL ROLE pulse_identity;

-- As before, but that whoever a provider vouches for is active without a password.
CREATE OR REPLACE FUNCTION all_operators()
RETURNS TABLE (id uuid, email text, display_name text, role text, state text, created_at timestamptz,
               last_sign_in_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
    SELECT o.id, o.email, o.display_name, o.role,
           CASE WHEN o.disabled_at IS NOT NULL THEN 'disabled'
                WHEN o.password_hash IS NULL
                     AND NOT EXISTS (SELECT FROM operator_links l WHERE l.operator_id = o.id) THEN 'invited'
                ELSE 'active' END,
           o.created_at, o.last_sign_in_at
    FROM operators o ORDER BY o.display_name, o.id
$$;

-- As before, but that subjects at providers are forgotten, too: nothing that led into the account leads in afterwards.
CREATE OR REPLACE FUNCTION reset_operator(person uuid, setup_hash bytea, moment timestamptz) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
BEGIN
    UPDATE operators o SET password_hash = NULL WHERE o.id = person;
    IF NOT FOUND THEN RETURN false; END IF;
    DELETE FROM operator_totp t WHERE t.operator_id = person;
    DELETE FROM operator_links l WHERE l.operator_id = person;
    DELETE FROM operator_sessions s WHERE s.operator_id = person;
    INSERT INTO operator_setups AS u (operator_id, token_hash, expires_at)
    VALUES (person, setup_hash, moment + interval '24 hours')
    ON CONFLICT (operator_id) DO UPDATE SET token_hash = setup_hash, expires_at = moment + interval '24 hours';
    RETURN true;
END $$;

-- An operator whom a provider vouches for, without set-up. NULL when the address is somebody's.
CREATE FUNCTION vouched_operator(new_id uuid, mail text, mail_key text, called text, moment timestamptz) RETURNS uuid
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
    INSERT INTO operators (id, email, email_key, display_name, role, created_at)
    VALUES (new_id, mail, mail_key, called, 'operator', moment) ON CONFLICT (email_key) DO NOTHING RETURNING id
$$;

-- What a sign-in through a provider needs of an account that is not shut: by id, or by address. The secret is that of its
-- authenticator; NULL: it has none. The lock is one of the codes of this account.
CREATE FUNCTION vouched_account(person uuid, mail_key text, by_name bytea, moment timestamptz)
RETURNS TABLE (id uuid, email text, display_name text, role text, secret bytea, last_step bigint, locked_until timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
    SELECT o.id, o.email, o.display_name, o.role, t.secret, t.last_step,
           (SELECT c.locked_until FROM counters c
            WHERE (c.kind, c.subject) = ('login-name', by_name) AND c.locked_until > moment)
    FROM operators o LEFT JOIN operator_totp t ON t.operator_id = o.id AND t.enabled_at IS NOT NULL
    WHERE (o.id = person OR o.email_key = mail_key) AND o.disabled_at IS NULL
$$;

-- A provider vouched for the person, and where `step` is told, their authenticator's code was right: uses the code up and
-- begins a session, which ends no later than the provider says (`ends`; NULL: it does not); of more than five the oldest end.
-- `replaced` is the session that the sign-in was begun from. Returns when it ends unused; NULL when the account was shut, a lock fell meanwhile or the code was used.
CREATE FUNCTION open_vouched_session(
    new_session uuid, person uuid, step bigint, by_name bytea, proved timestamptz, ends timestamptz, presented bytea,
    csrf bytea, replaced uuid, agent text, client_address text, moment timestamptz)
RETURNS timestamptz LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
BEGIN
    UPDATE operators o SET last_sign_in_at = moment WHERE o.id = person AND o.disabled_at IS NULL;
    IF NOT FOUND THEN RETURN NULL; END IF;
    IF step IS NOT NULL THEN
        IF NOT pass_login(NULL, by_name, NULL, NULL, moment) THEN RETURN NULL; END IF;
        UPDATE operator_totp t SET last_step = step
        WHERE t.operator_id = person AND t.enabled_at IS NOT NULL AND t.last_step < step;
        IF NOT FOUND THEN RETURN NULL; END IF;
    END IF;
    DELETE FROM operator_sessions s
    WHERE (s.id = replaced AND s.operator_id = person) OR s.absolute_expires_at <= moment;
    INSERT INTO operator_sessions (id, operator_id, token_hash, csrf_hash, created_at, last_seen_at, expires_at,
                                   absolute_expires_at, user_agent, address, proved_at)
    VALUES (new_session, person, presented, csrf, moment, moment, least(moment + interval '30 minutes', ends),
            least(moment + interval '12 hours', ends), agent, client_address, proved);
    DELETE FROM operator_sessions s WHERE s.id IN (
        SELECT old.id FROM operator_sessions old WHERE old.operator_id = person
        ORDER BY (old.id = new_session) DESC, old.created_at DESC, old.id DESC OFFSET 5);
    RETURN least(moment + interval '30 minutes', ends);
END $$;

-- The living session behind a cookie, and when its person last proved who they are. Signing in with password and
-- authenticator is such a proof; of a provider's sessions only what it says itself, or the code that was asked for here.
CREATE FUNCTION operator_session_proof(presented bytea, moment timestamptz)
RETURNS TABLE (session_id uuid, operator_id uuid, proved_at timestamptz, provider_id text, method text, logout bytea)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
    SELECT s.id, s.operator_id, CASE WHEN x.session_id IS NULL THEN s.created_at ELSE s.proved_at END, x.provider_id,
           coalesce(x.method, 'password+totp'), x.logout
    FROM operator_sessions s JOIN operators o ON o.id = s.operator_id
    LEFT JOIN operator_sso_sessions x ON x.session_id = s.id
    WHERE s.token_hash = presented AND s.expires_at > moment AND s.absolute_expires_at > moment
      AND o.disabled_at IS NULL
$$;

-- Is this session, which began a link, still its operator's?
CREATE FUNCTION operator_session_lives(session uuid, person uuid, moment timestamptz) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
    SELECT EXISTS (SELECT FROM operator_sessions s JOIN operators o ON o.id = s.operator_id
                   WHERE s.id = session AND s.operator_id = person AND s.expires_at > moment
                     AND s.absolute_expires_at > moment AND o.disabled_at IS NULL)
$$;

-- Ends what a provider says is over: `these`, or the sessions of its subject, of them the one that it names. Without subject
-- and name all that rest on it.
CREATE FUNCTION end_vouched_sessions(vouching text, subject bytea, sid bytea, these uuid[]) RETURNS TABLE (session_id uuid)
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
    DELETE FROM operator_sessions s USING operator_sso_sessions x
    WHERE x.session_id = s.id AND x.provider_id = vouching
      AND (these IS NULL OR s.id = ANY (these))
      AND (subject IS NULL OR x.subject_hash = subject) AND (sid IS NULL OR x.sid_hash = sid)
    RETURNING s.id
$$;

GRANT EXECUTE ON FUNCTION
    vouched_operator, vouched_account, open_vouched_session, operator_session_proof, operator_session_lives,
    end_vouched_sessions
TO pulse_operator;

RESET ROLE;
