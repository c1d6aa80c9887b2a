"""A pool of workers that is watched from both ends: the estate remembers when it was asked, the database each write."""
import time

from harness.estate import Estate
from harness.pool import Pool
from harness.processes import eventually
from harness.reporters import reporters

CADENCE = 10

# What every write of a monitor looks like beside the lease of its organisation's shard at that moment. The trigger runs in
# the writing transaction, after the fence.
WITNESS = """
CREATE TABLE witness (id bigserial, org uuid, epoch bigint, seq bigint, lease bigint, shard smallint);
CREATE FUNCTION bear_witness() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    INSERT INTO public.witness (org, epoch, seq, lease, shard)
    SELECT NEW.org_id, NEW.epoch, NEW.seq, l.epoch, l.shard
    FROM pulse.orgs o JOIN pulse.shard_leases l USING (shard) WHERE o.id = NEW.org_id;
    RETURN NULL;
END $$;
CREATE TRIGGER witness AFTER INSERT OR UPDATE ON pulse.org_heads FOR EACH ROW EXECUTE FUNCTION bear_witness();
"""


class WatchedPool:
    def __init__(self, name, organisations, workers=2, lease=2, kind="fast"):
        self.estate = Estate("--calm", organisations=organisations, clusters=1, guests=6, nodes=1, seed=17)
        try:
            self.pool = Pool(name, workers=workers, lease=lease, kind=kind)
        except BaseException:
            self.estate.stop()
            raise
        self.owners = []

    def start(self):
        self.pool.start()
        self.pool.database.rows(WITNESS)
        for number, connection in enumerate(self.estate.connections):
            owner = self.pool.servers[number % len(self.pool.servers)].sign_up(f"Watched {number}")
            made = owner.browser.post("/api/connections", {
                "kind": "pve", "name": connection["name"], "host": connection["host"], "port": connection["port"],
                "tokenId": connection["tokenId"], "secret": connection["secret"], "cadenceSeconds": CADENCE,
                "trust": {"mode": "pinned", "fingerprint": connection["fingerprint"]}})
            assert made.status == 201, made
            self.owners.append(owner)
            # Spread over the shards, so that each worker has some.
            shard = number * 256 // len(self.estate.connections) + number % 2
            self.pool.database.rows(f"SELECT pulse.pulse_move_org('{owner.org}', {shard})", role="worker")
        self.pool.settle()
        eventually(lambda: len(self.estate.polls()) == len(self.owners), 60, "all of them are asked")
        self.estate.count_polls_anew()
        return self

    def remove(self):
        self.pool.remove()
        self.estate.stop()

    def report(self, count, pause=0.2):
        """Agents of the first organisation, at both servers."""
        made = []
        for number in range(count):
            made += reporters(self.pool.servers[number % len(self.pool.servers)], self.owners[0], 1, pause=pause)
        return made

    @staticmethod
    def hear_more(senders, count, seconds=30):
        before = [len(s.acknowledged) for s in senders]
        eventually(lambda: all(len(s.acknowledged) >= b + count for s, b in zip(senders, before)), seconds, "reports go on")

    def kill_one(self, number):
        """kill -9 of one worker; comes back when another one has taken over and it has been started again."""
        workers = self.pool.workers
        victim = workers[number % len(workers)]
        rest = [worker for worker in workers if worker is not victim]
        victim.kill()
        killed = time.monotonic()
        eventually(lambda: sum(self.pool.held(worker) for worker in rest) == 256, 30, "the others have everything")
        took = time.monotonic() - killed
        victim.start()
        self.pool.settle()
        return took

    def gaps(self):
        """Seconds of the widest gap between two polls, by cluster, the one that is open now included."""
        return {cluster: one["widestGapSeconds"] for cluster, one in self.estate.polls().items()}

    def assert_nobody_was_forgotten(self):
        gaps = self.gaps()
        assert len(gaps) == len(self.owners)
        assert max(gaps.values()) <= self.pool.lease + 2 * CADENCE, gaps

    def stale_writes(self):
        """Writes whose epoch was not that of the lease, and numbers that went back or came twice."""
        wrong = int(self.pool.database.value("SELECT count(*) FROM witness WHERE epoch <> lease"))
        return wrong + int(self.pool.database.value("""
            SELECT count(*) FROM (
                SELECT (epoch, seq) <= lag((epoch, seq)) OVER (PARTITION BY org ORDER BY id) AS back FROM witness
            ) w WHERE back"""))

    def assert_no_write_of_a_stale_epoch(self):
        assert int(self.pool.database.value("SELECT count(*) FROM witness")) > 0
        assert self.stale_writes() == 0

    def epoch_writes(self, org):
        return int(self.pool.database.value(f"SELECT count(*) FROM witness WHERE org = '{org}'"))
