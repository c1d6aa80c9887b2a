"""Checks from outside, from the connection to the inventory: what answers is online, what stops answering is not."""
import http.server
import threading

import pytest

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
