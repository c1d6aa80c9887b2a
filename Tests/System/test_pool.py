"""Two `pulse serve` and two `pulse work` over NATS: one Pulse. What is said to one process, all of them know."""
import json

import pytest
import websockets.exceptions
import websockets.sync.client

from harness.client import Client
from harness.estate import Estate, draft
from harness.pool import Pool, metric
from harness.processes import eventually
from harness.reporters import assert_history_equals_what_was_acknowledged, reporters

pytestmark = pytest.mark.xdist_group("pool")


@pytest.fixture(scope="module")
def estate():
    estate = Estate("--calm", organisations=2, clusters=1, guests=8, nodes=2, seed=11)
    yield estate
    estate.stop()


@pytest.fixture(scope="module")
def pool():
    pool = Pool("pool")
    try:
        yield pool.start()
    finally:
        pool.remove()


@pytest.fixture(scope="module")
def owner(pool):
    return pool.servers[0].sign_up("Pool Works")


def at(owner, server):
    """The same person in the same browser, answered by another process."""
    browser = Client(server.url)
    browser.cookies, browser.csrf = dict(owner.browser.cookies), owner.browser.csrf
    return browser


def live_view(owner, server):
    cookies = "; ".join(f"{name}={value}" for name, value in owner.browser.cookies.items())
    return websockets.sync.client.connect(
        server.url.replace("http", "ws") + "/ws", additional_headers={"Cookie": cookies, "X-Pulse-Org-ID": owner.org, "Origin": server.environment["PULSE_PUBLIC_URL"]})


def hear(socket, wanted, seconds=30):
    """The next message of this type."""
    while True:
        message = json.loads(socket.recv(timeout=seconds))
        if message["type"] == wanted:
            return message


@pytest.fixture(scope="module")
def connected(pool, owner, estate):
    """A cluster that was connected at the second API."""
    browser = at(owner, pool.servers[1])
    made = browser.post("/api/connections", draft(estate.connections[0]))
    assert made.status == 201, made
    eventually(lambda: len(owner.resources("?type=vm,system-container")) > 0, 30, "guests are seen")
    return made.json["id"]


def test_workers_share_the_shards_and_servers_hold_none(pool):
    pool.settle()
    for server in pool.servers:
        assert pool.held(server) == 0
    for one in pool.servers + pool.workers:
        ready = one.admin_client().get("/readyz")
        assert (ready.status, ready.json["status"]) == (200, "ready")
        assert metric(one, "pulse_bus_connected") == 1


def test_a_worker_answers_nobody_but_those_who_run_it(pool):
    with pytest.raises(OSError):
        Client(pool.workers[0].url).get("/api/health")


def test_a_view_at_each_api_hears_of_what_a_worker_finds(pool, owner, connected, estate):
    guest = next(g for g in owner.resources("?type=vm,system-container&status=online"))
    with live_view(owner, pool.servers[0]) as one, live_view(owner, pool.servers[1]) as other:
        for socket in (one, other):
            assert hear(socket, "initialState")["head"]["seq"] >= 1
        estate.force(estate.connections[0]["cluster"], "stop", vmid=guest["proxmox"]["vmid"])
        heads = []
        for socket in (one, other):
            while True:
                message = hear(socket, "rawData")
                patch = next((u for u in message["data"]["resourceDelta"]["upserts"] if u["id"] == guest["id"]), {})
                if patch.get("status") == "offline":
                    heads.append(message["head"])
                    break
        assert heads[0] == heads[1]


def test_a_poll_that_is_wanted_at_one_api_is_made_by_whichever_worker_watches(pool, owner, connected, estate):
    browser = at(owner, pool.servers[1])
    # Once an hour: what comes now comes because somebody wants it.
    assert browser.patch(f"/api/connections/{connected}", {"cadenceSeconds": 3600}).status == 200
    cluster = estate.connections[0]["cluster"]
    for server in pool.servers:
        estate.count_polls_anew()
        asked = at(owner, server).post(f"/api/connections/{connected}/poll")
        assert asked.status == 202, asked
        eventually(lambda: estate.polls()[cluster]["count"] >= 1, 10, "it is asked")
    assert browser.patch(f"/api/connections/{connected}", {"cadenceSeconds": 10}).status == 200


def test_a_session_that_ends_at_one_api_closes_its_views_at_the_other(pool, owner):
    person = pool.servers[0].sign_up("Leaving Works")
    with live_view(person, pool.servers[1]) as socket:
        hear(socket, "initialState")
        assert person.browser.post("/api/logout").status in (200, 204)
        with pytest.raises(websockets.exceptions.ConnectionClosed):
            while True:
                socket.recv(timeout=5)


def test_reports_at_both_apis_are_one_history(pool, owner):
    senders = reporters(pool.servers[0], owner, 2, pause=0.2) + reporters(pool.servers[1], owner, 2, pause=0.2)
    eventually(lambda: all(len(s.acknowledged) >= 10 for s in senders), 30, "reports are coming in")
    for sender in senders:
        sender.end()
    assert_history_equals_what_was_acknowledged(owner, senders)


def test_nats_gone_costs_freshness_and_no_truth(pool, owner, connected, estate):
    senders = reporters(pool.servers[0], owner, 2, pause=0.2)
    eventually(lambda: all(len(s.acknowledged) >= 3 for s in senders), 30, "reports are coming in")
    with live_view(owner, pool.servers[1]) as socket:
        hear(socket, "initialState")
        pool.nats.kill()
        for one in pool.servers + pool.workers:
            def degraded():
                answer = one.admin_client().get("/readyz")
                return answer.status == 200 and answer.json["status"] == "degraded"
            eventually(degraded, 10, f"{one.name} says what it misses")
        hear(socket, "reload", seconds=20)
        # Reports are accepted, looked for in the log, and shown; the platform goes on being asked.
        before = [len(s.acknowledged) for s in senders]
        estate.count_polls_anew()
        eventually(lambda: all(len(s.acknowledged) > b + 10 for s, b in zip(senders, before)), 30, "reports go on")
        newest = senders[0].agent.hostname
        shown = owner.resource(newest)["lastSeen"]
        eventually(lambda: owner.resource(newest)["lastSeen"] > shown, 15, "what is shown goes on")
        eventually(lambda: estate.polls()[estate.connections[0]["cluster"]]["count"] >= 1, 30, "polls go on")
        pool.nats.start()
        for one in pool.servers + pool.workers:
            eventually(lambda: one.admin_client().get("/readyz").json["status"] == "ready", 20, f"{one.name} is whole")
        hear(socket, "rawData", seconds=30)
    for sender in senders:
        sender.end()
    assert_history_equals_what_was_acknowledged(owner, senders)
