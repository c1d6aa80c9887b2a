-- What: grants by which a customer lets a provider look after it, and one summary row for each organisation.
-- Why: a provider sees how all its customers are without entering any, and enters with what it was granted, until it is
-- taken back. Readable only through the grant: a provider has no other way to any of this.
-- Beside running programs: safe, creates only. Back: drop tables and functions; providers are out.
--
-- An offer names its provider by slug and is stored whether that organisation exists or not, so that nobody learns from
-- the answer which there are. `provider_org_id` is set when the provider accepts, and not before.

CREATE TABLE provider_grants (
    org_id           uuid NOT NULL REFERENCES orgs (id),
    id               uuid NOT NULL,
    provider_slug    text NOT NULL CHECK (octet_length(provider_slug) BETWEEN 3 AND 40),
    provider_org_id  uuid REFERENCES orgs (id),
    role             text NOT NULL CHECK (role IN ('viewer', 'auditor', 'editor', 'admin')),
    note             text NOT NULL DEFAULT '' CHECK (octet_length(note) <= 500),
    created_at       timestamptz NOT NULL,
    created_by       uuid NOT NULL,
    expires_at       timestamptz NOT NULL,
    accepted_at      timestamptz,
    accepted_by      uuid,
    revoked_at       timestamptz,
    revoked_by       uuid,
    ending           text CHECK (ending IN ('revoked', 'declined')),
    PRIMARY KEY (org_id, id),
    CHECK ((accepted_at IS NULL) = (provider_org_id IS NULL)),
    CHECK ((revoked_at IS NULL) = (ending IS NULL)),
    CHECK (provider_org_id <> org_id)
);
CREATE UNIQUE INDEX provider_grants_one ON provider_grants (org_id, provider_slug) WHERE revoked_at IS NULL;
CREATE INDEX provider_grants_by_provider ON provider_grants (provider_org_id) WHERE revoked_at IS NULL;
CREATE INDEX provider_grants_by_slug ON provider_grants (provider_slug) WHERE revoked_at IS NULL;

SELECT pulse_owner_tools.tenant_table('provider_grants');
CREATE POLICY lookup ON provider_grants FOR SELECT TO pulse_lookup USING (true);
CREATE POLICY identity ON provider_grants TO pulse_identity USING (true) WITH CHECK (true);
GRANT SELECT, INSERT (org_id, id, provider_slug, role, note, created_at, created_by, expires_at),
      UPDATE (revoked_at, revoked_by, ending) ON provider_grants TO pulse_app;
GRANT SELECT ON provider_grants TO pulse_lookup;
GRANT SELECT, UPDATE ON provider_grants TO pulse_identity;

-- Written by the organisation's monitor, in the transaction of what it counts.
CREATE TABLE org_summaries (
    org_id      uuid PRIMARY KEY REFERENCES orgs (id),
    resources   int NOT NULL,
    online      int NOT NULL,
    offline     int NOT NULL,
    warning     int NOT NULL,
    unknown     int NOT NULL,
    updated_at  timestamptz NOT NULL
);
SELECT pulse_owner_tools.tenant_table('org_summaries');
CREATE POLICY lookup ON org_summaries FOR SELECT TO pulse_lookup USING (true);
GRANT SELECT, INSERT, UPDATE ON org_summaries TO pulse_app;
GRANT SELECT ON org_summaries TO pulse_lookup;

SET LOCAL ROLE pulse_lookup;

-- The grant by which a person who is no member may enter a customer, and with what: the weaker of the grant's role and of
-- theirs at the provider. No row: none. For admission.
CREATE FUNCTION provider_entry(person uuid, customer uuid, moment timestamptz)
RETURNS TABLE (grant_id uuid, provider_org_id uuid, role text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
    SELECT g.id, g.provider_org_id,
           CASE WHEN g.role = 'admin' THEN m.role
                WHEN m.role IN ('owner', 'admin') OR m.role = g.role THEN g.role
                ELSE 'viewer' END
    FROM provider_grants g
    JOIN orgs p ON p.id = g.provider_org_id AND p.state = 'active'
    JOIN members o ON o.org_id = p.id AND o.user_id = person AND o.role <> 'custom'
    CROSS JOIN LATERAL (SELECT CASE o.role WHEN 'owner' THEN 'admin' ELSE o.role END AS role) m
    WHERE g.org_id = customer AND g.accepted_at IS NOT NULL AND g.revoked_at IS NULL AND g.expires_at > moment
    ORDER BY g.created_at LIMIT 1
$$;

-- What the organisation of this transaction was offered or granted as a provider, newest first. An offer is told with the
-- customer's name: it asked.
CREATE FUNCTION received_grants(moment timestamptz)
RETURNS TABLE (id uuid, customer uuid, slug text, name text, role text, note text, created_at timestamptz,
               expires_at timestamptz, accepted_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
    SELECT g.id, g.org_id, o.slug, o.name, g.role, g.note, g.created_at, g.expires_at, g.accepted_at
    FROM orgs me
    JOIN provider_grants g ON g.provider_org_id = me.id OR (g.accepted_at IS NULL AND g.provider_slug = me.slug)
    JOIN orgs o ON o.id = g.org_id AND o.state <> 'deleted'
    WHERE me.id = nullif(current_setting('pulse.org_id', true), '')::uuid
      AND g.revoked_at IS NULL AND g.expires_at > moment AND g.org_id <> me.id
    ORDER BY g.created_at DESC, g.id LIMIT 1000
$$;
GRANT EXECUTE ON FUNCTION received_grants TO pulse_app;

-- The customers of the organisation of this transaction: those that granted it something, as long as that is good.
CREATE FUNCTION provider_customers(moment timestamptz)
RETURNS TABLE (grant_id uuid, customer uuid, slug text, name text, state text, role text, expires_at timestamptz,
               resources int, online int, offline int, warning int, unknown int, updated_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
    SELECT g.id, g.org_id, o.slug, o.name, o.state, g.role, g.expires_at,
           s.resources, s.online, s.offline, s.warning, s.unknown, s.updated_at
    FROM provider_grants g
    JOIN orgs me ON me.id = g.provider_org_id AND me.state = 'active'
    JOIN orgs o ON o.id = g.org_id AND o.state <> 'deleted'
    LEFT JOIN org_summaries s ON s.org_id = g.org_id
    WHERE g.provider_org_id = nullif(current_setting('pulse.org_id', true), '')::uuid
      AND g.accepted_at IS NOT NULL AND g.revoked_at IS NULL AND g.expires_at > moment
    ORDER BY o.name, o.id LIMIT 1000
$$;
GRANT EXECUTE ON FUNCTION provider_customers TO pulse_app;

RESET ROLE;
SET LOCAL ROLE pulse_identity;

-- The provider, the organisation of this transaction, takes an offer made to its slug. NULL: there is none for it. The
-- transaction stands in the customer from now on, so that the customer's trail tells of it.
CREATE FUNCTION accept_grant(wanted uuid, person uuid, moment timestamptz) RETURNS uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
DECLARE
    customer uuid;
BEGIN
    UPDATE provider_grants g SET provider_org_id = me.id, accepted_at = moment, accepted_by = person
    FROM orgs me, orgs o
    WHERE me.id = nullif(current_setting('pulse.org_id', true), '')::uuid AND o.id = g.org_id AND o.state = 'active'
      AND g.id = wanted AND g.provider_slug = me.slug AND g.accepted_at IS NULL AND g.revoked_at IS NULL
      AND g.expires_at > moment AND g.org_id <> me.id
    RETURNING g.org_id INTO customer;
    IF customer IS NOT NULL THEN PERFORM set_config('pulse.org_id', customer::text, true); END IF;
    RETURN customer;
END $$;
GRANT EXECUTE ON FUNCTION accept_grant TO pulse_app;

-- The provider declines an offer, or gives a grant up. NULL and the transaction's place as above.
CREATE FUNCTION decline_grant(wanted uuid, person uuid, moment timestamptz) RETURNS uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
DECLARE
    customer uuid;
BEGIN
    UPDATE provider_grants g SET revoked_at = moment, revoked_by = person, ending = 'declined'
    FROM orgs me
    WHERE me.id = nullif(current_setting('pulse.org_id', true), '')::uuid AND g.id = wanted AND g.revoked_at IS NULL
      AND (g.provider_org_id = me.id OR (g.accepted_at IS NULL AND g.provider_slug = me.slug))
    RETURNING g.org_id INTO customer;
    IF customer IS NOT NULL THEN PERFORM set_config('pulse.org_id', customer::text, true); END IF;
    RETURN customer;
END $$;
GRANT EXECUTE ON FUNCTION decline_grant TO pulse_app;

RESET ROLE;
