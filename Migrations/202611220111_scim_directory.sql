-- What: the users and groups that an organisation's directory keeps here, and what its groups come to.
-- Why: a directory says who belongs to the organisation; what it said stays apart from what Pulse made of it, so that it can
-- be asked for again word by word, and so that what was given by hand is not lost.
-- Beside running programs: safe, creates only. Lock: none. Back: drop functions and tables; members stay as they are.

-- A user of the directory. Exists whether or not its person is a member now.
CREATE TABLE scim_users (
    org_id         uuid NOT NULL REFERENCES orgs (id),
    id             uuid NOT NULL,
    -- Lower case and in one form of Unicode: what makes two names the same.
    user_name_key  text COLLATE "C" NOT NULL,
    external_id    text COLLATE "C",
    is_active      boolean NOT NULL,
    -- To be shown where a group tells its members.
    shown_name     text NOT NULL,
    -- JSON: what the directory wrote, as the schema spells it.
    resource       text NOT NULL CHECK (octet_length(resource) <= 65536),
    version        int NOT NULL DEFAULT 1,
    -- The person; set when the user first became active.
    user_id        uuid,
    -- The directory made them a member: without a group that says otherwise they have its default role.
    made_member    boolean NOT NULL DEFAULT false,
    -- While inactive: what somebody had given them by hand.
    kept_role      text CHECK (kept_role IN ('custom', 'auditor', 'viewer', 'editor', 'admin')),
    kept_roles     uuid[],
    created_at     timestamptz NOT NULL,
    updated_at     timestamptz NOT NULL,
    PRIMARY KEY (org_id, id)
);
-- The organisation stands last in these: while PostgreSQL knows little of a table, an index that begins with it is as good to it
-- as the key, and it would walk all users of the organisation for one of them.
CREATE UNIQUE INDEX scim_users_name ON scim_users (user_name_key, org_id);
CREATE UNIQUE INDEX scim_users_person ON scim_users (user_id, org_id) WHERE user_id IS NOT NULL;
CREATE INDEX scim_users_by_external_id ON scim_users (external_id, org_id) WHERE external_id IS NOT NULL;

-- Addresses of users, to find them by; in the form of user_name_key.
CREATE TABLE scim_emails (
    org_id        uuid NOT NULL,
    scim_user_id  uuid NOT NULL,
    email_key     text COLLATE "C" NOT NULL,
    PRIMARY KEY (org_id, scim_user_id, email_key),
    FOREIGN KEY (org_id, scim_user_id) REFERENCES scim_users (org_id, id) ON DELETE CASCADE
);
CREATE INDEX scim_emails_by_key ON scim_emails (email_key, org_id);

CREATE TABLE scim_groups (
    org_id        uuid NOT NULL REFERENCES orgs (id),
    id            uuid NOT NULL,
    display_name  text NOT NULL CHECK (octet_length(display_name) BETWEEN 1 AND 256),
    name_key      text COLLATE "C" NOT NULL,
    external_id   text COLLATE "C",
    version       int NOT NULL DEFAULT 1,
    created_at    timestamptz NOT NULL,
    updated_at    timestamptz NOT NULL,
    PRIMARY KEY (org_id, id)
);
CREATE INDEX scim_groups_by_name ON scim_groups (name_key, org_id);
CREATE INDEX scim_groups_by_external_id ON scim_groups (external_id, org_id) WHERE external_id IS NOT NULL;

CREATE TABLE scim_group_members (
    org_id        uuid NOT NULL,
    group_id      uuid NOT NULL,
    scim_user_id  uuid NOT NULL,
    PRIMARY KEY (org_id, group_id, scim_user_id),
    FOREIGN KEY (org_id, group_id) REFERENCES scim_groups (org_id, id) ON DELETE CASCADE,
    FOREIGN KEY (org_id, scim_user_id) REFERENCES scim_users (org_id, id) ON DELETE CASCADE
);
CREATE INDEX scim_group_members_by_user ON scim_group_members (scim_user_id, org_id);

-- No row: the default role is viewer.
CREATE TABLE scim_settings (
    org_id        uuid NOT NULL REFERENCES orgs (id),
    default_role  text NOT NULL CHECK (default_role IN ('custom', 'auditor', 'viewer', 'editor', 'admin')),
    updated_at    timestamptz NOT NULL,
    PRIMARY KEY (org_id)
);

-- What the members of a group are here: a built-in role, or a custom one. The group need not be there yet.
CREATE TABLE scim_mappings (
    org_id      uuid NOT NULL REFERENCES orgs (id),
    id          uuid NOT NULL,
    group_name  text NOT NULL CHECK (octet_length(group_name) BETWEEN 1 AND 256),
    name_key    text COLLATE "C" NOT NULL,
    role        text CHECK (role IN ('auditor', 'viewer', 'editor', 'admin')),
    role_id     uuid,
    PRIMARY KEY (org_id, id),
    FOREIGN KEY (org_id, role_id) REFERENCES custom_roles (org_id, id) ON DELETE CASCADE,
    CHECK ((role IS NULL) <> (role_id IS NULL))
);
CREATE INDEX scim_mappings_by_name ON scim_mappings (name_key, org_id);

SELECT pulse_owner_tools.tenant_table(name)
FROM unnest(ARRAY['scim_users', 'scim_emails', 'scim_groups', 'scim_group_members', 'scim_settings', 'scim_mappings']) name;
GRANT SELECT, INSERT, DELETE,
      UPDATE (user_name_key, external_id, is_active, shown_name, resource, version, user_id, made_member, kept_role,
              kept_roles, updated_at)
      ON scim_users TO pulse_app;
GRANT SELECT, INSERT, DELETE, UPDATE (display_name, name_key, external_id, version, updated_at) ON scim_groups TO pulse_app;
GRANT SELECT, INSERT, DELETE ON scim_emails, scim_group_members, scim_mappings TO pulse_app;
GRANT SELECT, INSERT, UPDATE (default_role, updated_at) ON scim_settings TO pulse_app;

-- The user of this name, in lower case already; NULL: none. Planned anew each time, by what the table has become: a plan of when
-- it was empty would take the key for as good as the name.
CREATE FUNCTION scim_user_named(lowered text) RETURNS uuid
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pulse SET plan_cache_mode = 'force_custom_plan' AS $$
BEGIN
    RETURN (SELECT u.id FROM scim_users u WHERE u.user_name_key = normalize(lowered, NFKC));
END $$;
GRANT EXECUTE ON FUNCTION scim_user_named TO pulse_app;

SET LOCAL ROLE pulse_identity;

-- Gives a member who is back what they had been given by hand before; never ownership.
CREATE FUNCTION directory_return(person uuid, kept text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
    UPDATE members m SET manual_role = kept, role = m.role
    WHERE m.org_id = nullif(current_setting('pulse.org_id', true), '')::uuid AND m.user_id = person
      AND kept <> 'owner'
$$;
GRANT EXECUTE ON FUNCTION directory_return TO pulse_app;

-- The name and address of a member as their directory has them now. Only for people it answers for: those of this
-- organisation alone, and those with an account of a domain that the organisation has verified. The address by which
-- somebody signs in stays what it is; of a person of this organisation alone there is none.
CREATE FUNCTION directory_rename(person uuid, mail text, shown_name text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
DECLARE
    place uuid := nullif(current_setting('pulse.org_id', true), '')::uuid;
    known text := (SELECT u.email_key FROM users u WHERE u.id = person);
    is_local boolean := known LIKE 'local:' || place || ':%';
BEGIN
    IF NOT is_local AND NOT EXISTS (
        SELECT FROM sso_domains d
        WHERE d.org_id = place AND d.state = 'verified' AND d.domain = mail_domain(known)) THEN
        RETURN;
    END IF;
    UPDATE members m SET display_name = left(shown_name, 64), email = mail
    WHERE m.org_id = place AND m.user_id = person AND (m.display_name, m.email) IS DISTINCT FROM (left(shown_name, 64), mail);
    IF FOUND AND is_local THEN
        UPDATE users u SET display_name = left(shown_name, 64), email = mail WHERE u.id = person;
    END IF;
END $$;
GRANT EXECUTE ON FUNCTION directory_rename TO pulse_app;

RESET ROLE;

-- The strongest built-in role that a user's groups come to; NULL: none.
CREATE FUNCTION scim_role(wanted uuid) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pulse AS $$
BEGIN
    RETURN (
        SELECT p.role FROM scim_group_members gm
        JOIN scim_groups g ON g.org_id = gm.org_id AND g.id = gm.group_id
        JOIN scim_mappings p ON p.org_id = g.org_id AND p.name_key = g.name_key
        WHERE gm.scim_user_id = wanted AND p.role IS NOT NULL
        ORDER BY array_position(ARRAY['auditor', 'viewer', 'editor', 'admin'], p.role) DESC LIMIT 1);
END $$;
GRANT EXECUTE ON FUNCTION scim_role TO pulse_app;

-- The custom roles that a user's groups come to.
CREATE FUNCTION scim_custom_roles(wanted uuid) RETURNS uuid[]
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pulse AS $$
BEGIN
    RETURN (
        SELECT coalesce(array_agg(DISTINCT p.role_id), '{}') FROM scim_group_members gm
        JOIN scim_groups g ON g.org_id = gm.org_id AND g.id = gm.group_id
        JOIN scim_mappings p ON p.org_id = g.org_id AND p.name_key = g.name_key
        WHERE gm.scim_user_id = wanted AND p.role_id IS NOT NULL);
END $$;
GRANT EXECUTE ON FUNCTION scim_custom_roles TO pulse_app;

-- A new user of the directory, in no group yet; an active one's person becomes a member with the directory's default role.
-- For pulse_app, as itself. Fails with a unique violation of scim_users_name, or of scim_users_person: the person is another
-- user's.
CREATE FUNCTION scim_create(
    wanted uuid, name_key text, external text, active boolean, written text, email_keys text[],
    mail text, mail_key text, shown text, new_user uuid, moment timestamptz)
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pulse AS $$
DECLARE
    place     uuid := nullif(current_setting('pulse.org_id', true), '')::uuid;
    person    uuid;
    is_new    boolean;
    newcomer  boolean := false;
BEGIN
    IF active THEN
        SELECT p.user_id, p.is_new INTO person, is_new
        FROM directory_person(mail, mail_key, shown, 'scim:' || wanted, new_user, moment) p;
        newcomer := is_new OR NOT EXISTS (SELECT FROM members m WHERE m.org_id = place AND m.user_id = person);
    END IF;
    INSERT INTO scim_users (org_id, id, user_name_key, external_id, is_active, shown_name, resource, user_id, made_member,
                            created_at, updated_at)
    VALUES (place, wanted, normalize(name_key, NFKC), external, active, shown, written, person, newcomer, moment, moment);
    INSERT INTO scim_emails (org_id, scim_user_id, email_key)
    SELECT DISTINCT place, wanted, normalize(k, NFKC) FROM unnest(email_keys) k;
    -- Somebody else may have let them in at the same moment.
    IF newcomer AND directory_member(
        person, NULL, coalesce((SELECT t.default_role FROM scim_settings t WHERE t.org_id = place), 'viewer'), 'scim', moment)
        <> 'ok' THEN
        UPDATE scim_users s SET made_member = false WHERE s.id = wanted;
    END IF;
    IF NOT is_new THEN PERFORM directory_rename(person, mail, shown); END IF;
END $$;
GRANT EXECUTE ON FUNCTION scim_create TO pulse_app;

-- Makes the person of a user of the directory a member, unless they are one, with the role their groups come to, else the
-- directory's default role. For pulse_app, as itself. `has_custom`: their groups come to custom roles.
-- outcome: ok (with what had been kept for them), already-member, taken (the person is another user's), not-found.
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

-- Takes the person of a user out, and keeps what had been given to them by hand. Who was an owner comes back as admin.
-- outcome: ok, last-owner, not-found (was no member).
CREATE FUNCTION scim_leave(wanted uuid, moment timestamptz) RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, pulse AS $$
DECLARE
    person uuid := (SELECT s.user_id FROM scim_users s WHERE s.id = wanted FOR UPDATE);
    by_hand text;
    roles uuid[];
    outcome text;
BEGIN
    -- Who is here since before there was a difference has their role by hand.
    SELECT coalesce(m.manual_role, CASE WHEN m.mapped_role IS NULL THEN m.role END) INTO by_hand
    FROM members m WHERE m.user_id = person;
    IF by_hand = 'owner' THEN by_hand := 'admin'; END IF;
    SELECT array_agg(r.role_id ORDER BY r.role_id) INTO roles
    FROM member_roles r WHERE r.user_id = person AND NOT r.is_mapped;
    outcome := CASE WHEN EXISTS (SELECT FROM members m WHERE m.user_id = person) THEN directory_leave(person, moment)
                    ELSE 'not-found' END;
    IF outcome = 'ok' THEN
        UPDATE scim_users s SET kept_role = by_hand, kept_roles = roles WHERE s.id = wanted;
    END IF;
    RETURN outcome;
END $$;
GRANT EXECUTE ON FUNCTION scim_leave TO pulse_app;
