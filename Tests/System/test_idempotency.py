"""A thousand creations with one Idempotency-Key across a kill -9: one organisation, and one answer for everybody."""
import concurrent.futures
import http.client
import threading
import time

import pytest

from harness.processes import eventually
from harness.server import Server

CALLERS = 1000
WIDTH = 64


@pytest.fixture()
def own_server(cluster, request):
    server = Server(cluster.database(), request.node.name.replace("test_", "")[:40], PULSE_DATABASE_CONNECTIONS=8)
    server.start()
    yield server
    server.stop()


def create(browser, key):
    """Status and body; None when the connection broke."""
    try:
        answer = browser.request("POST", "/api/orgs", {"displayName": "Once Works"}, headers={"Idempotency-Key": key},
                                 timeout=30)
        return answer.status, answer.body
    except (OSError, AttributeError, http.client.HTTPException):  # http.client forgets a socket that broke
        return None


def test_one_key_is_one_organisation_across_a_kill_and_starves_nobody(own_server):
    owner = own_server.sign_up("Key Works")
    begun = threading.Semaphore(0)

    def persist(_):
        """Asks until there is an answer, as a client does that lost its connection."""
        def asked():
            begun.release()
            answer = create(owner.browser, "once-and-only")
            return answer if answer and answer[0] != 409 and answer[0] < 500 else None
        return eventually(asked, 60, "an answer", every=0.1)

    slowest = 0.0
    with concurrent.futures.ThreadPoolExecutor(WIDTH) as pool:
        running = [pool.submit(persist, number) for number in range(CALLERS)]
        for _ in range(WIDTH):
            begun.acquire()
        own_server.kill()
        own_server.start()
        while not all(future.done() for future in running):
            began = time.monotonic()
            assert owner.browser.get("/api/orgs", timeout=15).status == 200
            slowest = max(slowest, time.monotonic() - began)
        answers = [future.result() for future in running]

    assert {status for status, _ in answers} == {201}
    assert len({body for _, body in answers}) == 1
    names = [org["displayName"] for org in owner.browser.get("/api/orgs").json["data"]]
    assert sorted(names) == ["Key Works", "Once Works"]
    assert slowest < 5, f"a read waited {slowest:.1f} s beside the creations"
    made = own_server.database.value("SELECT count(*) FROM pulse.audit_entries WHERE action = 'organisation.create'")
    assert made == "2"
