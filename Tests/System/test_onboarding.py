"""A person adds all they have, one thing after the other: a Proxmox VE directly, one behind NAT through a gateway, an agent on
a node, Docker in a guest. What the estate really holds is what they see, nothing twice, and the count says why."""
import pytest

from harness.agents import RealAgent, ScriptedAgent
from harness.estate import Estate, draft
from harness.networks import INSIDE, LAN, Network
from harness.processes import eventually, free_port
from harness.server import Server

pytestmark = pytest.mark.xdist_group("onboarding")


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


def install(owner, machine, disks=(), **more):
    """The agent on that machine, saying of it what is true of it."""
    agent = ScriptedAgent(owner.server, hostname=machine["hostname"], machine=machine["machineId"])
    assert agent.enroll(owner.enrollment_token()["token"]).status == 200
    report = agent.report()
    report["host"] |= {"dmiUuid": machine["dmiUuid"]}
    report["network"] = [{"name": "eth0", "mac": machine["macs"][0], "addresses": [f"{machine['addresses'][0]}/24"], "rxBytes": 1, "txBytes": 1}]
    report["sensors"]["smart"] = [{"device": disk["device"], "model": disk["model"], "serial": disk["serial"]} for disk in disks]
    assert agent.send({**report, **more}).status == 200
    return agent


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
    eventually(whole, 90, "both clusters are seen whole")
    before = {one["id"] for one in owner.every_resource("agent", "vm", "system-container")}

    node = next(one for one in truth(estates[:1], "node") if one["status"] == "online")
    names = [one["name"] for one in guests]
    guest = next(one for one in truth(estates[:1], "guest") if names.count(one["name"]) == 1 and one["guestKind"] == "qemu" and one["status"] == "running" and one.get("machineId"))
    containers = [{"id": f"{number:064x}", "name": f"web-{number}", "image": "nginx:1.27", "state": "running", "status": "Up 5 minutes"} for number in (1, 2)]
    disks = [one for one in truth(estates[:1], "disk") if one["node"] == node["name"]]
    agents = [install(owner, node, disks), install(owner, guest, docker={"host": {"runtime": "docker", "runtimeVersion": "27.1", "id": "engine-1"},
                                                                   "containersTotal": 2, "containers": containers})]

    def joined():
        machines = [of(owner.every_resource("agent"), node), of(owner.every_resource("vm", "system-container"), guest)]
        return all({"agent", "proxmox"} <= set(one["sources"]) for one in machines) and machines
    # The platform's disks are asked about in turns with all its other details.
    seen_node, seen_guest = eventually(joined, 90, "what the agents say belongs to what the platform says")
    held = eventually(lambda: (found := owner.every_resource("app-container")) if len(found := owner.every_resource("app-container")) == 2 else None, 30, "the containers are seen")
    assert {one["parentId"] for one in held} == {seen_guest["id"]}
    after = {one["id"] for one in owner.every_resource("agent", "vm", "system-container")}
    assert {owner.browser.get(f"/api/resources/{one}").json["id"] for one in before} == after, "every id of before leads to one of now"
    assert whole()

    ledger = owner.browser.get("/api/license/monitored-system-ledger").json
    assert ledger["complete"] and ledger["unavailable"] == []
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
        assert agent.send().status in (200, 409)
    assert {one["id"] for one in owner.every_resource("agent", "vm", "system-container")} == after
