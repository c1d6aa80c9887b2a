"""Operators and a customer on the real program: what is asked at one door is decided at the other, and written down there."""
import json
import types
import urllib.parse

import pytest
from playwright.sync_api import expect

from conftest import assert_accessible
from harness.agents import ScriptedAgent
from harness.operators import Operator, admin
from harness.seconds import time_code
from harness.server import Server

PASSWORD = "a long enough password 7"
pytestmark = pytest.mark.xdist_group("operators")


@pytest.fixture(scope="module")
def hosted(cluster):
    server = Server(cluster.database(), "hosted-console", operators=True)
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def chief(hosted):
    return Operator(hosted, "operator_admin")


def door(hosted):
    """The operators' listener, as a place to visit."""
    return types.SimpleNamespace(url=hosted.operators, cookies={})


def at_work(visit, hosted, operator, path, **rest):
    return visit(door(hosted), path, cookies=dict(operator.client.cookies), **rest)


def signed_in(visit, hosted, owner, path, **rest):
    return visit(hosted, path, cookies=dict(owner.browser.cookies), **rest)


def test_an_account_from_the_shell_is_set_up_in_the_browser_and_signs_in(hosted, visit, picture):
    made = json.loads(admin(hosted, "operator", "create", "--email", "lea@host.example", "--name", "Lea Sommer", "--role", "operator_admin").stdout)
    page = visit(door(hosted), "/setup#" + urllib.parse.urlsplit(made["setupUrl"]).fragment, allow=["401"])
    expect(page.get_by_role("heading", name="Welcome, Lea Sommer")).to_be_visible()
    assert page.get_by_role("img", name="QR code").evaluate("(image) => image.decode().then(() => image.naturalWidth > 0)")
    picture(page, "story-operator-set-up")
    secret = page.locator(".copy-field .mono").inner_text().replace(" ", "")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_label("The code it shows now").fill(time_code(secret))
    page.get_by_role("button", name="Finish").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.get_by_label("E-mail").fill("lea@host.example")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_label("Code").fill(time_code(secret, ahead=1))  # each works once, and the first was used
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Organisations")).to_be_visible()
    page.get_by_role("link", name="Operators", exact=True).first.click()
    expect(page.get_by_role("row", name="Lea Sommer")).to_contain_text("You")
    page.get_by_role("button", name="Sign out").first.click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_support_looks_inside_with_an_owners_consent_and_no_longer(hosted, chief, visit, picture):
    owner = hosted.sign_up("Nordwind Logistik")
    agent = ScriptedAgent(hosted, hostname="db-primary")
    assert agent.enroll(owner.enrollment_token()["token"]).status == 200
    assert agent.send().status == 200
    page = at_work(visit, hosted, chief, "/orgs", allow=["403"])
    page.get_by_role("searchbox", name="Search organisations").fill("nordwind")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Nordwind Logistik").click()
    expect(page.get_by_role("region", name="Usage")).to_contain_text("Machines")
    page.get_by_role("button", name="Ask for access").click()
    page.get_by_label("Reason").fill("The graphs of db-primary stand still")
    page.get_by_role("button", name="Ask", exact=True).click()
    expect(page.get_by_role("region", name="Support access")).to_contain_text("Waiting")

    theirs = signed_in(visit, hosted, owner, "/settings/support-access")
    theirs.get_by_role("button", name="Let them look").click()
    theirs.get_by_role("dialog").get_by_role("button", name="Let them look").click()
    expect(theirs.get_by_text("Can look", exact=True)).to_be_visible()
    picture(theirs, "story-support-access")
    assert_accessible(theirs)

    page.reload()
    page.get_by_role("link", name="Open, to read").click()
    expect(page.get_by_role("table", name="Machines").get_by_role("row", name="db-primary")).to_contain_text("Healthy")
    picture(page, "story-operator-view")
    assert_accessible(page)
    theirs.get_by_role("button", name="End it now").click()
    theirs.get_by_role("dialog").get_by_role("button", name="End it now").click()
    expect(theirs.get_by_role("heading", name="Nobody can look inside")).to_be_visible()
    page.get_by_role("link", name="Members").click()
    expect(page.get_by_role("heading", name="Not open to you")).to_be_visible()

    theirs.goto(hosted.url + "/audit")
    log = theirs.locator("tr[data-row]")
    expect(log.filter(has_text="looked inside, with your consent").first).to_contain_text("Outsider")
    expect(log.filter(has_text="let support look")).to_be_visible()


def test_an_organisation_is_suspended_told_so_and_restored(hosted, chief, visit):
    owner = hosted.sign_up("Kanzlei Works")
    theirs = signed_in(visit, hosted, owner, "/infrastructure", allow=["WebSocket", "403"])
    expect(theirs.get_by_role("heading", name="Nothing is watched yet")).to_be_visible()
    page = at_work(visit, hosted, chief, f"/orgs/{owner.org}")
    page.get_by_role("button", name="Suspend").click()
    page.get_by_role("dialog").get_by_label("Note").fill("Invoice 2211, third reminder")
    page.get_by_role("dialog").get_by_role("button", name="Suspend").click()
    expect(page.get_by_role("button", name="Restore")).to_be_visible()
    theirs.reload()
    expect(theirs.get_by_text("Kanzlei Works is suspended.")).to_be_visible()
    page.get_by_role("button", name="Restore").click()
    page.get_by_role("dialog").get_by_label("Note").fill("Paid")
    page.get_by_role("dialog").get_by_role("button", name="Restore").click()
    expect(page.get_by_role("button", name="Suspend")).to_be_visible()
    theirs.reload()
    expect(theirs.get_by_role("heading", name="Nothing is watched yet")).to_be_visible()
    page.get_by_role("link", name="Operators' log").first.click()
    expect(page.get_by_role("row", name="Invoice 2211, third reminder")).to_contain_text("suspended the organisation")
    page.get_by_label("Did what").select_option(label="Restored the organisation")
    expect(page.get_by_role("row", name="Paid")).to_be_visible()
    page.get_by_role("button", name="Verify now").click()
    expect(page.get_by_text("entries, unbroken")).to_be_visible()
