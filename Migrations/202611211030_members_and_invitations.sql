-- What: changes of membership, and invitations by mail that live seven days.
-- Why: an organisation must never lose its last owner, whoever presses what at the same moment, and nobody becomes a
-- member without saying yes.
-- Beside running programs: safe. Lock: a moment on members for the new column. Back: drop the table, the functions and
-- the column; open invitations are then void.
--
-- Everything that changes who belongs to an organisation first raises its generation: that row lock puts such changes
-- of one organisation in a line, and its NOTIFY tells every process to look again at who may stay.

ALTER TABLE members ADD COLUMN added_by uuid;

CREATE TABLE invitations (
    org_id      uuid NOT NULL REFERENCES orgs (id),
    id          uuid NOT NULL,
    email       text NOT NULL CHECK (octet_length(email) <= 254),
    email_key   text NOT NULL,
    role        text NOT NULL CHECK (role IN ('auditor', 'viewer', 'editor', 'admin')),
    -- HMAC-SHA-256 of the mailed token under a key the database does not have.
    token_hash  bytea NOT NULL UNIQUE,
    invited_by  uuid NOT NULL,
    created_at  timestamptz NOT NULL,
    expires_at  timestamptz NOT NULL,
    ended_at    timestamptz,
    ending      text CHECK (ending IN ('accepted', 'declined', 'revoked')),
    PRIMARY KEY (org_id, id),
    CHECK ((ended_at IS NULL) = (ending IS NULL))
);
CREATE UNIQUE INDEX invitations_open ON invitations (org_id, email_key) WHERE ended_at IS NULL;
CREATE INDEX invitations_by_invitee ON invitations (email_key) WHERE ended_at IS NULL;

SELECT pulse_owner_tools.tenant_table('invitations');
CREATE POLICY identity ON invitations TO pulse_identity USING (true) WITH CHECK (true);
GRANT SELECT ON invitations TO pulse_app;
GRANT SELECT, INSERT, UPDATE ON invitations TO pulse_identity;
GRANT DELETE ON members TO pulse_identity;

SET LOCAL ROLE pulse_lookup;

-- The organisation of this transaction, as its members may see it.
CREATE FUNCTION org_details()
RETURNS TABLE (id uuid, slug text, name text, state text, suspension text, created_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
    SELECT o.id, o.slug, o.name, o.state, o.suspension, o.created_at FROM orgs o
    WHERE o.id = nullif(current_setting('pulse.org_id', true), '')::uuid AND o.state <> 'deleted'
$$;
GRANT EXECUTE ON FUNCTION org_details TO pulse_app;

RESET ROLE;
SET LOCAL ROLE pulse_identity;

-- Whether someone with the role `holder` may hand out, or take from somebody, the role `wanted`. Nobody gives more than
-- they hold; what only an owner has, only an owner gives.
-- For other functions of pulse_identity; pulse_app may not call it.
CREATE FUNCTION may_grant(holder text, wanted text) RETURNS boolean
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pulse AS $$
    SELECT coalesce(holder = 'owner' OR (holder = 'admin' AND wanted <> 'owner') OR wanted IN ('viewer', holder), false)
$$;

-- Puts this change of membership behind all others of the organisation of this transaction, and tells who listens.
-- For other functions of pulse_identity; pulse_app may not call it.
CREATE FUNCTION line_up() RETURNS uuid
LANGUAGE sql SET search_path = pg_catalog, pulse AS $$
    UPDATE orgs SET generation = generation + 1
    WHERE id = nullif(current_setting('pulse.org_id', true), '')::uuid RETURNING id
$$;

CREATE FUNCTION rename_org(new_name text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
    UPDATE orgs SET name = new_name, generation = generation + 1
    WHERE id = nullif(current_setting('pulse.org_id', true), '')::uuid
$$;
GRANT EXECUTE ON FUNCTION rename_org TO pulse_app;

-- Gives a member another role. Both roles are read again behind the line: who was an owner when the request was let in
-- may be none any more.
-- outcome: ok, not-found, forbidden, owner-required, last-owner.
CREATE FUNCTION change_member(actor uuid, person uuid, new_role text, moment timestamptz)
RETURNS TABLE (outcome text, old_role text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
#variable_conflict use_column
DECLARE
    place uuid := line_up();
    actor_role text;
BEGIN
    SELECT m.role INTO actor_role FROM members m WHERE m.org_id = place AND m.user_id = actor;
    SELECT m.role INTO old_role FROM members m WHERE m.org_id = place AND m.user_id = person;
    outcome := CASE
        WHEN actor_role IS NULL THEN 'forbidden'
        WHEN old_role IS NULL THEN 'not-found'
        WHEN 'owner' IN (old_role, new_role) AND actor_role <> 'owner' THEN 'owner-required'
        WHEN NOT (may_grant(actor_role, old_role) AND may_grant(actor_role, new_role)) THEN 'forbidden'
        WHEN old_role = 'owner' AND new_role <> 'owner' AND NOT EXISTS (
            SELECT FROM members m WHERE m.org_id = place AND m.role = 'owner' AND m.user_id <> person) THEN 'last-owner'
        ELSE 'ok' END;
    IF outcome = 'ok' THEN
        UPDATE members m SET role = new_role WHERE m.org_id = place AND m.user_id = person;
        -- What they invited others to be, they must still be able to give.
        UPDATE invitations i SET ended_at = moment, ending = 'revoked'
        WHERE i.org_id = place AND i.invited_by = person AND i.ended_at IS NULL AND NOT may_grant(new_role, i.role);
    END IF;
    RETURN NEXT;
END $$;
GRANT EXECUTE ON FUNCTION change_member TO pulse_app;

-- Takes a member out; `actor` = `person`: they leave by themselves. Their open invitations end with them.
-- outcome as in change_member.
CREATE FUNCTION remove_member(actor uuid, person uuid, moment timestamptz)
RETURNS TABLE (outcome text, old_role text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
#variable_conflict use_column
DECLARE
    place uuid := line_up();
    actor_role text;
BEGIN
    SELECT m.role INTO actor_role FROM members m WHERE m.org_id = place AND m.user_id = actor;
    SELECT m.role INTO old_role FROM members m WHERE m.org_id = place AND m.user_id = person;
    outcome := CASE
        WHEN actor_role IS NULL THEN 'forbidden'
        WHEN old_role IS NULL THEN 'not-found'
        WHEN old_role = 'owner' AND actor_role <> 'owner' THEN 'owner-required'
        WHEN actor <> person AND NOT may_grant(actor_role, old_role) THEN 'forbidden'
        WHEN old_role = 'owner' AND NOT EXISTS (
            SELECT FROM members m WHERE m.org_id = place AND m.role = 'owner' AND m.user_id <> person) THEN 'last-owner'
        ELSE 'ok' END;
    IF outcome = 'ok' THEN
        DELETE FROM members m WHERE m.org_id = place AND m.user_id = person;
        UPDATE invitations i SET ended_at = moment, ending = 'revoked'
        WHERE i.org_id = place AND i.invited_by = person AND i.ended_at IS NULL;
    END IF;
    RETURN NEXT;
END $$;
GRANT EXECUTE ON FUNCTION remove_member TO pulse_app;

-- Makes a member the owner in the place of `actor`, who becomes admin. outcome: ok, not-found, owner-required.
CREATE FUNCTION transfer_ownership(actor uuid, person uuid) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
DECLARE
    place uuid := line_up();
BEGIN
    IF NOT EXISTS (SELECT FROM members m WHERE m.org_id = place AND m.user_id = actor AND m.role = 'owner') THEN
        RETURN 'owner-required';
    END IF;
    IF actor = person OR NOT EXISTS (SELECT FROM members m WHERE m.org_id = place AND m.user_id = person) THEN
        RETURN 'not-found';
    END IF;
    UPDATE members m SET role = CASE WHEN m.user_id = person THEN 'owner' ELSE 'admin' END
    WHERE m.org_id = place AND m.user_id IN (actor, person);
    RETURN 'ok';
END $$;
GRANT EXECUTE ON FUNCTION transfer_ownership TO pulse_app;

-- Invites an address; inviting it again renews the invitation and ends the link before. At most 100 a day and
-- organisation. outcome: ok, already-member, forbidden, too-many.
CREATE FUNCTION invite(
    actor uuid, new_invitation uuid, hash bytea, mail text, mail_key text, wanted_role text, counted bytea,
    moment timestamptz)
RETURNS TABLE (outcome text, invitation uuid)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
#variable_conflict use_column
DECLARE
    place      uuid := nullif(current_setting('pulse.org_id', true), '')::uuid;
    actor_role text;
BEGIN
    -- Shared, so that the inviter cannot be put down between this look and the end of the transaction.
    SELECT m.role INTO actor_role FROM members m WHERE m.org_id = place AND m.user_id = actor FOR SHARE;
    outcome := CASE
        WHEN wanted_role = 'owner' OR NOT may_grant(actor_role, wanted_role) THEN 'forbidden'
        WHEN EXISTS (SELECT FROM members m JOIN users u ON u.id = m.user_id
                     WHERE m.org_id = place AND u.email_key = mail_key) THEN 'already-member'
        WHEN hit('invitations', counted, interval '1 day', moment) > 100 THEN 'too-many'
        ELSE 'ok' END;
    IF outcome = 'ok' THEN
        INSERT INTO invitations AS i (org_id, id, email, email_key, role, token_hash, invited_by, created_at, expires_at)
        VALUES (place, new_invitation, mail, mail_key, wanted_role, hash, actor, moment, moment + interval '7 days')
        ON CONFLICT (org_id, email_key) WHERE ended_at IS NULL DO UPDATE SET
            email = mail, role = wanted_role, token_hash = hash, invited_by = actor, created_at = moment,
            expires_at = moment + interval '7 days'
        RETURNING i.id INTO invitation;
    END IF;
    RETURN NEXT;
END $$;
GRANT EXECUTE ON FUNCTION invite TO pulse_app;

-- Takes an invitation back; no row: there is no open one with this id. Answers its role.
CREATE FUNCTION revoke_invitation(wanted uuid, moment timestamptz) RETURNS text
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
    UPDATE invitations i SET ended_at = moment, ending = 'revoked'
    WHERE i.org_id = nullif(current_setting('pulse.org_id', true), '')::uuid AND i.id = wanted AND i.ended_at IS NULL
    RETURNING i.role
$$;
GRANT EXECUTE ON FUNCTION revoke_invitation TO pulse_app;

-- What has become of an invitation: open, used, revoked, expired, unknown. Whoever invited must still be there and still
-- able to give that role.
-- For other functions of pulse_identity; pulse_app may not call it.
CREATE FUNCTION invitation_state(i invitations, moment timestamptz) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pulse AS $$
    SELECT CASE WHEN i.id IS NULL THEN 'unknown'
                WHEN i.ending = 'accepted' THEN 'used'
                WHEN i.ending IS NOT NULL THEN 'revoked'
                WHEN i.expires_at <= moment THEN 'expired'
                WHEN NOT EXISTS (SELECT FROM members m WHERE m.org_id = i.org_id AND m.user_id = i.invited_by
                                 AND may_grant(m.role, i.role)) THEN 'revoked'
                ELSE 'open' END
$$;

-- What a mailed invitation is good for, without using it up. One row, always.
CREATE FUNCTION read_invitation(hash bytea, moment timestamptz)
RETURNS TABLE (state text, org_name text, email text, role text, inviter text, expires_at timestamptz, is_known boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
#variable_conflict use_column
DECLARE
    found invitations%ROWTYPE;
    place text;
BEGIN
    SELECT * INTO found FROM invitations i WHERE i.token_hash = hash;
    SELECT o.name, o.state INTO org_name, place FROM orgs o WHERE o.id = found.org_id;
    state := CASE WHEN place IN ('pending_deletion', 'deleted') THEN 'revoked' ELSE invitation_state(found, moment) END;
    email := found.email;
    role := found.role;
    expires_at := found.expires_at;
    SELECT m.display_name INTO inviter FROM members m WHERE m.org_id = found.org_id AND m.user_id = found.invited_by;
    is_known := EXISTS (SELECT FROM users u WHERE u.email_key = found.email_key);
    RETURN NEXT;
END $$;
GRANT EXECUTE ON FUNCTION read_invitation TO pulse_app;

-- The open invitations of one person, newest first.
CREATE FUNCTION invitations_for(person uuid, moment timestamptz)
RETURNS TABLE (id uuid, org_id uuid, org_name text, slug text, role text, inviter text, created_at timestamptz,
               expires_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
    SELECT i.id, i.org_id, o.name, o.slug, i.role, m.display_name, i.created_at, i.expires_at
    FROM users u
    JOIN invitations i ON i.email_key = u.email_key AND i.ended_at IS NULL
    JOIN orgs o ON o.id = i.org_id AND o.state = 'active'
    LEFT JOIN members m ON m.org_id = i.org_id AND m.user_id = i.invited_by
    WHERE u.id = person AND invitation_state(i, moment) = 'open'
    ORDER BY i.created_at DESC, i.id DESC LIMIT 100
$$;
GRANT EXECUTE ON FUNCTION invitations_for TO pulse_app;

-- Uses an invitation up: found by its mailed token (`hash`), or by its id or its organisation for a person who is signed
-- in with the invited address (`person`, `wanted`). Of two at once one wins. Who is a member already keeps their role.
-- state: open (done, and pulse.org_id is set for the rest of the transaction), used, revoked, expired, unknown,
-- suspended, no-password (a new person needs one; the invitation stays open).
CREATE FUNCTION accept_invitation(
    hash bytea, person uuid, wanted uuid, new_user uuid, new_name text, new_password_hash text, moment timestamptz)
RETURNS TABLE (state text, org_id uuid, invitation uuid, user_id uuid, role text, is_new boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
#variable_conflict use_column
DECLARE
    ticket invitations%ROWTYPE;
    place text;
    their_key text;
BEGIN
    IF hash IS NOT NULL THEN
        SELECT i.org_id INTO org_id FROM invitations i WHERE i.token_hash = hash;
    ELSE
        SELECT u.email_key INTO their_key FROM users u WHERE u.id = person;
        SELECT i.org_id INTO org_id FROM invitations i
        WHERE i.email_key = their_key AND wanted IN (i.id, i.org_id) AND i.ended_at IS NULL LIMIT 1;
    END IF;
    UPDATE orgs o SET generation = generation + 1 WHERE o.id = org_id RETURNING o.state INTO place;
    IF hash IS NOT NULL THEN
        SELECT * INTO ticket FROM invitations i WHERE i.token_hash = hash FOR UPDATE;
    ELSE
        SELECT * INTO ticket FROM invitations i
        WHERE i.org_id = accept_invitation.org_id AND i.email_key = their_key AND wanted IN (i.id, i.org_id)
          AND i.ended_at IS NULL FOR UPDATE;
    END IF;
    state := invitation_state(ticket, moment);
    IF state = 'open' THEN
        SELECT u.id INTO user_id FROM users u WHERE u.email_key = ticket.email_key;
        is_new := user_id IS NULL;
        state := CASE WHEN place = 'suspended' THEN 'suspended' WHEN place <> 'active' THEN 'revoked'
                      WHEN is_new AND new_password_hash IS NULL THEN 'no-password' ELSE 'open' END;
    END IF;
    IF state = 'open' THEN
        IF is_new THEN
            INSERT INTO users (id, email, email_key, display_name, password_hash, created_at)
            VALUES (new_user, ticket.email, ticket.email_key, new_name, new_password_hash, moment)
            ON CONFLICT (email_key) DO NOTHING;
            is_new := FOUND;
            SELECT u.id INTO user_id FROM users u WHERE u.email_key = ticket.email_key;
        END IF;
        INSERT INTO members (org_id, user_id, role, display_name, email, joined_at, added_by)
        SELECT ticket.org_id, u.id, ticket.role, u.display_name, u.email, moment, ticket.invited_by
        FROM users u WHERE u.id = accept_invitation.user_id
        ON CONFLICT (org_id, user_id) DO NOTHING;
        UPDATE invitations i SET ended_at = moment, ending = 'accepted'
        WHERE i.org_id = ticket.org_id AND i.id = ticket.id;
        invitation := ticket.id;
        SELECT m.role INTO role FROM members m
        WHERE m.org_id = ticket.org_id AND m.user_id = accept_invitation.user_id;
        PERFORM set_config('pulse.org_id', ticket.org_id::text, true);
    ELSE
        org_id := NULL;
    END IF;
    RETURN NEXT;
END $$;
GRANT EXECUTE ON FUNCTION accept_invitation TO pulse_app;

-- Says no to an invitation, by its id or its organisation. NULL: there is none. Sets pulse.org_id for the rest of the
-- transaction, so that the organisation's trail tells of it.
CREATE FUNCTION decline_invitation(person uuid, wanted uuid, moment timestamptz) RETURNS uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
DECLARE
    found record;
BEGIN
    UPDATE invitations i SET ended_at = moment, ending = 'declined'
    FROM users u
    WHERE u.id = person AND i.email_key = u.email_key AND wanted IN (i.id, i.org_id) AND i.ended_at IS NULL
    RETURNING i.id, i.org_id INTO found;
    IF found.id IS NULL THEN RETURN NULL; END IF;
    PERFORM set_config('pulse.org_id', found.org_id::text, true);
    RETURN found.id;
END $$;
GRANT EXECUTE ON FUNCTION decline_invitation TO pulse_app;

RESET ROLE;
