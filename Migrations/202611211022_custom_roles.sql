-- What: custom roles, who has which, and what is left of them for admission.
-- Why: an organisation says itself who may do what; what its rules come to is worked out when they change.
-- Lock: a moment on members (a new column). Back: drop the tables and put the functions of before in place.

CREATE TABLE custom_roles (
    org_id       uuid NOT NULL REFERENCES orgs (id),
    id           uuid NOT NULL,
    name         text NOT NULL CHECK (octet_length(name) BETWEEN 1 AND 64),
    -- Lower case: what makes two names the same.
    name_key     text NOT NULL,
    description  text NOT NULL CHECK (octet_length(description) <= 256),
    -- Inherits everything from it.
    parent_id    uuid,
    -- JSON: [{"action", "resource", "effect", "conditions": {"sites", "tags"}}]
    rules        text NOT NULL,
    created_at   timestamptz NOT NULL,
    updated_at   timestamptz NOT NULL,
    PRIMARY KEY (org_id, id),
    UNIQUE (org_id, name_key),
    FOREIGN KEY (org_id, parent_id) REFERENCES custom_roles (org_id, id)
);
CREATE TABLE member_roles (
    org_id       uuid NOT NULL,
    user_id      uuid NOT NULL,
    role_id      uuid NOT NULL,
    assigned_by  text NOT NULL,
    assigned_at  timestamptz NOT NULL,
    PRIMARY KEY (org_id, user_id, role_id),
    FOREIGN KEY (org_id, user_id) REFERENCES members (org_id, user_id) ON DELETE CASCADE,
    FOREIGN KEY (org_id, role_id) REFERENCES custom_roles (org_id, id) ON DELETE CASCADE
);
CREATE INDEX member_roles_by_role ON member_roles (org_id, role_id);

SELECT pulse_owner_tools.tenant_table('custom_roles');
SELECT pulse_owner_tools.tenant_table('member_roles');
GRANT SELECT, INSERT, UPDATE, DELETE ON custom_roles TO pulse_app;
GRANT SELECT, INSERT, DELETE ON member_roles TO pulse_app;

-- `sight` holds for members whose built-in role is `custom`. Everybody else but the owners, who see all, sees what their
-- role shows but for what a rule denies: that is kept here. So a change of the built-in role needs no working out.
ALTER TABLE members ADD COLUMN sight_beside_role text;
GRANT UPDATE (sight_beside_role) ON members TO pulse_app;

SET LOCAL ROLE pulse_lookup;

-- Nothing is taken from an owner, so that nobody can lock the last one out.
CREATE OR REPLACE FUNCTION permits(role text, granted text[], denied text[], roles text[], patterns text[])
RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT roles IS NULL
        OR ((role = 'owner' OR NOT coalesce(denied && patterns, false))
            AND (role = ANY (roles) OR coalesce(granted && patterns, false)))
$$;

CREATE FUNCTION sees(role text, sight text, sight_beside_role text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE role WHEN 'owner' THEN NULL WHEN 'custom' THEN sight ELSE sight_beside_role END
$$;

-- As before, with sight by built-in role. `beyond_providers`: whoever comes through a provider's grant is refused here.
DROP FUNCTION admit_session(bytea, uuid, uuid, boolean, text[], text[], text[], timestamptz);
CREATE FUNCTION admit_session(
    presented bytea, asked uuid, remembered uuid, needs_org boolean, roles text[], patterns text[], states text[],
    beyond_providers boolean, moment timestamptz)
RETURNS TABLE (outcome text, session_id uuid, user_id uuid, csrf_hash bytea, last_seen_at timestamptz, org_id uuid,
               role text, granted text[], denied text[], sight text, grant_id uuid)
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
    last_seen_at := session.last_seen_at;

    IF wanted IS NULL THEN
        FOR place IN
            SELECT m.org_id, m.role, m.granted, m.denied, sees(m.role, m.sight, m.sight_beside_role) AS sight,
                   o.state, o.suspension, NULL::uuid AS grant_id
            FROM members m JOIN orgs o ON o.id = m.org_id
            WHERE m.user_id = session.user_id AND o.state <> 'deleted' LIMIT 2
        LOOP
            places := places + 1;
        END LOOP;
    ELSE
        SELECT m.org_id, m.role, m.granted, m.denied, sees(m.role, m.sight, m.sight_beside_role) AS sight,
               o.state, o.suspension, NULL::uuid AS grant_id INTO place
        FROM members m JOIN orgs o ON o.id = m.org_id
        WHERE m.org_id = wanted AND m.user_id = session.user_id AND o.state <> 'deleted';
        IF FOUND THEN places := 1; END IF;
    END IF;

    outcome := CASE
        WHEN places <> 1 AND wanted IS NOT NULL THEN 'organisation-not-found'
        WHEN places <> 1 THEN 'organisation-required'
        WHEN concat_ws(':', place.state, place.suspension) <> ALL (states) THEN 'organisation-suspended'
        WHEN place.grant_id IS NOT NULL AND beyond_providers THEN 'permission-denied'
        WHEN NOT permits(place.role, place.granted, place.denied, roles, patterns) THEN 'permission-denied'
        ELSE 'ok' END;
    IF outcome = 'ok' THEN
        org_id := place.org_id;
        role := place.role;
        granted := place.granted;
        denied := place.denied;
        sight := place.sight;
        grant_id := place.grant_id;
        PERFORM set_config('pulse.org_id', place.org_id::text, true),
                set_config('pulse.sight', coalesce(place.sight, ''), true);
    ELSIF NOT must_fit THEN
        outcome := 'ok';
    END IF;
    RETURN NEXT;
END $$;
GRANT EXECUTE ON FUNCTION admit_session TO pulse_app;

CREATE OR REPLACE FUNCTION admit_token(
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
        sight := sees(member.role, member.sight, member.sight_beside_role);
        PERFORM set_config('pulse.org_id', token.org_id::text, true),
                set_config('pulse.sight', coalesce(sight, ''), true);
    END IF;
    RETURN NEXT;
END $$;

RESET ROLE;
