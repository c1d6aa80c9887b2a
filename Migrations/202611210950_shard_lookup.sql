-- What: tells the shard of an organisation, and nothing else, to the tenants' role.
-- Why: whoever accepts a report tells the worker of the organisation's shard; the table orgs is not for pulse_app.
-- Beside running programs: safe. Back: drop the function.

SET LOCAL ROLE pulse_lookup;
CREATE FUNCTION pulse_shard(wanted uuid) RETURNS smallint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
    SELECT shard FROM orgs WHERE id = wanted
$$;
GRANT EXECUTE ON FUNCTION pulse_shard(uuid) TO pulse_app;
RESET ROLE;
