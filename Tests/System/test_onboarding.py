"""A person adds all they have, one thing after the other: a Proxmox VE directly, one behind NAT through a gateway, an agent on
a node, Docker in a guest. What the estate really holds is what they see, nothing twice, and the count says why."""
import time

import pytest

from harness.agents import RealAgent, ScriptedAgent
from harness.estate import Estate, draft
from harness.networks import INSIDE, LAN, Network
from harness.processes import eventually, free_port
from harness.server import Server

pytestmark = [pytest.mark.xdist_group("onboarding"), pytest.mark.timeout(900)]

# Platforms are asked every ten seconds, details in turns, and all cores may be taken by other tests meanwhile.
SEEN = 180


@pytest.fixture(scope="module")
def network():
    network = Network.or_skip()
    yield network
    network.close()


@pytest.fixture(scope="module")
def estates(network):
    """Both have the same private addresses behind their clusters, as homes and branches do."""
    near = Estate("--calm", organisations=1, clusters=1, guests=10, nodes=2, seed=21)
    far = Estate("--calm", prefix=network.prefix, listen="0.0.0.0", address_base=INSIDE, organisations=1, clusters=1, guests=8, nodes=2, seed=22)
    yield near, far
    near.stop()
    far.stop()


@pytest.fixture(scope="module")
def owner(cluster, network):
    listen = f"{network.here}:{free_port()}"
    server = Server(cluster.database(), "onboarding", PULSE_LISTEN=listen, PULSE_PUBLIC_URL=f"http://{listen}", PULSE_OUTBOUND_ALLOW="127.0.0.0/8")
    server.url = f"http://{listen}"
    server.start()
    owner = server.sign_up("Onboarding Works")
    owner.server = server
    yield owner
    server.stop()


def connect(owner, there, **more):
    made = owner.browser.post("/api/connections", draft(there, **more))
    assert made.status == 201, made


def truth(estates, kind):
    return [one for estate in estates for one in estate.truth() if one["kind"] == kind and not one.get("template")]


class Installed:
    """The agent on that machine, saying of it what is true of it, every few seconds as agents do: one that has said something
    once is silent after a minute, and what it said is told of no more."""

    def __init__(self, owner, machine, disks=(), **more):
        self.machine, self.disks, self.more = machine, disks, more
        self.agent = ScriptedAgent(owner.server, hostname=machine["hostname"], machine=machine["machineId"])
        assert self.agent.enroll(owner.enrollment_token()["token"]).status == 200
        self.spoke = 0
        self.speak()

    def speak(self):
        if time.monotonic() - self.spoke < 5:
            return
        report = self.agent.report()
        report["host"] |= {"dmiUuid": self.machine["dmiUuid"]}
        report["network"] = [{"name": "eth0", "mac": self.machine["macs"][0], "addresses": [f"{self.machine['addresses'][0]}/24"], "rxBytes": 1, "txBytes": 1}]
        report["sensors"]["smart"] = [{"device": disk["device"], "model": disk["model"], "serial": disk["serial"]} for disk in self.disks]
        assert self.agent.send({**report, **self.more}).status == 200
        self.spoke = time.monotonic()


def of(resources, machine):
    found = [one for one in resources if one["name"] == machine["name"]]
    assert len(found) == 1, (machine["name"], found)
    return found[0]


def test_everything_is_there_once_and_the_count_is_explained(owner, estates, network, request):
    near, far = estates
    connect(owner, near.connections[0])
    gateway = RealAgent(owner.server, "onboarding-gateway")
    gateway.enroll(owner.enrollment_token()["token"])
    identity = owner.browser.get("/api/agents").json["data"][0]["id"]
    there = far.connections[0]
    gateway.process = gateway.run_as("gateway", "--allow", f"{LAN}:{there['port']}", prefix=network.prefix)
    request.addfinalizer(gateway.stop)
    eventually(lambda: owner.browser.get("/api/gateways").json["data"][0]["state"] == "online", 60, "the gateway is online")
    connect(owner, there, agentId=identity)

    nodes, guests = truth(estates, "node"), truth(estates, "guest")

    def whole():
        return (sorted(one["name"] for one in owner.every_resource("agent")) == sorted(one["name"] for one in nodes)
                and sorted(one["name"] for one in owner.every_resource("vm", "system-container")) == sorted(one["name"] for one in guests))
    eventually(whole, SEEN, "both clusters are seen whole")
    before = {one["id"] for one in owner.every_resource("agent", "vm", "system-container")}

    node = next(one for one in truth(estates[:1], "node") if one["status"] == "online")
    names = [one["name"] for one in guests]
    guest = next(one for one in truth(estates[:1], "guest") if names.count(one["name"]) == 1 and one["guestKind"] == "qemu" and one["status"] == "running" and one.get("machineId"))
    containers = [{"id": f"{number:064x}", "name": f"web-{number}", "image": "nginx:1.27", "state": "running", "status": "Up 5 minutes"} for number in (1, 2)]
    disks = [one for one in truth(estates[:1], "disk") if one["node"] == node["name"]]
    agents = [Installed(owner, node, disks), Installed(owner, guest, docker={"host": {"runtime": "docker", "runtimeVersion": "27.1", "id": "engine-1"},
                                                                   "containersTotal": 2, "containers": containers})]

    def joined():
        """Both machines with what both say, the containers under theirs: whoever is joined may be followed by its children
        one round later."""
        for agent in agents:
            agent.speak()
        machines = [of(owner.every_resource("agent"), node), of(owner.every_resource("vm", "system-container"), guest)]
        held = owner.every_resource("app-container")
        return (all({"agent", "proxmox"} <= set(one["sources"]) for one in machines)
                and [one["parentId"] for one in held] == [machines[1]["id"]] * 2 and whole() and machines)
    # The platform's disks are asked about in turns with all its other details.
    seen_node, seen_guest = eventually(joined, SEEN, "what the agents say belongs to what the platform says", every=0.5)
    after = {one["id"] for one in owner.every_resource("agent", "vm", "system-container")}
    assert {owner.browser.get(f"/api/resources/{one}").json["id"] for one in before} == after, "every id of before leads to one of now"

    def told():
        """A poll that failed for lack of time is told as incomplete until the next."""
        ledger = owner.browser.get("/api/license/monitored-system-ledger").json
        return ledger["complete"] and ledger["unavailable"] == [] and ledger
    ledger = eventually(told, SEEN, "every source has answered", every=0.5)
    counted = {one["name"]: one for one in ledger["data"]}
    assert ledger["total"] == len(ledger["data"]) == len(counted) and {one["name"] for one in nodes} <= set(counted)
    assert set(counted) <= {one["name"] for one in nodes + guests}, "nothing is counted that is not there"
    for machine, resource in ((node, seen_node), (guest, seen_guest)):
        why = owner.browser.post("/api/license/monitored-system-ledger/explain", {"resourceId": resource["id"]}).json
        assert why["counted"] == (machine["name"] in counted) and why["summary"], why
        claims = owner.browser.get(f"/api/resources/{resource['id']}/identity").json["claims"]
        assert {claim["source"] for claim in claims} >= {"agent", "proxmox"}, claims

    # They go on, and nothing changes by that.
    for agent in agents:
        assert agent.agent.send().status in (200, 409)
    assert {one["id"] for one in owner.every_resource("agent", "vm", "system-container")} == after
