-- What: lets a change of an organisation's configuration raise its generation, from inside the organisation.
-- Why: monitors and open sockets everywhere hear of it by NOTIFY when the change commits; pulse_app may not write orgs.
-- Beside running programs: safe. Back: drop the function; revoked agents then stay in the inventory until they fall silent.

SET LOCAL ROLE pulse_identity;
CREATE FUNCTION org_changed() RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
    UPDATE orgs SET generation = generation + 1
    WHERE id = nullif(current_setting('pulse.org_id', true), '')::uuid
$$;
GRANT EXECUTE ON FUNCTION org_changed() TO pulse_app;
RESET ROLE;
