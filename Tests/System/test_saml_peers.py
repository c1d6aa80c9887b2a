"""Sign-ins by SAML against identity providers of others: SimpleSAMLphp and pysaml2, with a browser or by what a browser
does."""
import html
import os
import re
import uuid

import pytest
import requests
from playwright.sync_api import sync_playwright

from harness.providers import Key, saml_provider
from harness.server import Server
from harness.visitor import Visitor
from Peers.pysaml2_provider import PySAML2, why_no_pysaml2
from Peers.simplesamlphp import SimpleSAMLphp, why_no_simplesamlphp

CHROMIUM = os.environ.get("PULSE_TEST_CHROMIUM", "/usr/bin/chromium")


@pytest.fixture(scope="module")
def server(cluster):
    server = Server(cluster.database(), "saml", PULSE_OUTBOUND_ALLOW="127.0.0.0/8")
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def simplesaml():
    reason = why_no_simplesamlphp()
    if reason:
        pytest.skip(f"SKIPPED ({reason})")
    provider = SimpleSAMLphp().start()
    yield provider
    provider.stop()


@pytest.fixture(scope="module")
def pysaml():
    reason = why_no_pysaml2()
    if reason:
        pytest.skip(f"SKIPPED ({reason})")
    provider = PySAML2().start()
    yield provider
    provider.stop()


def sign_in(server, made, name, password=""):
    return Visitor(server).open(f"{made['addresses']['login']}?returnTo=/resources").fill(name, password)


def by_simplesaml(server, made, name):
    return sign_in(server, made, name, f"{name}-pw")


@pytest.fixture
def owner(server):
    return server.sign_up(f"SAML {uuid.uuid4().hex[:6]}")


def trusted(server, owner, peer):
    """A provider of this organisation, with a key of ours, that trusts us in turn."""
    key = Key()
    made = saml_provider(server, owner, peer, spPrivateKey=key.pem, spCertificate=key.certificate)
    bare = "".join(line for line in key.certificate.splitlines() if not line.startswith("-----"))
    peer.trust(made["addresses"], bare)
    return made


def test_somebody_is_let_in_with_the_roles_of_their_groups_and_these_follow(server, owner, simplesaml):
    made = trusted(server, owner, simplesaml)
    simplesaml.person("ana", "ana@nordwind.example", ["staff", "pulse-editors"])
    first = by_simplesaml(server, made, "ana")
    assert first.came_to == "/resources?saml=success"
    assert first.role_in(owner.org) == "editor"
    user = first.me()["user"]["id"]
    simplesaml.person("ana", "ana@nordwind.example", ["staff", "pulse-admins"])
    again = by_simplesaml(server, made, "ana")
    assert again.role_in(owner.org) == "admin"
    simplesaml.person("ana", "ana@nordwind.example", ["staff"])
    assert by_simplesaml(server, made, "ana").role_in(owner.org) == "viewer"
    told = owner.browser.get("/api/security/sso/attempts").json["data"]
    assert [one["accepted"] for one in told[:3]] == [True, True, True] and {one["userId"] for one in told[:3]} == {user}


def test_the_providers_key_changes_and_nobody_notices(server, owner, simplesaml):
    made = trusted(server, owner, simplesaml)
    simplesaml.person("eva", "eva@nordwind.example", [])
    assert by_simplesaml(server, made, "eva").came_to.endswith("saml=success")
    simplesaml.announce_key()
    assert by_simplesaml(server, made, "eva").came_to.endswith("saml=success")
    simplesaml.rotate_key()
    assert by_simplesaml(server, made, "eva").came_to.endswith("saml=success")


def test_a_response_works_once_and_for_the_organisation_it_was_made_for(server, owner, simplesaml):
    made = trusted(server, owner, simplesaml)
    other = trusted(server, server.sign_up("Other Works"), simplesaml)
    simplesaml.person("ines", "ines@nordwind.example", [])
    visitor = Visitor(server).open(f"{made['addresses']['login']}?returnTo=/").send("ines", "ines-pw")
    response = html.unescape(re.search(r'name="SAMLResponse" value="([^"]*)"', visitor.page.text)[1])
    foreign = requests.post(other["addresses"]["acs"], data={"SAMLResponse": response}, allow_redirects=False, timeout=30)
    assert foreign.status_code == 303 and "saml=error" in foreign.headers["location"]
    assert visitor.send().came_to.endswith("saml=success")
    replayed = visitor.open(made["addresses"]["acs"], "POST", data={"SAMLResponse": response})
    assert replayed.told("saml") == "error"
    assert not owner.browser.get("/api/security/sso/attempts").json["data"][0]["accepted"]


def test_who_signs_out_here_is_signed_out_there(server, owner, simplesaml):
    made = trusted(server, owner, simplesaml)
    simplesaml.person("karl", "karl@nordwind.example", [])
    visitor = by_simplesaml(server, made, "karl")
    assert visitor.me()
    done = visitor.post("/api/sso/logout")
    assert done.status_code == 200, done.text
    assert visitor.me() is None
    assert visitor.open(done.json()["url"]).told("logout") == "success"
    # There is no session there any more either: the next sign-in asks for the password.
    visitor.open(made["addresses"]["login"])
    assert 'name="username"' in visitor.page.text


def test_pysaml2_says_who_somebody_is(server, owner, pysaml):
    made = saml_provider(server, owner, pysaml)
    metadata = requests.get(made["addresses"]["metadata"], timeout=30)
    assert metadata.headers["content-type"].startswith("application/samlmetadata+xml")
    pysaml.trust(metadata.text)
    pysaml.person("jonas", "jonas@nordwind.example", ["pulse-editors"])
    visitor = sign_in(server, made, "jonas")
    assert visitor.came_to == "/resources?saml=success" and visitor.role_in(owner.org) == "editor"
    pysaml.rotate_key()
    again = sign_in(server, made, "jonas")
    assert again.came_to == "/resources?saml=success"


def test_a_browser_comes_back_signed_in_although_it_brings_no_cookie_with_the_providers_form(server, owner, simplesaml):
    made = trusted(server, owner, simplesaml)
    simplesaml.person("mara", "mara@nordwind.example", ["pulse-editors"])
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"])
        page = chromium.new_page()
        visited = []
        page.on("request", lambda request: visited.append(request.url))
        page.goto(f"{made['addresses']['login']}?returnTo=/resources", timeout=60_000)
        page.fill("input[name=username]", "mara")
        page.fill("input[name=password]", "mara-pw")
        page.press("input[name=password]", "Enter")
        page.wait_for_url(f"{server.url}/**", timeout=60_000)
        assert any(url == f"{server.url}/resources?saml=success" for url in visited), visited
        me = page.request.get(f"{server.url}/api/me")
        assert me.ok and me.json()["user"]["displayName"] == "Mara" and me.json()["session"]["method"] == "saml"
        chromium.close()
