-- What: signed checkpoints of the audit chains, how long entries are kept, and the one way in which they may go.
-- Why: whoever can write to the database could compute a new chain; they cannot sign it. Entries whose time is over are
-- pruned only up to a checkpoint marked as a seal, so what is left still hangs on something signed.
-- Beside running programs: safe. Lock: none, the tables are new. Back: drop functions and tables.

CREATE TABLE audit_checkpoints (
    org_id      uuid NOT NULL REFERENCES orgs (id),
    seq         bigint NOT NULL,
    hash        bytea NOT NULL,
    at          timestamptz NOT NULL,
    -- Ed25519; the key is not in the database.
    public_key  bytea NOT NULL,
    signature   bytea NOT NULL,
    -- The last entry before those that are kept.
    is_seal     boolean NOT NULL DEFAULT false,
    PRIMARY KEY (org_id, seq)
);
SELECT pulse_owner_tools.tenant_table('audit_checkpoints');
CREATE POLICY identity ON audit_checkpoints TO pulse_identity USING (true) WITH CHECK (true);
GRANT SELECT ON audit_checkpoints TO pulse_app;
GRANT SELECT, INSERT, UPDATE ON audit_checkpoints TO pulse_identity;

-- No row: what the plan says.
CREATE TABLE audit_settings (
    org_id          uuid PRIMARY KEY REFERENCES orgs (id),
    -- 0: for ever.
    retention_days  integer NOT NULL CHECK (retention_days >= 0)
);
SELECT pulse_owner_tools.tenant_table('audit_settings');
CREATE POLICY identity ON audit_settings FOR SELECT TO pulse_identity USING (true);
GRANT SELECT, INSERT, UPDATE ON audit_settings TO pulse_app;
GRANT SELECT ON audit_settings TO pulse_identity;

CREATE POLICY identity ON audit_entries TO pulse_identity USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, DELETE ON audit_entries TO pulse_identity;

SET LOCAL ROLE pulse_identity;

-- Organisations whose chain has grown since its last checkpoint, or has none; those waiting longest first.
CREATE FUNCTION audit_unsigned(max_count int) RETURNS TABLE (org_id uuid, seq bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
    SELECT h.org_id, h.seq FROM audit_heads h
    LEFT JOIN LATERAL (SELECT max(c.seq) AS seq FROM audit_checkpoints c WHERE c.org_id = h.org_id) last ON true
    WHERE h.seq > coalesce(last.seq, 0) AND h.broken_seq IS NULL
    ORDER BY h.seq - coalesce(last.seq, 0) DESC, h.org_id LIMIT max_count
$$;
GRANT EXECUTE ON FUNCTION audit_unsigned TO pulse_worker;

-- Keeps a signature over an entry that is there with that hash. False: it is not.
CREATE FUNCTION audit_checkpoint(
    org uuid, entry_seq bigint, entry_hash bytea, moment timestamptz, key bytea, signed bytea, seal boolean)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
BEGIN
    PERFORM 1 FROM audit_entries e WHERE e.org_id = org AND e.seq = entry_seq AND e.hash = entry_hash;
    IF NOT FOUND THEN RETURN false; END IF;
    INSERT INTO audit_checkpoints (org_id, seq, hash, at, public_key, signature, is_seal)
    VALUES (org, entry_seq, entry_hash, moment, key, signed, seal)
    ON CONFLICT (org_id, seq) DO UPDATE SET is_seal = audit_checkpoints.is_seal OR excluded.is_seal;
    RETURN true;
END $$;
GRANT EXECUTE ON FUNCTION audit_checkpoint TO pulse_worker;

-- What a look at the chain found; NULL: nothing wrong.
CREATE FUNCTION audit_mark(org uuid, wrong_seq bigint) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
    UPDATE audit_heads h SET broken_seq = wrong_seq WHERE h.org_id = org
$$;
GRANT EXECUTE ON FUNCTION audit_mark TO pulse_worker;

-- Organisations with entries older than they keep, and the last entry of those. The head's own entry always stays.
CREATE FUNCTION audit_expired(moment timestamptz, default_days int, max_count int)
RETURNS TABLE (org_id uuid, seq bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
    SELECT h.org_id, last.seq
    FROM audit_heads h
    LEFT JOIN audit_settings s ON s.org_id = h.org_id
    -- The first entry that is still wanted; all before it have expired, even where clocks disagreed.
    CROSS JOIN LATERAL (
        SELECT coalesce(
            (SELECT e.seq - 1 FROM audit_entries e
             WHERE e.org_id = h.org_id
               AND e.at >= moment - make_interval(days => coalesce(s.retention_days, default_days))
             ORDER BY e.seq LIMIT 1),
            h.seq - 1) AS seq) last
    WHERE coalesce(s.retention_days, default_days) > 0 AND h.broken_seq IS NULL AND last.seq >= h.first_seq
    ORDER BY h.org_id LIMIT max_count
$$;
GRANT EXECUTE ON FUNCTION audit_expired TO pulse_worker;

-- Takes away the entries up to a seal, and leaves an entry that says so. Without a seal there it takes nothing.
-- Returns how many went.
CREATE FUNCTION audit_prune(org uuid, last_seq bigint, entry uuid, moment timestamptz) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
DECLARE
    gone bigint;
    began bigint;
BEGIN
    SELECT h.first_seq INTO began FROM audit_heads h WHERE h.org_id = org AND h.seq > last_seq FOR UPDATE;
    IF NOT FOUND OR NOT EXISTS (
        SELECT FROM audit_checkpoints c WHERE c.org_id = org AND c.seq = last_seq AND c.is_seal) THEN
        RETURN 0;
    END IF;
    DELETE FROM audit_entries e WHERE e.org_id = org AND e.seq <= last_seq;
    GET DIAGNOSTICS gone = ROW_COUNT;
    IF gone > 0 THEN
        UPDATE audit_heads h SET first_seq = last_seq + 1 WHERE h.org_id = org;
        INSERT INTO audit_entries (org_id, id, at, actor, action, object, address, request_id, user_agent)
        VALUES (org, entry, moment, 'system:retention', 'audit.prune', format('audit:%s-%s', began, last_seq), '-', '-',
                'pulse');
    END IF;
    RETURN gone;
END $$;
GRANT EXECUTE ON FUNCTION audit_prune TO pulse_worker;

RESET ROLE;
