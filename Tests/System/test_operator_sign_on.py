"""Operators sign in at canaille, a real OpenID provider that says nothing of a second factor, and at a provider of these tests
that does; with the real program, its listeners and its shell."""
import json
import sys
import types

import pytest

from harness.client import Client
from harness.operator_sign_on import PROVIDERS, Company
from harness.operators import Operator, admin
from harness.processes import LOGS, ROOT, eventually
from harness.seconds import time_code
from harness.server import Server
from harness.visitor import Visitor

sys.path.insert(0, str(ROOT / "Tests/Peers"))
from canaille_peer import Canaille, why_no_canaille  # noqa: E402

PASSWORD = "a long password of canaille 7"


@pytest.fixture(scope="module")
def server(cluster):
    server = Server(cluster.database(), "operators-sso", operators=True, PULSE_OUTBOUND_ALLOW="127.0.0.0/8")
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def canaille():
    if why := why_no_canaille():
        pytest.skip(f"SKIPPED ({why})")
    peer = Canaille("canaille-operators")
    try:
        yield peer.start()
    finally:
        peer.stop()


@pytest.fixture(scope="module")
def company(server, canaille):
    """canaille knows the client, and ada and bob; ada alone is in the group of operators."""
    company = Company(server, canaille).add({
        "type": "oidc", "requiredGroups": ["operators"],
        "oidc": {"issuerUrl": canaille.issuer, "clientId": "unknown", "groupsClaim": "groups",
                 "scopes": ["openid", "profile", "email", "groups"]}})
    addresses = company.settings["addresses"]
    client, secret = canaille.client("pulse-operators", addresses["redirectUrl"], addresses["postLogoutRedirectUrl"])
    changed = company.admin.client.put(f"{PROVIDERS}/{company.id}", {"oidc": {"clientId": client, "clientSecret": secret}})
    assert changed.status == 200 and changed.json["oidc"]["clientSecretSet"], changed
    assert secret not in changed.body.decode()
    for name in ("ada", "bob"):
        canaille.person(name, f"{name}@host.example", PASSWORD)
    canaille.group("operators", "ada")
    return company


def visit(company, name):
    """Somebody goes to the provider and comes back; again, where a busy machine lets it answer later than is waited."""
    door = types.SimpleNamespace(url=company.server.operators)

    def come_back():
        visitor = Visitor(door, csrf="pulse_operator_csrf")
        visitor.open(company.settings["addresses"]["login"] + "?returnTo=/orgs").fill(name, PASSWORD)
        return visitor if visitor.told("sso_error") != "provider_unavailable" else None
    return eventually(come_back, 60, "canaille answers in time")


def test_an_operator_signs_in_at_canaille_with_the_code_that_it_did_not_ask_for(server, company):
    assert visit(company, "bob").told("sso_error") == "group_restricted"
    stranger = visit(company, "ada")
    assert stranger.told("sso_error") == "not_linked", stranger.address
    assert stranger.get("/api/operator/me").status_code == 401
    operator = Operator(server)
    company.link(operator, company.refused_subject())

    visitor = visit(company, "ada")
    assert visitor.address == f"{server.operators}/login?sso=code", visitor.address
    assert visitor.get("/api/operator/me").status_code == 401, "a password over there is not enough"
    assert visitor.post("/api/operator/sso/code", {"code": "000000"}).status_code == 401
    done = visitor.post("/api/operator/sso/code", {"code": time_code(operator.secret, ahead=1)})
    assert done.status_code == 200 and done.json()["returnTo"] == "/orgs", done.text
    me = visitor.get("/api/operator/me").json()
    assert (me["operator"]["id"], me["method"], me["providerId"]) == (operator.id, "oidc+totp", company.id)

    left = visitor.post("/api/operator/sso/logout")
    assert left.status_code == 200, left.text
    assert visitor.get("/api/operator/me").status_code == 401
    assert left.json()["url"].startswith(company.provider.issuer) and "id_token_hint=" in left.json()["url"]


def test_a_second_factor_over_there_is_enough_and_a_logout_over_there_ends_it_here(server):
    company, operator = Company.openid(server), Operator(server)
    client = company.came(operator)
    assert client.get("/api/operator/me").json["method"] == "oidc"
    form = f"logout_token={company.provider.logout_token()}".encode()
    told = Client(server.operators).request("POST", f"{company.place}/backchannel-logout", form,
                                            {"Content-Type": "application/x-www-form-urlencoded"})
    assert told.status == 200, told
    assert client.get("/api/operator/me").status == 401
    company.provider.stop()


def test_passwords_are_left_behind_and_a_shell_brings_them_back(server):
    company = Company.openid(server)
    client = company.came(company.admin)
    assert company.admin.client.put("/api/operator/sign-in", {"passwordLogin": False}).slug == "operator-provider-needed"
    assert client.put("/api/operator/sign-in", {"passwordLogin": False}).status == 200
    try:
        refused = company.admin.login(Client(server.operators), ahead=1)
        assert refused.slug == "password-login-off", refused
        assert Client(server.operators).get("/api/operator/sign-in").json["passwordLogin"] is False
    finally:
        admin(server, "operator", "password-login", "on")
    company.admin.sign_in(Client(server.operators), ahead=1)
    odd = admin(server, "operator", "password-login", "perhaps", check=False)
    assert odd.returncode == 64, odd.stderr
    entries = client.get("/api/operator/audit?limit=20").json["data"]
    changes = [(entry["action"], entry.get("note")) for entry in entries if entry["action"] == "operator_sign_in.update"]
    assert changes[:2] == [("operator_sign_in.update", "on"), ("operator_sign_in.update", "off")], changes
    company.provider.stop()


def test_no_secret_of_it_is_in_the_log(server, company):
    log = (LOGS / "operators-sso.log").read_text()
    for secret in (PASSWORD, "of-both-sides", "id_token_hint", json.dumps(company.admin.secret)[1:-1]):
        assert secret not in log
