"""A Proxmox in a network that the server cannot reach, and an agent in it that is a gateway: the real programs, the
estate and the agent in a network namespace of their own."""
import socket
import sys
import time

import pytest

from harness.agents import RealAgent
from harness.estate import Estate, draft
from harness.networks import INSIDE, LAN, Network
from harness.processes import Process, eventually, free_port, plain_environment
from harness.server import Server

pytestmark = pytest.mark.xdist_group("gateways")

@pytest.fixture(scope="module")
def network():
    network = Network.or_skip()
    yield network
    network.close()


@pytest.fixture(scope="module")
def estate(network):
    estate = Estate("--calm", prefix=network.prefix, listen="0.0.0.0", address_base=INSIDE, organisations=1, clusters=1, guests=8, nodes=2, seed=11)
    yield estate
    estate.stop()


@pytest.fixture(scope="module")
def server(cluster, network):
    server = Server(cluster.database(), "gateways", PULSE_LISTEN=f"{network.here}:{free_port()}")
    server.url = f"http://{server.environment['PULSE_LISTEN']}"
    server.environment["PULSE_PUBLIC_URL"] = server.url
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def owner(server):
    return server.sign_up("Behind NAT")


# Answers as a name server does that knows everything, and anything else with an echo.
SERVICE = """
import socket, sys
place = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
place.bind((sys.argv[1], int(sys.argv[2])))
print("ready", flush=True)
while True:
    said, whom = place.recvfrom(2048)
    isQuery = len(said) > 12 and said[2:4] == b"\\1\\0"
    place.sendto(said[:2] + b"\\x81\\x80" + said[4:6] + b"\\0\\1" + said[8:] if isQuery else b"echo " + said, whom)
"""


class Service:
    """Something in that network that speaks by datagram."""

    def __init__(self, network, port):
        self.network, self.port, self.process = network, port, None

    def start(self):
        self.process = Process("datagrams", *self.network.prefix, sys.executable, "-c", SERVICE, INSIDE, self.port, env=plain_environment())
        eventually(lambda: "ready" in self.process.log.read_text(), 30, "the service is there")
        return self

    def stop(self):
        self.process.end()


@pytest.fixture(scope="module")
def service(network):
    service = Service(network, 5353).start()
    yield service
    service.stop()


@pytest.fixture(scope="module")
def agent(server, network, owner, estate, service):
    agent = RealAgent(server, "gateway")
    agent.enroll(owner.enrollment_token()["token"])
    agent.identity = owner.browser.get("/api/agents").json["data"][0]["id"]
    agent.allow = [f"{LAN}:{estate.connections[0]['port']}", f"{LAN}:{service.port}/udp,icmp"]
    start(agent, network)
    yield agent
    agent.stop()


def start(agent, network):
    agent.process = agent.run_as("gateway", *(word for rule in agent.allow for word in ("--allow", rule)), prefix=network.prefix)


def gateway(owner, agent):
    return next((g for g in owner.browser.get("/api/gateways").json["data"] if g["agentId"] == agent.identity), None)


def online(owner, agent, seconds=60):
    return eventually(lambda: (g := gateway(owner, agent)) and g["state"] == "online" and g, seconds, "the gateway is online")


def health(owner, identity):
    return owner.browser.get(f"/api/connections/{identity}").json["health"]


@pytest.fixture(scope="module")
def connection(owner, agent, estate):
    online(owner, agent)
    made = owner.browser.post("/api/connections", draft(estate.connections[0], agentId=agent.identity))
    assert made.status == 201, made
    return made.json["id"]


def test_the_server_cannot_reach_the_network_itself(estate):
    there = estate.connections[0]
    assert there["host"] == INSIDE, there
    with pytest.raises(OSError):
        socket.create_connection((there["host"], there["port"]), timeout=2).close()


def test_a_test_through_the_gateway_shows_certificate_and_guests(owner, agent, estate):
    online(owner, agent)
    first = estate.connections[0]
    shown = owner.browser.post("/api/connections/certificate", {"kind": "pve", "host": first["host"], "port": first["port"], "agentId": agent.identity})
    assert shown.json["ok"] and shown.json["certificate"]["fingerprint"].replace(":", "").lower() == first["fingerprint"].replace(":", "").lower(), shown
    tried = owner.browser.post("/api/connections/preview", draft(first, agentId=agent.identity))
    assert tried.json["ok"] and tried.json["discovered"]["vm"] >= 1, tried
    elsewhere = owner.browser.post("/api/connections/preview", draft({**first, "port": 9}, agentId=agent.identity))
    assert elsewhere.json["reason"] == "gateway" and "--allow" in elsewhere.json["detail"], elsewhere


def test_machines_behind_nat_appear(owner, connection, estate):
    guests = {t["name"] for t in estate.truth() if t["kind"] == "guest" and not t["template"]}

    def seen():
        return guests <= {r["name"] for r in owner.browser.get("/api/resources?limit=100").json["data"]}
    eventually(seen, 90, "all guests are seen")
    assert health(owner, connection)["state"] in ("ok", "degraded")


def test_checks_look_from_where_the_agent_stands(owner, agent, estate, network):
    online(owner, agent)
    there = estate.connections[0]

    def check(name, means, **more):
        wanted = {"kind": "availability", "name": name, "host": there["host"], "port": there["port"], "cadenceSeconds": 10,
                  "agentId": agent.identity, "probe": {"protocol": means, "failureThreshold": 1}, **more}
        made = owner.browser.post("/api/connections", wanted)
        assert made.status == 201, made
        return made.json["id"]

    def seen(name):
        return next((r for r in owner.resources("?type=network-endpoint") if r["name"] == name), None)
    made = [check("knock", "tcp"), check("certificate", "tls")]
    knocked = eventually(lambda: (r := seen("knock")) and r["status"] == "online" and r, 60, "the port is open from there")
    assert knocked["availability"]["from"] == "agent" and knocked["availability"]["agentId"] == agent.identity
    # Nobody we trust signed it; that it was looked at says that the agent's stream carried the handshake.
    shown = eventually(lambda: (r := seen("certificate")) and r["status"] == "warning" and r, 60, "its certificate is seen")
    assert shown["availabilityStatus"]["certificate"]["daysLeft"] > 0
    # What the agent's administrator did not allow could not be looked at: that says nothing of the place.
    made.append(check("forbidden", "tcp", port=9))
    eventually(lambda: health(owner, made[2]).get("reason") == "gateway", 60, "the gateway refuses it")
    assert seen("forbidden") is None
    for one in made:
        assert owner.browser.delete(f"/api/connections/{one}").status in (200, 204)


def may_ping(network, groups):
    """Every network namespace says for itself who gets a socket for pings: at first nobody."""
    network.inside("sysctl", "-w", f"net.ipv4.ping_group_range={groups}")


def test_pings_datagrams_and_name_servers_are_asked_where_the_agent_stands(owner, agent, estate, network, service):
    online(owner, agent)
    may_ping(network, "0 2147483647")
    with pytest.raises(OSError):
        alone = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        alone.settimeout(2)
        alone.connect((INSIDE, service.port))
        alone.send(b"hello")
        alone.recv(100)

    def check(name, means, port, **probe):
        wanted = {"kind": "availability", "name": name, "host": INSIDE, "port": port, "cadenceSeconds": 10,
                  "agentId": agent.identity, "probe": {"protocol": means, "failureThreshold": 1, **probe}}
        made = owner.browser.post("/api/connections", wanted)
        assert made.status == 201, made
        return made.json["id"]

    def seen(name, status):
        return next((r for r in owner.resources("?type=network-endpoint") if r["name"] == name and r["status"] == status), None)
    made = {"ping": check("ping", "icmp", estate.connections[0]["port"]),
            "datagram": check("datagram", "udp", service.port, request="hello", expected="echo hello"),
            "names": check("names", "dns", service.port, question="shop.example.com"),
            "closed": check("closed", "udp", service.port + 1)}
    for name in ("ping", "datagram", "names"):
        there = eventually(lambda: seen(name, "online"), 60, f"{name} answers")
        assert there["availability"]["from"] == "agent" and there["availability"]["agentId"] == agent.identity
        eventually(lambda: owner.history(there["id"], "latency")["points"], 60, f"how long {name} took has a history")
    ping = seen("ping", "online")
    assert "fallback" not in ping["availabilityStatus"] and ping["availabilityStatus"]["lossPercent"] == 0, ping
    assert health(owner, made["ping"])["state"] == "ok"
    # What was not allowed: that says nothing of the place.
    fault = eventually(lambda: (h := health(owner, made["closed"])).get("reason") == "gateway" and h, 60, "the gateway refuses it")
    assert f"{INSIDE}:{service.port + 1}/udp" in fault["detail"] and seen("closed", "offline") is None, fault
    # A service that is gone is down, and a machine that may not ping tries a connection and says so.
    service.stop()
    may_ping(network, "1 0")
    eventually(lambda: seen("datagram", "offline"), 60, "nobody answers any more")
    eventually(lambda: (seen("ping", "online") or {}).get("availabilityStatus", {}).get("fallback"), 60, "a connection is tried")
    told = health(owner, made["ping"])
    assert told["state"] == "degraded" and "agent's machine" in str(told), told
    service.start()
    may_ping(network, "0 2147483647")
    eventually(lambda: seen("datagram", "online"), 60, "it answers again")
    for one in made.values():
        assert owner.browser.delete(f"/api/connections/{one}").status in (200, 204)


def test_the_gateway_is_shown_with_what_it_allows_and_carries(owner, agent, connection):
    shown = eventually(lambda: (g := gateway(owner, agent)) and g["receivedBytes"] > 0 and g, 30, "bytes are counted")
    assert shown["allows"] == agent.allow and shown["connections"] == 1


def test_an_agent_that_connections_lead_through_is_not_removed(owner, agent, connection):
    refused = owner.browser.delete(f"/api/agents/{agent.identity}")
    assert refused.status == 409 and refused.slug == "agent-in-use", refused
    assert gateway(owner, agent)["connections"] == 1


def test_another_organisation_reaches_nothing_through_it(server, agent, estate):
    other = server.sign_up("Neighbours")
    tried = other.browser.post("/api/connections/preview", draft(estate.connections[0], agentId=agent.identity))
    assert not tried.json["ok"] and tried.json["reason"] == "gateway", tried
    assert other.browser.post("/api/connections", draft(estate.connections[0], agentId=agent.identity)).status == 400
    assert other.browser.get("/api/gateways").json["data"] == []


def test_a_killed_gateway_is_told_and_its_return_mends_all(owner, agent, network, connection):
    agent.kill()
    eventually(lambda: gateway(owner, agent)["state"] == "offline", 30, "it is known to be gone")
    owner.browser.post(f"/api/connections/{connection}/poll")
    fault = eventually(lambda: (h := health(owner, connection)).get("reason") == "gateway" and h, 60, "health says so")
    assert fault["state"] == "failing" and "not connected" in fault["detail"], fault
    start(agent, network)
    online(owner, agent)
    owner.browser.post(f"/api/connections/{connection}/poll")
    eventually(lambda: health(owner, connection)["state"] in ("ok", "degraded"), 60, "it is asked again")


def test_switched_off_it_ends_within_a_second_and_on_it_comes_back(owner, agent, network, connection):
    streams = lambda: len(network.inside("ss", "-Htn", "state", "established", "dst", LAN).splitlines())
    eventually(lambda: streams() > 0, 60, "a stream is open")
    began = time.monotonic()
    assert owner.browser.patch(f"/api/gateways/{agent.identity}", {"enabled": False}).json["state"] == "disabled"
    while streams():
        assert time.monotonic() - began < 5, "its streams end"
    took = time.monotonic() - began
    print(f"gateway_switch_off_ms: {took * 1000:.0f}")
    assert took < 1.5, "within a second, and what looking costs"
    tried = owner.browser.post(f"/api/connections/{connection}/test", {})
    assert tried.json["reason"] == "gateway", tried
    agent.kill()  # it would wait for up to five minutes
    assert owner.browser.patch(f"/api/gateways/{agent.identity}", {"enabled": True}).status == 200
    start(agent, network)
    online(owner, agent)


def test_a_wire_that_is_cut_is_noticed_and_its_return_too(owner, agent, network, connection):
    network.cut()
    eventually(lambda: gateway(owner, agent)["state"] == "offline", 90, "silence is noticed")
    network.join()
    online(owner, agent, 120)
    owner.browser.post(f"/api/connections/{connection}/poll")
    eventually(lambda: health(owner, connection)["state"] in ("ok", "degraded"), 90, "it is asked again")


def test_the_trail_has_its_coming_and_going(owner, agent, connection):
    actions = [e["action"] for e in owner.browser.get("/api/audit?limit=100").json["data"] if e["object"] == f"agent:{agent.identity}"]
    assert {"gateway.connect", "gateway.disconnect", "gateway.update"} <= set(actions), actions
