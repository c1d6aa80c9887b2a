-- What: proving, losing and enforcing mail domains, and the codes by which an owner gets in without single sign-on.
-- Why: who owns a domain is decided in one place, whoever asks at the same moment; and nobody must be locked out of their
-- own organisation by an identity provider that is down.
-- Beside running programs: safe; older ones do not know the table. Lock: a moment on sso_domains, which is new.
-- Back: drop the functions, the table and the column; domains that are verified then stay so.

-- Since when checks have not found the record; NULL: the last one that was answered found it.
ALTER TABLE sso_domains ADD COLUMN missing_since timestamptz;

CREATE TABLE break_glass_codes (
    org_id        uuid NOT NULL,
    user_id       uuid NOT NULL,
    -- HMAC-SHA-256 under a key the database does not have.
    code_hash     bytea NOT NULL,
    created_at    timestamptz NOT NULL,
    last_used_at  timestamptz,
    PRIMARY KEY (org_id, user_id),
    FOREIGN KEY (org_id, user_id) REFERENCES members (org_id, user_id) ON DELETE CASCADE
);
SELECT pulse_owner_tools.tenant_table('break_glass_codes');
CREATE POLICY identity ON break_glass_codes TO pulse_identity USING (true) WITH CHECK (true);
GRANT SELECT (org_id, user_id, created_at, last_used_at) ON break_glass_codes TO pulse_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON break_glass_codes TO pulse_identity;
GRANT SELECT ON sso_providers TO pulse_identity;
CREATE POLICY identity ON sso_providers FOR SELECT TO pulse_identity USING (true);
GRANT DELETE ON sso_domains TO pulse_identity;
-- Whoever removes a domain ends what it enforced, in remove_domain().
REVOKE DELETE ON sso_domains FROM pulse_app;

SET LOCAL ROLE pulse_identity;

-- Says again of every member of the organisation of this transaction whether they have to come by single sign-on.
-- Answers of how many that has changed.
-- For other functions of pulse_identity; pulse_app may not call it.
CREATE FUNCTION settle_must_sso(place uuid) RETURNS bigint
LANGUAGE sql SET search_path = pg_catalog, pulse AS $$
    WITH owed AS (
        SELECT m.user_id, EXISTS (
            SELECT FROM sso_domains d
            WHERE d.org_id = place AND d.is_enforced AND d.domain = mail_domain(m.email)) AS must
        FROM members m WHERE m.org_id = place),
    changed AS (
        UPDATE members m SET must_sso = owed.must FROM owed
        WHERE m.org_id = place AND m.user_id = owed.user_id AND m.must_sso <> owed.must RETURNING 1)
    SELECT count(*) FROM changed
$$;

-- The record of this domain was found: it is verified, unless another organisation has it. Whoever proves it at the same
-- moment stands in a line here; the unique index is what would stop them if they did not.
-- outcome: won, still (it was verified already), taken, not-found.
CREATE FUNCTION verify_domain(wanted text, next_check timestamptz, moment timestamptz) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
DECLARE
    place uuid := nullif(current_setting('pulse.org_id', true), '')::uuid;
    held  text;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('sso-domain ' || wanted, 0));
    SELECT d.state INTO held FROM sso_domains d WHERE d.org_id = place AND d.domain = wanted FOR UPDATE;
    IF held IS NULL THEN RETURN 'not-found'; END IF;
    IF EXISTS (SELECT FROM sso_domains d WHERE d.domain = wanted AND d.state = 'verified' AND d.org_id <> place) THEN
        RETURN 'taken';
    END IF;
    UPDATE sso_domains d
    SET state = 'verified', verified_at = CASE held WHEN 'verified' THEN d.verified_at ELSE moment END,
        checked_at = moment, next_check_at = next_check, failures = 0, missing_since = NULL
    WHERE d.org_id = place AND d.domain = wanted;
    RETURN CASE held WHEN 'verified' THEN 'still' ELSE 'won' END;
END $$;
GRANT EXECUTE ON FUNCTION verify_domain TO pulse_app;

-- What is missing before members with an address of this domain can be sent to single sign-on: 'verified-domain',
-- 'provider', 'break-glass'. Empty: nothing.
-- For other functions of pulse_identity; pulse_app may not call it.
CREATE FUNCTION enforcement_lacks(place uuid, wanted text) RETURNS text[]
LANGUAGE sql STABLE SET search_path = pg_catalog, pulse AS $$
    SELECT array_remove(ARRAY[
        CASE WHEN NOT EXISTS (SELECT FROM sso_domains d
                              WHERE d.org_id = place AND d.domain = wanted AND d.state = 'verified')
             THEN 'verified-domain' END,
        CASE WHEN NOT EXISTS (SELECT FROM sso_providers p WHERE p.org_id = place AND p.is_enabled) THEN 'provider' END,
        CASE WHEN NOT EXISTS (SELECT FROM break_glass_codes c
                              JOIN members m ON m.org_id = c.org_id AND m.user_id = c.user_id
                              WHERE c.org_id = place AND m.role = 'owner') THEN 'break-glass' END], NULL)
$$;

-- Switches enforcement of a domain on or off, behind every change of membership, so that nobody who is just joining is
-- overlooked. `lacks`: what stands in the way; then nothing was changed. NULL in `was`: there is no such domain.
CREATE FUNCTION enforce_domain(wanted text, enforced boolean)
RETURNS TABLE (was boolean, lacks text[], concerned bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
DECLARE
    place uuid := line_up();
BEGIN
    concerned := 0;
    lacks := '{}';
    SELECT d.is_enforced INTO was FROM sso_domains d WHERE d.org_id = place AND d.domain = wanted FOR UPDATE;
    IF was IS NOT NULL AND enforced THEN lacks := enforcement_lacks(place, wanted); END IF;
    IF was IS NOT NULL AND lacks = '{}' THEN
        UPDATE sso_domains d SET is_enforced = enforced WHERE d.org_id = place AND d.domain = wanted;
        concerned := settle_must_sso(place);
    END IF;
    RETURN NEXT;
END $$;
GRANT EXECUTE ON FUNCTION enforce_domain TO pulse_app;

-- Takes a domain away, with what it enforced. Answers the state it had; NULL: there is none.
CREATE FUNCTION remove_domain(wanted text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
DECLARE
    place uuid := line_up();
    held  text;
BEGIN
    DELETE FROM sso_domains d WHERE d.org_id = place AND d.domain = wanted RETURNING d.state INTO held;
    PERFORM settle_must_sso(place);
    RETURN held;
END $$;
GRANT EXECUTE ON FUNCTION remove_domain TO pulse_app;

-- Verified domains whose record is to be looked for again, taken until `lease_end`: of several processes one looks, and
-- who dies looking leaves it to the next. Nothing is asked for organisations that are gone.
CREATE FUNCTION due_domains(moment timestamptz, lease_end timestamptz, max_count int)
RETURNS TABLE (org_id uuid, domain text, token text)
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
    UPDATE sso_domains d SET next_check_at = lease_end
    FROM (
        SELECT w.org_id, w.domain FROM sso_domains w JOIN orgs o ON o.id = w.org_id
        WHERE w.state = 'verified' AND w.next_check_at <= moment AND o.state <> 'deleted'
        ORDER BY w.next_check_at LIMIT max_count FOR UPDATE OF w SKIP LOCKED) due
    WHERE d.org_id = due.org_id AND d.domain = due.domain
    RETURNING d.org_id, d.domain, d.token
$$;
GRANT EXECUTE ON FUNCTION due_domains TO pulse_worker;

-- Notes what a check of a verified domain has found: `found`, `absent`, `unanswered`. Absent for `grace` seconds and at
-- least three times: the domain is lost, and enforces nothing any more. No answer is no proof of anything. Answers whether
-- it was lost by this; NULL: it is verified no more.
CREATE FUNCTION note_domain_check(
    wanted text, finding text, grace_seconds int, next_check timestamptz, moment timestamptz)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
DECLARE
    place uuid := line_up();
    held  sso_domains%ROWTYPE;
    gone  boolean := false;
BEGIN
    SELECT * INTO held FROM sso_domains d
    WHERE d.org_id = place AND d.domain = wanted AND d.state = 'verified' FOR UPDATE;
    IF NOT FOUND THEN RETURN NULL; END IF;
    IF finding = 'absent' THEN
        held.failures := held.failures + 1;
        held.missing_since := coalesce(held.missing_since, moment);
        gone := held.failures >= 3 AND held.missing_since + make_interval(secs => grace_seconds) <= moment;
    ELSIF finding = 'found' THEN
        held.failures := 0;
        held.missing_since := NULL;
    END IF;
    UPDATE sso_domains d
    SET state = CASE WHEN gone THEN 'lost' ELSE 'verified' END, is_enforced = d.is_enforced AND NOT gone,
        failures = held.failures, missing_since = held.missing_since,
        checked_at = CASE finding WHEN 'unanswered' THEN d.checked_at ELSE moment END,
        next_check_at = CASE WHEN NOT gone THEN next_check END
    WHERE d.org_id = place AND d.domain = wanted;
    IF gone THEN PERFORM settle_must_sso(place); END IF;
    RETURN gone;
END $$;
GRANT EXECUTE ON FUNCTION note_domain_check TO pulse_app;

-- Keeps the one code of an owner, in the place of the one before. False: they are no owner.
CREATE FUNCTION keep_break_glass(person uuid, hash bytea, moment timestamptz) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
DECLARE
    place uuid := line_up();
BEGIN
    INSERT INTO break_glass_codes AS c (org_id, user_id, code_hash, created_at)
    SELECT m.org_id, m.user_id, hash, moment FROM members m
    WHERE m.org_id = place AND m.user_id = person AND m.role = 'owner'
    ON CONFLICT (org_id, user_id) DO UPDATE SET code_hash = excluded.code_hash, created_at = excluded.created_at;
    RETURN FOUND;
END $$;
GRANT EXECUTE ON FUNCTION keep_break_glass TO pulse_app;

-- Takes an owner's code away. outcome: ok, not-found, needed (a domain is enforced and nobody else holds one).
CREATE FUNCTION drop_break_glass(person uuid) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
DECLARE
    place uuid := line_up();
BEGIN
    IF NOT EXISTS (SELECT FROM break_glass_codes c WHERE c.org_id = place AND c.user_id = person) THEN
        RETURN 'not-found';
    END IF;
    IF EXISTS (SELECT FROM sso_domains d WHERE d.org_id = place AND d.is_enforced)
        AND NOT EXISTS (SELECT FROM break_glass_codes c
                        JOIN members m ON m.org_id = c.org_id AND m.user_id = c.user_id
                        WHERE c.org_id = place AND m.role = 'owner' AND c.user_id <> person) THEN
        RETURN 'needed';
    END IF;
    DELETE FROM break_glass_codes c WHERE c.org_id = place AND c.user_id = person;
    RETURN 'ok';
END $$;
GRANT EXECUTE ON FUNCTION drop_break_glass TO pulse_app;

-- Uses an owner's code up and puts the next one in its place: of two at once the second finds another code there. Sets
-- pulse.org_id for the rest of the transaction and answers the organisation. NULL: no such code, no owner, no such
-- organisation; nobody learns which.
CREATE FUNCTION use_break_glass(wanted_slug text, person uuid, presented bytea, renewed bytea, moment timestamptz)
RETURNS uuid LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
DECLARE
    place uuid;
BEGIN
    UPDATE break_glass_codes c SET code_hash = renewed, created_at = moment, last_used_at = moment
    FROM members m JOIN orgs o ON o.id = m.org_id
    WHERE o.slug = wanted_slug AND (o.state = 'active' OR o.suspension = 'billing')
      AND m.user_id = person AND m.role = 'owner'
      AND c.org_id = m.org_id AND c.user_id = m.user_id AND c.code_hash = presented
    RETURNING c.org_id INTO place;
    IF place IS NOT NULL THEN PERFORM set_config('pulse.org_id', place::text, true); END IF;
    RETURN place;
END $$;
GRANT EXECUTE ON FUNCTION use_break_glass TO pulse_app;

RESET ROLE;
