-- What: the organisations of a person say why one of them is suspended.
-- Why: whoever comes back to a suspended organisation is told at once what to do about it.
-- Beside running programs: safe, the function only gains a column. Lock: none. Back: the function of 0910.

DROP FUNCTION orgs_of(uuid);

SET LOCAL ROLE pulse_lookup;

-- The organisations of one person, oldest membership first.
CREATE FUNCTION orgs_of(person uuid)
RETURNS TABLE (id uuid, slug text, name text, role text, state text, suspension text, created_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
    SELECT o.id, o.slug, o.name, m.role, o.state, coalesce(o.suspension, o.resume_suspension), o.created_at
    FROM members m JOIN orgs o ON o.id = m.org_id
    WHERE m.user_id = person AND o.state <> 'deleted'
    ORDER BY m.joined_at, o.id
$$;
GRANT EXECUTE ON FUNCTION orgs_of TO pulse_app;

RESET ROLE;
