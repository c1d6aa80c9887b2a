-- What: offers by which an organisation shows one of its resources to another one.
-- Why: two companies that depend on the same machine look at the same state, and each takes it back at any time.
-- Beside running programs: safe, creates only. Back: drop table and functions.
--
-- As with providers: the offer names a slug and is stored whether there is such an organisation or not; `target_org_id` is
-- set when it is accepted. What is shared is read through the share alone, and only as it is now.

CREATE TABLE org_shares (
    org_id         uuid NOT NULL REFERENCES orgs (id),
    id             uuid NOT NULL,
    target_slug    text NOT NULL CHECK (octet_length(target_slug) BETWEEN 3 AND 40),
    target_org_id  uuid REFERENCES orgs (id),
    resource_id    uuid NOT NULL,
    access_role    text NOT NULL CHECK (access_role IN ('viewer', 'editor', 'admin')),
    created_at     timestamptz NOT NULL,
    created_by     uuid NOT NULL,
    accepted_at    timestamptz,
    accepted_by    uuid,
    PRIMARY KEY (org_id, id),
    CHECK ((accepted_at IS NULL) = (target_org_id IS NULL)),
    CHECK (target_org_id <> org_id)
);
CREATE UNIQUE INDEX org_shares_one ON org_shares (org_id, target_slug, resource_id);
CREATE INDEX org_shares_by_target ON org_shares (target_org_id);
CREATE INDEX org_shares_by_slug ON org_shares (target_slug) WHERE accepted_at IS NULL;

SELECT pulse_owner_tools.tenant_table('org_shares');
CREATE POLICY lookup ON org_shares FOR SELECT TO pulse_lookup USING (true);
CREATE POLICY identity ON org_shares TO pulse_identity USING (true) WITH CHECK (true);
CREATE POLICY lookup ON resources FOR SELECT TO pulse_lookup USING (true);
GRANT SELECT, DELETE, INSERT (org_id, id, target_slug, resource_id, access_role, created_at, created_by) ON org_shares
    TO pulse_app;
GRANT SELECT ON org_shares TO pulse_lookup;
GRANT SELECT (org_id, id, type, name, status, changed_at) ON resources TO pulse_lookup;
GRANT SELECT, UPDATE, DELETE ON org_shares TO pulse_identity;

SET LOCAL ROLE pulse_lookup;

-- What was offered and given to the organisation of this transaction, newest first, each with its resource as it is now.
-- An offer that is not accepted tells no more than that there is one.
CREATE FUNCTION received_shares()
RETURNS TABLE (id uuid, source uuid, slug text, name text, access_role text, created_at timestamptz,
               accepted_at timestamptz, resource_id uuid, resource_type text, resource_name text, resource_status text,
               changed_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
    SELECT s.id, s.org_id, o.slug, o.name, s.access_role, s.created_at, s.accepted_at, s.resource_id,
           r.type, r.name, CASE WHEN s.accepted_at IS NOT NULL THEN r.status END,
           CASE WHEN s.accepted_at IS NOT NULL THEN r.changed_at END
    FROM orgs me
    JOIN org_shares s ON s.target_org_id = me.id OR (s.accepted_at IS NULL AND s.target_slug = me.slug)
    JOIN orgs o ON o.id = s.org_id AND o.state = 'active'
    JOIN resources r ON r.org_id = s.org_id AND r.id = s.resource_id
    WHERE me.id = nullif(current_setting('pulse.org_id', true), '')::uuid AND s.org_id <> me.id
    ORDER BY s.created_at DESC, s.id LIMIT 1000
$$;
GRANT EXECUTE ON FUNCTION received_shares TO pulse_app;

RESET ROLE;
SET LOCAL ROLE pulse_identity;

-- Changes the role of a share of the organisation of this transaction: one that was
-- accepted with another role has to be accepted again. False when it is so already.
CREATE FUNCTION change_share(wanted uuid, new_role text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
BEGIN
    UPDATE org_shares s SET access_role = new_role, accepted_at = NULL, accepted_by = NULL, target_org_id = NULL
    WHERE s.org_id = nullif(current_setting('pulse.org_id', true), '')::uuid AND s.id = wanted
      AND s.access_role <> new_role;
    RETURN FOUND;
END $$;
GRANT EXECUTE ON FUNCTION change_share TO pulse_app;

-- The organisation of this transaction takes an offer made to its slug. NULL: there is none for it. The transaction stands
-- in the source from now on, so that its trail tells of it.
CREATE FUNCTION accept_share(wanted uuid, person uuid, moment timestamptz) RETURNS uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
DECLARE
    source uuid;
BEGIN
    UPDATE org_shares s SET target_org_id = me.id, accepted_at = moment, accepted_by = person
    FROM orgs me, orgs o
    WHERE me.id = nullif(current_setting('pulse.org_id', true), '')::uuid AND o.id = s.org_id AND o.state = 'active'
      AND s.id = wanted AND s.target_slug = me.slug AND s.accepted_at IS NULL AND s.org_id <> me.id
    RETURNING s.org_id INTO source;
    IF source IS NOT NULL THEN PERFORM set_config('pulse.org_id', source::text, true); END IF;
    RETURN source;
END $$;
GRANT EXECUTE ON FUNCTION accept_share TO pulse_app;

-- The target declines an offer or gives a share up. NULL and the transaction's place as above.
CREATE FUNCTION decline_share(wanted uuid) RETURNS uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
DECLARE
    source uuid;
BEGIN
    DELETE FROM org_shares s USING orgs me
    WHERE me.id = nullif(current_setting('pulse.org_id', true), '')::uuid AND s.id = wanted
      AND (s.target_org_id = me.id OR (s.accepted_at IS NULL AND s.target_slug = me.slug))
    RETURNING s.org_id INTO source;
    IF source IS NOT NULL THEN PERFORM set_config('pulse.org_id', source::text, true); END IF;
    RETURN source;
END $$;
GRANT EXECUTE ON FUNCTION decline_share TO pulse_app;

RESET ROLE;
