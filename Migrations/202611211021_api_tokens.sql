-- What: API tokens, and the function that admits a request that brings one.
-- Why: a program is known by the hash of its token before any organisation is known; the organisation follows from it.
-- Lock: none, the table is new. Back: drop the functions and the table; programs then have to be given new tokens.
--
-- A person's token does what its scopes AND its owner's present permissions allow; it goes with the membership. A service
-- token belongs to the organisation and carries a role of its own.

CREATE TABLE api_tokens (
    org_id             uuid NOT NULL REFERENCES orgs (id),
    id                 uuid NOT NULL,
    name               text NOT NULL CHECK (octet_length(name) BETWEEN 1 AND 64),
    -- NULL for a service token.
    owner_id           uuid,
    role               text CHECK (role IN ('auditor', 'viewer', 'editor', 'admin')),
    scopes             text[] NOT NULL CHECK (cardinality(scopes) > 0),
    -- Addresses in CIDR notation; none: from anywhere.
    networks           text[] NOT NULL DEFAULT '{}',
    -- The first characters, by which people tell their tokens apart.
    hint               text NOT NULL,
    token_hash         bytea NOT NULL UNIQUE,
    created_by         text NOT NULL,
    created_at         timestamptz NOT NULL,
    expires_at         timestamptz,
    revoked_at         timestamptz,
    -- Rotated: the token that took its place. This one lives on until expires_at.
    replaced_by        uuid,
    last_used_at       timestamptz,
    last_used_address  text,
    PRIMARY KEY (org_id, id),
    FOREIGN KEY (org_id, owner_id) REFERENCES members (org_id, user_id) ON DELETE CASCADE,
    CHECK ((owner_id IS NULL) = (role IS NOT NULL))
);
CREATE INDEX api_tokens_by_owner ON api_tokens (org_id, owner_id);

SELECT pulse_owner_tools.tenant_table('api_tokens');
CREATE POLICY lookup ON api_tokens FOR SELECT TO pulse_lookup USING (true);
CREATE POLICY identity ON api_tokens TO pulse_identity USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE (name, scopes, networks, expires_at, revoked_at, replaced_by) ON api_tokens TO pulse_app;
GRANT SELECT ON api_tokens TO pulse_lookup;
GRANT SELECT, UPDATE (last_used_at, last_used_address) ON api_tokens TO pulse_identity;

SET LOCAL ROLE pulse_lookup;

-- Who is behind an API token, and may it do this? One row, always. `asked` and `remembered` may name its organisation
-- and no other; `client` is the caller's address, NULL when it is none; `wanted`: the scope, NULL where no token will do;
-- `roles`, `patterns` and `states` as in admit_session.
-- outcome: ok, unknown (expired and revoked too), token-address-refused, organisation-not-found, organisation-suspended,
--          not-for-tokens, missing-scope, permission-denied.
-- With `ok` it sets pulse.org_id and pulse.sight for the rest of the transaction.
CREATE FUNCTION admit_token(
    presented bytea, asked uuid, remembered uuid, client text, wanted text, roles text[], patterns text[],
    states text[], moment timestamptz)
RETURNS TABLE (outcome text, token_id uuid, owner_id uuid, org_id uuid, scopes text[], last_used_at timestamptz,
               role text, granted text[], denied text[], sight text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
#variable_conflict use_column
DECLARE
    token  api_tokens%ROWTYPE;
    member members%ROWTYPE;
    place  orgs%ROWTYPE;
BEGIN
    SELECT * INTO token FROM api_tokens t
    WHERE t.token_hash = presented AND t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > moment);
    SELECT * INTO place FROM orgs o WHERE o.id = token.org_id AND o.state <> 'deleted';
    IF token.owner_id IS NOT NULL THEN
        SELECT * INTO member FROM members m WHERE m.org_id = token.org_id AND m.user_id = token.owner_id;
    ELSE
        member.role := token.role;
    END IF;
    outcome := CASE
        WHEN place.id IS NULL OR member.role IS NULL THEN 'unknown'
        WHEN cardinality(token.networks) > 0 AND NOT coalesce(client::inet <<= ANY (token.networks::inet[]), false)
            THEN 'token-address-refused'
        WHEN coalesce(asked, remembered, place.id) <> place.id THEN 'organisation-not-found'
        WHEN concat_ws(':', place.state, place.suspension) <> ALL (states) THEN 'organisation-suspended'
        WHEN wanted IS NULL THEN 'not-for-tokens'
        WHEN NOT token.scopes && ARRAY[wanted, '*'] THEN 'missing-scope'
        WHEN NOT permits(member.role, member.granted, member.denied, roles, patterns) THEN 'permission-denied'
        ELSE 'ok' END;
    IF outcome = 'ok' THEN
        token_id := token.id;
        owner_id := token.owner_id;
        org_id := token.org_id;
        scopes := token.scopes;
        last_used_at := token.last_used_at;
        role := member.role;
        granted := member.granted;
        denied := member.denied;
        sight := member.sight;
        PERFORM set_config('pulse.org_id', token.org_id::text, true),
                set_config('pulse.sight', coalesce(member.sight, ''), true);
    END IF;
    RETURN NEXT;
END $$;
GRANT EXECUTE ON FUNCTION admit_token TO pulse_app;

RESET ROLE;
SET LOCAL ROLE pulse_identity;

-- Notes when and from where tokens were last used. Batched: a request never waits for it.
CREATE FUNCTION touch_tokens(used uuid[], moments timestamptz[], addresses text[]) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
    UPDATE api_tokens t SET last_used_at = u.moment, last_used_address = u.address
    FROM unnest(used, moments, addresses) AS u (id, moment, address)
    WHERE t.id = u.id AND (t.last_used_at IS NULL OR t.last_used_at < u.moment)
$$;
GRANT EXECUTE ON FUNCTION touch_tokens TO pulse_app;

RESET ROLE;
