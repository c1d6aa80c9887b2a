"""The real console on the real server: a domain is claimed, proven in the DNS and given up; an owner's code opens the door once."""
import re

from playwright.sync_api import expect

from harness.zones import zone


def test_a_domain_is_proven_and_a_code_opens_the_door_once(server, visit):
    owner = server.sign_up("Console Works")
    slug = owner.browser.get(f"/api/orgs/{owner.org}").json["slug"]
    page = visit(server, "/sso/domains", cookies=owner.browser.cookies, allow=["409"])
    page.get_by_role("button", name="Add a domain").first.click()
    page.get_by_role("dialog").get_by_label("Domain").fill("Console-Works.example")
    page.get_by_role("button", name="Add it").click()
    name = page.get_by_label("Name of the TXT record")
    expect(name).to_have_text("_pulse-challenge.console-works.example")
    page.get_by_role("button", name="Verify now").click()
    expect(page.get_by_text("The record was not found")).to_be_visible()
    zone().publish(name.inner_text(), page.get_by_label("Its value").inner_text())
    page.get_by_role("button", name="Verify now").click()
    expect(page.get_by_role("status").filter(has_text="is yours").first).to_be_visible()
    expect(page.get_by_text("Needs a provider that is switched on and a break-glass code that an owner holds first.")).to_be_visible()

    page.get_by_role("link", name="Break-glass").click()
    page.get_by_role("button", name="Make my code").click()
    code = page.get_by_role("dialog").get_by_label("Code").inner_text()
    page.get_by_role("button", name="I have written it down").click()
    expect(page.get_by_text("Holds a code")).to_be_visible()

    door = visit(server, "/login/break-glass", cookies={}, allow=["401"])
    door.get_by_label("Organisation").fill(slug)
    door.get_by_label("E-mail").fill(owner.address)
    door.get_by_label("Password").fill(owner.password)
    door.get_by_label("Code").fill(code)
    door.get_by_role("button", name="Come in").click()
    expect(door.get_by_label("Your next code")).to_have_text(re.compile(r"^(\w{5}-){3}\w{5}$"))
    door.get_by_role("button", name="I have written it down").click()
    expect(door.get_by_role("heading", name="console-works.example")).to_be_visible()
