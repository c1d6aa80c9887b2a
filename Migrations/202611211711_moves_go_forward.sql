-- What: a moved organisation's numbers go on upwards.
-- Why: deltas are ordered by (epoch, seq), and the epoch is that of the shard's lease. Shards that changed hands less often
-- have lower ones, and views would have taken everything after such a move for old.
-- Beside running programs: safe. A worker whose lease gets a later epoch begins its organisations of that shard anew, within
-- a moment. Back: put pulse_move_org back as it was in 202611211710.

GRANT UPDATE (epoch) ON shard_leases TO pulse_identity;
SET LOCAL ROLE pulse_identity;
CREATE OR REPLACE FUNCTION pulse_move_org(moved uuid, wanted_shard integer) RETURNS smallint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
DECLARE before smallint; reached bigint;
BEGIN
    SELECT shard INTO before FROM orgs WHERE id = moved;
    IF before IS NULL OR before = wanted_shard THEN
        RETURN before;
    END IF;
    -- In one order, whoever moves what.
    PERFORM 1 FROM shard_leases WHERE shard IN (before, wanted_shard) ORDER BY shard FOR UPDATE;
    SELECT epoch INTO reached FROM shard_leases WHERE shard = before;
    UPDATE shard_leases SET epoch = reached WHERE shard = wanted_shard AND epoch < reached;
    UPDATE orgs SET shard = wanted_shard, generation = generation + 1 WHERE id = moved AND shard = before;
    PERFORM pg_notify('pulse_shards', '');
    RETURN before;
END $$;
RESET ROLE;
