-- What: signing up: a mailed link that proves the mailbox, then person, organisation and owner in one transaction.
-- Why: the organisation does not exist yet, and nobody may learn from the answer who has an account.
-- Lock: none. Back: drop the functions.

SET LOCAL ROLE pulse_identity;

-- Writes a sign-up link. Answers `send`, `quiet` (three an hour to one mailbox; the caller still says 202), or
-- `too-many` (five an hour from one address, NULL: an address that says nothing). Known and unknown mailboxes cost the
-- same: neither is looked up here, and a link that is not to be mailed is written all the same, born used.
CREATE FUNCTION request_signup(
    new_link uuid, link_hash bytea, mail text, mail_key text, wanted_name text, by_name bytea, by_address bytea,
    moment timestamptz)
RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
DECLARE
    hits int;
BEGIN
    IF by_address IS NOT NULL AND hit('signup-address', by_address, interval '1 hour', moment) > 5 THEN
        RETURN 'too-many';
    END IF;
    hits := hit('signup-name', by_name, interval '1 hour', moment);
    INSERT INTO email_links (id, kind, token_hash, email, email_key, org_name, created_at, expires_at, used_at)
    VALUES (new_link, 'signup', link_hash, mail, mail_key, wanted_name, moment, moment + interval '15 minutes',
            CASE WHEN hits > 3 THEN moment END);
    RETURN CASE WHEN hits > 3 THEN 'quiet' ELSE 'send' END;
END $$;
GRANT EXECUTE ON FUNCTION request_signup TO pulse_app;

-- What a sign-up link is good for, without using it up. One row, always; `state`: open, used, expired, unknown.
CREATE FUNCTION read_signup(link_hash bytea, moment timestamptz)
RETURNS TABLE (state text, email text, org_name text, is_known boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
    SELECT CASE WHEN l.id IS NULL THEN 'unknown' WHEN l.used_at IS NOT NULL THEN 'used'
                WHEN l.expires_at <= moment THEN 'expired' ELSE 'open' END,
           l.email, l.org_name, EXISTS (SELECT FROM users u WHERE u.email_key = l.email_key)
    FROM (VALUES (link_hash)) AS asked (hash)
    LEFT JOIN email_links l ON l.token_hash = asked.hash AND l.kind = 'signup'
$$;
GRANT EXECUTE ON FUNCTION read_signup TO pulse_app;

-- Uses a sign-up link up and founds what it promises. Of two at once one wins: the row lock of the first update decides,
-- and the second sees `used`. Someone with an account gets another organisation; their password and name stay.
-- `state` as in read_signup, or `no-password` (a new person needs one; the link stays open). With `open` everything is
-- done and pulse.org_id set for the rest of the transaction.
CREATE FUNCTION complete_signup(
    link_hash bytea, new_user uuid, name text, new_hash text, new_org uuid, wanted_slug text, moment timestamptz)
RETURNS TABLE (state text, user_id uuid, slug text, is_new boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
#variable_conflict use_column
DECLARE
    link email_links%ROWTYPE;
BEGIN
    SELECT * INTO link FROM email_links l WHERE l.token_hash = link_hash AND l.kind = 'signup' FOR UPDATE;
    state := CASE WHEN link.id IS NULL THEN 'unknown' WHEN link.used_at IS NOT NULL THEN 'used'
                  WHEN link.expires_at <= moment THEN 'expired' ELSE 'open' END;
    IF state = 'open' THEN
        SELECT u.id INTO user_id FROM users u WHERE u.email_key = link.email_key;
        is_new := user_id IS NULL;
        IF is_new AND new_hash IS NULL THEN
            state := 'no-password';
        ELSE
            UPDATE email_links l SET used_at = moment WHERE l.id = link.id;
            IF is_new THEN
                INSERT INTO users (id, email, email_key, display_name, password_hash, created_at)
                VALUES (new_user, link.email, link.email_key, name, new_hash, moment)
                ON CONFLICT (email_key) DO NOTHING;
                is_new := FOUND;
                SELECT u.id INTO user_id FROM users u WHERE u.email_key = link.email_key;
            END IF;
            PERFORM set_config('pulse.org_id', new_org::text, true);
            slug := found_org(new_org, link.org_name, wanted_slug, user_id, moment);
        END IF;
    END IF;
    RETURN NEXT;
END $$;
GRANT EXECUTE ON FUNCTION complete_signup TO pulse_app;

RESET ROLE;
