-- What: organisations, people, and who belongs where.
-- Why: everything else hangs on an organisation, and a person may belong to several.
-- Lock: none that matters, the tables are new. Back: drop them; nothing before this file knows them.
--
-- `orgs` and `users` have no organisation of their own, so pulse_app has no grant on them: it reads and writes them
-- through SECURITY DEFINER functions. Those that read belong to pulse_lookup, those that write to pulse_identity; each
-- of these two has just the grants and policies its functions need.

CREATE TABLE orgs (
    id          uuid PRIMARY KEY,
    slug        text NOT NULL UNIQUE CHECK (slug ~ '^[a-z0-9][a-z0-9-]{1,38}[a-z0-9]$'),
    name        text NOT NULL CHECK (octet_length(name) BETWEEN 3 AND 64),
    state       text NOT NULL DEFAULT 'active'
                CHECK (state IN ('provisioning', 'active', 'suspended', 'pending_deletion', 'deleted')),
    suspension  text CHECK (suspension IN ('billing', 'abuse')),
    -- Which worker looks after it. A column, not a formula, so that a large organisation can be moved.
    shard       smallint NOT NULL CHECK (shard BETWEEN 0 AND 255),
    -- Rises with every change of configuration; processes that hold a copy compare it.
    generation  bigint NOT NULL DEFAULT 1,
    created_at  timestamptz NOT NULL,
    CHECK ((state = 'suspended') = (suspension IS NOT NULL))
);

CREATE TABLE users (
    id                   uuid PRIMARY KEY,
    email                text NOT NULL CHECK (octet_length(email) <= 254),
    -- Lower case: what makes two addresses the same account.
    email_key            text NOT NULL UNIQUE,
    display_name         text NOT NULL DEFAULT '' CHECK (octet_length(display_name) <= 128),
    -- Argon2id in its encoded form; NULL for someone who signs in by link alone.
    password_hash        text,
    created_at           timestamptz NOT NULL
);

-- `display_name` and `email` are a copy for this organisation: a member list must not read `users`.
CREATE TABLE members (
    org_id        uuid NOT NULL REFERENCES orgs (id),
    user_id       uuid NOT NULL REFERENCES users (id),
    role          text NOT NULL CHECK (role IN ('auditor', 'viewer', 'editor', 'admin', 'owner')),
    display_name  text NOT NULL DEFAULT '',
    email         text NOT NULL,
    joined_at     timestamptz NOT NULL,
    PRIMARY KEY (org_id, user_id)
);
CREATE INDEX members_by_user ON members (user_id);

SELECT pulse_owner_tools.tenant_table('members');
CREATE POLICY lookup ON members FOR SELECT TO pulse_lookup USING (true);
CREATE POLICY identity ON members TO pulse_identity USING (true) WITH CHECK (true);
GRANT SELECT ON members TO pulse_app;
GRANT SELECT ON orgs, members TO pulse_lookup;
GRANT SELECT, INSERT, UPDATE ON orgs, users, members TO pulse_identity;
GRANT SELECT (id, shard, generation, state) ON orgs TO pulse_worker;

-- The shard of a new organisation: the first byte of a digest of its id, so 256 shards fill evenly.
CREATE FUNCTION orgs_before_insert() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pulse AS $$
BEGIN
    NEW.shard := coalesce(NEW.shard, get_byte(sha256(uuid_send(NEW.id)), 0));
    RETURN NEW;
END $$;
CREATE TRIGGER before_insert BEFORE INSERT ON orgs FOR EACH ROW EXECUTE FUNCTION orgs_before_insert();

-- Whoever holds a copy of an organisation's configuration hears of the change when it commits: `<id> <generation>`.
CREATE FUNCTION orgs_after_change() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pulse AS $$
BEGIN
    IF TG_OP = 'INSERT' OR NEW.generation <> OLD.generation OR NEW.state <> OLD.state OR NEW.shard <> OLD.shard THEN
        PERFORM pg_notify('pulse_orgs', NEW.id || ' ' || NEW.generation);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER after_change AFTER INSERT OR UPDATE ON orgs FOR EACH ROW EXECUTE FUNCTION orgs_after_change();

SET LOCAL ROLE pulse_lookup;

-- The organisations of one person, oldest membership first.
CREATE FUNCTION orgs_of(person uuid)
RETURNS TABLE (id uuid, slug text, name text, role text, state text, created_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
    SELECT o.id, o.slug, o.name, m.role, o.state, o.created_at
    FROM members m JOIN orgs o ON o.id = m.org_id
    WHERE m.user_id = person AND o.state <> 'deleted'
    ORDER BY m.joined_at, o.id
$$;
GRANT EXECUTE ON FUNCTION orgs_of TO pulse_app;

RESET ROLE;
SET LOCAL ROLE pulse_identity;

-- Creates an organisation and its owner's membership. The slug is the wanted one, or the first of wanted-2, wanted-3 …
-- that is free: nobody learns from an error which names are taken.
-- For other functions of pulse_identity; pulse_app may not call it.
CREATE FUNCTION found_org(new_org uuid, org_name text, wanted_slug text, owner uuid, moment timestamptz) RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, pulse AS $$
DECLARE
    candidate text := wanted_slug;
    attempt   int := 1;
BEGIN
    LOOP
        INSERT INTO orgs (id, slug, name, created_at) VALUES (new_org, candidate, org_name, moment)
        ON CONFLICT (slug) DO NOTHING;
        EXIT WHEN FOUND;
        attempt := attempt + 1;
        candidate := left(wanted_slug, 32) || '-'
            || CASE WHEN attempt <= 20 THEN attempt::text ELSE substr(md5(new_org::text || attempt), 1, 7) END;
    END LOOP;
    INSERT INTO members (org_id, user_id, role, display_name, email, joined_at)
    SELECT new_org, u.id, 'owner', u.display_name, u.email, moment FROM users u WHERE u.id = owner;
    RETURN candidate;
END $$;

-- Another organisation for someone who has an account. Sets pulse.org_id to it for the rest of the transaction.
-- Returns its slug; NULL when the person owns 50 already.
CREATE FUNCTION create_org(new_org uuid, org_name text, wanted_slug text, owner uuid, moment timestamptz) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
BEGIN
    PERFORM 1 FROM users u WHERE u.id = owner FOR UPDATE;
    IF (SELECT count(*) FROM members m WHERE m.user_id = owner AND m.role = 'owner') >= 50 THEN
        RETURN NULL;
    END IF;
    PERFORM set_config('pulse.org_id', new_org::text, true);
    RETURN found_org(new_org, org_name, wanted_slug, owner, moment);
END $$;
GRANT EXECUTE ON FUNCTION create_org TO pulse_app;

-- A person's own name, here and in the copies their organisations hold.
CREATE FUNCTION rename_person(person uuid, new_name text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
BEGIN
    UPDATE users u SET display_name = new_name WHERE u.id = person;
    UPDATE members m SET display_name = new_name WHERE m.user_id = person;
END $$;
GRANT EXECUTE ON FUNCTION rename_person TO pulse_app;

-- What a person may know of themselves.
CREATE FUNCTION person(wanted uuid) RETURNS TABLE (id uuid, email text, display_name text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
    SELECT u.id, u.email, u.display_name FROM users u WHERE u.id = wanted
$$;
GRANT EXECUTE ON FUNCTION person TO pulse_app;

RESET ROLE;
