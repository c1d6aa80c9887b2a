"""kill -9, restarts, and a database that goes away: nothing acknowledged is lost or doubled, nobody hangs."""
import time

import pytest

from harness.database import Cluster
from harness.processes import eventually
from harness.reporters import assert_history_equals_what_was_acknowledged, reporters
from harness.server import Server


@pytest.fixture()
def own_server(request):
    cluster = Cluster()
    server = Server(cluster.database(), request.node.name.replace("test_", "")[:40])
    server.start()
    yield server
    server.stop()
    cluster.remove()


def test_kill_9_under_agents_loses_and_doubles_nothing(own_server):
    owner = own_server.sign_up("Crash Works")
    senders = reporters(own_server, owner, 5)
    for _ in range(2):
        eventually(lambda: all(len(s.acknowledged) >= 3 for s in senders), 30, "reports are coming in")
        own_server.kill()
        before = [len(s.acknowledged) for s in senders]
        own_server.start()
        eventually(lambda: all(len(s.acknowledged) > b + 2 for s, b in zip(senders, before)), 30,
                   "reports are coming in again, without a hand on the agents")
    for sender in senders:
        sender.end()
    assert_history_equals_what_was_acknowledged(owner, senders)


def test_a_database_restart_is_a_503_with_retry_after_and_over_within_five_seconds(own_server):
    owner = own_server.sign_up("Restart Works")
    senders = reporters(own_server, owner, 3, pause=0.2)
    eventually(lambda: all(len(s.acknowledged) >= 3 for s in senders), 30, "reports are coming in")
    own_server.database.cluster.stop("immediate")

    seen = []
    until = time.monotonic() + 2
    while time.monotonic() < until:
        began = time.monotonic()
        answer = owner.browser.get("/api/resources", timeout=10)
        seen.append((answer.status, answer.slug, answer.header("retry-after"), time.monotonic() - began))
    assert own_server.admin_client().get("/readyz").status == 503
    assert own_server.admin_client().get("/livez").status == 200

    own_server.database.cluster.start()
    back = time.monotonic()
    eventually(lambda: owner.browser.get("/api/resources").status == 200, 5, "reads work again")
    before = [len(s.acknowledged) for s in senders]
    eventually(lambda: all(len(s.acknowledged) > b for s, b in zip(senders, before)),
               max(0.5, 5 - (time.monotonic() - back)), "reports work again")
    for sender in senders:
        sender.end()

    assert {(status, slug) for status, slug, _, _ in seen} == {(503, "database-unavailable")}
    assert all(retry and int(retry) >= 1 for _, _, retry, _ in seen)
    assert max(seconds for *_, seconds in seen) < 6
    refusals = {refusal[:2] for sender in senders for refusal in sender.refusals}
    assert refusals <= {(503, "database-unavailable")}
    assert_history_equals_what_was_acknowledged(owner, senders)


def test_sigterm_ends_within_seconds_and_starting_again_finds_everything(own_server):
    owner = own_server.sign_up("Polite Works")
    senders = reporters(own_server, owner, 2)
    eventually(lambda: all(len(s.acknowledged) >= 2 for s in senders), 30, "reports are coming in")
    began = time.monotonic()
    assert own_server.stop() == 0, own_server.process.tail()
    assert time.monotonic() - began < 10
    own_server.start()
    for sender in senders:
        sender.end()
    assert_history_equals_what_was_acknowledged(owner, senders)
