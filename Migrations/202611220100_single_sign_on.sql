-- What: identity providers of an organisation, whom they vouched for, mail domains, and sessions bound to the
-- organisation whose provider vouched.
-- Why: an organisation says by itself who signs in how; nothing its provider says may count anywhere else.
-- Beside running programs: an older program opens unbound sessions as before, and lets bound ones in where these functions
-- do. Lock: a moment each on sessions, members and orgs (new columns with constant defaults).
-- Back: end all bound sessions, drop tables and columns, put the functions of before in place.

-- The domains of mail addresses that an organisation says are its own. Many may claim one, one has it verified.
CREATE TABLE sso_domains (
    org_id         uuid NOT NULL REFERENCES orgs (id),
    -- Lower case, in its ASCII form.
    domain         text NOT NULL CHECK (octet_length(domain) BETWEEN 3 AND 253),
    state          text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'verified', 'lost')),
    -- What the DNS has to say; no secret.
    token          text NOT NULL,
    -- Members with an address of it get in by single sign-on alone.
    is_enforced    boolean NOT NULL DEFAULT false CHECK (NOT is_enforced OR state = 'verified'),
    created_at     timestamptz NOT NULL,
    verified_at    timestamptz,
    checked_at     timestamptz,
    next_check_at  timestamptz,
    -- Checks in a row that did not find it.
    failures       int NOT NULL DEFAULT 0,
    PRIMARY KEY (org_id, domain)
);
CREATE UNIQUE INDEX sso_domains_verified ON sso_domains (domain) WHERE state = 'verified';
CREATE INDEX sso_domains_due ON sso_domains (next_check_at) WHERE state = 'verified';
SELECT pulse_owner_tools.tenant_table('sso_domains');
CREATE POLICY lookup ON sso_domains FOR SELECT TO pulse_lookup USING (true);
CREATE POLICY identity ON sso_domains TO pulse_identity USING (true) WITH CHECK (true);
GRANT SELECT, INSERT (org_id, domain, token, created_at), DELETE ON sso_domains TO pulse_app;
GRANT SELECT ON sso_domains TO pulse_lookup;
GRANT SELECT, UPDATE ON sso_domains TO pulse_identity;

CREATE TABLE sso_providers (
    org_id           uuid NOT NULL REFERENCES orgs (id),
    -- A part of the addresses that its administrators paste at the provider.
    id               text NOT NULL CHECK (id ~ '^[a-zA-Z0-9]([a-zA-Z0-9_-]{0,62}[a-zA-Z0-9])?$'),
    type             text NOT NULL CHECK (type IN ('oidc', 'saml')),
    name             text NOT NULL CHECK (octet_length(name) BETWEEN 1 AND 128),
    display_name     text NOT NULL CHECK (octet_length(display_name) <= 128),
    icon_url         text,
    -- Lower comes first.
    priority         int NOT NULL CHECK (priority BETWEEN 0 AND 1000),
    is_enabled       boolean NOT NULL,
    -- JSON: what the protocol needs, without secrets.
    settings         text NOT NULL CHECK (octet_length(settings) <= 1048576),
    -- JSON of secrets; NULL: none.
    secrets          sealed,
    allowed_domains  text[] NOT NULL,
    allowed_emails   text[] NOT NULL,
    allowed_groups   text[] NOT NULL,
    -- JSON: {"group": "role"}, a built-in role's name or a custom role's id.
    group_roles      text NOT NULL,
    -- Whoever it vouches for and is nobody here yet becomes a member.
    is_open          boolean NOT NULL,
    -- Of those, where no group says otherwise: a built-in role's name or a custom role's id.
    default_role     text NOT NULL,
    -- Rises with every change: what was begun under an older one is begun again.
    version          int NOT NULL DEFAULT 1,
    created_at       timestamptz NOT NULL,
    updated_at       timestamptz NOT NULL,
    PRIMARY KEY (org_id, id)
);
SELECT pulse_owner_tools.tenant_table('sso_providers');
CREATE POLICY lookup ON sso_providers FOR SELECT TO pulse_lookup USING (true);
GRANT SELECT, INSERT, DELETE,
      UPDATE (name, display_name, icon_url, priority, is_enabled, settings, secrets, allowed_domains, allowed_emails,
              allowed_groups, group_roles, is_open, default_role, version, updated_at)
      ON sso_providers TO pulse_app;
GRANT SELECT ON sso_providers TO pulse_lookup;

-- Whom a provider means by a subject. An address never decides that, only the first time, and only of a verified domain.
CREATE TABLE sso_links (
    org_id         uuid NOT NULL,
    provider_id    text NOT NULL,
    -- Digest of type, provider and subject.
    subject_hash   bytea NOT NULL,
    user_id        uuid NOT NULL,
    -- As the provider writes it, to be shown.
    subject        text NOT NULL CHECK (octet_length(subject) <= 512),
    linked_at      timestamptz NOT NULL,
    linked_by      text NOT NULL CHECK (linked_by IN ('domain', 'person', 'directory', 'new')),
    last_login_at  timestamptz NOT NULL,
    PRIMARY KEY (org_id, provider_id, subject_hash),
    FOREIGN KEY (org_id, provider_id) REFERENCES sso_providers (org_id, id) ON DELETE CASCADE,
    FOREIGN KEY (org_id, user_id) REFERENCES members (org_id, user_id) ON DELETE CASCADE
);
CREATE INDEX sso_links_by_user ON sso_links (org_id, user_id);
SELECT pulse_owner_tools.tenant_table('sso_links');
GRANT SELECT, INSERT, DELETE, UPDATE (last_login_at) ON sso_links TO pulse_app;

-- Logins that are under way. Ten minutes, one use.
CREATE TABLE sso_flows (
    org_id        uuid NOT NULL,
    state_hash    bytea NOT NULL,
    provider_id   text NOT NULL,
    -- Of the provider: a changed one does not finish what another began.
    version       int NOT NULL,
    kind          text NOT NULL CHECK (kind IN ('login', 'link', 'step-up', 'test')),
    -- Digest of the cookie of the browser that began it.
    browser_hash  bytea NOT NULL,
    -- Digest of the id of the SAML request.
    request_hash  bytea NOT NULL,
    return_to     text NOT NULL,
    -- Who began it, where somebody was signed in.
    user_id       uuid,
    session_id    uuid,
    created_at    timestamptz NOT NULL,
    expires_at    timestamptz NOT NULL,
    -- The provider has answered, and the browser has to come back with this ticket.
    ticket_hash   bytea,
    -- What finishing it needs: the verifier of a code, later the answer that waits for the browser.
    kept          sealed,
    PRIMARY KEY (org_id, state_hash),
    FOREIGN KEY (org_id, provider_id) REFERENCES sso_providers (org_id, id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX sso_flows_by_request ON sso_flows (org_id, provider_id, request_hash);
CREATE INDEX sso_flows_by_expiry ON sso_flows (expires_at);
SELECT pulse_owner_tools.tenant_table('sso_flows');
CREATE POLICY identity ON sso_flows TO pulse_identity USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, DELETE, UPDATE (ticket_hash, kept) ON sso_flows TO pulse_app;
GRANT SELECT, DELETE ON sso_flows TO pulse_identity;

-- What was used once and may not be used again: assertions, logout tokens. Kept until it would be too old anyway.
CREATE TABLE sso_replays (
    org_id       uuid NOT NULL REFERENCES orgs (id),
    provider_id  text NOT NULL,
    used_hash    bytea NOT NULL,
    expires_at   timestamptz NOT NULL,
    PRIMARY KEY (org_id, provider_id, used_hash)
);
CREATE INDEX sso_replays_by_expiry ON sso_replays (expires_at);
SELECT pulse_owner_tools.tenant_table('sso_replays');
CREATE POLICY identity ON sso_replays TO pulse_identity USING (true) WITH CHECK (true);
GRANT SELECT, INSERT ON sso_replays TO pulse_app;
GRANT SELECT, DELETE ON sso_replays TO pulse_identity;

-- What logging out at the provider needs of a session.
CREATE TABLE sso_sessions (
    org_id        uuid NOT NULL REFERENCES orgs (id),
    session_id    uuid NOT NULL,
    provider_id   text NOT NULL,
    user_id       uuid NOT NULL,
    subject_hash  bytea NOT NULL,
    -- Digests of the provider's own name for its session, and of the name it gives the person in it; NULL: it has none.
    sid_hash      bytea,
    name_hash     bytea,
    -- JSON: name id, session index, tokens.
    logout        sealed,
    created_at    timestamptz NOT NULL,
    expires_at    timestamptz NOT NULL,
    -- When the provider is asked whether it may go on; NULL: it gave no leave to.
    renew_at      timestamptz,
    PRIMARY KEY (org_id, session_id)
);
CREATE INDEX sso_sessions_by_subject ON sso_sessions (org_id, provider_id, subject_hash);
CREATE INDEX sso_sessions_by_name ON sso_sessions (org_id, provider_id, name_hash);
CREATE INDEX sso_sessions_due ON sso_sessions (renew_at) WHERE renew_at IS NOT NULL;
CREATE INDEX sso_sessions_by_expiry ON sso_sessions (expires_at);
SELECT pulse_owner_tools.tenant_table('sso_sessions');
CREATE POLICY identity ON sso_sessions TO pulse_identity USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, DELETE, UPDATE (logout, renew_at) ON sso_sessions TO pulse_app;
GRANT SELECT, DELETE, UPDATE (renew_at) ON sso_sessions TO pulse_identity;

-- The last logins that were tried, with what came of them.
CREATE TABLE sso_attempts (
    org_id       uuid NOT NULL REFERENCES orgs (id),
    id           uuid NOT NULL,
    at           timestamptz NOT NULL,
    provider_id  text NOT NULL,
    kind         text NOT NULL,
    -- accepted, or the code of the refusal.
    outcome      text NOT NULL,
    detail       text NOT NULL,
    user_id      uuid,
    -- JSON, sealed: subject, address, groups and claims as the provider told them.
    told         sealed,
    address      text NOT NULL,
    user_agent   text NOT NULL,
    PRIMARY KEY (org_id, id)
);
SELECT pulse_owner_tools.tenant_table('sso_attempts');
GRANT SELECT, INSERT, DELETE, UPDATE (told) ON sso_attempts TO pulse_app;

ALTER TABLE sessions
    -- NULL: proved to Pulse itself, good wherever the person is a member.
    ADD COLUMN bound_org uuid,
    ADD COLUMN provider_id text,
    ADD COLUMN method text NOT NULL DEFAULT 'password',
    -- When the person proved who they are; NULL: when the session began.
    ADD COLUMN authenticated_at timestamptz;
CREATE INDEX sessions_by_bound_org ON sessions (bound_org, user_id) WHERE bound_org IS NOT NULL;

ALTER TABLE orgs ADD COLUMN session_max_seconds int CHECK (session_max_seconds BETWEEN 300 AND 2592000);

ALTER TABLE members
    -- What somebody gave them by hand, and what their groups at a provider come to. `role` is the stronger of both.
    ADD COLUMN manual_role text CHECK (manual_role IN ('custom', 'auditor', 'viewer', 'editor', 'admin', 'owner')),
    ADD COLUMN mapped_role text CHECK (mapped_role IN ('custom', 'auditor', 'viewer', 'editor', 'admin')),
    ADD COLUMN mapped_by text,
    ADD COLUMN must_sso boolean NOT NULL DEFAULT false;

ALTER TABLE member_roles ADD COLUMN is_mapped boolean NOT NULL DEFAULT false;

SET LOCAL ROLE pulse_lookup;

-- One label of a domain in ASCII, by Punycode (RFC 3492) where it goes beyond. In lower case and NFKC already.
-- For mail_domain alone.
CREATE FUNCTION ascii_label(label text) RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT SET search_path = pg_catalog, pulse AS $$
DECLARE
    digits   CONSTANT text := 'abcdefghijklmnopqrstuvwxyz0123456789';
    codes    int[] := ARRAY(SELECT ascii(c) FROM unnest(string_to_array(label, NULL)) WITH ORDINALITY AS t (c, i) ORDER BY i);
    written  text := regexp_replace(label, '[^\x01-\x7f]', '', 'g');
    basic    int := length(written);
    done     int := basic;
    reached  int := 128;
    delta    int := 0;
    bias     int := 72;
    code     int;
    rest     int;
    step     int;
    digit    int;
BEGIN
    IF basic = length(label) THEN RETURN label; END IF;
    IF basic > 0 THEN written := written || '-'; END IF;
    WHILE done < cardinality(codes) LOOP
        code := (SELECT min(c) FROM unnest(codes) c WHERE c >= reached);
        delta := delta + (code - reached) * (done + 1);
        reached := code;
        FOREACH code IN ARRAY codes LOOP
            IF code < reached THEN delta := delta + 1; END IF;
            CONTINUE WHEN code <> reached;
            rest := delta;
            step := 36;
            LOOP
                digit := least(greatest(step - bias, 1), 26);
                EXIT WHEN rest < digit;
                written := written || substr(digits, digit + (rest - digit) % (36 - digit) + 1, 1);
                rest := (rest - digit) / (36 - digit);
                step := step + 36;
            END LOOP;
            written := written || substr(digits, rest + 1, 1);
            delta := CASE WHEN done = basic THEN delta / 700 ELSE delta / 2 END;
            delta := delta + delta / (done + 1);
            bias := 0;
            WHILE delta > 455 LOOP
                delta := delta / 35;
                bias := bias + 36;
            END LOOP;
            bias := bias + 36 * delta / (delta + 38);
            delta := 0;
            done := done + 1;
        END LOOP;
        delta := delta + 1;
        reached := reached + 1;
    END LOOP;
    RETURN 'xn--' || written;
END $$;

-- The domain of a mail address in the one form in which domains are compared: ASCII, lower case. Empty: there is none.
CREATE FUNCTION mail_domain(address text) RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT SET search_path = pg_catalog, pulse AS $$
DECLARE
    domain text := lower(split_part(address, '@', 2));
BEGIN
    IF octet_length(domain) = length(domain) THEN RETURN domain; END IF;
    -- What lower() makes of letters beyond ASCII hangs on the database's collation; and dots have more than one form.
    domain := translate(lower(normalize(domain, NFKC) COLLATE "und-x-icu"), U&'\3002', '.');
    RETURN (SELECT string_agg(ascii_label(l), '.' ORDER BY i)
            FROM unnest(string_to_array(domain, '.')) WITH ORDINALITY AS t (l, i));
END $$;
GRANT EXECUTE ON FUNCTION mail_domain TO pulse_identity, pulse_app, pulse_owner;
GRANT EXECUTE ON FUNCTION ascii_label TO pulse_identity, pulse_app, pulse_owner;

CREATE FUNCTION stronger_role(one text, other text) RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pulse AS $$
DECLARE
    roles CONSTANT text[] := ARRAY['custom', 'auditor', 'viewer', 'editor', 'admin', 'owner'];
BEGIN
    RETURN CASE WHEN array_position(roles, one) < array_position(roles, other) THEN other ELSE coalesce(one, other) END;
END $$;
GRANT EXECUTE ON FUNCTION stronger_role TO pulse_identity;

-- Whoever sets `role` gives it by hand; whoever sets `mapped_role` says what the groups come to.
CREATE FUNCTION members_before_change() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.mapped_role IS NULL THEN NEW.manual_role := NEW.role; END IF;
        NEW.must_sso := EXISTS (
            SELECT FROM sso_domains d
            WHERE d.org_id = NEW.org_id AND d.is_enforced AND d.domain = mail_domain(NEW.email));
    ELSIF NEW.mapped_role IS NOT DISTINCT FROM OLD.mapped_role AND NEW.role <> OLD.role THEN
        NEW.manual_role := NEW.role;
    ELSIF OLD.manual_role IS NULL AND OLD.mapped_role IS NULL THEN
        -- Here since before there was a difference.
        NEW.manual_role := OLD.role;
    END IF;
    NEW.role := stronger_role(NEW.manual_role, NEW.mapped_role);
    RETURN NEW;
END $$;
-- Who makes a trigger must be able to call what it calls.
GRANT EXECUTE ON FUNCTION members_before_change TO pulse_owner;

-- Which organisation the addresses of single sign-on mean. No row: none that is open.
CREATE FUNCTION sso_org(wanted text) RETURNS TABLE (id uuid, name text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
    SELECT o.id, o.name FROM orgs o
    WHERE o.slug = wanted AND (o.state = 'active' OR (o.state = 'suspended' AND o.suspension = 'billing'))
$$;
GRANT EXECUTE ON FUNCTION sso_org TO pulse_app;

-- The providers by which people of a domain, or of an organisation that is named, may come in.
CREATE FUNCTION sso_offers(wanted_slug text, wanted_domain text)
RETURNS TABLE (slug text, id text, type text, display_name text, icon_url text, is_enforced boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
    SELECT o.slug, p.id, p.type, coalesce(nullif(p.display_name, ''), p.name), p.icon_url, coalesce(d.is_enforced, false)
    FROM orgs o
    JOIN sso_providers p ON p.org_id = o.id AND p.is_enabled
    LEFT JOIN sso_domains d ON d.org_id = o.id AND d.domain = wanted_domain AND d.state = 'verified'
    WHERE (o.slug = wanted_slug OR d.domain IS NOT NULL)
      AND (o.state = 'active' OR (o.state = 'suspended' AND o.suspension = 'billing'))
    ORDER BY p.priority, p.display_name, p.id LIMIT 20
$$;
GRANT EXECUTE ON FUNCTION sso_offers TO pulse_app;

-- Freshness is counted from the proof, not from the session: a provider may have asked hours ago.
CREATE OR REPLACE FUNCTION session_confirmed_at(wanted uuid) RETURNS timestamptz
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
    SELECT coalesce(s.confirmed_at, s.authenticated_at, s.created_at) FROM sessions s WHERE s.id = wanted
$$;

DROP FUNCTION orgs_of(uuid);
-- The organisations of one person, oldest membership first. `bound`: of a session of this organisation, which knows of
-- no other. `wants_sso`: this session does not get in.
CREATE FUNCTION orgs_of(person uuid, bound uuid DEFAULT NULL)
RETURNS TABLE (id uuid, slug text, name text, role text, state text, suspension text, created_at timestamptz,
               wants_sso boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
    SELECT o.id, o.slug, o.name, m.role, o.state, coalesce(o.suspension, o.resume_suspension), o.created_at,
           m.must_sso AND bound IS NULL
    FROM members m JOIN orgs o ON o.id = m.org_id
    WHERE m.user_id = person AND o.state <> 'deleted' AND (bound IS NULL OR o.id = bound)
    ORDER BY m.joined_at, o.id
$$;
GRANT EXECUTE ON FUNCTION orgs_of TO pulse_app;

-- As before. A bound session is good in its own organisation, and in those that granted that one something; a member who
-- has to come by single sign-on comes in with a session bound to the organisation. outcome, besides those of before:
-- sso-required, session-too-old.
DROP FUNCTION admit_session(bytea, uuid, uuid, boolean, text[], text[], text[], boolean, timestamptz);
CREATE FUNCTION admit_session(
    presented bytea, asked uuid, remembered uuid, needs_org boolean, roles text[], patterns text[], states text[],
    beyond_providers boolean, moment timestamptz)
RETURNS TABLE (outcome text, session_id uuid, user_id uuid, csrf_hash bytea, last_seen_at timestamptz, org_id uuid,
               role text, granted text[], denied text[], sight text, grant_id uuid, bound_org uuid)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
#variable_conflict use_column
DECLARE
    session sessions%ROWTYPE;
    wanted  uuid := coalesce(asked, remembered);
    must_fit boolean := needs_org OR asked IS NOT NULL;
    place   record;
    entry   record;
    places  int := 0;
BEGIN
    SELECT * INTO session FROM sessions s
    WHERE s.token_hash = presented AND s.expires_at > moment AND s.absolute_expires_at > moment;
    IF NOT FOUND THEN
        outcome := 'no-session';
        RETURN NEXT;
        RETURN;
    END IF;
    session_id := session.id;
    user_id := session.user_id;
    csrf_hash := session.csrf_hash;
    last_seen_at := session.last_seen_at;
    bound_org := session.bound_org;
    wanted := coalesce(wanted, session.bound_org);

    IF wanted IS NULL THEN
        FOR place IN
            SELECT m.org_id, m.role, m.granted, m.denied, sees(m.role, m.sight, m.sight_beside_role) AS sight,
                   m.must_sso, o.state, o.suspension, o.session_max_seconds, NULL::uuid AS grant_id
            FROM members m JOIN orgs o ON o.id = m.org_id
            WHERE m.user_id = session.user_id AND o.state <> 'deleted' LIMIT 2
        LOOP
            places := places + 1;
        END LOOP;
    ELSE
        SELECT m.org_id, m.role, m.granted, m.denied, sees(m.role, m.sight, m.sight_beside_role) AS sight,
               m.must_sso, o.state, o.suspension, o.session_max_seconds, NULL::uuid AS grant_id INTO place
        FROM members m JOIN orgs o ON o.id = m.org_id
        WHERE m.org_id = wanted AND m.user_id = session.user_id AND o.state <> 'deleted'
          AND (session.bound_org IS NULL OR session.bound_org = wanted);
        IF NOT FOUND THEN
            SELECT * INTO entry FROM provider_entry(session.user_id, wanted, moment);
            IF FOUND AND (session.bound_org IS NULL OR session.bound_org = entry.provider_org_id) THEN
                SELECT o.id AS org_id, CASE entry.role WHEN 'owner' THEN 'admin' ELSE entry.role END AS role,
                       NULL::text[] AS granted, NULL::text[] AS denied, NULL::text AS sight,
                       coalesce(p.must_sso, false) AS must_sso, o.state, o.suspension, o.session_max_seconds,
                       entry.grant_id INTO place
                FROM orgs o
                LEFT JOIN members p ON p.org_id = entry.provider_org_id AND p.user_id = session.user_id
                WHERE o.id = wanted AND o.state <> 'deleted' AND p.role IS DISTINCT FROM 'custom';
            ELSE
                -- The variable FOUND has to say that nothing is.
                PERFORM 1 WHERE false;
            END IF;
        END IF;
        IF FOUND THEN places := 1; END IF;
    END IF;

    outcome := CASE
        WHEN places <> 1 AND wanted IS NOT NULL THEN 'organisation-not-found'
        WHEN places <> 1 THEN 'organisation-required'
        WHEN place.must_sso AND session.bound_org IS NULL THEN 'sso-required'
        WHEN session.created_at + make_interval(secs => place.session_max_seconds) <= moment THEN 'session-too-old'
        WHEN concat_ws(':', place.state, place.suspension) <> ALL (states) THEN 'organisation-suspended'
        WHEN place.grant_id IS NOT NULL AND beyond_providers THEN 'permission-denied'
        WHEN NOT permits(place.role, place.granted, place.denied, roles, patterns) THEN 'permission-denied'
        ELSE 'ok' END;
    IF outcome = 'ok' THEN
        org_id := place.org_id;
        role := place.role;
        granted := place.granted;
        denied := place.denied;
        sight := place.sight;
        grant_id := place.grant_id;
        PERFORM set_config('pulse.org_id', place.org_id::text, true),
                set_config('pulse.sight', coalesce(place.sight, ''), true);
    ELSIF NOT must_fit THEN
        outcome := 'ok';
    END IF;
    RETURN NEXT;
END $$;
GRANT EXECUTE ON FUNCTION admit_session TO pulse_app;

RESET ROLE;
SET LOCAL ROLE pulse_identity;

-- As before; `bound`, `vouching`, `way`, `proved_at`: see the columns. `ends`: no later than that, whatever is used.
-- Sessions of an organisation push out its own, never those that somebody has elsewhere.
DROP FUNCTION open_session(uuid, uuid, bytea, bytea, bytea, bigint, text, text, timestamptz);
CREATE FUNCTION open_session(
    new_session uuid, person uuid, presented bytea, csrf bytea, replaced bytea, idle_seconds bigint, agent text,
    client_address text, moment timestamptz, bound uuid DEFAULT NULL, vouching text DEFAULT NULL,
    way text DEFAULT 'password', proved_at timestamptz DEFAULT NULL, ends timestamptz DEFAULT NULL)
RETURNS timestamptz LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
DECLARE
    idle_for    interval := make_interval(secs => idle_seconds);
    last_moment timestamptz := least(moment + interval '30 days', ends);
BEGIN
    PERFORM 1 FROM users u WHERE u.id = person FOR UPDATE;
    DELETE FROM sessions s WHERE s.token_hash = replaced;
    INSERT INTO sessions (id, user_id, token_hash, csrf_hash, created_at, last_seen_at, idle, expires_at,
                          absolute_expires_at, user_agent, address, bound_org, provider_id, method, authenticated_at)
    VALUES (new_session, person, presented, csrf, moment, moment, idle_for, least(moment + idle_for, last_moment),
            last_moment, agent, client_address, bound, vouching, way, proved_at);
    DELETE FROM sessions s WHERE s.id IN (
        SELECT old.id FROM sessions old WHERE old.user_id = person AND old.bound_org IS NOT DISTINCT FROM bound
        ORDER BY (old.id = new_session) DESC, old.created_at DESC, old.id DESC OFFSET 10);
    RETURN least(moment + idle_for, last_moment);
END $$;
GRANT EXECUTE ON FUNCTION open_session TO pulse_app;

-- Ends sessions of the organisation of this transaction that a provider opened: of one subject, of one session of the
-- provider's, of both, or these. Answers whose they were and which.
CREATE FUNCTION end_sso_sessions(vouching text, subject bytea, sid bytea, these uuid[])
RETURNS TABLE (session_id uuid, user_id uuid)
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
    WITH gone AS (
        DELETE FROM sso_sessions x
        WHERE x.org_id = nullif(current_setting('pulse.org_id', true), '')::uuid AND x.provider_id = vouching
          AND (subject IS NOT NULL OR sid IS NOT NULL OR these IS NOT NULL)
          AND (subject IS NULL OR x.subject_hash = subject) AND (sid IS NULL OR x.sid_hash = sid)
          AND (these IS NULL OR x.session_id = ANY (these))
        RETURNING x.session_id, x.user_id),
    ended AS (
        DELETE FROM sessions s USING gone
        WHERE s.id = gone.session_id AND s.bound_org = nullif(current_setting('pulse.org_id', true), '')::uuid)
    SELECT gone.session_id, gone.user_id FROM gone
$$;
GRANT EXECUTE ON FUNCTION end_sso_sessions TO pulse_app;

-- Ends all sessions by which a person is in the organisation of this transaction alone, but one.
CREATE FUNCTION end_bound_sessions(person uuid, kept uuid) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
    WITH ended AS (
        DELETE FROM sessions s
        WHERE s.user_id = person AND s.bound_org = nullif(current_setting('pulse.org_id', true), '')::uuid
          AND s.id IS DISTINCT FROM kept RETURNING s.id),
    forgotten AS (
        DELETE FROM sso_sessions x USING ended
        WHERE x.org_id = nullif(current_setting('pulse.org_id', true), '')::uuid AND x.session_id = ended.id)
    SELECT count(*) FROM ended
$$;
GRANT EXECUTE ON FUNCTION end_bound_sessions TO pulse_app;

-- The account that answers to an address, in whichever of its forms the domain is written; NULL: none.
-- For other functions of pulse_identity; pulse_app may not call it.
CREATE FUNCTION account_of(wanted text) RETURNS uuid
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pulse AS $$
DECLARE
    plain text := split_part(wanted, '@', 1) || '@' || mail_domain(wanted);
BEGIN
    RETURN coalesce(
        (SELECT u.id FROM users u WHERE u.email_key = wanted), (SELECT u.id FROM users u WHERE u.email_key = plain),
        (SELECT u.id FROM users u
         WHERE octet_length(u.email_key) <> length(u.email_key)
           AND split_part(u.email_key, '@', 1) || '@' || mail_domain(u.email_key) = plain
         ORDER BY u.id LIMIT 1));
END $$;

-- The member of the organisation of this transaction whose account answers to an address; NULL: none. Only for addresses
-- of a domain that the organisation has verified: of others it does not say.
CREATE FUNCTION member_of_address(wanted text) RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
    SELECT m.user_id FROM users u
    JOIN members m ON m.user_id = u.id AND m.org_id = nullif(current_setting('pulse.org_id', true), '')::uuid
    WHERE u.id = account_of(wanted) AND EXISTS (
        SELECT FROM sso_domains d
        WHERE d.org_id = m.org_id AND d.state = 'verified' AND d.domain = mail_domain(wanted))
$$;
GRANT EXECUTE ON FUNCTION member_of_address TO pulse_app;

-- The account of somebody a directory of this organisation speaks of. With an address of a domain that the organisation
-- has verified: the account of that address, made if it is not there. With any other: a person of this organisation
-- alone, found by the directory's own name for them (`local_key`); their account answers to no address and no password.
CREATE FUNCTION directory_person(
    mail text, mail_key text, shown_name text, local_key text, new_user uuid, moment timestamptz)
RETURNS TABLE (user_id uuid, is_new boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
#variable_conflict use_column
DECLARE
    place  uuid := nullif(current_setting('pulse.org_id', true), '')::uuid;
    answers_to text;
BEGIN
    IF place IS NULL THEN RETURN; END IF;
    IF mail_key <> '' AND EXISTS (
        SELECT FROM sso_domains d
        WHERE d.org_id = place AND d.state = 'verified' AND d.domain = mail_domain(mail_key)) THEN
        answers_to := mail_key;
        user_id := account_of(mail_key);
    ELSE
        answers_to := 'local:' || place || ':' || encode(sha256(convert_to(local_key, 'UTF8')), 'hex');
    END IF;
    IF user_id IS NOT NULL THEN
        is_new := false;
        RETURN NEXT;
        RETURN;
    END IF;
    INSERT INTO users (id, email, email_key, display_name, created_at)
    VALUES (new_user, mail, answers_to, left(shown_name, 64), moment)
    ON CONFLICT (email_key) DO NOTHING;
    is_new := FOUND;
    SELECT u.id INTO user_id FROM users u WHERE u.email_key = answers_to;
    RETURN NEXT;
END $$;
GRANT EXECUTE ON FUNCTION directory_person TO pulse_app;

-- Makes somebody a member. `given`: what nobody maps, as if by hand; `mapped` and `mapper`: what groups come to. Who is one
-- already keeps what they have. outcome: ok, already-member, not-found.
CREATE FUNCTION directory_member(person uuid, given text, mapped text, mapper text, moment timestamptz) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
DECLARE
    place uuid := line_up();
BEGIN
    IF coalesce(given, mapped, 'owner') = 'owner' OR mapped = 'owner' THEN
        RAISE EXCEPTION 'a directory makes no owners' USING ERRCODE = '22023';
    END IF;
    INSERT INTO members (org_id, user_id, role, mapped_role, mapped_by, display_name, email, joined_at)
    SELECT place, u.id, coalesce(mapped, given), mapped, CASE WHEN mapped IS NOT NULL THEN mapper END, u.display_name,
           u.email, moment
    FROM users u WHERE u.id = person AND place IS NOT NULL
    ON CONFLICT (org_id, user_id) DO NOTHING;
    RETURN CASE WHEN FOUND THEN 'ok'
                WHEN EXISTS (SELECT FROM members m WHERE m.org_id = place AND m.user_id = person) THEN 'already-member'
                ELSE 'not-found' END;
END $$;
GRANT EXECUTE ON FUNCTION directory_member TO pulse_app;

-- Says what a member's groups come to now; NULL: nothing any more. What was given by hand stays beside it. Answers the
-- role they have after that; NULL: there is no such member.
CREATE FUNCTION map_member(person uuid, mapped text, mapper text) RETURNS text
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
    UPDATE members m
    SET mapped_role = CASE WHEN mapped IS NULL AND m.manual_role IS NULL THEN 'custom' ELSE mapped END,
        mapped_by = CASE WHEN mapped IS NULL AND m.manual_role IS NOT NULL THEN NULL ELSE mapper END
    WHERE m.org_id = nullif(current_setting('pulse.org_id', true), '')::uuid AND m.user_id = person
    RETURNING m.role
$$;
GRANT EXECUTE ON FUNCTION map_member TO pulse_app;

-- A directory takes a member out, with their sessions here. outcome: ok, last-owner, not-found.
CREATE FUNCTION directory_leave(person uuid, moment timestamptz) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
DECLARE
    place uuid := line_up();
    held  text;
BEGIN
    SELECT m.role INTO held FROM members m WHERE m.org_id = place AND m.user_id = person;
    IF held IS NULL THEN RETURN 'not-found'; END IF;
    IF held = 'owner' AND NOT EXISTS (
        SELECT FROM members m WHERE m.org_id = place AND m.role = 'owner' AND m.user_id <> person) THEN
        RETURN 'last-owner';
    END IF;
    DELETE FROM members m WHERE m.org_id = place AND m.user_id = person;
    UPDATE invitations i SET ended_at = moment, ending = 'revoked'
    WHERE i.org_id = place AND i.invited_by = person AND i.ended_at IS NULL;
    PERFORM end_bound_sessions(person, NULL);
    RETURN 'ok';
END $$;
GRANT EXECUTE ON FUNCTION directory_leave TO pulse_app;

-- As before. Nobody takes by hand what a member's groups give them: outcome mapped-role.
CREATE OR REPLACE FUNCTION change_member(actor uuid, person uuid, new_role text, moment timestamptz)
RETURNS TABLE (outcome text, old_role text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
#variable_conflict use_column
DECLARE
    place uuid := line_up();
    actor_role text;
    mapped text;
BEGIN
    SELECT m.role INTO actor_role FROM members m WHERE m.org_id = place AND m.user_id = actor;
    SELECT m.role, m.mapped_role INTO old_role, mapped FROM members m WHERE m.org_id = place AND m.user_id = person;
    outcome := CASE
        WHEN actor_role IS NULL THEN 'forbidden'
        WHEN old_role IS NULL THEN 'not-found'
        WHEN 'owner' IN (old_role, new_role) AND actor_role <> 'owner' THEN 'owner-required'
        WHEN NOT (may_grant(actor_role, old_role) AND may_grant(actor_role, new_role)) THEN 'forbidden'
        WHEN old_role = 'owner' AND new_role <> 'owner' AND NOT EXISTS (
            SELECT FROM members m WHERE m.org_id = place AND m.role = 'owner' AND m.user_id <> person) THEN 'last-owner'
        WHEN mapped IS NOT NULL AND stronger_role(mapped, new_role) <> new_role THEN 'mapped-role'
        ELSE 'ok' END;
    IF outcome = 'ok' THEN
        UPDATE members m SET role = new_role WHERE m.org_id = place AND m.user_id = person;
        -- What they invited others to be, they must still be able to give.
        UPDATE invitations i SET ended_at = moment, ending = 'revoked'
        WHERE i.org_id = place AND i.invited_by = person AND i.ended_at IS NULL AND NOT may_grant(new_role, i.role);
    END IF;
    RETURN NEXT;
END $$;

DROP FUNCTION sessions_of(uuid, timestamptz);
-- The living sessions of one person, newest first. `bound`: those of one organisation alone.
CREATE FUNCTION sessions_of(person uuid, moment timestamptz, bound uuid DEFAULT NULL)
RETURNS TABLE (id uuid, created_at timestamptz, last_seen_at timestamptz, expires_at timestamptz, user_agent text,
               address text, method text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
    SELECT s.id, s.created_at, s.last_seen_at, s.expires_at, s.user_agent, s.address, s.method FROM sessions s
    WHERE s.user_id = person AND s.expires_at > moment AND s.absolute_expires_at > moment
      AND (bound IS NULL OR s.bound_org = bound)
    ORDER BY s.created_at DESC, s.id DESC
$$;
GRANT EXECUTE ON FUNCTION sessions_of TO pulse_app;

-- How old a session may be that works in the organisation of this transaction; NULL: as old as it lives.
CREATE FUNCTION org_session_max() RETURNS int
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
    SELECT o.session_max_seconds FROM orgs o WHERE o.id = nullif(current_setting('pulse.org_id', true), '')::uuid
$$;
GRANT EXECUTE ON FUNCTION org_session_max TO pulse_app;

-- Answers what it was before.
CREATE FUNCTION limit_sessions(seconds int) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
DECLARE
    place  uuid := nullif(current_setting('pulse.org_id', true), '')::uuid;
    before int;
BEGIN
    SELECT o.session_max_seconds INTO before FROM orgs o WHERE o.id = place FOR UPDATE;
    UPDATE orgs o SET session_max_seconds = seconds, generation = o.generation + 1 WHERE o.id = place;
    RETURN before;
END $$;
GRANT EXECUTE ON FUNCTION limit_sessions TO pulse_app;

-- Living sessions whose providers are to be asked whether they may go on, lent out until then.
CREATE FUNCTION due_renewals(moment timestamptz, until timestamptz, most int)
RETURNS TABLE (org_id uuid, session_id uuid)
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
    UPDATE sso_sessions x SET renew_at = until
    FROM (SELECT d.org_id, d.session_id FROM sso_sessions d
          WHERE d.renew_at <= moment AND EXISTS (
              SELECT FROM sessions s
              WHERE s.id = d.session_id AND s.expires_at > moment AND s.absolute_expires_at > moment)
          ORDER BY d.renew_at LIMIT most FOR UPDATE OF d SKIP LOCKED) due
    WHERE x.org_id = due.org_id AND x.session_id = due.session_id
    RETURNING x.org_id, x.session_id
$$;
REVOKE EXECUTE ON FUNCTION due_renewals FROM PUBLIC;
GRANT EXECUTE ON FUNCTION due_renewals TO pulse_worker;

-- What is over is forgotten. Called by every process now and then; answers how many rows went.
CREATE FUNCTION sweep_sso(moment timestamptz) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
    WITH flows AS (DELETE FROM sso_flows f WHERE f.expires_at <= moment RETURNING 1),
         replays AS (DELETE FROM sso_replays r WHERE r.expires_at <= moment RETURNING 1),
         ended AS (DELETE FROM sso_sessions x
                   WHERE x.expires_at <= moment OR NOT EXISTS (SELECT FROM sessions s WHERE s.id = x.session_id)
                   RETURNING 1)
    SELECT (SELECT count(*) FROM flows) + (SELECT count(*) FROM replays) + (SELECT count(*) FROM ended)
$$;
GRANT EXECUTE ON FUNCTION sweep_sso TO pulse_app;

RESET ROLE;

-- Accounts whose domain is not written in ASCII: they are found by the form that is.
CREATE INDEX users_by_plain_key ON users ((split_part(email_key, '@', 1) || '@' || mail_domain(email_key)))
    WHERE octet_length(email_key) <> length(email_key);

CREATE TRIGGER before_change BEFORE INSERT OR UPDATE OF role, mapped_role ON members
    FOR EACH ROW EXECUTE FUNCTION members_before_change();
