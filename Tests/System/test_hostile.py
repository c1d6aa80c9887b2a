"""Bad input is answered by a problem that the document promises and the handbook explains; the process and everybody
else go on as if nothing had been said."""
import gzip
import json
import socket
import time
import urllib.parse
import uuid

import pytest

from harness.agents import ScriptedAgent
from harness.description import Description
from harness.processes import ROOT

REPORT = "/api/agents/agent/report"


@pytest.fixture(scope="module")
def description(server):
    return Description.of(server)


@pytest.fixture(scope="module")
def agent(server, ours):
    agent = ScriptedAgent(server)
    agent.enroll(ours.enrollment_token()["token"])
    assert agent.send().status == 200
    return agent


@pytest.fixture(scope="module", autouse=True)
def the_same_process_serves_on(server, ours, agent):
    process = server.process.pid
    yield
    assert server.process.lives and server.process.pid == process
    assert ours.browser.get("/api/resources").status == 200
    assert agent.send().status == 200


def refused(answer, description, method, path, *statuses):
    """It is a refusal, a problem, documented for this operation, explained in the handbook, and tells nothing inner."""
    assert answer.status in statuses, answer
    if path.startswith("/scim/"):  # directories are told in their own way (RFC 7644, 3.12)
        assert answer.json["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:Error"], answer
        assert answer.json["status"] == str(answer.status) and answer.json["detail"], answer
        return answer
    assert answer.slug, answer
    assert {"status", "title", "code", "requestId"} <= set(answer.json), answer
    assert answer.json["status"] == answer.status
    if (path in description.document["paths"]) and method.lower() in description.document["paths"][path]:
        promised = description.slugs(description.operation(method, path))
        assert answer.slug in promised, f"{method} {path} answers {answer.slug}, promised are {sorted(promised)}"
    handbook = (ROOT / "ops/handbook/problems.md").read_text()
    assert f"### {answer.slug}\n" in handbook, f"{answer.slug} is not in the handbook"
    assert not any(word in answer.body for word in (b"Swift", b"PostgreSQL", b"SELECT", b"/Sources/", b"pulse_app"))
    return answer


DEEP = b'{"email":' + b"[" * 10_000 + b"]" * 10_000 + b"}"
NOT_JSON = {
    "an unfinished object": b'{"email": "a@example.com"',
    "no JSON at all": b"hello",
    "nothing": b"",
    "a trailing comma": b'{"email":"a@example.com",}',
    "two objects": b'{"email":"a@example.com"}{"email":"b@example.com"}',
    "bad UTF-8": b'{"email":"\xff\xfe@example.com","organizationName":"A"}',
    "an overlong encoding": b'{"email":"\xc0\xaf@example.com","organizationName":"A"}',
    "half a surrogate": b'{"email":"\\ud800@example.com","organizationName":"A"}',
    "NaN": b'{"email":"a@example.com","organizationName":NaN}',
    "infinity": b'{"email":"a@example.com","organizationName":-Infinity}',
    "depth 10,000": DEEP,
    "a raw control character": b'{"email":"a\x00@example.com","organizationName":"A"}',
}
WRONG_FIELDS = {
    "an array": b"[]",
    "a string": b'"a@example.com"',
    "null": b"null",
    "a missing field": b'{"email":"a@example.com"}',
    "a number for a text": b'{"email":7,"organizationName":"A"}',
    "an object for a text": b'{"email":{"a":1},"organizationName":"A"}',
    "no address": b'{"email":"not an address","organizationName":"A"}',
    "an address of 10,000 letters": b'{"email":"' + b"a" * 10_000 + b'@example.com","organizationName":"A"}',
    "a header in an address": b'{"email":"a@example.com\\r\\nBcc: b@example.com","organizationName":"A"}',
    "an empty name": b'{"email":"a@example.com","organizationName":""}',
    "a name of 10,000 letters": b'{"email":"a@example.com","organizationName":"' + b"n" * 10_000 + b'"}',
    "a zero byte in a name": b'{"email":"a@example.com","organizationName":"a\\u0000b"}',
}


@pytest.mark.parametrize("body", NOT_JSON.values(), ids=NOT_JSON.keys())
def test_a_sign_up_that_is_no_json(server, description, body):
    answer = server.client().post("/api/public/signup", body)
    refused(answer, description, "POST", "/api/public/signup", 400)


@pytest.mark.parametrize("body", WRONG_FIELDS.values(), ids=WRONG_FIELDS.keys())
def test_a_sign_up_with_the_wrong_fields(server, description, body):
    answer = server.client().post("/api/public/signup", body)
    refused(answer, description, "POST", "/api/public/signup", 400, 422)


def test_every_operation_refuses_what_is_no_json(server, description, ours, agent):
    tried = 0
    directory = ours.browser.post("/api/security/scim/tokens", {"name": "Directory"})
    assert directory.status == 201, directory
    directory = server.client(directory.json["token"])
    for method, path, operation in description.operations():
        # A form that a provider makes a browser post is answered with the page to go on to.
        if method == "GET" or "application/x-www-form-urlencoded" in operation.get("requestBody", {}).get("content", {}) \
                or "requestBody" not in operation:
            continue
        caller = agent.client if path.startswith("/api/agents/agent") or path.startswith("/api/agents/host") else \
            directory if path.startswith("/scim/") else ours.browser
        at = path.replace("{", "").replace("}", "") if "{" not in path else \
            "/".join(str(uuid.uuid4()) if part.startswith("{") else part for part in path.split("/"))
        for body in (b"{", DEEP, b'{"a":"\xff"}', b"[1,2", b'{"a":NaN}'):
            refused(caller.request(method, at, body), description, method, path, 400, 401, 403, 404, 415)
            tried += 1
    assert tried >= 30


@pytest.mark.parametrize("path", ["/api/public/signup", "/api/login", REPORT])
def test_ten_megabytes(server, description, agent, path):
    caller = agent.client if path == REPORT else server.client()
    body = b'{"email":"' + b"a" * 10_000_000 + b'"}'
    refused(caller.post(path, body), description, "POST", path, 400, 413)


def gzipped(value):
    return gzip.compress(value if isinstance(value, bytes) else json.dumps(value).encode())


def test_a_small_report_that_unpacks_to_a_gigabyte(description, agent):
    bomb = gzip.compress(b" " * 200_000_000, 9)
    assert len(bomb) < 256 * 1024
    answer = agent.client.post(REPORT, bomb, headers={"Content-Encoding": "gzip"})
    refused(answer, description, "POST", REPORT, 400, 413)


def test_a_report_of_more_than_256_kib_on_the_wire(description, agent):
    import os
    report = {**agent.report(), "tags": [os.urandom(300_000).hex()]}
    answer = agent.client.post(REPORT, gzipped(report), headers={"Content-Encoding": "gzip"})
    refused(answer, description, "POST", REPORT, 400, 413)


@pytest.mark.parametrize("encoding, body", [("gzip", b"no gzip"), ("gzip", b"\x1f\x8b\x08" + b"\0" * 20), ("br", b"{}"),
                                            ("gzip, gzip", b"{}")])
def test_an_encoding_that_does_not_unpack(description, agent, encoding, body):
    answer = agent.client.post(REPORT, body, headers={"Content-Encoding": encoding})
    refused(answer, description, "POST", REPORT, 400, 415)


def changed(report, path, value):
    report = json.loads(json.dumps(report))
    inner = report
    *way, last = path
    for step in way:
        inner = inner[step]
    if value is KeyError:
        del inner[last]
    else:
        inner[last] = value
    return report


WRONG_REPORTS = {
    "no hostname": (("host", "hostname"), KeyError),
    "a blank hostname": (("host", "hostname"), "   "),
    "a number for the hostname": (("host", "hostname"), 5),
    "a text for the CPU": (("metrics", "cpuUsagePercent"), "busy"),
    "a fraction of a byte": (("metrics", "memory", "totalBytes"), 1.5),
    "more bytes than 64 bits": (("metrics", "memory", "totalBytes"), 10**30),
    "an object for the disks": (("disks",), {"a": 1}),
    "a text in the disks": (("disks",), ["root"]),
    "no time at all": (("timestamp",), "yesterday"),
}


@pytest.mark.parametrize("way, value", WRONG_REPORTS.values(), ids=WRONG_REPORTS.keys())
def test_a_report_with_the_wrong_fields(description, agent, way, value):
    answer = agent.client.post(REPORT, json.dumps(changed(agent.report(), way, value)).encode())
    refused(answer, description, "POST", REPORT, 400)


@pytest.mark.parametrize("number", ["1e999", "-1e999", "NaN", "Infinity"])
def test_a_number_that_is_none(description, agent, number):
    body = json.dumps(agent.report()).replace('"cpuUsagePercent": 12.5', f'"cpuUsagePercent": {number}')
    assert number in body
    refused(agent.client.post(REPORT, body.encode()), description, "POST", REPORT, 400)


@pytest.mark.parametrize("year", ["9999", "0001", "1969", "2100"])
def test_a_report_from_another_century_leaves_no_sample_there(server, ours, description, year):
    agent = ScriptedAgent(server)
    agent.enroll(ours.enrollment_token()["token"])
    report = {**agent.report(cpu=63), "timestamp": f"{year}-06-01T00:00:00Z"}
    answer = agent.send(report)
    if answer.status != 200:  # refused, or placed by the server's clock: both are answers
        refused(answer, description, "POST", REPORT, 400, 422)
        return
    machine = ours.resource(agent.hostname)
    import time
    for point in ours.history(machine["id"], "cpu", span="24h")["points"]:
        assert abs(point["timestamp"] / 1000 - time.time()) < 86_400


def test_a_sequence_number_that_was_seen_is_acknowledged_and_forgotten(agent):
    report = agent.report()
    assert agent.send(report).status == agent.send(report).status == 200


@pytest.mark.parametrize("sequence", ["v1:zz:1", "v9:x", "", "v1:" + "a" * 32 + ":-1", "v1:" + "a" * 32 + ":" + "9" * 40])
def test_a_sequence_number_of_a_form_unknown_does_no_harm(agent, sequence):
    assert agent.send({**agent.report(), "sequenceId": sequence}).status in (200, 400)


def test_a_token_nobody_gave_out(server, description):
    for token in ("prt_" + "a" * 43, "x", "prt_", "pet_" + "a" * 43, "' OR 1=1 --"):
        answer = server.client(token).post(REPORT, {})
        refused(answer, description, "POST", REPORT, 401)


def test_an_enrolment_token_is_no_runtime_token_nor_the_reverse(server, description, ours, agent):
    token = ours.enrollment_token()["token"]
    refused(server.client(token).post(REPORT, agent.report()), description, "POST", REPORT, 401, 403)
    refused(agent.client.post("/api/agents/agent/enroll", agent.enrollment()), description, "POST",
            "/api/agents/agent/enroll", 401, 403)


def test_an_agents_token_opens_no_persons_door(server, agent, description):
    for path in ("/api/me", "/api/resources", "/api/agents", "/api/sessions", "/api/orgs"):
        refused(agent.client.get(path), description, "GET", path, 401, 403)


@pytest.mark.parametrize("org", ["no-such", "01890a5d-ac96-774b-bcce-b302099a8057", "../../etc", "' OR 1=1", "%00", "a" * 5000])
def test_an_organisation_nobody_has(ours, description, org):
    answer = ours.browser.get("/api/resources", headers={"X-Pulse-Org-ID": org})
    refused(answer, description, "GET", "/api/resources", 404, 431) if answer.status != 431 else None


def test_links_that_are_used_or_made_up(server, ours, description):
    for token in (ours.signup_token, "su1_" + "a" * 43, "", "su1_", "ml1_" + "a" * 43, "a" * 5000):
        answer = server.client().post("/api/public/signup/complete", {"token": token, "password": "a long enough one 9"})
        refused(answer, description, "POST", "/api/public/signup/complete", 400, 404, 410)
        magic = server.client().get("/api/public/magic-link/verify?token=" + urllib.parse.quote(token))
        refused(magic, description, "GET", "/api/public/magic-link/verify", 400)


def test_an_expired_link(server, description):
    address = f"late-{uuid.uuid4().hex[:6]}@example.com"
    assert server.client().post("/api/public/signup", {"email": address, "organizationName": "Late"}).status == 202
    token = server.mailed_token(address, "su1")
    server.database.rows("UPDATE pulse.email_links SET expires_at = now() - interval '1 second' WHERE used_at IS NULL")
    answer = server.client().post("/api/public/signup/complete", {"token": token, "password": "a long enough one 9"})
    refused(answer, description, "POST", "/api/public/signup/complete", 400, 410)


def test_a_password_that_is_wrong_looks_like_a_person_who_is_not_there(server, ours, description):
    wrong = server.client().post("/api/login", {"username": ours.address, "password": "wrong password 1"})
    nobody = server.client().post("/api/login", {"username": "nobody@example.com", "password": "wrong password 1"})
    for answer in (wrong, nobody):
        refused(answer, description, "POST", "/api/login", 401)
    assert {**wrong.json, "requestId": ""} == {**nobody.json, "requestId": ""}


def test_the_wrong_method_says_which_would_do(server, ours, description):
    for path in ("/api/login", "/api/resources", "/api/health", REPORT):
        answer = ours.browser.request("DELETE", path)
        assert answer.slug == "method-not-allowed" and answer.status == 405, answer
        assert answer.header("allow")


PATHS = ["/../../../../etc/passwd", "/assets/../../../../etc/passwd", "/assets/..%2f..%2f..%2fetc/passwd",
         "/%2e%2e/%2e%2e/etc/passwd", "/assets/%2e%2e%5c%2e%2e/etc/passwd", "/assets/....//....//etc/passwd",
         "/api/../etc/passwd", "//etc/passwd", "/dev/outbox/../../../../etc/passwd", "/install/..%2f..%2fetc%2fpasswd.sh",
         "/download/pulse-agent?arch=../../../../etc/passwd", "/assets/%00", "/%ff%fe", "/api/resources/%2e%2e"]


@pytest.mark.parametrize("path", PATHS)
def test_a_path_that_climbs(server, path):
    answer = server.client().get(path, headers={"Accept": "*/*"})
    assert b"root:" not in answer.body
    assert answer.status in (200, 307, 308, 400, 404), answer
    if answer.status == 200:  # the console's page, which any unknown page path shows
        assert b"<html" in answer.body.lower()


def raw(server, data, seconds=10):
    """What a server says to bytes that are hardly HTTP."""
    parts = urllib.parse.urlsplit(server.url)
    with socket.create_connection((parts.hostname, parts.port), timeout=seconds) as connection:
        connection.sendall(data)
        answer = b""
        try:
            while chunk := connection.recv(65536):
                answer += chunk
                if len(answer) > 1_000_000:
                    break
        except (TimeoutError, ConnectionResetError):
            pass
        return answer


@pytest.mark.parametrize("data", [
    b"GARBAGE\r\n\r\n",
    b"GET / HTTP/9.9\r\n\r\n",
    b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    b"GET /api/health HTTP/1.1\r\nHost: a\r\n" + b"".join(b"X-%d: y\r\n" % n for n in range(5000)) + b"Connection: close\r\n\r\n",
    b"GET /api/health HTTP/1.1\r\nHost: a\r\nX: " + b"y" * 200_000 + b"\r\nConnection: close\r\n\r\n",
    b"POST /api/login HTTP/1.1\r\nHost: a\r\nContent-Length: -5\r\nConnection: close\r\n\r\n",
    b"POST /api/login HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n0\r\n\r\n",
    b"POST /api/login HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\nzz\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
], ids=["garbage", "HTTP 9.9", "a long path", "5000 headers", "a long header", "a negative length", "smuggling",
        "a bad chunk", "TLS"])
def test_bytes_that_are_hardly_http(server, data):
    began = time.monotonic()
    answer = raw(server, data)
    assert answer.startswith(b"HTTP/1.1 4"), answer[:300]
    assert time.monotonic() - began < 9, "whoever cannot be understood is told, and told that it is over"
    assert server.client().get("/api/health").status == 200


def test_the_others_did_not_notice(server, ours, theirs):
    assert theirs.browser.get("/api/resources").status == 200
    errors = [line for line in server.log_lines() if line.get("level") in ("error", "critical")]
    assert errors == [], errors[:3]
