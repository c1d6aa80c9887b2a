-- What: erasing an organisation whose time to be restored is over, and the certificates of that.
-- Why: deletion means that nothing is left: no row, no key, no history; and somebody has to be able to show it.
-- Beside running programs: safe. Lock: a moment on orgs for the new column. Back: drop functions and table; what was erased
-- stays erased.

ALTER TABLE orgs ADD COLUMN erased_at timestamptz;
GRANT SELECT (deletion_requested_at, erased_at) ON orgs TO pulse_worker;
CREATE INDEX orgs_to_erase ON orgs (id) WHERE state = 'deleted' AND erased_at IS NULL;

CREATE TABLE erasure_certificates (
    erased_org   uuid PRIMARY KEY,
    -- The exact text that was signed.
    certificate  text NOT NULL,
    signature    bytea NOT NULL,
    issued_at    timestamptz NOT NULL
);
GRANT SELECT ON erasure_certificates TO pulse_lookup;
GRANT SELECT, INSERT ON erasure_certificates TO pulse_identity;
GRANT DELETE ON idempotency_keys TO pulse_identity;

SET LOCAL ROLE pulse_lookup;

CREATE FUNCTION erasure_certificate(org uuid) RETURNS TABLE (certificate text, signature bytea)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
    SELECT c.certificate, c.signature FROM erasure_certificates c WHERE c.erased_org = org
$$;
GRANT EXECUTE ON FUNCTION erasure_certificate TO pulse_app;

RESET ROLE;
SET LOCAL ROLE pulse_identity;

-- From here on there is no way back: nobody enters any more. False unless it is due, or was begun before.
CREATE FUNCTION begin_erasure(org uuid, moment timestamptz) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
BEGIN
    UPDATE orgs o SET state = 'deleted', resume_suspension = NULL, generation = generation + 1
    WHERE o.id = org AND o.state = 'pending_deletion' AND o.delete_after <= moment;
    RETURN FOUND OR EXISTS (SELECT FROM orgs o WHERE o.id = org AND o.state = 'deleted' AND o.erased_at IS NULL);
END $$;
GRANT EXECUTE ON FUNCTION begin_erasure TO pulse_worker;

-- Nothing is left but the id: name and slug go, the certificate stays.
CREATE FUNCTION finish_erasure(org uuid, text_signed text, signed bytea, moment timestamptz) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
BEGIN
    DELETE FROM idempotency_keys k WHERE k.made_in = org;
    UPDATE orgs o SET erased_at = moment, name = 'erased', slug = 'e-' || replace(o.id::text, '-', '')
    WHERE o.id = org AND o.state = 'deleted';
    INSERT INTO erasure_certificates (erased_org, certificate, signature, issued_at)
    VALUES (org, text_signed, signed, moment) ON CONFLICT (erased_org) DO NOTHING;
END $$;
GRANT EXECUTE ON FUNCTION finish_erasure TO pulse_worker;

RESET ROLE;

-- The migrator's policies are the only ones that reach every tenant table, so it owns this one function; nobody can
-- become it but the owner of the schema.
GRANT CREATE ON SCHEMA pulse TO pulse_migrator;
SET LOCAL ROLE pulse_migrator;

-- Erases the rows of an organisation that is deleted, table by table; what another table still needs waits for the next
-- call. Keys stay: their rows say that they were destroyed. Answers one row a table: how many went.
CREATE FUNCTION erase_rows(org uuid) RETURNS TABLE (table_name text, gone bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
DECLARE
    relation name;
BEGIN
    IF NOT EXISTS (SELECT FROM orgs o WHERE o.id = org AND o.state = 'deleted') THEN
        RAISE EXCEPTION 'organisation % is not deleted', org USING ERRCODE = '55000';
    END IF;
    FOR relation IN
        SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'org_id' AND a.attnotnull
        WHERE c.relnamespace = 'pulse'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
          AND c.relname NOT IN ('wrapping_keys', 'data_keys')
        ORDER BY c.relname
    LOOP
        BEGIN
            EXECUTE format('DELETE FROM pulse.%I WHERE org_id = $1', relation) USING org;
            GET DIAGNOSTICS gone = ROW_COUNT;
            table_name := relation;
            RETURN NEXT;
        EXCEPTION WHEN foreign_key_violation THEN
            table_name := relation;
            gone := -1;
            RETURN NEXT;
        END;
    END LOOP;
END $$;
REVOKE EXECUTE ON FUNCTION erase_rows FROM PUBLIC;
GRANT EXECUTE ON FUNCTION erase_rows TO pulse_worker;

RESET ROLE;
REVOKE CREATE ON SCHEMA pulse FROM pulse_migrator;
