-- What: the tokens by which an organisation's directory speaks SCIM, and the function that admits it.
-- Why: a directory changes who belongs to an organisation, so its credential is of a kind of its own: good on its own routes
-- and nowhere else, and nothing else is good there.
-- Beside running programs: safe, creates only. Lock: none. Back: drop function and table; directories need new tokens then.

CREATE TABLE scim_tokens (
    org_id             uuid NOT NULL REFERENCES orgs (id),
    id                 uuid NOT NULL,
    name               text NOT NULL CHECK (octet_length(name) BETWEEN 1 AND 64),
    -- The sign-in provider whose directory it is, where somebody said so.
    provider_id        text CHECK (octet_length(provider_id) BETWEEN 1 AND 64),
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
    PRIMARY KEY (org_id, id)
);
SELECT pulse_owner_tools.tenant_table('scim_tokens');
CREATE POLICY identity ON scim_tokens TO pulse_identity USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE (expires_at, revoked_at, replaced_by) ON scim_tokens TO pulse_app;
GRANT SELECT, UPDATE (last_used_at, last_used_address) ON scim_tokens TO pulse_identity;

SET LOCAL ROLE pulse_identity;

-- Which directory is behind a token? One row, always. `asked` and `remembered` may name its organisation and no other;
-- `by_address`: whom to count where the token is none; `states` as in admit_session.
-- outcome: ok, unknown (expired and revoked too), too-many, organisation-not-found, organisation-suspended.
-- Counted over all processes: 30,000 requests an organisation and minute, 100 with unknown tokens an address and minute. A
-- good token is never refused for what others at its address do. What is counted may be lost in a crash: no wait for it.
CREATE FUNCTION admit_scim(
    presented bytea, asked uuid, remembered uuid, client text, by_address bytea, states text[], moment timestamptz)
RETURNS TABLE (outcome text, token_id uuid, org_id uuid, provider text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
#variable_conflict use_column
DECLARE
    token scim_tokens%ROWTYPE;
    place orgs%ROWTYPE;
BEGIN
    PERFORM set_config('synchronous_commit', 'off', true);
    SELECT * INTO token FROM scim_tokens t
    WHERE t.token_hash = presented AND t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > moment);
    SELECT * INTO place FROM orgs o WHERE o.id = token.org_id AND o.state <> 'deleted';
    outcome := CASE
        WHEN place.id IS NULL THEN
            CASE WHEN hit('scim-refused', by_address, interval '1 minute', moment) > 100 THEN 'too-many' ELSE 'unknown' END
        WHEN coalesce(asked, remembered, place.id) <> place.id THEN 'organisation-not-found'
        WHEN concat_ws(':', place.state, place.suspension) <> ALL (states) THEN 'organisation-suspended'
        WHEN hit('scim', sha256(uuid_send(place.id)), interval '1 minute', moment) > 30000 THEN 'too-many'
        ELSE 'ok' END;
    IF outcome = 'ok' THEN
        token_id := token.id;
        org_id := token.org_id;
        provider := token.provider_id;
        IF token.last_used_at IS NULL OR token.last_used_at < moment - interval '1 minute' THEN
            UPDATE scim_tokens t SET last_used_at = moment, last_used_address = client
            WHERE t.org_id = token.org_id AND t.id = token.id;
        END IF;
    END IF;
    RETURN NEXT;
END $$;
GRANT EXECUTE ON FUNCTION admit_scim TO pulse_app;

RESET ROLE;
