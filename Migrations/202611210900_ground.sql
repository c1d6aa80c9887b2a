-- What: the tool that makes a table a tenant table, so that no migration writes a policy by hand and forgets half of it.
-- Why: row-level security is the second lock on every organisation's data; the catalogue test names tables without it.
-- Beside running programs: safe, creates only. Locks nothing. Back: drop schema pulse_owner_tools.

CREATE SCHEMA pulse_owner_tools;

-- Policies name their role. The expression is exactly this one: no function of ours and no sub-select in a policy,
-- which costs 10 to 15 microseconds a transaction. After a transaction the setting reads '' and not NULL, hence nullif.
CREATE FUNCTION pulse_owner_tools.tenant_table(name text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('ALTER TABLE pulse.%I ENABLE ROW LEVEL SECURITY', name);
    EXECUTE format('ALTER TABLE pulse.%I FORCE ROW LEVEL SECURITY', name);
    EXECUTE format($policy$
        CREATE POLICY tenant ON pulse.%I TO pulse_app
            USING (org_id = nullif(current_setting('pulse.org_id', true), '')::uuid)
            WITH CHECK (org_id = nullif(current_setting('pulse.org_id', true), '')::uuid)
    $policy$, name);
    EXECUTE format('CREATE POLICY migrate ON pulse.%I TO pulse_migrator USING (true) WITH CHECK (true)', name);
END $$;
