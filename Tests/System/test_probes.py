"""Checks from outside, from the connection to the inventory: what answers is online, what stops answering is not."""
import concurrent.futures
import http.server
import struct
import threading

import pytest
from websockets.exceptions import ConnectionClosed

from harness.agents import ScriptedAgent
from harness.gateways import ANSWER, ASK, CANCEL, DECLINED, OPEN, OPENED, WELCOME, ScriptedGateway, answers, hello, number
from harness.processes import eventually
from harness.server import Server

pytestmark = [pytest.mark.xdist_group("probes"), pytest.mark.timeout(300)]

# Asked every ten seconds; down at the second failure.
SEEN = 60


class Page:
    """A page on loopback that can be taken away."""

    def __init__(self):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.end_headers()
                self.wfile.write(b"all is well")

            def log_message(self, *_):
                pass
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture(scope="module")
def asking(cluster):
    server = Server(cluster.database(), "probes", PULSE_OUTBOUND_ALLOW="127.0.0.0/8").start()
    yield server
    server.stop()


def draft(port, **probe):
    return {"kind": "availability", "name": f"shop {port}", "host": "127.0.0.1", "port": port, "cadenceSeconds": 10,
            "probe": {"failureThreshold": 2, **probe}}


def test_a_page_that_stops_answering_is_offline_after_the_second_failure(asking):
    owner, page = asking.sign_up("Probe Works"), Page()
    wanted = draft(page.port, protocol="http", path="/health", expected="well")
    tried = owner.browser.post("/api/connections/test", wanted)
    assert tried.status == 200 and tried.json["ok"] is True and tried.json["discovered"] == {"network-endpoint": 1}, tried
    made = owner.browser.post("/api/connections", wanted)
    assert made.status == 201, made

    def seen(status):
        found = [one for one in owner.resources("?type=network-endpoint") if one["status"] == status]
        return found and found[0]
    shop = eventually(lambda: seen("online"), SEEN, "the page is online")
    assert shop["availabilityStatus"]["outcome"] == "reachable" and shop["availability"]["path"] == "/health"
    eventually(lambda: owner.history(shop["id"], "latency")["points"], SEEN, "how long it took has a history")
    page.stop()
    down = eventually(lambda: seen("offline"), SEEN, "it is offline once it does not answer", every=0.5)
    assert down["availabilityStatus"]["consecutiveFailures"] >= 2 and down["availabilityStatus"]["error"]
    health = owner.browser.get(f"/api/connections/{made.json['id']}").json["health"]
    assert health["state"] == "ok", "the check itself is well"

    def told():
        rows = owner.browser.get(f"/api/resources/{shop['id']}/timeline?kind=state_transition").json["data"]
        return [(row["from"], row["to"]) for row in rows] == [("online", "offline")]
    eventually(told, SEEN, "that is in its timeline, once")


def test_an_address_that_may_not_be_reached_is_refused_before_anything_is_asked(asking):
    owner = asking.sign_up("Probe Guard")
    for host in ("169.254.169.254", "10.0.0.1"):
        refused = owner.browser.post("/api/connections", {**draft(80, protocol="tcp"), "host": host})
        assert refused.status == 400 and refused.json["field"] == "host", refused


class Behind:
    """An organisation with a gateway of the test's making, and checks through it."""

    def __init__(self, asking, name, greeting=None):
        self.owner, self.asking = asking.sign_up(name), asking
        self.agent = ScriptedAgent(asking)
        assert self.agent.enroll(self.owner.enrollment_token()["token"]).status == 200
        self.greeting = greeting

    def gateway(self):
        return ScriptedGateway(self.agent, ["10.9.9.0/24:161/udp,icmp"], greeting=self.greeting)

    def trying(self, pool, means, port=161, **probe):
        """A test of a connection, which waits for what the gateway says."""
        wanted = {"kind": "availability", "name": "behind", "host": "10.9.9.9", "port": port, "agentId": self.agent.agent_id,
                  "probe": {"protocol": means, "timeoutMillis": 1000, **probe}}
        return pool.submit(self.owner.browser.post, "/api/connections/test", wanted)


@pytest.fixture(scope="module")
def pool():
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        yield pool


def test_a_datagram_and_pings_travel_as_one_question_each(asking, pool):
    behind = Behind(asking, "Probe Questions")
    with behind.gateway() as gateway:
        assert gateway.welcome[1] == 2, "both speak the version that knows questions"
        told = behind.trying(pool, "udp", request="are you there", expected="yes")
        frame = gateway.next(ASK)
        one, port, most, millis, size = struct.unpack(">IHBHH", frame[1:12])
        assert (port, most, millis, frame[12:12 + size], frame[12 + size:]) == (161, 1, 1000, b"10.9.9.9", b"are you there")
        gateway.say(ANSWER, number(one), answers(b"yes indeed"))
        assert told.result(30).json["ok"] is True
        told = behind.trying(pool, "icmp")
        frame = gateway.next(ASK)
        two, port, most = struct.unpack(">IHB", frame[1:8])
        assert two == one + 1 and (port, most) == (0, 3)
        gateway.say(ANSWER, number(two), answers(b"", b"", microseconds=4200))
        found = told.result(30).json
        assert found["ok"] is True and not found.get("degraded"), found
        told = behind.trying(pool, "udp")
        frame = gateway.next(ASK)
        gateway.say(DECLINED, frame[1:5], bytes([1]))
        refused = told.result(30).json
        assert refused["reason"] == "gateway" and "10.9.9.9:161/udp" in refused["detail"], refused


def test_an_agent_whose_machine_may_not_ping_is_told_as_that(asking, pool):
    behind = Behind(asking, "Probe Fallback")
    with behind.gateway() as gateway:
        told = behind.trying(pool, "icmp", port=443)
        frame = gateway.next(ASK)
        gateway.say(DECLINED, frame[1:5], bytes([6]))
        opened = gateway.next(OPEN)
        assert struct.unpack(">H", opened[5:7]) == (443,)
        gateway.say(OPENED, opened[1:5])
        found = told.result(30).json
        assert found["ok"] is True and found["degraded"][0]["part"] == "icmp", found
        assert found["degraded"][0]["reason"] == "permission" and "agent's machine" in found["degraded"][0]["detail"], found


def test_an_agent_of_an_older_release_is_told_as_that_and_never_asked(asking, pool):
    behind = Behind(asking, "Probe Past", greeting=hello(["10.9.9.0/24:443"], version=1))
    with behind.gateway() as gateway:
        assert gateway.welcome[1] == 1
        refused = behind.trying(pool, "udp").result(30).json
        assert refused["ok"] is False and refused["reason"] == "gateway" and "too old" in refused["detail"], refused
        told = behind.trying(pool, "icmp", port=443)
        opened = gateway.next(OPEN, ASK)
        assert opened[0] == OPEN, "a question would be no frame to it"
        gateway.say(OPENED, opened[1:5])
        found = told.result(30).json
        assert found["ok"] is True and found["degraded"][0]["reason"] == "gateway" and "too old" in found["degraded"][0]["detail"], found


def test_a_gateway_that_says_nothing_is_given_up_and_may_answer_late_once(asking, pool):
    behind = Behind(asking, "Probe Late")
    with behind.gateway() as gateway:
        told = behind.trying(pool, "udp")
        frame = gateway.next(ASK)
        assert gateway.next(CANCEL, seconds=30) == bytes([CANCEL]) + frame[1:5]
        late = told.result(30).json
        assert late["ok"] is False and "in time" in late["detail"], late
        gateway.say(ANSWER, frame[1:5], answers(b"too late"))
        again = behind.trying(pool, "udp")
        frame = gateway.next(ASK)
        gateway.say(ANSWER, frame[1:5], answers(b"well"))
        assert again.result(30).json["ok"] is True, "the connection is none the worse"


@pytest.mark.parametrize("name, says", [
    ("an answer to what nobody asked", lambda one: [(ANSWER, number(one + 1), answers())]),
    ("an answer that was given before", lambda one: [(ANSWER, number(one), answers(b"well"))] * 2),
    ("more answers than were asked for", lambda one: [(ANSWER, number(one), answers(b"1", b"2"))]),
    ("an answer that is too long", lambda one: [(ANSWER, number(one), answers(b"x" * 2049))]),
    ("a question to the server", lambda one: [(ASK, number(1), struct.pack(">HBHH", 161, 1, 1000, 1), b"a")]),
    ("a reason that is none", lambda one: [(DECLINED, number(one), bytes([99]))]),
])
def test_a_gateway_that_answers_what_was_not_asked_is_closed(asking, pool, name, says):
    behind = Behind(asking, "Probe Hostile")
    with behind.gateway() as gateway:
        told = behind.trying(pool, "udp")
        one = struct.unpack(">I", gateway.next(ASK)[1:5])[0]
        for frame in says(one):
            gateway.say(*frame)
        with pytest.raises(ConnectionClosed) as closed:
            gateway.next(WELCOME, seconds=30)  # which never comes again
        assert closed.value.rcvd.reason == "gateway-violation", (name, closed.value)
        assert told.result(30).json.get("reason") in (None, "gateway"), name
