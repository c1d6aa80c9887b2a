"""Platforms that are asked: the list with its states, adding one step by step, changing, switching off, deleting."""
import re

from playwright.sync_api import expect

from canned import problem
from company import furnish, said
from platforms import CERTIFICATE, CONNECTIONS, FINGERPRINT, FOUND, GUEST_AGENT, connection, ident, platforms

LOOKING = ["read:monitoring", "read:org", "read:connections"]


def shown(page, name):
    return page.get_by_role("row").filter(has=page.locator(".name", has_text=re.compile(f"^{name}$")))


def test_each_connection_says_how_it_answers_and_why(canned, visit):
    page = visit(platforms(furnish(canned())), "/connections")
    for name, words in [
            ("lab", ["Refused", "Sign-in refused (401). Parked until the credentials change, so the account is not locked out.", "parked"]),
            ("warehouse-nord", ["Silent", "No answer within 10 s. 12 tries."]), ("ams", ["Partial", "Without guest agents.", "96"]),
            ("fra", ["Healthy", "3 nodes, 18 VMs, 5 storages, 1 Ceph", "82"]), ("backup", ["Off", "Switched off."]), ("new-one", ["Waiting", "Asked for the first time in a moment."]),
            ("changed", ["Failing", "It shows another certificate than the one that was confirmed."])]:
        for word in words:
            expect(shown(page, name)).to_contain_text(word)
    expect(page.get_by_role("heading", level=1)).to_have_text("Connections 7")


def test_health_moves_by_itself_and_rows_stay_where_they_are(canned, visit):
    server = platforms(furnish(canned()), [connection(1, "first", "pending"), connection(2, "second", "pending")])
    page = visit(server, "/connections")
    expect(shown(page, "second")).to_contain_text("Waiting")
    server.connections[ident(2)] = connection(2, "second", "ok", health={"discovered": {"vm": 1}})
    expect(shown(page, "second")).to_contain_text("1 VM")
    expect(page.locator("tbody tr").nth(0)).to_contain_text("first")


def test_a_platform_is_added_after_its_certificate_was_confirmed(canned, visit):
    server = platforms(furnish(canned()), [])
    server.trial = lambda body: ({**FOUND, "degraded": [GUEST_AGENT]} if body["trust"] == {"mode": "pinned", "fingerprint": FINGERPRINT}
                                 else {"ok": False, "reason": "untrusted-certificate", "detail": "The certificate is self-signed.", "degraded": [], "certificate": CERTIFICATE})
    page = visit(server, "/connections")
    page.get_by_role("link", name="Add connection").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Connect a platform")
    page.get_by_role("link", name="Proxmox VE").click()
    expect(page.get_by_label("Commands")).to_contain_text("pveum user token add pulse@pve monitor --privsep 0")
    expect(page.get_by_label("Commands")).to_contain_text("VM.GuestAgent.Audit Sys.Audit")
    page.get_by_role("button", name="Proxmox VE 8").click()
    expect(page.get_by_label("Commands")).to_contain_text("VM.Monitor Sys.Audit")
    page.get_by_role("button", name="Test").click()
    expect(page.get_by_text("Type the address of one node")).to_be_visible()
    page.get_by_label("Address").fill("https://pve-fra-01.nordwind.example:8006/#v1")
    page.get_by_label("Token secret").fill("s3cret")
    page.get_by_role("button", name="Test").click()
    expect(page.get_by_text("Nobody vouches for its certificate")).to_be_visible()
    expect(page.locator(".copy-field .mono")).to_have_text(FINGERPRINT)
    assert said(server, "POST", CONNECTIONS) == []
    page.get_by_role("button", name="Trust and continue").click()
    expect(page.get_by_text("Guest agents cannot be read")).to_be_visible()
    expect(page.get_by_label("Name")).to_have_value("fra")
    page.get_by_label("Tags").fill("north, lab")
    expect(page.get_by_label("While nothing happens there")).to_have_value("no")
    page.get_by_label("While nothing happens there").select_option("yes")
    page.get_by_role("button", name="Save connection").click()
    expect(page.get_by_role("complementary", name="Connection fra")).to_be_visible()
    expect(page.get_by_role("region", name="Settings")).to_contain_text("10 s, less often while nothing happens there")
    kept, = said(server, "POST", CONNECTIONS)
    assert kept["trust"] == {"mode": "pinned", "fingerprint": FINGERPRINT} and kept["secret"] == "s3cret"
    assert kept["host"].startswith("https://pve-fra-01") and kept["tags"] == ["north", "lab"] and kept["cadenceSeconds"] == 10
    assert kept["adaptive"] is True


def test_a_refusal_stands_at_its_field_and_a_failed_test_says_what_to_do(canned, visit):
    server = platforms(furnish(canned()), [])
    answers = [problem(400, "invalid-field", "A field is not valid", "user, realm and name of the token are wanted", ), None]
    answers[0].body["field"] = "tokenId"
    answers[1] = {"ok": False, "reason": "authentication", "detail": "Sign-in refused (401).", "degraded": []}
    server.trial = lambda body: answers[0] if "!" not in body["tokenId"] else answers[1]
    page = visit(server, "/connections/new/pve", allow=["400"])
    page.get_by_label("Address").fill("pve.nordwind.example")
    page.get_by_label("Token secret").fill("s3cret")
    page.get_by_label("API token id").fill("root")
    page.get_by_role("button", name="Test").click()
    expect(page.get_by_text("user, realm and name of the token are wanted")).to_be_visible()
    page.get_by_label("API token id").fill("pulse@pve!monitor")
    page.get_by_role("button", name="Test").click()
    expect(page.get_by_text("Check the token id and its secret, and that the token has not expired.")).to_be_visible()
    expect(page.get_by_role("button", name="Go on without")).to_be_visible()


def test_an_address_that_is_asked_already_is_told_before_it_is_saved(canned, visit):
    server = platforms(furnish(canned()))
    server.trial = {**FOUND, "existing": [{"connectionId": ident(4), "name": "fra", "why": "same-address"}]}
    page = visit(server, "/connections/new/pve")
    page.get_by_label("Address").fill("pve.nordwind.example")
    page.get_by_label("Token secret").fill("s3cret")
    page.get_by_role("button", name="Test").click()
    expect(page.get_by_text("This address is asked already")).to_be_visible()


def test_one_is_tested_asked_now_switched_off_and_deleted(canned, visit):
    server = platforms(furnish(canned()))
    page = visit(server, "/connections")
    shown(page, "fra").click()
    drawer = page.get_by_role("complementary", name="Connection fra")
    drawer.get_by_role("button", name="Test").click()
    expect(drawer.get_by_text("It answers within 61 ms: 3 nodes, 18 VMs, 5 storages.")).to_be_visible()
    assert said(server, "POST", f"{CONNECTIONS}/{ident(4)}/test") == [{}]
    drawer.get_by_role("button", name="Ask now").click()
    expect(page.get_by_text("fra is asked now")).to_be_visible()
    drawer.get_by_role("button", name="Switch off").click()
    expect(shown(page, "fra")).to_contain_text("Switched off.")
    drawer.get_by_role("button", name="Delete").click()
    dialog = page.get_by_role("dialog", name="Delete fra?")
    expect(dialog).to_contain_text("What no other source tells goes from the lists")
    dialog.get_by_role("button", name="Delete connection").click()
    expect(shown(page, "fra")).to_have_count(0)
    expect(page).to_have_url(re.compile("/connections$"))
    assert ident(4) not in server.connections


def test_credentials_are_replaced_and_another_address_wants_the_secret(canned, visit):
    server = platforms(furnish(canned()))
    page = visit(server, "/connections")
    shown(page, "lab").get_by_role("link", name="Replace credentials").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Change lab")
    page.get_by_label("Address").fill("other.nordwind.example")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Enter the secret again: it is sent to another place")).to_be_visible()
    assert said(server, "PATCH", f"{CONNECTIONS}/{ident(1)}") == []
    page.get_by_label("Token secret").fill("renewed")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("lab saved")).to_be_visible()
    sent, = said(server, "PATCH", f"{CONNECTIONS}/{ident(1)}")
    assert sent["host"] == "other.nordwind.example" and sent["secret"] == "renewed"


def test_what_another_changed_meanwhile_is_not_overwritten(canned, visit):
    server = platforms(furnish(canned()))
    server.answers = {("PATCH", f"{CONNECTIONS}/{ident(4)}"): problem(412, "connection-changed", "Somebody changed this connection meanwhile", "Read it again and make your change to what is there now."), **server.answers}
    page = visit(server, f"/connections/{ident(4)}/edit", allow=["412"])
    page.get_by_label("Name").fill("frankfurt")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Read it again and make your change to what is there now.")).to_be_visible()
    expect(page.get_by_label("Name")).to_have_value("frankfurt")


def test_who_may_only_look_is_offered_nothing_to_change(canned, visit):
    server = platforms(furnish(canned(), LOOKING, "viewer"))
    page = visit(server, f"/connections/{ident(1)}")
    expect(page.get_by_role("complementary", name="Connection lab")).to_be_visible()
    for name in ["Add connection", "Delete", "Test", "Change", "Replace credentials"]:
        expect(page.get_by_role("button", name=name).or_(page.get_by_role("link", name=name))).to_have_count(0)
    visit(server, "/connections/new").get_by_text("Your role cannot see how to add connections").wait_for()
    nobody = visit(platforms(furnish(canned(), ["read:monitoring", "read:org"], "custom")), "/connections")
    expect(nobody.get_by_role("heading", name="Your role cannot see connections")).to_be_visible()
    expect(nobody.get_by_role("link", name="Connections")).to_have_count(0)


def test_the_keyboard_and_the_palette_lead_there(canned, visit):
    server = platforms(furnish(canned()))
    page = visit(server, "/sites")
    expect(page.get_by_role("heading", level=1)).to_have_text("Sites")
    page.keyboard.type("gc")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Connections")
    shown(page, "lab").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(ident(2)))
    page.keyboard.press("Escape")
    expect(page.get_by_role("complementary")).to_have_count(0)
    page.keyboard.press("Control+k")
    expect(page.get_by_role("combobox")).to_be_focused()
    page.keyboard.type("add a conn")
    expect(page.get_by_role("option", name="Add a connection")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Connect a platform")
