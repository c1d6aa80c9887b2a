"""The plane of those who host Pulse, with the real program: a door of their own, suspension within a second everywhere,
support access by the customer's leave, one entry for every call, and the way back in from a shell."""
import contextlib
import json
import re
import time

import pytest
import websockets.exceptions
import websockets.sync.client

from harness import operator_sign_on
from harness.agents import ScriptedAgent
from harness.client import Client
from harness.description import Description
from harness.operators import PASSWORD, Operator, admin, set_up
from harness.processes import LOGS, eventually
from harness.seconds import time_code
from harness.server import Server

LIMIT = 1.0  # seconds from the answer of what ends something to its end


@pytest.fixture(scope="module")
def hosted(cluster):
    server = Server(cluster.database(), "hosted", operators=True, PULSE_OUTBOUND_ALLOW="127.0.0.0/8")
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def chief(hosted):
    return Operator(hosted, "operator_admin")


@pytest.fixture(scope="module")
def mira(hosted):
    return Operator(hosted)


@contextlib.contextmanager
def view(url, path, client):
    """An open socket that has been told the whole state."""
    headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in client.cookies.items()), "Origin": url}
    with websockets.sync.client.connect(url.replace("http", "ws") + path, additional_headers=headers) as socket:
        while json.loads(socket.recv(timeout=10))["type"] != "initialState":
            pass
        yield socket


def ended(socket, code):
    """The moment at which the socket was closed with this code."""
    with pytest.raises(websockets.exceptions.ConnectionClosed) as closed:
        while True:
            socket.recv(timeout=10)
    assert closed.value.rcvd.code == code, closed.value.rcvd
    return time.monotonic()


def monitors(server):
    text = server.admin_client().get("/metrics", headers={"Accept": "text/plain"}).body.decode()
    return int(float(re.search(r"^pulse_monitoring_monitors(?:{.*})? (\S+)$", text, re.M).group(1)))


def within_a_second(measure):
    """Seconds by what ended. A machine that does ten things at once may be late once, and is asked again."""
    for _ in range(3):
        took = measure()
        print(took)
        if max(took.values()) < LIMIT:
            return
    raise AssertionError(f"not within {LIMIT} s: {took}")


# --- the door ---

def test_each_listener_knows_its_own_routes_alone(hosted, chief):
    owner = hosted.sign_up("Two Doors")
    operators = Client(hosted.operators)
    paths = [path for _, path, _ in Description.of(hosted).operations() if path.startswith("/api/")]
    described = Description(operators.get("/api/openapi.json").json)
    theirs = [path for _, path, _ in described.operations()]
    shared = {"/api/health", "/api/version", "/api/openapi.json"}
    assert set(paths) & set(theirs) == shared
    nobody = "0195f3a0-6f00-7c3d-a2e4-0f6b7c8d9e01"
    for path in set(theirs) - shared:
        address = re.sub(r"{\w+}", nobody, path)
        for method in ("GET", "POST", "PUT", "DELETE"):
            assert hosted.client().request(method, address).status == 404, address
            owner.browser.cookies |= chief.client.cookies
            assert owner.browser.request(method, address).status == 404, address
    for path in set(paths) - shared:
        address = re.sub(r"{\w+}", nobody, path)
        assert chief.client.get(address).status in (404, 405), address
    assert hosted.client().get("/operator.html").status == 404
    assert operators.get("/index.html").status == 404


def test_a_cookie_of_one_door_opens_nothing_at_the_other(hosted, chief):
    owner = hosted.sign_up("Wrong Door")
    intruder = Client(hosted.operators)
    session = owner.browser.cookies["pulse_session"]
    for cookies in ({"pulse_session": session}, {"pulse_operator_session": session}):
        intruder.cookies = dict(cookies)
        intruder.csrf = owner.browser.csrf
        assert intruder.get("/api/operator/me").status == 401
        assert intruder.post(f"/api/operator/orgs/{owner.org}/suspend", {"reason": "abuse", "note": "no"}).status == 401
    token = chief.client.cookies["pulse_operator_session"]
    outsider = hosted.client()
    for cookies in ({"pulse_operator_session": token}, {"pulse_session": token}):
        outsider.cookies = dict(cookies)
        assert outsider.get("/api/me").status == 401
    assert hosted.client(token).get("/api/me").status == 401


def test_an_account_is_made_in_a_shell_and_set_up_by_its_person(hosted):
    operator = Operator(hosted)
    assert operator.client.get("/api/operator/me").json["operator"]["role"] == "operator"
    replayed = operator.login(Client(hosted.operators))
    assert replayed.status == 401 and replayed.slug == "invalid-credentials", replayed
    assert operator.login(Client(hosted.operators), ahead=1).status == 200
    twice = admin(hosted, "operator", "create", "--email", operator.email, "--role", "operator", check=False)
    assert twice.returncode == 1 and "has an operator's account already" in twice.stderr, twice.stderr
    odd = admin(hosted, "operator", "create", "--email", "a@b.example", "--role", "owner", check=False)
    assert odd.returncode == 64, odd.stderr

    renewed = json.loads(admin(hosted, "operator", "reset", "--email", operator.email).stdout)
    assert operator.client.get("/api/operator/me").status == 401
    operator.secret = set_up(hosted, renewed["setupUrl"].split("token=")[1])
    operator.sign_in(operator.client)
    admin(hosted, "operator", "disable", "--email", operator.email)
    assert operator.client.get("/api/operator/me").status == 401
    assert operator.login(Client(hosted.operators), ahead=1).status == 401
    states = {line["email"]: line["status"] for line in
              map(json.loads, admin(hosted, "operator", "list").stdout.splitlines())}
    assert states[operator.email] == "disabled"
    log = (LOGS / "hosted.log").read_text()
    for secret in (operator.secret, operator.token, PASSWORD, operator.client.cookies.get("pulse_operator_session", "pos_")):
        assert secret not in log


# --- one entry for every call ---

BODIES = {
    "suspend": {"reason": "billing", "note": "bills"}, "restore": {"note": "paid"},
    "support-access": {"reason": "a look", "minutes": 30},
}


def prepared(server, chief, method, path):
    """A call of this route that succeeds: the client, the address, the body."""
    owner = server.sign_up("Every Call")
    client, address, body = chief.client, path.replace("{orgId}", owner.org), None if method == "GET" else {}
    if path == "/api/operator/login":
        fresh = Operator(server)
        return Client(server.operators), path, {
            "email": fresh.email, "password": PASSWORD, "code": time_code(fresh.secret, ahead=1)}
    if path == "/api/operator/setup/complete":
        made = json.loads(admin(server, "operator", "create", "--email", f"late-{owner.org[:13]}@host.example", "--role",
                                "operator").stdout)
        token = made["setupUrl"].split("token=")[1]
        secret = Client(server.operators).post("/api/operator/setup/begin", {"token": token}).json["secret"]
        return Client(server.operators), path, {"token": token, "password": PASSWORD, "code": time_code(secret)}
    if path == "/api/operator/logout":
        return Operator(server).client, path, body
    if path.startswith("/api/operator/operators/"):
        address = path.replace("{id}", Operator(server).id)
    elif path == "/api/operator/support-access/{id}":
        address = path.replace("{id}", chief.ask(owner.org))
    elif path.startswith("/api/operator/orgs/{id}"):
        address = path.replace("{id}", owner.org)
    body = BODIES.get(path.rsplit("/", 1)[-1], body) if method == "POST" else body
    if path.endswith("/restore"):
        assert client.post(f"/api/operator/orgs/{owner.org}/suspend", BODIES["suspend"]).status == 200
    if "/view/" in path:
        chief.let_in(owner)
        agent = ScriptedAgent(server)
        assert agent.enroll(owner.enrollment_token()["token"]).status == 200
        assert agent.send().status == 200
        machine = owner.resource(agent.hostname)["id"]
        address = re.sub(r"{\w+}", machine, address)
        address += "?metric=cpu&range=1h&resourceType=agent&resourceId=" + machine if "history" in address else ""
    return client, address, body


def test_every_call_of_an_operator_leaves_one_entry_in_their_log(hosted, chief):
    described = Description(Client(hosted.operators).get("/api/openapi.json").json)
    faults, calls = [], 0
    for method, path, operation in described.operations():
        if "." not in operation["x-pulse-audit"] or path.endswith(("/ws", "/events")):
            continue  # a live view's entry is looked at where it is opened
        if (method, path) in operator_sign_on.RECIPES:
            answer = operator_sign_on.RECIPES[method, path](hosted)()
        else:
            client, address, body = prepared(hosted, chief, method, path)
            answer = client.request(method, address, body)
        calls += 1
        rows = hosted.database.rows(
            f"SELECT action FROM pulse.operator_log WHERE request_id = '{answer.header('x-request-id')}'")
        found = answer.status < 300 or answer.status in (302, 303) or "/view/" in path and answer.status in (403, 404)
        if not found or rows != [[operation["x-pulse-audit"]]]:
            faults.append(f"{method} {path}: {answer}, {rows} instead of one {operation['x-pulse-audit']}")
    assert not faults, "\n".join(faults)
    assert calls > 20
    intact = chief.client.get("/api/operator/audit/verify").json
    assert intact["intact"] and intact["entries"] >= calls


def test_what_concerns_a_customer_stands_in_the_customers_own_trail(hosted, chief):
    owner = hosted.sign_up("Seen Works")
    assert chief.client.get(f"/api/operator/orgs?q={owner.address}").json["data"][0]["id"] == owner.org
    assert chief.client.get(f"/api/operator/orgs/{owner.org}").status == 200
    seen = [(entry["action"], entry["actor"]) for entry in owner.browser.get("/api/audit").json["data"]]
    actor = f"operator:{chief.id}"
    assert seen[:2] == [("operator.read", actor), ("operator.search", actor)]
    assert owner.browser.get("/api/audit/summary").json["chain"]["state"] != "broken"


# --- suspension ---

def test_suspension_stops_credentials_sockets_and_monitor_within_a_second(hosted, chief):
    owner = hosted.sign_up("Late Payer")
    agent = ScriptedAgent(hosted)
    agent.enroll(owner.enrollment_token()["token"])
    assert agent.send().status == 200
    owner.resource(agent.hostname)
    token = hosted.client(owner.browser.post(
        "/api/security/tokens", {"name": "view", "scopes": ["monitoring:read"]}).json["token"])
    path = f"/api/operator/orgs/{owner.org}"

    def measure():
        before = monitors(hosted)
        with view(hosted.url, "/ws", owner.browser) as socket:
            answer = chief.client.post(f"{path}/suspend", {"reason": "abuse", "note": "sends spam"})
            begun = time.monotonic()
            assert answer.status == 200, answer
            assert owner.browser.get("/api/resources").slug == "org-suspended"
            assert token.get("/api/resources").slug == "org-suspended"
            assert agent.send().status == 403
            took = {"credentials": time.monotonic() - begun}
            took["socket"] = ended(socket, 4403) - begun
        eventually(lambda: monitors(hosted) == before - 1, 5, "the monitor stopped", every=0.02)
        took["monitor"] = time.monotonic() - begun
        restored = chief.client.post(f"{path}/restore", {"note": "all is well"})
        assert restored.json["status"] == "active"
        assert owner.browser.get("/api/resources").status == 200
        assert agent.send().status == 200
        owner.resource(agent.hostname)
        return took

    within_a_second(measure)


# --- support access ---

def test_support_access_begins_with_consent_and_ends_within_a_second(hosted, mira):
    owner = hosted.sign_up("Helped Works")
    agent = ScriptedAgent(hosted)
    agent.enroll(owner.enrollment_token()["token"])
    assert agent.send().status == 200
    machine = owner.resource(agent.hostname)["id"]
    there = f"/api/operator/orgs/{owner.org}/view"
    assert mira.client.get(f"{there}/resources").slug == "support-access-required"
    with pytest.raises(websockets.exceptions.ConnectionClosed) as closed:
        with view(hosted.operators, f"{there}/ws", mira.client):
            pass
    assert closed.value.rcvd.code == 4403

    access = mira.let_in(owner)
    eventually(lambda: any("The graphs stand still" in mail for mail in hosted.mails(owner.address)), 30, "an owner is told")
    assert [r["id"] for r in mira.client.get(f"{there}/resources").json["data"]] == [machine]
    assert mira.client.get(f"{there}/resources/{machine}").json["name"] == agent.hostname
    for closed_door in ("tokens", "audit", "security/keys", "security/tokens", "provider-grants"):
        assert mira.client.get(f"{there}/{closed_door}").status in (403, 404), closed_door

    consents = [access]

    def measure():
        took = {}
        with view(hosted.operators, f"{there}/ws", mira.client) as socket:
            assert owner.browser.delete(f"/api/orgs/{owner.org}/support-access/{consents[-1]}").status == 204
            begun = time.monotonic()
            assert mira.client.get(f"{there}/resources").slug == "support-access-required"
            took["http"] = time.monotonic() - begun
            took["socket"] = ended(socket, 4403) - begun
        consents.append(mira.let_in(owner))
        with view(hosted.operators, f"{there}/ws", mira.client) as socket:
            hosted.database.rows(
                f"UPDATE pulse.support_access SET expires_at = now() WHERE id = '{consents[-1]}' RETURNING id")
            begun = time.monotonic()
            took["expiry"] = ended(socket, 4403) - begun
        consents.append(mira.let_in(owner))
        return took

    within_a_second(measure)
    trail = owner.browser.get("/api/audit?action=support_access.read").json["data"]
    assert len(trail) >= 4 and all(entry["actor"] == f"operator:{mira.id}" for entry in trail)
    assert {entry["through"] for entry in trail} <= {f"consent:{consent}" for consent in consents}
    assert any(entry["object"] == f"request:GET {there}/ws" for entry in trail)


def test_a_shut_operator_loses_open_views_within_a_second(hosted, chief):
    owner = hosted.sign_up("Shut Out")

    def measure():
        operator = Operator(hosted)
        operator.let_in(owner)
        with view(hosted.operators, f"/api/operator/orgs/{owner.org}/view/ws", operator.client) as socket:
            assert chief.client.post(f"/api/operator/operators/{operator.id}/disable").status == 204
            begun = time.monotonic()
            return {"socket": ended(socket, 4401) - begun}

    within_a_second(measure)


# --- the way back in ---

def recover(server, org, person, *measures, check=True):
    return admin(server, "recover", "--organization", org, "--person", person, "--reason", "her phone is in the sea",
                 *measures, check=check)


def test_recover_lets_somebody_back_in_and_tells_the_owners(hosted):
    owner = hosted.sign_up("Locked Out")
    before = len(hosted.mails(owner.address))
    done = json.loads(recover(hosted, owner.org, owner.address, "--link").stdout)
    assert done["orgId"] == owner.org and done["ownersTold"] == 1
    assert "let " + owner.address in hosted.mails(owner.address)[-1] and len(hosted.mails(owner.address)) == before + 1
    token = done["link"].split("token=")[1]
    body = {"token": token, "password": "four green hills 99 away"}
    assert hosted.client().post("/api/public/password-reset/complete", body).status == 200
    assert hosted.client().post("/api/public/password-reset/complete", body).slug == "reset-link-invalid"
    assert owner.browser.get("/api/me").status == 401
    browser = hosted.client()
    browser.login(owner.address, "four green hills 99 away")
    trail = browser.get("/api/audit?action=organisation.recover").json["data"]
    assert trail[0]["actor"] == "system:recover" and "her phone is in the sea" in json.dumps(trail[0])


def test_recover_refuses_with_a_sentence_and_does_nothing(hosted):
    owner = hosted.sign_up("Fine Works")
    other = hosted.sign_up("Elsewhere Works")
    for org, person, measures, sentence in [
        (owner.org, owner.address, (), "There is nothing to do"),
        ("no-such-place", owner.address, ("--link",), "No such organisation"),
        (owner.org, other.address, ("--make-owner",), "recovery makes nobody a member"),
        (owner.org, owner.address, ("--make-owner",), "an owner already"),
        (owner.org, owner.address, ("--link", "--reset-second-step"), "Two-step sign-in is off"),
        (owner.org, "nobody", ("--link",), "is no mail address"),
    ]:
        refused = recover(hosted, org, person, *measures, check=False)
        assert refused.returncode == 1 and sentence in refused.stderr, refused.stderr
        assert refused.stdout == ""
    usage = admin(hosted, "recover", "--organization", owner.org, check=False)
    assert usage.returncode == 64, usage.stderr
    without = {**hosted.environment, "PULSE_OPERATOR_DATABASE_URL": ""}
    unset = hosted.environment
    hosted.environment = without
    try:
        missing = recover(hosted, owner.org, owner.address, "--link", check=False)
    finally:
        hosted.environment = unset
    assert missing.returncode == 78 and "PULSE_OPERATOR_DATABASE_URL" in missing.stderr, missing.stderr
    actions = [entry["action"] for entry in owner.browser.get("/api/audit").json["data"]]
    assert "organisation.recover" not in actions
