-- What: issuers of JSON Web Tokens that an organisation trusts for API calls, and the functions that let their bearers in.
-- Why: a company's programs call with the tokens of its own identity provider instead of secrets that Pulse made.
-- Beside running programs: safe, creates only. Lock: none. Back: drop functions and table; those programs need API tokens.
--
-- A token is verified by the program; the database says whether the trust still stands, as it was when that was done.

CREATE TABLE trusted_issuers (
    org_id                 uuid NOT NULL REFERENCES orgs (id),
    id                     uuid NOT NULL,
    name                   text NOT NULL CHECK (octet_length(name) BETWEEN 1 AND 64),
    issuer                 text NOT NULL CHECK (octet_length(issuer) BETWEEN 1 AND 512),
    audience               text NOT NULL CHECK (octet_length(audience) BETWEEN 1 AND 512),
    -- Public keys: where they are fetched, or as they were pasted (a JWK set).
    keys_url               text,
    keys                   text,
    algorithms             text[] NOT NULL CHECK (cardinality(algorithms) > 0),
    role_claim             text NOT NULL,
    -- JSON: [{"value", "role"}], the first that matches counts.
    role_mappings          text NOT NULL,
    max_token_age_seconds  int NOT NULL CHECK (max_token_age_seconds BETWEEN 60 AND 86400),
    is_enabled             boolean NOT NULL,
    -- Rises with every change: what was read under an older one is read again.
    version                int NOT NULL DEFAULT 1,
    created_at             timestamptz NOT NULL,
    updated_at             timestamptz NOT NULL,
    PRIMARY KEY (org_id, id),
    UNIQUE (org_id, issuer, audience),
    CHECK ((keys_url IS NULL) <> (keys IS NULL))
);

SELECT pulse_owner_tools.tenant_table('trusted_issuers');
CREATE POLICY lookup ON trusted_issuers FOR SELECT TO pulse_lookup USING (true);
GRANT SELECT, INSERT, DELETE,
      UPDATE (name, issuer, audience, keys_url, keys, algorithms, role_claim, role_mappings, max_token_age_seconds, is_enabled,
              version, updated_at)
      ON trusted_issuers TO pulse_app;
GRANT SELECT ON trusted_issuers TO pulse_lookup;

SET LOCAL ROLE pulse_lookup;

-- What an organisation trusts of an issuer: one row an audience. Nothing of it is secret, and nobody is admitted by it.
CREATE FUNCTION trust_in(org uuid, wanted text)
RETURNS TABLE (id uuid, version int, audience text, keys_url text, keys text, algorithms text[], role_claim text,
               role_mappings text, max_token_age_seconds int)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
    SELECT t.id, t.version, t.audience, t.keys_url, t.keys, t.algorithms, t.role_claim, t.role_mappings,
           t.max_token_age_seconds
    FROM trusted_issuers t JOIN orgs o ON o.id = t.org_id
    WHERE t.org_id = org AND t.issuer = wanted AND t.is_enabled AND o.state <> 'deleted'
$$;
GRANT EXECUTE ON FUNCTION trust_in TO pulse_app;

-- May the bearer of a verified token do this, under the trust it was verified by? One row, always. Other parameters as in
-- admit_token; `ends`: when the token does. Never an owner, and nothing that would last longer than the trust does.
-- outcome: ok, unknown (the trust is gone, was changed or the token has ended), organisation-suspended, not-for-tokens,
--          permission-denied.
CREATE FUNCTION admit_external(
    org uuid, trust uuid, trust_version int, given_role text, ends timestamptz, wanted text, roles text[], patterns text[],
    states text[], beyond_providers boolean, moment timestamptz)
RETURNS TABLE (outcome text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
DECLARE
    place record;
BEGIN
    SELECT o.state, o.suspension INTO place
    FROM trusted_issuers t JOIN orgs o ON o.id = t.org_id
    WHERE t.org_id = org AND t.id = trust AND t.version = trust_version AND t.is_enabled AND o.state <> 'deleted';
    outcome := CASE
        WHEN place IS NULL OR ends <= moment OR given_role NOT IN ('viewer', 'auditor', 'editor', 'admin') THEN 'unknown'
        WHEN concat_ws(':', place.state, place.suspension) <> ALL (states) THEN 'organisation-suspended'
        WHEN wanted IS NULL THEN 'not-for-tokens'
        WHEN beyond_providers OR NOT permits(given_role, NULL, NULL, roles, patterns) THEN 'permission-denied'
        ELSE 'ok' END;
    IF outcome = 'ok' THEN
        PERFORM set_config('pulse.org_id', org::text, true), set_config('pulse.sight', '', true);
    END IF;
    RETURN NEXT;
END $$;
GRANT EXECUTE ON FUNCTION admit_external TO pulse_app;

RESET ROLE;
