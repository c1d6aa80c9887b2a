"""A second organisation sees nothing of the first, through anything the OpenAPI document knows. The document is made from
the router's own table, so an endpoint that is added is probed without anybody remembering to."""
import json
import re
import urllib.parse
import uuid

import pytest
import websockets.sync.client

from harness.agents import ScriptedAgent
from harness.description import Description

STREAMS = {"/api/agents/gateway", "/ws", "/api/events"}
# Development's mailbox is everybody's by its nature; production has none.
OUTBOX = "/dev/outbox"


@pytest.fixture(scope="module")
def description(server):
    return Description.of(server)


@pytest.fixture(scope="module")
def known(server, ours):
    """Everything of the first organisation that has an id or a name."""
    agent = ScriptedAgent(server, hostname=f"secret-host-{uuid.uuid4().hex[:6]}")
    pending = ours.enrollment_token("secret token name")
    agent.enroll(ours.enrollment_token()["token"])
    assert agent.send().status == 200
    machine = ours.resource(agent.hostname)
    session = next(one for one in ours.browser.get("/api/sessions").json["data"] if one["current"])
    return {"organisation": ours.org, "user": ours.user, "resource": machine["id"], "agent": agent.agent_id,
            "session": session["id"], "enrollment": pending["id"], "hostname": agent.hostname, "machine": agent.machine,
            "address": ours.address}


@pytest.fixture(scope="module")
def caller(theirs):
    """Who of the second organisation may ask by this path at all: its owner, or its directory."""
    made = theirs.browser.post("/api/security/scim/tokens", {"name": "Directory"})
    assert made.status == 201, made
    directory = type(theirs.browser)(theirs.browser.url, made.json["token"])
    return lambda path: directory if path.startswith("/scim/") else theirs.browser


def ids(known):
    return {kind: known[kind] for kind in ("organisation", "user", "resource", "agent", "session", "enrollment")}


def filled(path, value):
    return re.sub(r"\{[^}]+\}", urllib.parse.quote(value, safe=""), path)


def plain(answer, *values):
    """The answer without what may differ: the request's own id, and the id that was asked for."""
    body = re.sub(rb'"requestId":"[^"]*"', b"", answer.body)
    for value in values:
        body = body.replace(value.encode(), b"ID")
    return answer.status, answer.header("content-type"), body


def parameters(operation, path):
    """Query strings that make sense of an operation whose query needs something."""
    query = {}
    for parameter in operation.get("parameters", []):
        if parameter.get("in") == "query" and parameter.get("required"):
            query[parameter["name"]] = parameter.get("example") or parameter.get("schema", {}).get("example") or "cpu"
    return query


def test_the_prober_would_notice(description, ours, known):
    """The first organisation finds by these very paths what the second must not."""
    found = 0
    for method, path, operation in description.operations():
        if method != "GET" or path in STREAMS or description.is_public(operation) or "{" not in path:
            continue
        for value in ids(known).values():
            query = urllib.parse.urlencode({"metric": "cpu", "range": "1h", **parameters(operation, path)})
            found += ours.browser.get(f"{filled(path, value)}?{query}").status == 200
    assert found >= 2


def test_ids_of_another_organisation_are_ids_of_nothing(description, server, caller, known):
    probed = 0
    for method, path, operation in description.operations():
        if "{" not in path or path in STREAMS or description.is_public(operation):
            continue
        body = None if method in ("GET", "DELETE") else {}
        for kind, value in ids(known).items():
            unknown = str(uuid.uuid4())
            query = "?" + urllib.parse.urlencode({"metric": "cpu", "range": "1h"}) if method == "GET" else ""
            foreign = caller(path).request(method, filled(path, value) + query, body)
            nothing = caller(path).request(method, filled(path, unknown) + query, body)
            where = f"{method} {path} with the {kind} of another organisation"
            assert foreign.status in (400, 404, 405, 422), f"{where}: {foreign}"
            assert plain(foreign, value) == plain(nothing, unknown), where
            probed += 1
    assert probed >= 12


def test_lists_and_answers_name_nothing_of_another_organisation(description, theirs, known):
    probed = 0
    for method, path, operation in description.operations():
        if method != "GET" or "{" in path or path in STREAMS or path.startswith(OUTBOX):
            continue
        asked = parameters(operation, path)
        for extra in ({}, {"q": known["hostname"]}, {"resourceId": known["resource"], "resourceType": "agent",
                                                     "metric": "cpu", "range": "1h"}):
            answer = theirs.browser.get(path + "?" + urllib.parse.urlencode({**asked, **extra}))
            assert answer.status < 500, f"{path}: {answer}"
            if answer.header("content-type") == "application/octet-stream":
                continue
            told = answer.json if answer.status == 200 and answer.header("content-type") == "application/json" else {}
            assert not told.get("points"), f"{path} tells the history of another organisation"
            # What was asked may be told back, and nothing else.
            for kind in [kind for kind in known if known[kind] not in extra.values()]:
                assert known[kind].encode() not in answer.body, f"{path} names the {kind} of another organisation"
            probed += 1
    assert probed >= 15


def test_the_header_that_chooses_an_organisation_chooses_only_among_ones_own(description, caller, known):
    probed = 0
    for method, path, operation in description.operations():
        if method != "GET" or "{" in path or path in STREAMS or description.is_public(operation):
            continue
        query = "?" + urllib.parse.urlencode(parameters(operation, path))
        answers = [caller(path).get(path + query, headers={"X-Pulse-Org-ID": org})
                   for org in (known["organisation"], str(uuid.uuid4()), "no-organisation-at-all")]
        statuses = {answer.status for answer in answers}
        if statuses == {200}:  # a session's own matters have no organisation
            for answer in answers:
                assert known["organisation"].encode() not in answer.body, path
        else:
            assert statuses == {404}, f"{path}: {answers}"
            assert len({plain(answer, known["organisation"]) [2] for answer in answers}) == 1, path
        probed += 1
    assert probed >= 5


def test_an_etag_of_another_organisation_confirms_nothing(ours, theirs, known):
    etag = ours.browser.get("/api/resources").header("etag")
    assert etag
    assert ours.browser.get("/api/resources", headers={"If-None-Match": etag}).status == 304
    assert theirs.browser.get("/api/resources", headers={"If-None-Match": etag}).status == 200


def cookie_header(client):
    return {"Cookie": "; ".join(f"{name}={value}" for name, value in client.cookies.items()), "Origin": client.url}


def test_a_socket_carries_ones_own_organisation_alone(server, ours, theirs, known):
    agent = ScriptedAgent(server)
    agent.enroll(theirs.enrollment_token()["token"])
    assert agent.send().status == 200
    theirs.resource(agent.hostname)
    noisy = ScriptedAgent(server, hostname=f"secret-noise-{uuid.uuid4().hex[:6]}")
    noisy.enroll(ours.enrollment_token()["token"])
    with websockets.sync.client.connect(server.url.replace("http", "ws") + "/ws",
                                        additional_headers=cookie_header(theirs.browser)) as socket:
        frames = []
        while not frames or frames[-1]["type"] != "initialState":
            frames.append(json.loads(socket.recv(timeout=10)))
        assert [one["name"] for one in frames[-1]["data"]["resources"]] == [agent.hostname]
        # What happens to the first organisation comes before what happens to the second, and only that arrives.
        assert noisy.send().status == 200
        ours.resource(noisy.hostname)
        assert agent.send(agent.report(cpu=91)).status == 200
        while not (frames[-1]["type"] == "rawData" and "91" in json.dumps(frames[-1])):
            frames.append(json.loads(socket.recv(timeout=15)))
    text = json.dumps(frames)
    for value in [*ids(known).values(), known["hostname"], noisy.hostname, noisy.agent_id]:
        assert value not in text


def test_a_socket_of_another_organisation_is_refused(server, theirs, known):
    headers = {**cookie_header(theirs.browser), "X-Pulse-Org-ID": known["organisation"]}
    headers["Cookie"] = re.sub(r"pulse_org_id=[^;]*", f"pulse_org_id={known['organisation']}", headers["Cookie"])
    try:
        with websockets.sync.client.connect(server.url.replace("http", "ws") + "/ws", additional_headers=headers) as socket:
            with pytest.raises(websockets.exceptions.ConnectionClosed) as closed:
                while True:
                    assert known["organisation"] not in socket.recv(timeout=10)
            assert closed.value.rcvd.code in (4401, 4403)
    except websockets.exceptions.InvalidStatus as refused:
        assert refused.response.status_code in (401, 403, 404)


def test_nothing_of_the_first_organisation_was_changed_by_all_this(ours, known):
    assert ours.browser.get(f"/api/resources/{known['resource']}").status == 200
    assert known["agent"] in [one["id"] for one in ours.browser.get("/api/agents").json["data"]]
    assert known["enrollment"] in [one["id"] for one in ours.browser.get("/api/agents/enrollment-tokens").json["data"]]
    assert known["session"] in [one["id"] for one in ours.browser.get("/api/sessions").json["data"]]
