-- What: rotations of keys under way and done, the ledger of erased organisations, and a tool for sealed columns of tables
-- that have no organisation.
-- Why: sealing everything anew takes a while and must survive a kill; a restored backup must not bring erased keys back.
-- Lock: none, the tables are new. Back: drop them; a rotation that was under way can be begun again.

-- The type of every column that holds ciphertexts: something that is none is refused, and the catalogue lists them.
CREATE DOMAIN sealed AS bytea CHECK (get_byte(VALUE, 0) = 1 AND octet_length(VALUE) >= 45);

CREATE TABLE key_rotations (
    org_id       uuid NOT NULL,
    id           uuid NOT NULL,
    -- data: a new data key, everything sealed anew. wrapping: a new wrapping key, the data keys wrapped anew.
    kind         text NOT NULL CHECK (kind IN ('data', 'wrapping')),
    state        text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'rewriting', 'settling', 'done')),
    rewritten    bigint NOT NULL DEFAULT 0,
    started_at   timestamptz NOT NULL,
    -- When a worker looks at it again.
    next_at      timestamptz NOT NULL,
    finished_at  timestamptz,
    -- Why the last step did not work; it is tried again.
    problem      text,
    PRIMARY KEY (org_id, id),
    CHECK ((state = 'done') = (finished_at IS NOT NULL))
);
CREATE UNIQUE INDEX key_rotations_one_at_a_time ON key_rotations (org_id) WHERE state <> 'done';
CREATE INDEX key_rotations_due ON key_rotations (next_at) WHERE state <> 'done';

SELECT pulse_owner_tools.tenant_table('key_rotations');
GRANT SELECT, INSERT, UPDATE, DELETE ON key_rotations TO pulse_app;

-- Workers see that there is something to do, and for whom; what it is they read inside the organisation.
CREATE POLICY worker ON key_rotations FOR SELECT TO pulse_worker USING (true);
CREATE POLICY worker ON wrapping_keys FOR SELECT TO pulse_worker USING (true);
GRANT SELECT (org_id, id, state, next_at) ON key_rotations TO pulse_worker;
GRANT SELECT (org_id, id, state, is_own, retired_at) ON wrapping_keys TO pulse_worker;

-- One row for each organisation whose keys were destroyed. Its like outside the database (PULSE_ERASURE_LEDGER) is what
-- counts after a restore.
CREATE TABLE erasure_ledger (
    erased_org  uuid PRIMARY KEY,
    erased_at   timestamptz NOT NULL
);
GRANT SELECT ON erasure_ledger TO pulse_lookup;
GRANT SELECT, INSERT ON erasure_ledger TO pulse_identity;

SET LOCAL ROLE pulse_lookup;

CREATE FUNCTION erased_orgs(among uuid[]) RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
    SELECT l.erased_org FROM erasure_ledger l WHERE l.erased_org = ANY (among)
$$;
GRANT EXECUTE ON FUNCTION erased_orgs TO pulse_app;

RESET ROLE;
SET LOCAL ROLE pulse_identity;

CREATE FUNCTION note_erasure(org uuid, moment timestamptz) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
    INSERT INTO erasure_ledger (erased_org, erased_at) VALUES (org, moment) ON CONFLICT DO NOTHING
$$;
GRANT EXECUTE ON FUNCTION note_erasure TO pulse_app;

RESET ROLE;

-- Makes the two functions by which a rotation reaches a sealed column of a table without an organisation, which pulse_app
-- may not touch itself: TABLE_COLUMN_stale and TABLE_COLUMN_reseal. They show and take ciphertexts only. The table must
-- already have its grants (SELECT, UPDATE) for pulse_identity.
CREATE FUNCTION pulse_owner_tools.sealed_column(table_name text, column_name text, key_column text DEFAULT 'id')
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    SET LOCAL ROLE pulse_identity;
    EXECUTE format($function$
        CREATE FUNCTION pulse.%1$I(current_key bytea, most int) RETURNS TABLE (place text, sealed bytea)
        LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $body$
            SELECT t.%4$I::text, t.%3$I FROM %2$I t
            WHERE t.%3$I IS NOT NULL AND substring(t.%3$I FROM 2 FOR 16) <> current_key
            ORDER BY t.%4$I LIMIT most FOR UPDATE
        $body$ $function$, table_name || '_' || column_name || '_stale', table_name, column_name, key_column);
    EXECUTE format($function$
        CREATE FUNCTION pulse.%1$I(places text[], old bytea[], new bytea[]) RETURNS bigint
        LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $body$
            WITH done AS (
                UPDATE %2$I t SET %3$I = n.new FROM unnest(places, old, new) AS n (place, old, new)
                WHERE t.%4$I::text = n.place AND t.%3$I = n.old RETURNING 1)
            SELECT count(*) FROM done
        $body$ $function$, table_name || '_' || column_name || '_reseal', table_name, column_name, key_column);
    EXECUTE format('GRANT EXECUTE ON FUNCTION pulse.%I, pulse.%I TO pulse_app',
                   table_name || '_' || column_name || '_stale', table_name || '_' || column_name || '_reseal');
    RESET ROLE;
END $$;
