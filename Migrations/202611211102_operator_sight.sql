-- What: what operators see of organisations: that they exist, in which state, and how much of what they use.
-- Why: whoever runs Pulse has to find a customer and see how large it is, without a look into what it watches.
-- Beside running programs: safe, creates only. Lock: a moment for policies and grants. Back: drop the functions, then the
-- policies and grants.
--
-- Numbers and names, and the addresses of owners: no inventory, no measurements, no secrets.

CREATE POLICY lookup ON invitations FOR SELECT TO pulse_lookup USING (true);
CREATE POLICY lookup ON agent_streams FOR SELECT TO pulse_lookup USING (true);
CREATE POLICY lookup ON history_heads FOR SELECT TO pulse_lookup USING (true);
CREATE POLICY lookup ON history_chunks FOR SELECT TO pulse_lookup USING (true);
GRANT SELECT (org_id, ended_at, expires_at) ON invitations TO pulse_lookup;
GRANT SELECT (org_id, seen_at) ON agent_streams TO pulse_lookup;
-- The length of a column is its content to a grant; nothing but octet_length is asked of it.
GRANT SELECT (org_id, data) ON history_heads, history_chunks TO pulse_lookup;

SET LOCAL ROLE pulse_lookup;

-- Organisations, newest first, those after `after` (NULL: from the newest). `wanted`: lower case; part of a slug or a name,
-- or the whole address of a member. `wanted_id`: the same text, where it is an id. Both NULL: all. `wanted_state`: NULL: any.
CREATE FUNCTION operator_orgs(
    wanted text, wanted_id uuid, wanted_state text, after uuid, most int)
RETURNS TABLE (id uuid, slug text, name text, state text, suspension text, created_at timestamptz, members bigint,
               owner_email text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
    SELECT o.id, o.slug, o.name, o.state, coalesce(o.suspension, o.resume_suspension), o.created_at,
           (SELECT count(*) FROM members m WHERE m.org_id = o.id),
           (SELECT m.email FROM members m WHERE m.org_id = o.id AND m.role = 'owner'
            ORDER BY m.joined_at, m.user_id LIMIT 1)
    FROM orgs o
    WHERE o.state <> 'deleted' AND (wanted_state IS NULL OR o.state = wanted_state) AND (after IS NULL OR o.id < after)
      AND (wanted IS NULL OR o.id = wanted_id OR position(wanted IN o.slug) > 0 OR position(wanted IN lower(o.name)) > 0
           OR o.id IN (SELECT m.org_id FROM members m WHERE lower(m.email) = wanted))
    ORDER BY o.id DESC LIMIT most
$$;

-- One organisation and what it uses. No row: there is none.
CREATE FUNCTION operator_org(wanted uuid, moment timestamptz)
RETURNS TABLE (id uuid, slug text, name text, state text, suspension text, created_at timestamptz, members bigint,
               owner_email text, suspended_at timestamptz, deletion_requested_at timestamptz,
               delete_after timestamptz, pending_invitations bigint, machines bigint, resources bigint,
               api_tokens bigint, history_rows bigint, history_bytes bigint, last_report_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
    SELECT o.id, o.slug, o.name, o.state, coalesce(o.suspension, o.resume_suspension), o.created_at,
           (SELECT count(*) FROM members m WHERE m.org_id = o.id),
           (SELECT m.email FROM members m WHERE m.org_id = o.id AND m.role = 'owner'
            ORDER BY m.joined_at, m.user_id LIMIT 1),
           o.suspended_at, o.deletion_requested_at, o.delete_after,
           (SELECT count(*) FROM invitations i
            WHERE i.org_id = o.id AND i.ended_at IS NULL AND i.expires_at > moment),
           (SELECT count(*) FROM agents a WHERE a.org_id = o.id AND a.revoked_at IS NULL),
           (SELECT count(*) FROM resources r WHERE r.org_id = o.id),
           (SELECT count(*) FROM api_tokens t WHERE t.org_id = o.id AND t.revoked_at IS NULL
              AND (t.expires_at IS NULL OR t.expires_at > moment)),
           kept.pieces, kept.bytes,
           (SELECT max(s.seen_at) FROM agent_streams s WHERE s.org_id = o.id)
    FROM orgs o CROSS JOIN LATERAL (
        SELECT count(*) AS pieces, coalesce(sum(octet_length(p.data)), 0)::bigint AS bytes
        FROM (SELECT h.data FROM history_heads h WHERE h.org_id = o.id
              UNION ALL SELECT c.data FROM history_chunks c WHERE c.org_id = o.id) p) kept
    WHERE o.id = wanted AND o.state <> 'deleted'
$$;

CREATE FUNCTION operator_owners(wanted uuid) RETURNS TABLE (user_id uuid, email text, display_name text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
    SELECT m.user_id, m.email, m.display_name FROM members m
    WHERE m.org_id = wanted AND m.role = 'owner' ORDER BY m.joined_at, m.user_id
$$;

GRANT EXECUTE ON FUNCTION operator_orgs, operator_org, operator_owners TO pulse_operator;

RESET ROLE;
