"""A gateway is connected to one `pulse serve`; another, and the worker that polls, reach the platform through it."""
import pytest
from websockets.exceptions import ConnectionClosed

from harness.agents import RealAgent, ScriptedAgent
from harness.client import Client
from harness.estate import Estate, draft
from harness.gateways import ScriptedGateway, hello
from harness.pool import Pool
from harness.processes import eventually, free_port

pytestmark = pytest.mark.xdist_group("gateway-pool")


@pytest.fixture(scope="module")
def estate():
    estate = Estate("--calm", organisations=1, clusters=1, guests=8, nodes=2, seed=13)
    yield estate
    estate.stop()


@pytest.fixture(scope="module")
def pool():
    pool = Pool("gateway-pool", servers=2, workers=1)
    for one in pool.servers + pool.workers:
        del one.environment["PULSE_OUTBOUND_ALLOW"]  # no way but through the agent
    for server in pool.servers:
        server.environment["PULSE_RELAY_LISTEN"] = f"127.0.0.1:{free_port()}"
    try:
        yield pool.start()
    finally:
        pool.remove()


@pytest.fixture(scope="module")
def owner(pool):
    return pool.servers[0].sign_up("Two Doors")


@pytest.fixture(scope="module")
def agent(pool, owner, estate):
    agent = RealAgent(pool.servers[0], "pool-gateway")
    agent.enroll(owner.enrollment_token()["token"])
    agent.identity = owner.browser.get("/api/agents").json["data"][0]["id"]
    agent.process = agent.run_as("gateway", "--allow", f"127.0.0.0/8:{estate.connections[0]['port']}")
    eventually(lambda: state(owner, agent) == "online", 60, "the gateway is online")
    yield agent
    agent.stop()


def state(owner, agent):
    return next((g["state"] for g in owner.browser.get("/api/gateways").json["data"] if g["agentId"] == agent.identity), None)


def at(owner, server):
    browser = Client(server.url)
    browser.cookies, browser.csrf = dict(owner.browser.cookies), owner.browser.csrf
    return browser


def test_the_other_server_tries_it_through_the_one_that_holds_the_gateway(pool, owner, agent, estate):
    direct = at(owner, pool.servers[1]).post("/api/connections/preview", draft(estate.connections[0]))
    assert direct.status == 400, direct
    for server in pool.servers:
        tried = at(owner, server).post("/api/connections/preview", draft(estate.connections[0], agentId=agent.identity))
        assert tried.json["ok"] and tried.json["discovered"]["vm"] >= 1, (server.name, tried)


NONSENSE = {
    "no frame": b"", "no known type": b"\xff" * 9, "a stream that nobody opened": b"\x06\x00\x00\x00\x07abc",
    "an agent that opens": b"\x03\x00\x00\x00\x01\x1f\x46\x00\x01a", "a greeting again": hello(["10.0.0.0/8:1"]),
    "credit without end": b"\x07\x00\x00\x00\x00\x7f\xff\xff\xff", "text": "hello", "cut short": b"\x0a\x00",
}


def test_who_talks_nonsense_is_sent_away_and_nobody_else(pool, owner, agent):
    for name, frame in NONSENSE.items():
        stranger = ScriptedAgent(pool.servers[0])
        assert stranger.enroll(owner.enrollment_token()["token"]).status == 200
        with ScriptedGateway(stranger, ["10.0.0.0/8:1"]) as gateway:
            gateway.socket.send(frame)
            with pytest.raises(ConnectionClosed) as closed:
                gateway.socket.recv(timeout=20)
        assert closed.value.rcvd.reason == "gateway-violation", name
    assert state(owner, agent) == "online"


def test_the_worker_polls_through_it_and_notices_when_its_server_dies(pool, owner, agent, estate):
    made = owner.browser.post("/api/connections", draft(estate.connections[0], agentId=agent.identity))
    assert made.status == 201, made
    other = at(owner, pool.servers[1])

    def health():
        return other.get(f"/api/connections/{made.json['id']}").json["health"]
    eventually(lambda: health()["state"] in ("ok", "degraded"), 60, "the worker has asked")
    pool.servers[0].kill()
    # The row still says where it was: nobody answers there.
    other.post(f"/api/connections/{made.json['id']}/poll")
    eventually(lambda: health().get("reason") == "gateway", 60, "the worker says what is missing")
    pool.servers[0].start()
    eventually(lambda: state(owner, agent) == "online", 60, "the agent has come back")
    other.post(f"/api/connections/{made.json['id']}/poll")
    eventually(lambda: health()["state"] in ("ok", "degraded"), 60, "it is asked again")
