-- What: the end of an organisation and the way back: deletion is asked for, waits, and can be taken back until it is due;
-- suspending and lifting a suspension for the company that hosts Pulse.
-- Why: an organisation changes its state by these functions and by nothing else, the way `OrganisationLife.step` says.
-- Beside running programs: safe. Lock: a moment on orgs for new columns without a default. Back: drop functions and columns.
--
-- Each change raises the generation, so the table's NOTIFY tells monitors and open sockets at once.

ALTER TABLE orgs
    ADD COLUMN deletion_requested_at  timestamptz,
    -- When it may be erased; until then it can be restored.
    ADD COLUMN delete_after           timestamptz,
    -- What it was suspended for when its deletion was asked for, and will be again when it is restored.
    ADD COLUMN resume_suspension      text CHECK (resume_suspension IN ('billing', 'abuse')),
    ADD COLUMN suspended_at           timestamptz,
    ADD CONSTRAINT orgs_resume CHECK (resume_suspension IS NULL OR state = 'pending_deletion');
CREATE INDEX orgs_by_deletion ON orgs (delete_after) WHERE state = 'pending_deletion';
GRANT SELECT (delete_after, suspension) ON orgs TO pulse_worker;

-- Staff leave their entry in the trail of the organisation they touch.
CREATE POLICY operator ON audit_entries FOR INSERT TO pulse_operator WITH CHECK (true);
GRANT INSERT ON audit_entries TO pulse_operator;

SET LOCAL ROLE pulse_lookup;

-- The organisation of this transaction, as its members may see it.
DROP FUNCTION org_details();
CREATE FUNCTION org_details()
RETURNS TABLE (id uuid, slug text, name text, state text, suspension text, created_at timestamptz,
               deletion_requested_at timestamptz, delete_after timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
    SELECT o.id, o.slug, o.name, o.state, coalesce(o.suspension, o.resume_suspension), o.created_at,
           o.deletion_requested_at, o.delete_after
    FROM orgs o
    WHERE o.id = nullif(current_setting('pulse.org_id', true), '')::uuid AND o.state <> 'deleted'
$$;
GRANT EXECUTE ON FUNCTION org_details TO pulse_app;

RESET ROLE;
SET LOCAL ROLE pulse_identity;

-- The state of an organisation, held until the transaction ends, so that what is decided on it stays true.
-- For other functions of pulse_identity; see the two that follow.
CREATE FUNCTION held_life(org uuid)
RETURNS TABLE (state text, suspension text, delete_after timestamptz)
LANGUAGE sql SET search_path = pg_catalog, pulse AS $$
    SELECT o.state, coalesce(o.suspension, o.resume_suspension), o.delete_after FROM orgs o
    WHERE o.id = org FOR NO KEY UPDATE
$$;

-- For tenants: their own.
CREATE FUNCTION own_life() RETURNS TABLE (state text, suspension text, delete_after timestamptz)
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
    SELECT * FROM held_life(nullif(current_setting('pulse.org_id', true), '')::uuid)
$$;
GRANT EXECUTE ON FUNCTION own_life TO pulse_app;

-- For staff: any, and the transaction stands in it from now on, so that its trail tells of it.
CREATE FUNCTION enter_life(org uuid) RETURNS TABLE (state text, suspension text, delete_after timestamptz)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
BEGIN
    PERFORM set_config('pulse.org_id', org::text, true);
    RETURN QUERY SELECT * FROM held_life(org);
END $$;
GRANT EXECUTE ON FUNCTION enter_life TO pulse_operator, pulse_worker;

-- Asks for the deletion of the organisation of this transaction. False when its state does not allow it.
CREATE FUNCTION request_deletion(due timestamptz, moment timestamptz) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
BEGIN
    UPDATE orgs o SET state = 'pending_deletion', resume_suspension = o.suspension, suspension = NULL,
        deletion_requested_at = moment, delete_after = due, generation = generation + 1
    WHERE o.id = nullif(current_setting('pulse.org_id', true), '')::uuid
      AND o.state IN ('provisioning', 'active', 'suspended');
    RETURN FOUND;
END $$;
GRANT EXECUTE ON FUNCTION request_deletion TO pulse_app;

-- Takes it back: the organisation is what it was before, suspended again if it was suspended. False as above.
CREATE FUNCTION restore_org() RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
BEGIN
    UPDATE orgs o SET state = CASE WHEN o.resume_suspension IS NULL THEN 'active' ELSE 'suspended' END,
        suspension = o.resume_suspension, resume_suspension = NULL, deletion_requested_at = NULL, delete_after = NULL,
        generation = generation + 1
    WHERE o.id = nullif(current_setting('pulse.org_id', true), '')::uuid AND o.state = 'pending_deletion';
    RETURN FOUND;
END $$;
GRANT EXECUTE ON FUNCTION restore_org TO pulse_app;

-- Suspends an organisation, or makes its suspension for billing one for abuse, never the other way round; one whose
-- deletion is pending will be suspended when it is restored. False when its state does not allow it.
CREATE FUNCTION suspend_org(org uuid, reason text, moment timestamptz) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
BEGIN
    UPDATE orgs o SET state = CASE WHEN o.state = 'pending_deletion' THEN o.state ELSE 'suspended' END,
        suspension = CASE WHEN o.state <> 'pending_deletion' THEN reason END,
        resume_suspension = CASE WHEN o.state = 'pending_deletion' THEN reason END,
        suspended_at = moment, generation = generation + 1
    WHERE o.id = org AND o.state IN ('provisioning', 'active', 'suspended', 'pending_deletion')
      AND coalesce(o.suspension, o.resume_suspension) IS DISTINCT FROM reason
      AND coalesce(o.suspension, o.resume_suspension, '') <> 'abuse';
    RETURN FOUND;
END $$;

-- Lifts a suspension; one whose deletion is pending will then be active when it is restored.
CREATE FUNCTION unsuspend_org(org uuid) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
BEGIN
    UPDATE orgs o SET state = CASE WHEN o.state = 'suspended' THEN 'active' ELSE o.state END, suspension = NULL,
        resume_suspension = NULL, suspended_at = NULL, generation = generation + 1
    WHERE o.id = org AND coalesce(o.suspension, o.resume_suspension) IS NOT NULL AND o.state <> 'deleted';
    RETURN FOUND;
END $$;
GRANT EXECUTE ON FUNCTION suspend_org, unsuspend_org TO pulse_operator, pulse_worker;

RESET ROLE;
