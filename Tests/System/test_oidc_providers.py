"""People sign in at real OpenID providers: LemonLDAP::NG, whose keys change while it runs, and canaille, whose key set holds a
kind of key beside the one it signs with."""
import os
import re
import secrets
import sys

import pytest
from playwright.sync_api import sync_playwright

from harness.processes import ROOT, eventually
from harness.server import Server
from harness.visitor import Visitor

sys.path.insert(0, str(ROOT / "Tests/Peers"))
from canaille_peer import Canaille, why_no_canaille  # noqa: E402
from lemonldap import LemonLDAP, why_no_lemonldap  # noqa: E402

CHROMIUM = os.environ.get("PULSE_TEST_CHROMIUM", "/usr/bin/chromium")
ROLES = {"admins": "admin", "staff": "viewer"}


@pytest.fixture(scope="module")
def server(cluster):
    server = Server(cluster.database(), "sso-oidc", PULSE_OUTBOUND_ALLOW="127.0.0.0/8")
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def lemonldap():
    if why := why_no_lemonldap():
        pytest.skip(f"SKIPPED ({why})")
    peer = LemonLDAP()
    try:
        yield peer.start()
    finally:
        peer.stop()


@pytest.fixture(scope="module")
def canaille():
    if why := why_no_canaille():
        pytest.skip(f"SKIPPED ({why})")
    peer = Canaille()
    try:
        yield peer.start()
    finally:
        peer.stop()


class Office:
    """An organisation and its provider, which both know each other."""

    def __init__(self, pulse, name):
        self.pulse, self.owner = pulse, pulse.sign_up(name)
        self.provider = None

    def add(self, issuer, client="unknown", secret="nobody told it yet", scopes="openid profile email"):
        answer = self.owner.browser.post("/api/security/sso/providers", {
            "name": "Directory", "type": "oidc", "jit": True, "groupRoleMappings": ROLES, "defaultRole": "viewer",
            "oidc": {"issuerUrl": issuer, "clientId": client, "clientSecret": secret, "scopes": scopes.split(),
                     "groupsClaim": "groups"}}, headers={"Idempotency-Key": secrets.token_hex(8)})
        assert answer.status == 201, answer
        assert answer.json["oidc"]["clientSecretSet"] is True and secret not in answer.body.decode()
        self.provider = answer.json
        return self

    def change(self, **oidc):
        answer = self.owner.browser.put(f"/api/security/sso/providers/{self.provider['id']}", {"oidc": oidc})
        assert answer.status == 200, answer

    def leave(self, visitor=None):
        """Somebody goes to the provider."""
        return (visitor or Visitor(self.pulse)).open(self.provider["addresses"]["login"] + "?returnTo=/resources")

    def sign_in(self, name, password):
        visitor = self.leave().fill(name, password)
        assert visitor.told("oidc") == "success", visitor.address
        assert visitor.address.startswith(self.pulse.url + "/resources"), "the way in leads to where one wanted to go"
        return visitor

    def role(self, visitor):
        return visitor.role_in(self.owner.org)


@pytest.fixture(scope="module")
def office(server, lemonldap):
    office = Office(server, "Lemon Works").add(lemonldap.issuer)
    addresses = office.provider["addresses"]
    secret = lemonldap.client("lemon-works", addresses["redirectUrl"], addresses["postLogoutRedirectUrl"])
    office.change(clientId="lemon-works", clientSecret=secret)
    eventually(lambda: office.sign_in("msmith", "msmith"), 30, "the provider knows the client")
    return office


def test_a_first_sign_in_makes_a_member_with_the_role_of_its_group_and_the_next_one_follows_the_group(office, lemonldap):
    lemonldap.groups(staff="1", admins="$uid eq 'dwho'")
    first = eventually(lambda: admin_at(office, "dwho"), 20, "the group is known at the provider")
    subject = first.me()["user"]["id"]
    assert office.role(office.sign_in("rtyler", "rtyler")) == "viewer"
    lemonldap.groups(staff="1", admins="$uid eq 'rtyler'")
    eventually(lambda: admin_at(office, "rtyler"), 20, "the other one is an admin now")
    again = office.sign_in("dwho", "dwho")
    assert office.role(again) == "viewer", "a role that came from a group goes with it"
    assert again.me()["user"]["id"] == subject, "the same person"


def admin_at(office, name):
    visitor = office.sign_in(name, name)
    return visitor if office.role(visitor) == "admin" else None


def test_a_wrong_secret_is_told_as_such_and_signs_nobody_in(office, lemonldap):
    office.change(clientSecret="not the secret")
    visitor = office.leave().fill("dwho", "dwho")
    assert visitor.told("oidc") == "error" and visitor.told("oidc_error") == "exchange_failed", visitor.address
    assert visitor.me() is None
    attempt = office.owner.browser.get("/api/security/sso/attempts").json["data"][0]
    assert attempt["accepted"] is False and attempt["reason"] == "exchange_refused", attempt
    office.change(clientSecret=lemonldap.secrets["lemon-works"])
    office.sign_in("dwho", "dwho")


def test_an_answer_is_good_once_and_for_the_browser_that_asked_alone(office):
    visitor = office.leave()
    answers = []
    ask = visitor._ask

    def noted(method, url, **more):
        if "/callback?" in url:
            answers.append(url)
        return ask(method, url, **more)
    visitor._ask = noted
    assert visitor.fill("dwho", "dwho").told("oidc") == "success"
    stranger = Visitor(office.pulse).open(answers[0])
    assert stranger.told("oidc_error") == "invalid_state" and stranger.me() is None, stranger.address
    assert visitor.open(answers[0]).told("oidc_error") == "invalid_state", visitor.address


def test_a_new_key_of_the_provider_is_found_and_who_is_signed_in_stays(office, lemonldap):
    before = office.sign_in("dwho", "dwho")
    lemonldap.rotate_key()

    def with_the_new_key():
        visitor = office.leave().fill("rtyler", "rtyler")
        return visitor.told("oidc") == "success"
    # Keys are asked for once in half a minute, and these were asked for just now.
    eventually(with_the_new_key, 90, "the new key is found", every=2)
    assert before.me() is not None


def test_signing_out_ends_it_there_too(office, lemonldap):
    visitor = office.sign_in("dwho", "dwho")
    answer = visitor.post("/api/sso/logout")
    assert answer.status_code == 200, answer.text
    assert visitor.me() is None
    url = answer.json()["url"]
    assert url.startswith(lemonldap.issuer) and "id_token_hint=" in url
    visitor.open(url)
    # The provider has forgotten the person: it shows its form again.
    assert not office.leave(visitor).is_back, visitor.address
    assert "password" in visitor.page.text


def test_two_organisations_have_one_provider_and_one_person_belongs_to_both(office, server, lemonldap):
    other = Office(server, "Orange Works").add(lemonldap.issuer)
    addresses = other.provider["addresses"]
    secret = lemonldap.client("orange-works", addresses["redirectUrl"], addresses["postLogoutRedirectUrl"])
    other.change(clientId="orange-works", clientSecret=secret)
    eventually(lambda: other.leave().fill("dwho", "dwho").told("oidc") == "success", 30, "the provider knows the client")
    visitors = {one: one.sign_in("dwho", "dwho") for one in (office, other)}
    for mine, foreign in ((office, other), (other, office)):
        reached = [one["id"] for one in visitors[mine].me()["organizations"] if not one.get("ssoRequired")]
        assert reached == [mine.owner.org], "a session that a provider vouched for reaches its organisation alone"
        assert visitors[mine].get(f"/api/orgs/{foreign.owner.org}/members").status_code in (403, 404)
    # A client of one is none of the other: its codes bring nothing there.
    office.change(clientId="orange-works", clientSecret=secret)
    refused = office.leave()
    assert not (refused.is_back and refused.told("oidc") == "success"), refused.address
    office.change(clientId="lemon-works", clientSecret=lemonldap.secrets["lemon-works"])


PASSWORD = "a long password of canaille 7"


@pytest.fixture(scope="module")
def canary(server, canaille):
    """An organisation with canaille, where ada is an admin and bob is not."""
    office = Office(server, "Canary Works").add(canaille.issuer)
    addresses = office.provider["addresses"]
    client, secret = canaille.client("canary-works", addresses["redirectUrl"], addresses["postLogoutRedirectUrl"])
    office.change(clientId=client, clientSecret=secret, scopes=["openid", "profile", "email", "groups"])
    canaille.person("ada", "ada@nordwind.example", PASSWORD)
    canaille.person("bob", "bob@nordwind.example", PASSWORD)
    canaille.group("admins", "ada")
    return office


def test_canaille_signs_people_in_with_their_groups(canary):
    assert canary.role(canary.sign_in("ada", PASSWORD)) == "admin"
    assert canary.role(canary.sign_in("bob", PASSWORD)) == "viewer"


def with_a_browser(office, act):
    """Chromium goes to the provider; `act` does there what a person does. What Pulse says of who is back."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"])
        try:
            page = browser.new_page()
            page.set_default_timeout(60_000)
            page.goto(office.provider["addresses"]["login"] + "?returnTo=/resources")
            act(page)
            page.wait_for_url(re.compile(re.escape(office.pulse.url) + "/resources"))
            return page.evaluate("async () => (await fetch('/api/me')).json()")
        finally:
            browser.close()


def test_a_browser_signs_in_at_lemonldap(office):
    def act(page):
        page.locator("input[name=user]").fill("dwho")
        page.locator("input[name=password]").first.fill("dwho")
        page.locator("input[name=password]").first.press("Enter")
    assert any(one["id"] == office.owner.org for one in with_a_browser(office, act)["organizations"])


def test_a_browser_signs_in_at_canaille(canary):
    def act(page):
        page.locator("input[name=login]").fill("ada")
        page.locator("input[name=login]").press("Enter")
        page.locator("input[name=password]").fill(PASSWORD)
        page.locator("input[name=password]").press("Enter")
        agree = page.locator("button[value=accept]")
        agree.or_(page.locator("#root")).first.wait_for(state="attached")
        if agree.count():
            agree.click()
    assert any(one["id"] == canary.owner.org for one in with_a_browser(canary, act)["organizations"])


def test_a_provider_that_is_away_is_told_as_away(server):
    office = Office(server, "Gone Works").add("http://127.0.0.1:9")
    visitor = office.leave()
    assert visitor.told("oidc_error") == "provider_unavailable", visitor.address
