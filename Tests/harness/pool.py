"""Several processes of one Pulse: `pulse serve` and `pulse work`, one PostgreSQL, one NATS."""
import re

from harness.database import Cluster
from harness.nats import Nats
from harness.processes import eventually
from harness.server import Server

LEASE_SECONDS = 2


class Pool:
    """Everything of its own, so that anything may be killed. `servers` and `workers` keep their addresses over that."""

    def __init__(self, name, servers=2, workers=2, lease=LEASE_SECONDS, kind="fast", **settings):
        self.cluster = Cluster(kind=kind)
        self.nats = Nats(f"{name}-nats")
        first = Server(self.cluster.database(), f"{name}-serve-1", role="serve", PULSE_NATS_URL=self.nats.url,
                       PULSE_LEASE_SECONDS=lease, PULSE_OUTBOUND_ALLOW="127.0.0.0/8", **settings)
        self.lease = lease
        self.database = first.database
        self.servers = [first] + [first.sibling(f"{name}-serve-{n}", "serve") for n in range(2, servers + 1)]
        self.workers = [first.sibling(f"{name}-work-{n}", "work") for n in range(1, workers + 1)]

    def start(self):
        for one in self.servers + self.workers:
            one.start()
        return self

    def remove(self):
        for one in self.servers + self.workers:
            if one.process:
                one.process.end(5)
        self.nats.remove()
        self.cluster.remove()

    def held(self, worker):
        """How many shards this worker says it holds."""
        return metric(worker, "pulse_monitoring_shards")

    def settle(self, workers=None):
        """Until all shards are held, and each of these workers has some."""
        workers = self.workers if workers is None else workers

        def shared():
            held = [self.held(worker) for worker in workers]
            return sum(held) == 256 and min(held) > 0
        eventually(shared, 30, "the workers share all shards", every=0.1)


def metric(server, name):
    """The sum of a metric over its labels, 0 while there is none."""
    text = server.admin_client().get("/metrics").body.decode()
    found = re.findall(rf"^{name}(?:{{[^}}]*}})? (\S+)$", text, re.MULTILINE)
    return sum(float(one) for one in found)
