"""The organisation itself, its sites, its record, and providers and customers."""
import re
import urllib.parse

from playwright.sync_api import expect

from canned import ORG, OTHER, Answer, iso, problem
from company import LOOKING, asked, customer, customers, detail, entries, furnish, grants, keys, needs_fresh, overview, received, said, shares, sites, summary
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
    server.answers["GET", DETAIL + "/export"] = Answer(200, {}, {"Content_Disposition": 'attachment; filename="pulse-nordwind-20261121.tar.gz"'})
    page = visit(server, "/settings")
    page.get_by_role("button", name="Export").click()
    page.get_by_role("dialog", name="Confirm it is you").get_by_label("Password").fill("a long enough password 7")
    with page.expect_download() as download:
        page.get_by_role("button", name="Confirm").click()
    assert download.value.suggested_filename == "pulse-nordwind-20261121.tar.gz"


IMPORTED = {
    "source": {"orgId": "x", "slug": "alt", "displayName": "Nordwind Alt", "exportedAt": iso(1_790_000_000)}, "rows": 4_812, "differences": 0,
    "tables": [{"name": "resources", "rows": 40}, {"name": "audit_entries", "rows": 4_772, "leftOut": 2}, {"name": "shares", "rows": 0}],
    "people": {"members": 4, "invited": 1}, "enterAgain": [{"what": "audit-stream", "id": "s1", "name": "splunk"}, {"what": "agent", "id": "a1", "name": "db-primary"}]}


def empty_organisation(canned):
    server = furnish(canned([]))
    server.answers["GET", DETAIL] = detail(memberCount=1, pendingInvitationCount=0)
    server.answers["GET", "/api/security/account"] = {**server.answers["GET", "/api/security/account"], "freshUntil": iso(1_900_000_000)}
    return server


def test_an_archive_is_read_into_an_empty_organisation_and_what_is_left_to_do_is_listed(canned, visit, tmp_path):
    server = empty_organisation(canned)
    server.answers["POST", DETAIL + "/import"] = IMPORTED
    archive = tmp_path / "pulse-alt.tar.gz"
    archive.write_bytes(b"\x1f\x8b not JSON")
    page = visit(server, "/settings")
    page.get_by_label("Archive", exact=True).set_input_files(archive)
    report = page.get_by_role("dialog", name="Nordwind Alt is here")
    expect(report.get_by_text("4,812 rows, no difference")).to_be_visible()
    expect(report.get_by_role("row", name="audit entries 4,772, 2 left out")).to_be_visible()
    expect(report.get_by_text("audit stream: splunk")).to_be_visible()
    assert said(server, "POST", DETAIL + "/import") == [b"\x1f\x8b not JSON"]


def test_an_archive_that_is_refused_says_where_and_leaves_nothing(canned, visit, tmp_path):
    server = empty_organisation(canned)
    refused = problem(422, "archive-refused", "The archive was refused", "A checksum does not fit.")
    server.answers["POST", DETAIL + "/import"] = Answer(422, {**refused.body, "file": "tables/resources/000001.jsonl", "line": 17})
    archive = tmp_path / "broken.tar.gz"
    archive.write_bytes(b"\x1f\x8b")
    page = visit(server, "/settings", allow=["422"])
    page.get_by_label("Archive", exact=True).set_input_files(archive)
    expect(page.get_by_role("alert").filter(has_text="A checksum does not fit.")).to_contain_text("tables/resources/000001.jsonl, line 17")
    expect(page.get_by_text("Nothing of it is here.")).to_be_visible()


def test_where_something_is_already_no_archive_is_offered_a_place(canned, visit):
    page = visit(furnish(canned()), "/settings")
    expect(page.get_by_role("heading", name="Take everything out")).to_be_visible()
    expect(page.get_by_role("heading", name="Read an archive in")).to_have_count(0)


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


ISSUERS = "/api/security/trusted-issuers"


def test_an_issuer_is_trusted_with_its_values_and_their_roles(canned, visit):
    server = furnish(canned())
    server.answers["POST", "/api/security/step-up"], server.answers["POST", ISSUERS] = needs_fresh(Answer(201, {}))
    page = visit(server, "/settings/security", allow=["403"])
    page.get_by_role("button", name="Trust an issuer").click()
    dialog = page.get_by_role("dialog", name="Trust an issuer")
    dialog.get_by_label("Name").fill("GitLab")
    dialog.get_by_label("Issuer").fill("http://gitlab.example")
    dialog.get_by_role("button", name="Trust it").click()
    expect(dialog.get_by_text("as its tokens say it in iss.")).to_be_visible()
    dialog.get_by_label("Issuer").fill("https://gitlab.example")
    dialog.get_by_label("Audience").fill("pulse")
    dialog.get_by_label("Public keys").select_option("pasted")
    dialog.get_by_label("Key set").fill('{"keys":[]}')
    dialog.get_by_role("button", name="Trust it").click()
    expect(dialog.get_by_text("Each line needs a value, or goes.")).to_be_visible()
    dialog.get_by_label("Value 1").fill("ci")
    dialog.get_by_role("button", name="Another line").click()
    dialog.get_by_label("Value 2").fill("release")
    dialog.get_by_label("Role 2").select_option("editor")
    dialog.get_by_role("button", name="Trust it").click()
    page.get_by_role("dialog", name="Confirm it is you").get_by_label("Password").fill("a long enough password 7")
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_text("GitLab is trusted")).to_be_visible()
    assert said(server, "POST", ISSUERS)[-1] == {
        "name": "GitLab", "issuer": "https://gitlab.example", "audience": "pulse", "jwks": '{"keys":[]}', "roleClaim": "roles",
        "roleMappings": [{"value": "ci", "role": "viewer"}, {"value": "release", "role": "editor"}]}


def test_a_trusted_issuer_is_switched_off_and_trusted_no_more(canned, visit):
    server = furnish(canned())
    server.answers["PATCH", ISSUERS + "/ti1"] = {}
    server.answers["DELETE", ISSUERS + "/ti1"] = Answer(204)
    page = visit(server, "/settings/security")
    menu = page.get_by_role("button", name="Actions for Keycloak")
    menu.click()
    page.get_by_role("menuitem", name="Switch off").click()
    expect(page.get_by_text("Keycloak is switched off")).to_be_visible()
    assert said(server, "PATCH", ISSUERS + "/ti1") == [{"enabled": False}]
    menu.click()
    page.get_by_role("menuitem", name="Trust no more").click()
    server.answers["GET", ISSUERS] = {"data": []}
    page.get_by_role("dialog").get_by_role("button", name="Trust no more").click()
    expect(page.get_by_text("None. Only tokens made here are taken.")).to_be_visible()


# --- who from outside looks in: by sharing, by support access ---

SUPPORT, SHARES = DETAIL + "/support-access", DETAIL + "/shares"


def test_support_is_let_in_for_less_than_it_asked_and_put_out_again(canned, visit):
    server = furnish(canned())

    def approve(match, query, body):
        server.answers["GET", SUPPORT] = {"data": [asked("active")]}
        return asked("active")

    server.answers["POST", "/api/security/step-up"], server.answers["POST", SUPPORT + "/sa1/approve"] = needs_fresh(approve)
    server.answers["DELETE", SUPPORT + "/sa1"] = Answer(204)
    page = visit(server, "/settings/support-access", allow=["403"])
    card = page.get_by_role("region", name="Request of Lea Sommer")
    expect(card).to_contain_text("ticket 8821")
    expect(page.get_by_role("region", name="Before")).to_contain_text("Mails were late")
    card.get_by_role("button", name="Let them look").click()
    page.get_by_role("dialog").get_by_label("For").select_option("60")
    page.get_by_role("dialog").get_by_role("button", name="Let them look").click()
    page.get_by_role("dialog", name="Confirm it is you").get_by_label("Password").fill("a long enough password 7")
    page.get_by_role("button", name="Confirm").click()
    expect(card).to_contain_text("Can look")
    assert said(server, "POST", SUPPORT + "/sa1/approve")[-1] == {"minutes": 60}
    card.get_by_role("button", name="End it now").click()
    server.answers["GET", SUPPORT] = {"data": [asked("revoked", endedAt=iso(1_700_000_000))]}
    page.get_by_role("dialog").get_by_role("button", name="End it now").click()
    expect(page.get_by_role("heading", name="Nobody can look inside")).to_be_visible()


def test_support_is_declined_and_only_an_owner_may_agree(canned, visit):
    server = furnish(canned(), permissions=["read:org", "read:providers", "manage:providers"], role="admin")
    server.answers["POST", SUPPORT + "/sa1/decline"] = asked("declined")
    page = visit(server, "/settings/support-access")
    expect(page.get_by_text("An owner can agree.")).to_be_visible()
    expect(page.get_by_role("button", name="Let them look")).to_have_count(0)
    page.get_by_role("button", name="Decline").click()
    page.get_by_role("dialog").get_by_role("button", name="Decline").click()
    expect(page.get_by_text("Lea Sommer is told.")).to_be_visible()


def test_a_machine_is_shown_to_another_organisation_and_taken_back(canned, visit):
    server = furnish(canned())
    server.answers["GET", "/api/resources"] = {"data": list(server.machines.values()), "meta": {"total": 24}}
    server.answers["POST", SHARES] = Answer(201, shares()[1])
    server.answers["DELETE", SHARES + "/sh1"] = Answer(204)
    page = visit(server, "/settings/sharing")
    page.get_by_role("button", name="Show a machine").click()
    dialog = page.get_by_role("dialog", name="Show a machine to others")
    dialog.get_by_role("button", name="Offer").click()
    expect(dialog.get_by_text("Choose a machine.")).to_be_visible()
    dialog.get_by_label("Machine").select_option(label="gitea")
    dialog.get_by_label("Their short name").fill("hollern")
    dialog.get_by_role("button", name="Offer").click()
    expect(page.get_by_text("Offered to hollern")).to_be_visible()
    [body] = said(server, "POST", SHARES)
    assert body == {"target": "hollern", "resourceId": body["resourceId"], "accessRole": "viewer"} and server.machines[body["resourceId"]]["name"] == "gitea"
    page.get_by_role("button", name="End db-primary for fjordline").click()
    server.answers["GET", SHARES] = {"data": shares()[1:]}
    page.get_by_role("dialog").get_by_role("button", name="End").click()
    expect(page.get_by_role("row", name=re.compile("db-primary"))).to_have_count(0)


def test_what_others_show_is_accepted_and_given_up(canned, visit):
    server = furnish(canned())

    def accept(match, query, body):
        server.answers["GET", SHARES + "/incoming"] = {"data": [{**received()[0], "status": "accepted", "resourceStatus": "online"}, received()[1]]}
        return Answer(204)

    server.answers["POST", SHARES + "/incoming/in1/accept"] = accept
    server.answers["DELETE", SHARES + "/incoming/in2"] = Answer(204)
    page = visit(server, "/settings/sharing")
    expect(page.get_by_role("row", name=re.compile("kasse-02"))).to_contain_text("Offline")
    page.get_by_role("button", name="Accept kasse-01").click()
    expect(page.get_by_role("row", name=re.compile("kasse-01"))).to_contain_text("Healthy")
    page.get_by_role("button", name="Give up kasse-02").click()
    server.answers["GET", SHARES + "/incoming"] = {"data": []}
    page.get_by_role("dialog").get_by_role("button", name="Give up").click()
    expect(page.get_by_role("heading", name="Nothing is shown to you")).to_be_visible()


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


def test_how_long_entries_are_kept_is_changed_and_less_is_warned_of(canned, visit):
    server = furnish(canned())
    server.answers["PUT", "/api/audit/settings"] = lambda match, query, body: body
    page = visit(server, "/audit")
    page.get_by_role("button", name="change", exact=True).click()
    dialog = page.get_by_role("dialog", name="How long entries are kept")
    expect(dialog.get_by_role("button", name="Save")).to_be_disabled()
    dialog.get_by_label("Keep for").select_option("90")
    expect(dialog.get_by_text("cannot be brought back. Export it first.")).to_be_visible()
    dialog.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Entries older than 90 days are sealed and pruned.")).to_be_visible()
    assert said(server, "PUT", "/api/audit/settings") == [{"retentionDays": 90}]


def test_a_stream_that_lags_is_said_on_the_page(canned, visit):
    server = furnish(canned())
    stream = server.answers["GET", "/api/audit/streams"]["data"][0]
    server.answers["GET", "/api/audit/streams"] = {"data": [{**stream, "behind": 1_204, "lastError": "The receiver answered 503"}]}
    page = visit(server, "/audit")
    expect(page.get_by_text("splunk is 1,204 entries behind: The receiver answered 503")).to_be_visible()


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
    expect(page).to_have_url(re.compile("/dashboard$"))


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
