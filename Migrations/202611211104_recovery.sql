-- What: the functions behind `pulse admin recover`, the way back into an organisation whose owners are all locked out.
-- Why: without it a lost authenticator, or a mailbox that is gone with the one person who had it, ends a company's
-- monitoring. They can only be called as pulse_operator, from a shell of the host; no route calls them.
-- Beside running programs: safe, creates only. Lock: none. Back: drop the functions.

SET LOCAL ROLE pulse_identity;

-- The organisation of this slug or id, and the person with this address in it. No row: no such organisation; the person's
-- columns are NULL when nobody in it has the address. The transaction stands in the organisation from now on.
CREATE FUNCTION recovery_of(wanted_slug text, wanted_id uuid, mail_key text)
RETURNS TABLE (org_id uuid, slug text, name text, state text, suspension text, user_id uuid, email text, role text,
               has_second_step boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
#variable_conflict use_column
DECLARE
    place orgs%ROWTYPE;
BEGIN
    SELECT * INTO place FROM orgs o WHERE (o.id = wanted_id OR o.slug = wanted_slug) AND o.state <> 'deleted'
    ORDER BY (o.id = wanted_id) DESC NULLS LAST LIMIT 1 FOR NO KEY UPDATE;
    IF NOT FOUND THEN RETURN; END IF;
    PERFORM set_config('pulse.org_id', place.id::text, true);
    RETURN QUERY
        SELECT place.id, place.slug, place.name, place.state, coalesce(place.suspension, place.resume_suspension),
               u.id, u.email, m.role, has_second_step(u.id)
        FROM (VALUES (1)) AS one (n)
        LEFT JOIN (members m JOIN users u ON u.id = m.user_id AND u.email_key = mail_key) ON m.org_id = place.id;
END $$;

-- Makes a member of the organisation of this transaction an owner, with nothing of custom roles left to narrow it.
CREATE FUNCTION recover_owner(person uuid) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
DECLARE
    place uuid := line_up();
BEGIN
    UPDATE members m SET role = 'owner' WHERE m.org_id = place AND m.user_id = person AND m.role <> 'owner';
    RETURN FOUND;
END $$;

-- A link that sets a new password, without being asked for by its mailbox; older ones end.
CREATE FUNCTION recover_link(new_link uuid, link_hash bytea, person uuid, moment timestamptz) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
BEGIN
    PERFORM end_links(u.email_key, '{reset}', moment) FROM users u WHERE u.id = person;
    INSERT INTO email_links (id, kind, token_hash, email, email_key, user_id, created_at, expires_at)
    SELECT new_link, 'reset', link_hash, u.email, u.email_key, u.id, moment, moment + interval '30 minutes'
    FROM users u WHERE u.id = person;
    RETURN FOUND;
END $$;

GRANT EXECUTE ON FUNCTION recovery_of, recover_owner, recover_link, disable_totp TO pulse_operator;

RESET ROLE;
