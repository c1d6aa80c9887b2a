"""The audit trail reaches a webhook and a syslog server: in order, whole, signed, and again after they were away."""
import json
import re
import sys

import pytest

from harness.processes import ROOT, eventually
from harness.server import Server

sys.path.insert(0, str(ROOT / "Tests/Peers"))
from siem import Syslog, Webhook  # noqa: E402

HEADER = re.compile(r"<110>1 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z \S+ pulse - (\S+) \[pulse@32473 ([^\]]*)\] (\{.*\})", re.S)


@pytest.fixture(scope="module")
def streaming(cluster):
    server = Server(cluster.database(), "streaming", PULSE_OUTBOUND_ALLOW="127.0.0.0/8,::1")
    server.start()
    yield server
    server.stop()


@pytest.fixture
def webhook():
    peer = Webhook()
    yield peer
    peer.close()


@pytest.fixture
def syslog(tmp_path):
    peer = Syslog(tmp_path)
    yield peer
    peer.close()


def stream(owner, **body):
    answer = owner.browser.post("/api/audit/streams", {"name": "SIEM", **body})
    assert answer.status == 201, answer
    return answer.json


def shown(owner, made):
    return next(s for s in owner.browser.get("/api/audit/streams").json["data"] if s["id"] == made["stream"]["id"])


def test_a_webhook_gets_every_entry_once_signed_and_in_order(streaming, webhook):
    owner = streaming.sign_up("Hook Works")
    made = stream(owner, kind="webhook", address=webhook.url)
    webhook.secret = made["secret"]
    for number in range(10):
        owner.enrollment_token(f"token {number}")
    eventually(lambda: len(webhook.messages) >= 11, 20, "eleven entries arrive")
    assert not webhook.faults
    stored = [entry for entry in reversed(owner.browser.get("/api/audit").json["data"]) if entry["seq"] > 1]
    assert [message["data"]["seq"] for _, message in webhook.messages] == [entry["seq"] for entry in stored]
    assert [id for id, _ in webhook.messages] == [entry["id"] for entry in stored]
    assert webhook.messages[0][1]["type"] == "audit.audit_stream.create"
    assert webhook.messages[0][1]["orgId"] == owner.org
    eventually(lambda: shown(owner, made)["behind"] == 0, 10, "the stream is up to date")


def test_what_a_webhook_refuses_is_told_and_sent_again(streaming, webhook):
    owner = streaming.sign_up("Refusing Works")
    webhook.status = 503
    made = stream(owner, kind="webhook", address=webhook.url)
    webhook.secret = made["secret"]
    failed = eventually(lambda: shown(owner, made).get("lastError") and shown(owner, made), 20, "the refusal is told")
    assert failed["lastError"] == "badAnswer" and failed["behind"] >= 1 and failed["enabled"]
    webhook.status = 200
    resumed = owner.browser.patch(f"/api/audit/streams/{failed['id']}", {"enabled": True})
    assert resumed.status == 200 and "lastError" not in resumed.json
    eventually(lambda: len(webhook.messages) >= 2, 20, "both entries arrive")
    assert [message["data"]["seq"] for _, message in webhook.messages] == [2, 3]

    webhook.status = 410
    owner.enrollment_token()
    gone = eventually(lambda: not shown(owner, made)["enabled"] and shown(owner, made), 20, "it is stopped")
    assert gone["lastError"] == "gone"


def test_a_syslog_server_gets_frames_over_tls_that_it_can_trust(streaming, syslog):
    owner = streaming.sign_up("Syslog Works")
    made = stream(owner, kind="syslog", address=f"localhost:{syslog.port}", caCertificate=syslog.certificate.read_text())
    assert "secret" not in made
    for number in range(5):
        owner.enrollment_token(f"token {number}")
    eventually(lambda: len(set(syslog.messages)) >= 6, 20, "six entries arrive")
    assert not syslog.faults
    entries = [HEADER.fullmatch(message) for message in syslog.messages]
    assert all(entries), syslog.messages
    # In order; what a busy receiver took too long to take is sent once more.
    assert list(dict.fromkeys(json.loads(entry[3])["seq"] for entry in entries)) == list(range(2, 8))
    assert entries[1][1] == "enrollment_token.create" and f'org="{owner.org}"' in entries[1][2]


def test_a_certificate_that_nobody_vouches_for_is_not_spoken_to(streaming, syslog):
    owner = streaming.sign_up("Distrusting Works")
    made = stream(owner, kind="syslog", address=f"localhost:{syslog.port}")
    failed = eventually(lambda: shown(owner, made).get("lastError"), 20, "the refusal is told")
    assert failed == "untrusted" and not syslog.messages


def test_addresses_and_secrets_go_in_and_do_not_come_out(streaming):
    owner = streaming.sign_up("Silent Works")
    made = stream(owner, kind="webhook", address="https://siem.example.com/canary-path?token=canary-token")
    assert made["stream"]["host"] == "siem.example.com"
    told = repr(owner.browser.get("/api/audit/streams").body) + repr(owner.browser.get("/api/audit").body)
    stored = repr(streaming.database.rows("SELECT * FROM pulse.audit_streams"))
    assert "canary" not in told and "canary" not in stored and made["secret"] not in told + stored
    log = (streaming.process.log).read_text()
    assert "canary" not in log and made["secret"] not in log


@pytest.mark.parametrize("field,body", [
    ("kind", {"kind": "ftp", "address": "https://x.example"}), ("name", {"name": "", "kind": "webhook", "address": "https://x.example"}),
    ("address", {"kind": "webhook", "address": "ftp://x.example"}), ("address", {"kind": "webhook", "address": "https://u:p@x.example"}),
    ("address", {"kind": "webhook", "address": "https://10.0.0.1/"}), ("address", {"kind": "webhook", "address": "https://[fd00::1]/"}),
    ("address", {"kind": "syslog", "address": "x.example:0"}), ("address", {"kind": "syslog", "address": "169.254.169.254:6514"}),
    ("caCertificate", {"kind": "syslog", "address": "x.example", "caCertificate": "no certificate"}),
])
def test_a_stream_that_cannot_be_is_refused_by_its_field(streaming, ours_there, field, body):
    answer = ours_there.browser.post("/api/audit/streams", {"name": "SIEM", **body})
    assert answer.status == 400 and answer.json["field"] == field, answer


@pytest.fixture(scope="module")
def ours_there(streaming):
    return streaming.sign_up("Refused Works")


def test_another_organisation_neither_sees_nor_changes_a_stream(streaming, ours_there):
    other = streaming.sign_up("Curious Works")
    made = stream(other, kind="webhook", address="https://siem.example.com/x")["stream"]
    assert made["id"] not in repr(ours_there.browser.get("/api/audit/streams").body)
    for change in (lambda id: ours_there.browser.patch(f"/api/audit/streams/{id}", {"enabled": False}),
                   lambda id: ours_there.browser.delete(f"/api/audit/streams/{id}")):
        foreign, absent = change(made["id"]), change("0195f3a0-6f00-7c3d-a2e4-0f6b7c8d9e01")
        assert foreign.status == absent.status == 404 and foreign.slug == absent.slug == "audit-stream-not-found"
    assert shown(other, {"stream": made})["enabled"]
