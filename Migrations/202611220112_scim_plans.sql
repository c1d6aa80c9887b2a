-- What: the functions of directories keep their plans, and joining says whether custom roles are to be given.
-- Why: a function in SQL is planned anew by every statement that calls it: half a millisecond a user of a first
-- synchronisation.
-- Beside running programs: an older program reads the columns it knows. Lock: none. Back: the functions of before.

CREATE OR REPLACE FUNCTION scim_role(wanted uuid) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pulse AS $$
BEGIN
    RETURN (
        SELECT p.role FROM scim_group_members gm
        JOIN scim_groups g ON g.org_id = gm.org_id AND g.id = gm.group_id
        JOIN scim_mappings p ON p.org_id = g.org_id AND p.name_key = g.name_key
        WHERE gm.scim_user_id = wanted AND p.role IS NOT NULL
        ORDER BY array_position(ARRAY['auditor', 'viewer', 'editor', 'admin'], p.role) DESC LIMIT 1);
END $$;

CREATE OR REPLACE FUNCTION scim_custom_roles(wanted uuid) RETURNS uuid[]
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pulse AS $$
BEGIN
    RETURN (
        SELECT coalesce(array_agg(DISTINCT p.role_id), '{}') FROM scim_group_members gm
        JOIN scim_groups g ON g.org_id = gm.org_id AND g.id = gm.group_id
        JOIN scim_mappings p ON p.org_id = g.org_id AND p.name_key = g.name_key
        WHERE gm.scim_user_id = wanted AND p.role_id IS NOT NULL);
END $$;

-- As before, and `has_custom`: their groups come to custom roles.
DROP FUNCTION scim_join(uuid, text, text, text, uuid, timestamptz);
CREATE FUNCTION scim_join(
    wanted uuid, mail text, mail_key text, shown text, new_user uuid, moment timestamptz)
RETURNS TABLE (outcome text, user_id uuid, kept_roles uuid[], has_custom boolean)
LANGUAGE plpgsql SET search_path = pg_catalog, pulse AS $$
#variable_conflict use_column
DECLARE
    found scim_users%ROWTYPE;
    mapped text := coalesce(scim_role(wanted), (SELECT default_role FROM scim_settings), 'viewer');
BEGIN
    SELECT * INTO found FROM scim_users s WHERE s.id = wanted FOR UPDATE;
    user_id := found.user_id;
    IF user_id IS NULL THEN
        SELECT p.user_id INTO user_id FROM directory_person(mail, mail_key, shown, 'scim:' || wanted, new_user, moment) p;
        IF EXISTS (SELECT FROM scim_users s WHERE s.user_id = scim_join.user_id AND s.id <> wanted) THEN
            outcome := 'taken';
            RETURN NEXT;
            RETURN;
        END IF;
    END IF;
    -- Most changes are of people who are here; they need not stand in the line of those who come and go.
    outcome := CASE WHEN EXISTS (SELECT FROM members m WHERE m.user_id = scim_join.user_id) THEN 'already-member'
                    ELSE directory_member(user_id, NULL, mapped, 'scim', moment) END;
    IF outcome = 'ok' AND found.kept_role IS NOT NULL THEN PERFORM directory_return(user_id, found.kept_role); END IF;
    IF outcome = 'ok' THEN kept_roles := found.kept_roles; END IF;
    has_custom := cardinality(scim_custom_roles(wanted)) > 0;
    UPDATE scim_users s SET user_id = scim_join.user_id, made_member = s.made_member OR outcome = 'ok', kept_role = NULL,
        kept_roles = NULL
    WHERE s.id = wanted AND (s.user_id IS NULL OR outcome = 'ok');
    PERFORM directory_rename(user_id, mail, shown);
    RETURN NEXT;
END $$;
GRANT EXECUTE ON FUNCTION scim_join TO pulse_app;

-- Normalising is one call of the server's own now, made once a statement.
DROP FUNCTION scim_key(text);
