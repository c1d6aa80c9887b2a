"""The organisation itself, its sites, its record, and providers and customers."""
import re
import urllib.parse

from playwright.sync_api import expect

from canned import ORG, OTHER, Answer, iso, problem
from company import LOOKING, customer, customers, detail, entries, furnish, grants, keys, needs_fresh, overview, said, sites, summary
from harness.processes import eventually

DETAIL = f"/api/orgs/{ORG['id']}"


def with_status(server, status, **rest):
    me = server.answers["GET", "/api/me"]
    server.answers["GET", "/api/me"] = {**me, "organization": {**me["organization"], "status": status, **rest}}
    server.answers["GET", DETAIL] = detail(status=status, **rest)


def test_the_organisation_is_renamed_and_back(canned, visit):
    server = furnish(canned())

    def rename(match, query, body):
        me = server.answers["GET", "/api/me"]
        server.answers["GET", "/api/me"] = {**me, "organization": {**me["organization"], **body}}
        return detail(**body)

    server.answers["PATCH", DETAIL] = rename
    page = visit(server, "/settings")
    page.get_by_role("textbox", name="Name").fill("Nordwind")
    page.get_by_role("button", name="Save name").click()
    expect(page.locator(".nav .org-name")).to_have_text("Nordwind")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".nav .org-name")).to_have_text(ORG["displayName"])
    assert said(server, "PATCH", DETAIL) == [{"displayName": "Nordwind"}, {"displayName": ORG["displayName"]}]


def test_deleting_asks_twice_and_can_be_taken_back(canned, visit):
    server = furnish(canned())

    def delete(match, query, body):
        with_status(server, "pending_deletion", deleteAfter=iso(1_900_000_000))
        return server.answers["GET", DETAIL]

    server.answers["POST", "/api/security/step-up"], server.answers["DELETE", DETAIL] = needs_fresh(delete)
    page = visit(server, "/settings", allow=["403"])
    page.get_by_role("button", name="Delete", exact=True).click()
    dialog = page.get_by_role("dialog", name="Delete Nordwind Logistik?")
    dialog.get_by_label("Type the organisation's name").fill("nordwind logistik")
    expect(dialog.get_by_role("button", name="Delete")).to_be_disabled()
    dialog.get_by_label("Type the organisation's name").fill("Nordwind Logistik")
    dialog.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog", name="Confirm it is you").get_by_label("Password").fill("a long enough password 7")
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_text("Nordwind Logistik is being deleted.")).to_be_visible()
    expect(page.get_by_text("Everything can be restored until")).to_be_visible()
    assert said(server, "DELETE", DETAIL)[-1] == {"retentionDays": 30, "confirm": "nordwind"}

    def restore(match, query, body):
        with_status(server, "active")
        return server.answers["GET", DETAIL]

    server.answers["POST", DETAIL + "/restore"] = restore
    page.get_by_role("button", name="Restore").click()
    expect(page.get_by_text("Nordwind Logistik is back")).to_be_visible()
    expect(page.get_by_role("button", name="Delete", exact=True)).to_be_visible()


def test_another_organisation_of_ones_own_is_brought_back_from_the_profile(canned, visit):
    server = furnish(canned())
    me = server.answers["GET", "/api/me"]
    ending = {**OTHER, "role": "owner", "status": "pending_deletion"}
    server.answers["GET", "/api/me"] = {**me, "organizations": [ORG, ending]}
    server.answers["POST", f"/api/orgs/{OTHER['id']}/restore"] = detail()
    server.answers["POST", f"/api/orgs/{OTHER['id']}/switch"] = {}
    page = visit(server, "/infrastructure")
    page.locator(".nav .org-switch").click()
    page.get_by_role("menuitemradio", name="Lab Süd, being deleted").click()
    expect(page).to_have_url(re.compile("/profile$"))
    page.get_by_role("button", name="Restore Lab Süd").click()
    expect(page.get_by_text("Lab Süd is back")).to_be_visible()


def test_the_last_owner_cannot_leave_and_is_told_why(canned, visit):
    server = furnish(canned())
    server.answers["POST", DETAIL + "/leave"] = problem(409, "last-owner", "Last owner", "An organisation keeps at least one owner. Hand it over first.")
    page = visit(server, "/settings", allow=["409"])
    page.get_by_role("button", name="Leave").click()
    page.get_by_role("dialog").get_by_role("button", name="Leave").click()
    expect(page.get_by_role("dialog").get_by_role("alert")).to_contain_text("Hand it over first.")


def test_the_export_begins_after_a_fresh_sign_in(canned, visit):
    server = furnish(canned())
    server.answers["POST", "/api/security/step-up"] = {"freshUntil": iso(1_900_000_000)}
    server.answers["GET", DETAIL + "/export"] = {}
    page = visit(server, "/settings")
    page.get_by_role("button", name="Export").click()
    page.get_by_role("dialog", name="Confirm it is you").get_by_label("Password").fill("a long enough password 7")
    with page.expect_download() as download:
        page.get_by_role("button", name="Confirm").click()
    assert download.value.suggested_filename == "nordwind.tar"


def test_a_member_who_may_not_change_settings_sees_facts_and_the_door(canned, visit):
    page = visit(furnish(canned(), permissions=LOOKING, role="viewer"), "/settings")
    expect(page.get_by_role("heading", name="Facts")).to_be_visible()
    expect(page.get_by_role("button", name="Leave")).to_be_visible()
    for gone in ["Save name", "Delete", "Export"]:
        expect(page.get_by_role("button", name=gone)).to_have_count(0)


def test_a_suspended_organisation_says_so_on_every_page(canned, visit):
    server = furnish(canned())
    with_status(server, "suspended", suspendReason="billing")
    page = visit(server, "/infrastructure")
    expect(page.get_by_role("heading", name="Nothing is watched now")).to_be_visible()
    assert not server.sockets
    page.get_by_role("link", name="Open settings").click()
    expect(page.get_by_text("It goes on when the invoice is paid.")).to_be_visible()
    expect(page.get_by_text("Suspended: an invoice is open")).to_be_visible()


def test_a_site_is_made_changed_and_deleted(canned, visit):
    server = furnish(canned())
    server.answers["POST", "/api/sites"] = problem(409, "site-name-taken", "Name taken")
    page = visit(server, "/sites", allow=["409"])
    page.get_by_role("button", name="New site").click()
    page.get_by_label("Name").fill("Frankfurt")
    page.get_by_role("button", name="Create site").click()
    expect(page.get_by_text("Another site has this name.")).to_be_visible()
    server.answers["POST", "/api/sites"] = Answer(201, {**sites()[1], "id": "x", "name": "Hollern"})
    page.get_by_label("Name").fill("Hollern")
    page.get_by_label("Tags").fill("edge, north")
    page.get_by_role("button", name="Create site").click()
    expect(page.get_by_text("Hollern is here")).to_be_visible()
    assert said(server, "POST", "/api/sites")[-1] == {"name": "Hollern", "description": "", "tags": ["edge", "north"]}
    server.answers["DELETE", f"/api/sites/{sites()[0]['id']}"] = Answer(204)
    page.get_by_role("button", name="Actions for Frankfurt").click()
    page.get_by_role("menuitem", name="Delete").click()
    expect(page.get_by_text("Its 18 machines stay and are in no site afterwards.")).to_be_visible()
    server.answers["GET", "/api/sites"] = {"data": sites()[1:]}
    page.get_by_role("button", name="Delete site").click()
    expect(page.get_by_role("row", name=re.compile("Frankfurt"))).to_have_count(0)


# --- keys and signing in ---

def test_keys_are_rotated_and_the_progress_is_told_until_it_is_done(canned, visit):
    server = furnish(canned())
    running = {"id": "r2", "kind": "data", "state": "rewriting", "rewritten": 20, "remaining": 194, "startedAt": iso(1_700_000_000)}

    def begin(match, query, body):
        server.answers["GET", "/api/security/keys"] = keys(rotation=running)
        return Answer(201, running)

    server.answers["POST", "/api/security/keys/rotations"] = begin
    page = visit(server, "/settings/security")
    expect(page.get_by_text("214 secrets sealed anew.")).to_be_visible()
    page.get_by_role("button", name="Rotate").click()
    expect(page.get_by_text("20 secrets sealed anew, 194 to go.")).to_be_visible()
    expect(page.get_by_role("button", name="Rotate")).to_be_disabled()
    server.answers["GET", "/api/security/keys"] = keys()
    expect(page.get_by_text("214 secrets sealed anew.")).to_be_visible()
    assert said(server, "POST", "/api/security/keys/rotations") == [{"kind": "data"}]


def test_a_key_of_ones_own_is_refused_with_its_reason_and_then_taken(canned, visit):
    server = furnish(canned())
    path = "/api/security/keys/own"
    server.answers["PUT", path] = problem(422, "own-key-refused", "The key was refused", "AWS KMS answered: access denied.")
    page = visit(server, "/settings/security", allow=["422"])
    page.get_by_role("button", name="Bring a key").click()
    page.get_by_label("Kept by").select_option("transit")
    page.get_by_label("Key", exact=True).fill("nordwind")
    page.get_by_label("Token").fill("s.secret")
    page.get_by_role("button", name="Try and use it").click()
    expect(page.get_by_role("alert")).to_contain_text("access denied")
    server.answers["PUT", path] = keys(provider="transit", ownKey={"provider": "transit", "reference": "nordwind", "credentialsSet": True, "setAt": iso(1_700_000_000)})
    page.get_by_role("button", name="Try and use it").click()
    expect(page.get_by_text("Set, never shown")).to_be_visible()
    assert said(server, "PUT", path)[-1] == {"provider": "transit", "reference": "nordwind", "token": "s.secret"}
    assert "s.secret" not in page.content()


def test_signing_in_without_sending_the_password_is_offered_by_a_switch(canned, visit):
    server = furnish(canned())
    server.answers["PUT", "/api/security/sign-in-policy"] = lambda match, query, body: body
    page = visit(server, "/settings/security")
    switch = page.get_by_role("switch", name="Sign-in that never sends the password")
    expect(switch).to_have_attribute("aria-checked", "false")
    switch.click()
    expect(switch).to_have_attribute("aria-checked", "true")
    assert said(server, "PUT", "/api/security/sign-in-policy") == [{"zeroKnowledge": True}]


# --- the audit log ---

def asked_for_log(server):
    return [dict(urllib.parse.parse_qsl(path.partition("?")[2])) for how, path, _ in server.asked if how == "GET" and path.partition("?")[0] == "/api/audit"]


def test_the_log_says_who_did_what_and_where_it_was_signed(canned, visit):
    page = visit(furnish(canned()), "/audit")
    first = page.locator("tr[data-row]").first
    expect(first).to_contain_text("Mara Lindqvist")
    expect(first).to_contain_text("changed role Site editor")
    expect(page.locator("tr[data-row]", has_text="Pulse support")).to_contain_text("Outsider")
    expect(page.get_by_text("through a provider's grant")).to_be_visible()
    expect(page.get_by_text("Checkpoint 48,212")).to_be_visible()
    expect(page.locator(".chain-card")).to_contain_text("Unbroken")


def test_filters_are_in_the_address_and_in_the_request(canned, visit):
    server = furnish(canned())
    page = visit(server, "/audit")
    expect(page.locator("tr[data-row]").first).to_be_visible()
    page.get_by_label("Who", exact=True).select_option("user:u1")
    page.get_by_label("Did what").select_option("agent.")
    page.get_by_role("button", name="7 days").click()
    expect(page).to_have_url(re.compile(r"actor=user%3Au1&action=agent\.&period=7d"))
    expect(page.get_by_text("Checkpoint 48,212")).to_have_count(0)  # between rows that are not neighbours it would say nothing
    asked = eventually(lambda: [one for one in asked_for_log(server) if "from" in one], 10, "the period is asked for")[-1]
    assert asked["actor"] == "user:u1" and asked["action"] == "agent." and asked["from"].endswith("Z") and "to" not in asked
    page.reload()
    expect(page.get_by_role("button", name="7 days")).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_label("Who", exact=True)).to_have_value("user:u1")


def test_own_dates_and_nothing_found(canned, visit):
    server = furnish(canned())
    server.answers["GET", "/api/audit"] = lambda match, query, body: {"data": [] if "from" in query else entries()}
    page = visit(server, "/audit")
    page.get_by_role("button", name="Dates…").click()
    page.get_by_label("From day").fill("2026-01-02")
    page.get_by_label("To day").fill("2026-01-03")
    expect(page.get_by_role("heading", name="Nothing like that was recorded")).to_be_visible()
    page.get_by_role("button", name="Clear filters").click()
    expect(page.locator("tr[data-row]").first).to_be_visible()
    expect(page).to_have_url(re.compile("/audit$"))


def test_an_entry_opens_beside_the_list_and_arrows_walk_it(canned, visit):
    server = furnish(canned())
    server.answers["GET", "/api/audit/e48215/verify"] = {"available": True, "verified": True, "message": "This entry fits the one before it.", "seq": 48_215, "hash": "", "checkpoint": {"seq": 48_300, "hash": "", "at": iso(0), "keyId": "k7"}}
    page = visit(server, "/audit")
    page.locator("tr[data-row]").first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    drawer = page.get_by_role("complementary", name="Audit entry")
    expect(drawer.get_by_role("heading", name="Changed member Tariq Benali")).to_be_focused()
    expect(drawer.get_by_role("region", name="What changed").get_by_role("row", name="role viewer editor")).to_be_visible()
    drawer.get_by_role("button", name="Verify this entry").click()
    expect(drawer.get_by_text("This entry fits the one before it. Signed at number 48300 with key k7.")).to_be_visible()
    drawer.get_by_role("heading", name="Changed member Tariq Benali").press("ArrowDown")
    expect(drawer).to_contain_text("A secret, never kept here")
    expect(page).to_have_url(re.compile("/audit/e48214$"))
    page.keyboard.press("Escape")
    expect(drawer).to_have_count(0)


def test_verifying_the_whole_chain(canned, visit):
    server = furnish(canned())
    page = visit(server, "/audit")
    page.get_by_role("button", name="Verify now").click()
    expect(page.locator(".chain-card")).to_contain_text("All 48,216 entries and 483 signatures fit")
    server.answers["GET", "/api/audit/verify"] = {"verified": False, "entries": 48_216, "firstSeq": 1, "seq": 48_216, "brokenSeq": 48_001, "message": "The chain does not fit", "checkpoints": 483}
    page.get_by_role("button", name="Verify now").click()
    expect(page.locator(".chain-card")).to_contain_text("Broken")
    expect(page.get_by_role("alert")).to_contain_text("Entry 48,001 does not fit the one before it.")


def test_a_broken_chain_is_said_at_once(canned, visit):
    server = furnish(canned())
    server.answers["GET", "/api/audit/summary"] = {**summary(), "chain": {**summary()["chain"], "state": "broken", "brokenSeq": 17}}
    page = visit(server, "/audit")
    expect(page.get_by_role("alert")).to_contain_text("Entry 17 does not fit the one before it.")


def test_the_export_takes_the_period_on_screen(canned, visit):
    page = visit(furnish(canned()), "/audit?period=30d")
    page.get_by_role("button", name="Export with proof").click()
    expect(page.get_by_role("menuitem", name=re.compile("^JSON Lines"))).to_have_attribute("href", re.compile(r"^/api/audit/export\?format=jsonl&from=\d{4}-"))
    expect(page.get_by_role("menuitem", name=re.compile("^CSV"))).to_have_attribute("href", re.compile("format=csv"))


def test_a_stream_is_added_with_its_secret_shown_once_and_paused(canned, visit):
    server = furnish(canned())
    path = "/api/audit/streams"
    server.answers["POST", path] = Answer(201, {"id": "s2", "secret": "whsec_once"})
    server.answers["PATCH", path + "/s1"] = {}
    page = visit(server, "/audit")
    page.get_by_role("button", name="Stream to…").click()
    page.get_by_role("button", name="Pause splunk").click()
    expect(page.get_by_text("splunk paused")).to_be_visible()
    page.get_by_role("button", name="Add a stream").click()
    page.get_by_label("Name").fill("vault-copy")
    page.get_by_label("Address").fill("http://insecure.example")
    page.get_by_role("button", name="Add stream").click()
    expect(page.get_by_text("An address that begins with https://.")).to_be_visible()
    page.get_by_label("Address").fill("https://copy.example/in")
    page.get_by_role("button", name="Add stream").click()
    expect(page.get_by_label("Signing secret", exact=True)).to_have_text("whsec_once")
    assert said(server, "POST", path) == [{"name": "vault-copy", "kind": "webhook", "address": "https://copy.example/in"}]


def test_who_may_not_read_the_log_is_told_what_it_needs(canned, visit):
    server = furnish(canned(), permissions=LOOKING, role="viewer")
    page = visit(server, "/audit")
    expect(page.get_by_role("heading", name="Your role cannot see the audit log")).to_be_visible()
    assert asked_for_log(server) == []


# --- providers and customers ---

def test_a_provider_is_let_in_and_put_out(canned, visit):
    server = furnish(canned())
    path = "/api/provider-grants"
    server.answers["POST", path] = Answer(201, grants()[1])
    server.answers["DELETE", path + "/pg1"] = Answer(204)
    page = visit(server, "/settings/providers")
    page.get_by_role("button", name="Let a provider in").click()
    page.get_by_label("Provider's short name").fill("nachtwache")
    page.get_by_label("Role").select_option("viewer")
    page.get_by_role("button", name="Offer", exact=True).click()
    expect(page.get_by_text("Offered to nachtwache")).to_be_visible()
    [body] = said(server, "POST", path)
    assert body["provider"] == "nachtwache" and body["role"] == "viewer" and re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:]+Z", body["expiresAt"])
    page.get_by_role("button", name="End", exact=True).click()
    page.get_by_role("button", name="End it").click()
    expect(page.get_by_text("Fjordline Managed IT is out")).to_be_visible()


def test_customers_stand_worst_first_and_keep_their_place(canned, visit):
    server = furnish(canned())
    page = visit(server, "/customers", clock=True, allow=["WebSocket"])
    names = page.locator("table[aria-label=Customers] .name")
    expect(names).to_have_text(["Bäckerei Kranz", "Nordwind Logistik", "Kanzlei Tönnies", "Praxis Wedemeyer", "Stadtwerke Hollern", "Architekten Vogt", "Reederei Zander"])
    expect(page.get_by_role("row", name=re.compile("Kanzlei"))).to_contain_text("Suspended")
    expect(page.get_by_role("row", name=re.compile("Praxis"))).to_contain_text("Not told yet")
    expect(page.get_by_role("img", name="1 offline, 1 warning, 10 healthy")).to_be_visible()
    server.answers["GET", "/api/provider/customers"] = overview([*customers()[:6], customer(7, "Reederei Zander", "editor", 20, offline=8)])
    page.clock.fast_forward(16_000)  # they are asked for again every 15 s
    expect(page.get_by_role("row", name=re.compile("Reederei"))).to_contain_text("8 offline")
    expect(names.last).to_have_text("Reederei Zander")


def test_customers_are_filtered_and_opened(canned, visit):
    server = furnish(canned())
    server.answers["POST", f"/api/orgs/{customers()[1]['orgId']}/switch"] = Answer(200, {})
    page = visit(server, "/customers")
    page.get_by_role("button", name="Offline 1").click()
    expect(page).to_have_url(re.compile(r"\?status=offline$"))
    expect(page.locator("table[aria-label=Customers] tbody tr")).to_have_count(1)
    page.get_by_role("button", name="Open Bäckerei Kranz").click()
    expect(page).to_have_url(re.compile("/infrastructure$"))


def test_an_offer_is_accepted(canned, visit):
    server = furnish(canned())

    def accept(match, query, body):
        server.answers["GET", "/api/provider/grants"] = {"data": []}
        return {}

    server.answers["POST", "/api/provider/grants/g9/accept"] = accept
    page = visit(server, "/customers")
    page.get_by_role("button", name="Accept").click()
    expect(page.get_by_text("Feinkost Grube is your customer")).to_be_visible()
    expect(page.get_by_role("heading", name="Want to be looked after")).to_have_count(0)


def test_nobody_to_look_after_says_how_it_begins(canned, visit):
    server = furnish(canned())
    server.answers["GET", "/api/provider/customers"] = overview([])
    server.answers["GET", "/api/provider/grants"] = {"data": []}
    page = visit(server, "/customers")
    expect(page.get_by_role("heading", name="You look after nobody yet")).to_be_visible()
    expect(page.get_by_text("Your short name is nordwind")).to_be_visible()
