-- What: workers tell that they live, shards know what they cost, and an organisation can be moved to another shard.
-- Why: a worker that comes up gets its fair share from those that live, by weight; one large organisation can be given a
-- shard of its own, so that it does not pin the worker of its neighbours.
-- Beside running programs: safe. A worker of the release before counts shards instead of weight until it is replaced, and
-- its fence is stricter from now on, which only refuses what it should not write. Lock: shard_leases for moments.
-- Back: drop the table, the column and pulse_move_org, and put pulse_fence back as it was in 202611210920.

-- A worker's row is as old as its last look at the leases. No organisation in it.
CREATE TABLE monitor_workers (
    id      uuid        PRIMARY KEY,
    seen_at timestamptz NOT NULL
);
GRANT SELECT, INSERT, UPDATE, DELETE ON monitor_workers TO pulse_worker;

-- What the shard's organisations cost together; workers write it anew every minute.
ALTER TABLE shard_leases ADD COLUMN weight integer NOT NULL DEFAULT 1 CHECK (weight > 0);

GRANT SELECT (org_id, resources) ON org_summaries TO pulse_worker;
CREATE POLICY work ON org_summaries FOR SELECT TO pulse_worker USING (true);

SET LOCAL ROLE pulse_lookup;
-- As before, and also: the organisation of the transaction is one of this shard. Whoever moves it holds the lease's row of
-- its old shard, so a write that has passed the first line is finished before the move, and one that comes after it sees
-- the new shard: each statement of a volatile function reads what is committed by then.
CREATE OR REPLACE FUNCTION pulse_fence(wanted_shard smallint, wanted_epoch bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
BEGIN
    PERFORM 1 FROM shard_leases WHERE shard = wanted_shard AND epoch = wanted_epoch FOR KEY SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'shard % is not held with epoch %', wanted_shard, wanted_epoch USING ERRCODE = 'PL001';
    END IF;
    PERFORM 1 FROM orgs WHERE id = nullif(current_setting('pulse.org_id', true), '')::uuid AND shard = wanted_shard;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the organisation is not in shard %', wanted_shard USING ERRCODE = 'PL001';
    END IF;
END $$;
RESET ROLE;

GRANT SELECT, UPDATE (weight) ON shard_leases TO pulse_identity;
SET LOCAL ROLE pulse_identity;
-- Moves an organisation. Waits for its monitor's write that is under way, and the trigger on orgs tells all workers.
-- Its shard before; NULL when there is no such organisation.
CREATE FUNCTION pulse_move_org(moved uuid, wanted_shard integer) RETURNS smallint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
DECLARE before smallint;
BEGIN
    SELECT shard INTO before FROM orgs WHERE id = moved;
    IF before IS NULL OR before = wanted_shard THEN
        RETURN before;
    END IF;
    PERFORM 1 FROM shard_leases WHERE shard = before FOR UPDATE;
    UPDATE orgs SET shard = wanted_shard, generation = generation + 1 WHERE id = moved AND shard = before;
    RETURN before;
END $$;
REVOKE EXECUTE ON FUNCTION pulse_move_org(uuid, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION pulse_move_org(uuid, integer) TO pulse_worker, pulse_operator;
RESET ROLE;
