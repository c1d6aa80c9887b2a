"""Members, invitations, roles and tokens: what may be done about them, and what is not offered to whom."""
import re

from playwright.sync_api import expect

from canned import ORG, Answer, iso, problem
from company import DAY, EVERYONE, INVITATIONS, JONAS, LOOKING, MEMBERS, PERMISSIONS, SITE_EDITOR, TARIQ, ago, furnish, invitation, members, needs_fresh, roles, said, token, tokens

PASSWORD = "a long enough password 7"


def company(canned, **rest):
    return furnish(canned(), **rest)


def menu(page, name, item):
    page.get_by_role("button", name=f"Actions for {name}").click()
    page.get_by_role("menuitem", name=item).click()


def confirm(page):
    dialog = page.get_by_role("dialog", name="Confirm it is you")
    expect(dialog).to_be_visible()
    dialog.get_by_label("Password").fill(PASSWORD)
    dialog.get_by_role("button", name="Confirm").click()


def test_someone_is_invited_and_stands_in_the_list(canned, visit):
    server = company(canned)
    server.answers["POST", INVITATIONS] = Answer(201, invitation(3, "lin@nordwind.example", "editor", 7 * DAY))
    page = visit(server, "/members")
    expect(page.get_by_role("row", name=re.compile("^Mara Lindqvist"))).to_contain_text("Last owner")
    page.get_by_role("button", name="Invite", exact=True).click()
    dialog = page.get_by_role("dialog", name="Invite someone")
    dialog.get_by_label("E-mail").fill("lin@nordwind")
    dialog.get_by_role("button", name="Send invitation").click()
    expect(dialog.get_by_text("no ending such as .com")).to_be_visible()
    dialog.get_by_label("E-mail").fill("lin@nordwind.example")
    dialog.get_by_label("Role").select_option("editor")
    before = server.answers["GET", INVITATIONS]["data"]
    server.answers["GET", INVITATIONS] = {"data": [*before, invitation(3, "lin@nordwind.example", "editor", 7 * DAY)]}
    dialog.get_by_role("button", name="Send invitation").click()
    expect(page.get_by_role("row", name=re.compile("lin@nordwind.example"))).to_contain_text("Not accepted")
    expect(page.get_by_text("Invited lin@nordwind.example")).to_be_visible()
    assert said(server, "POST", INVITATIONS) == [{"email": "lin@nordwind.example", "role": "editor"}]


def test_an_invitation_is_taken_back_and_an_expired_one_is_sent_again(canned, visit):
    server = company(canned)
    server.answers["DELETE", INVITATIONS + "/i1"] = Answer(204)
    server.answers["POST", INVITATIONS] = Answer(201, invitation(2, "karl@nordwind.example", "editor", 7 * DAY))
    page = visit(server, "/members")
    page.get_by_role("button", name="Invite karl@nordwind.example again").click()
    expect(page.get_by_text("Invited karl@nordwind.example again")).to_be_visible()
    page.get_by_role("button", name="Revoke the invitation of ines@nordwind.example").click()
    expect(page.get_by_text("Invitation of ines@nordwind.example revoked")).to_be_visible()
    assert said(server, "DELETE", INVITATIONS + "/i1") == [None]


def test_a_role_is_changed_with_custom_roles_besides(canned, visit):
    server = company(canned)
    server.answers["PATCH", f"{MEMBERS}/{TARIQ}"] = {**members()[2], "role": "viewer"}
    server.answers["PUT", f"{MEMBERS}/{TARIQ}/roles"] = {"role": "viewer", "roleIds": [SITE_EDITOR]}
    page = visit(server, "/members")
    menu(page, "Tariq Benali", "Change role")
    dialog = page.get_by_role("dialog", name="Role of Tariq Benali")
    expect(dialog.get_by_role("button", name="Change role")).to_be_disabled()
    dialog.get_by_text("Viewer", exact=True).click()
    dialog.get_by_label(re.compile("^Site editor")).check()
    dialog.get_by_role("button", name="Change role").click()
    expect(page.get_by_text("Tariq Benali is Viewer now")).to_be_visible()
    assert said(server, "PATCH", f"{MEMBERS}/{TARIQ}") == [{"role": "viewer"}]
    assert said(server, "PUT", f"{MEMBERS}/{TARIQ}/roles") == [{"roleIds": [SITE_EDITOR]}]


def test_what_someone_may_do_is_explained_rule_by_rule(canned, visit):
    page = visit(company(canned), "/members")
    page.get_by_role("link", name="Tariq Benali").click()
    expect(page).to_have_url(re.compile(f"/members/{TARIQ}$"))
    drawer = page.get_by_role("complementary", name="Tariq Benali")
    expect(drawer.get_by_role("region", name="Machines and measurements")).to_contain_text("because role Everyone, inherited by Site editor")
    expect(drawer.get_by_role("region", name="Encryption keys")).to_contain_text("denied by role Site editor")
    expect(drawer.get_by_role("region", name="Roles")).to_contain_text("because nothing grants it")
    page.keyboard.press("Escape")
    expect(drawer).to_have_count(0)


def test_handing_over_asks_for_the_name_and_for_a_fresh_sign_in(canned, visit):
    server = company(canned)
    path = f"/api/orgs/{ORG['id']}/transfer-ownership"
    server.answers["POST", "/api/security/step-up"], server.answers["POST", path] = needs_fresh({"member": members()[1]})
    page = visit(server, "/members", allow=["403"])
    menu(page, "Jonas Ohlsen", "Hand over the organisation")
    dialog = page.get_by_role("dialog", name=re.compile("^Hand Nordwind Logistik over"))
    expect(dialog.get_by_role("button", name="Hand over")).to_be_disabled()
    dialog.get_by_label("Type the organisation's name").fill(ORG["displayName"])
    dialog.get_by_role("button", name="Hand over").click()
    question = page.get_by_role("dialog", name="Confirm it is you")
    question.get_by_label("Password").fill("not this one at all")
    question.get_by_role("button", name="Confirm").click()
    expect(question.get_by_text("This is not your password.")).to_be_visible()
    confirm(page)
    expect(page.get_by_text("Jonas Ohlsen owns Nordwind Logistik now")).to_be_visible()
    assert said(server, "POST", path) == [{"userId": JONAS}] * 2


def test_a_question_left_unanswered_changes_nothing(canned, visit):
    server = company(canned)
    server.answers["POST", "/api/security/step-up"], server.answers["PATCH", f"{MEMBERS}/{TARIQ}"] = needs_fresh(members()[2])
    page = visit(server, "/members", allow=["403"])
    menu(page, "Tariq Benali", "Change role")
    dialog = page.get_by_role("dialog", name="Role of Tariq Benali")
    dialog.get_by_text("Owner", exact=True).click()
    dialog.get_by_role("button", name="Change role").click()
    page.get_by_role("dialog", name="Confirm it is you").get_by_role("button", name="Cancel").click()
    expect(dialog.get_by_text("Not confirmed, so nothing was changed.")).to_be_visible()
    assert len(said(server, "PATCH", f"{MEMBERS}/{TARIQ}")) == 1


def test_someone_is_removed_and_a_refusal_stays_in_the_dialog(canned, visit):
    server = company(canned)
    server.answers["DELETE", f"{MEMBERS}/{TARIQ}"] = problem(403, "owner-required", "Only an owner may do this", "Only an owner may remove Tariq Benali.")
    page = visit(server, "/members", allow=["403"])
    menu(page, "Tariq Benali", "Remove from organisation")
    dialog = page.get_by_role("dialog", name="Remove Tariq Benali?")
    dialog.get_by_role("button", name="Remove").click()
    expect(dialog.get_by_role("alert")).to_contain_text("Only an owner may remove Tariq Benali.")
    server.answers["DELETE", f"{MEMBERS}/{TARIQ}"] = Answer(204)
    dialog.get_by_role("button", name="Remove").click()
    expect(page.get_by_text("Tariq Benali is no longer a member")).to_be_visible()


def test_the_last_owner_is_offered_neither_another_role_nor_the_door(canned, visit):
    page = visit(company(canned), "/members")
    page.get_by_role("button", name="Actions for Mara Lindqvist").click()
    expect(page.get_by_role("menuitem")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Actions for Mara Lindqvist")).to_be_focused()


def test_a_viewer_sees_members_and_nothing_to_change(canned, visit):
    server = company(canned, permissions=LOOKING, role="viewer")
    page = visit(server, "/members")
    expect(page.get_by_role("row", name=re.compile("Tariq"))).to_be_visible()
    expect(page.get_by_role("button", name="Invite", exact=True)).to_have_count(0)
    expect(page.get_by_role("button", name="Actions for Tariq Benali")).to_have_count(0)
    expect(page.get_by_role("link", name="Roles")).to_have_count(0)
    assert not said(server, "GET", INVITATIONS)
    page.goto(server.url + "/members/roles")
    expect(page.get_by_role("heading", name="Your role cannot see roles")).to_be_visible()
    expect(page.get_by_role("navigation", name="Main", exact=True).get_by_role("link", name="Audit log")).to_have_count(0)


def test_members_come_page_by_page(canned, visit):
    server = company(canned)
    server.answers["GET", MEMBERS] = lambda match, query, body: (
        {"data": [{**members()[3], "userId": "u77", "displayName": "Zoe Last"}]} if query.get("cursor") == "p2" else {"data": members(), "nextCursor": "p2"})
    page = visit(server, "/members")
    page.get_by_role("button", name="Show more").click()
    expect(page.get_by_role("row", name=re.compile("Zoe Last"))).to_be_visible()
    expect(page.get_by_role("button", name="Show more")).to_have_count(0)


def test_members_that_cannot_be_loaded_say_why_and_are_asked_for_again(canned, visit):
    server = company(canned)
    good = server.answers["GET", MEMBERS]
    server.answers["GET", MEMBERS] = problem(500, "internal", "Internal error")
    page = visit(server, "/members", allow=["500"])
    expect(page.get_by_role("heading", name="The members could not be loaded")).to_be_visible()
    server.answers["GET", MEMBERS] = good
    page.get_by_role("button", name="Try now").click()
    expect(page.get_by_role("row", name=re.compile("Tariq"))).to_be_visible()


# --- roles ---

def test_a_cell_goes_from_nothing_to_allowed_to_denied_and_is_saved_once(canned, visit):
    server = company(canned)
    server.answers["PUT", f"/api/admin/roles/{SITE_EDITOR}"] = lambda match, query, body: {**roles()[-1], **body, "updatedAt": ago(0)}
    page = visit(server, f"/members/roles/{SITE_EDITOR}")
    expect(page.get_by_role("button", name="Read, Members and invitations: from Everyone")).to_be_visible()
    expect(page.get_by_role("button", name="Manage, Encryption keys: denied here by anything, encryption keys")).to_be_visible()
    page.get_by_role("button", name="Read, Audit log: not granted").click()
    expect(page.get_by_text("1 change, not saved. Affects 1 member.")).to_be_visible()
    page.get_by_role("button", name="Read, Audit log: allowed here").click()
    expect(page.get_by_role("button", name="Read, Audit log: denied here, wins over all")).to_be_visible()
    page.get_by_role("button", name="Save role").click()
    expect(page.get_by_text("Site editor saved")).to_be_visible()
    [body] = said(server, "PUT", f"/api/admin/roles/{SITE_EDITOR}")
    assert {"action": "read", "resource": "audit", "effect": "deny"} in body["rules"]
    assert len(body["rules"]) == len(roles()[-1]["rules"]) + 1 and body["parentId"] == EVERYONE


def test_edits_survive_a_look_at_another_role_and_can_be_discarded(canned, visit):
    page = visit(company(canned), f"/members/roles/{SITE_EDITOR}")
    page.get_by_role("button", name="Read, Audit log: not granted").click()
    page.get_by_role("button", name="Owner Built in").click()
    expect(page.get_by_text("Built in, cannot be changed.")).to_be_visible()
    expect(page.get_by_role("button", name="Save role")).to_have_count(0)
    page.get_by_role("button", name="Site editor Not saved yet").click()
    expect(page.get_by_text("1 change, not saved.")).to_be_visible()
    page.get_by_role("button", name="Discard").click()
    expect(page.get_by_text("No changes.")).to_be_visible()


def test_a_role_changed_by_another_meanwhile_is_not_written_over(canned, visit):
    server = company(canned)
    path = f"/api/admin/roles/{SITE_EDITOR}"
    server.answers["PUT", path] = lambda match, query, body: {**roles()[-1], **body}
    page = visit(server, f"/members/roles/{SITE_EDITOR}")
    page.get_by_role("button", name="Read, Audit log: not granted").click()
    server.answers["GET", path] = {**roles()[-1], "updatedAt": ago(20)}
    page.get_by_role("button", name="Save role").click()
    expect(page.get_by_text("Role not saved.")).to_be_visible()
    expect(page.get_by_text("Your edits are still here.")).to_be_visible()
    assert said(server, "PUT", path) == []
    page.get_by_role("button", name="Save mine").click()
    expect(page.get_by_text("Site editor saved")).to_be_visible()
    assert len(said(server, "PUT", path)) == 1


def test_a_new_role_with_a_limit_to_a_site_is_created(canned, visit):
    server = company(canned)
    made = {**roles()[-1], "id": "0190f5b2-0000-7000-8000-0000000000e9", "name": "Amsterdam only", "memberCount": 0}
    server.answers["POST", "/api/admin/roles"] = Answer(201, made)
    page = visit(server, "/members/roles/new")
    page.get_by_label("Name").fill("Amsterdam only")
    page.get_by_role("button", name="Add a limit").click()
    page.get_by_role("button", name="Amsterdam", exact=True).click()
    page.get_by_role("button", name="Frankfurt", exact=True).click()
    expect(page.get_by_role("button", name="Read, Machines and measurements: only in some places")).to_be_visible()
    page.get_by_role("button", name="Create role").click()
    expect(page.get_by_text("Amsterdam only created")).to_be_visible()
    [body] = said(server, "POST", "/api/admin/roles")
    assert body["name"] == "Amsterdam only" and "parentId" not in body
    assert [rule["effect"] for rule in body["rules"]] == ["allow"] and len(body["rules"][0]["conditions"]["sites"]) == 1


def test_a_role_that_others_inherit_from_is_refused_with_its_reason(canned, visit):
    server = company(canned)
    server.answers["DELETE", f"/api/admin/roles/{SITE_EDITOR}"] = problem(409, "role-in-use", "Role in use", "Night shift inherits from it.")
    page = visit(server, f"/members/roles/{SITE_EDITOR}", allow=["409"])
    page.get_by_role("button", name="Delete role Site editor").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete role").click()
    expect(page.get_by_role("dialog").get_by_role("alert")).to_contain_text("Night shift inherits from it.")


# --- tokens ---

TOKENS = "/api/security/tokens"


def test_a_token_is_made_and_its_secret_shown_once(canned, visit):
    server = company(canned)
    record = token(9, "backup-check", ["audit:read"], allowedAddresses=["10.20.0.0/16"], expiresAt=iso(1_900_000_000))
    server.answers["POST", TOKENS] = Answer(201, {"token": "pat_Ab9dVerySecret00000000", "record": record})
    page = visit(server, "/members/tokens")
    page.get_by_role("button", name="New token").click()
    dialog = page.get_by_role("dialog", name="New API token")
    dialog.get_by_role("button", name="Create token").click()
    expect(dialog.get_by_text("Name what will use it.")).to_be_visible()
    dialog.get_by_label("Name").fill("backup-check")
    dialog.get_by_label(re.compile("^monitoring:read")).uncheck()
    expect(dialog.get_by_role("button", name="Create token")).to_be_disabled()
    dialog.get_by_label(re.compile("^audit:read")).check()
    dialog.get_by_label("Only from these addresses").fill("10.20.0.0/16 nonsense")
    dialog.get_by_role("button", name="Create token").click()
    expect(dialog.get_by_text("“nonsense” is no address or range.")).to_be_visible()
    dialog.get_by_label("Only from these addresses").fill("10.20.0.0/16")
    dialog.get_by_role("button", name="Create token").click()
    once = page.get_by_role("dialog", name="backup-check is ready")
    expect(once.get_by_label("Secret", exact=True)).to_have_text("pat_Ab9dVerySecret00000000")
    page.keyboard.press("Escape")
    expect(once).to_be_visible()
    once.get_by_role("button", name="I have copied it").click()
    expect(once).to_have_count(0)
    assert "VerySecret" not in page.content()
    assert said(server, "POST", TOKENS) == [
        {"name": "backup-check", "scopes": ["audit:read"], "allowedAddresses": ["10.20.0.0/16"], "kind": "user", "expiresIn": "2160h"}]


def test_a_token_is_rotated_narrowed_and_revoked(canned, visit):
    server = company(canned)
    old = tokens()[0]
    server.answers["POST", f"{TOKENS}/t1/rotate"] = Answer(201, {"token": "pat_new", "record": token(8, "nightly-report", ["monitoring:read"]), "previous": {**old, "expiresAt": iso(1_900_000_000)}})
    server.answers["PATCH", f"{TOKENS}/t1"] = old
    server.answers["DELETE", f"{TOKENS}/t1"] = Answer(204)
    page = visit(server, "/members/tokens")
    menu(page, "nightly-report", "Rotate")
    page.get_by_role("dialog").get_by_role("button", name="Rotate").click()
    expect(page.get_by_label("Secret", exact=True)).to_have_text("pat_new")
    expect(page.get_by_text("works until")).to_be_visible()
    page.get_by_role("button", name="I have copied it").click()
    menu(page, "nightly-report", "Change name and limits")
    page.get_by_role("dialog").get_by_label("Name").fill("report")
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    expect(page.get_by_text("report saved")).to_be_visible()
    menu(page, "nightly-report", "Revoke")
    page.get_by_role("dialog").get_by_role("button", name="Revoke").click()
    expect(page.get_by_text("nightly-report revoked")).to_be_visible()
    assert said(server, "PATCH", f"{TOKENS}/t1") == [{"name": "report", "scopes": ["monitoring:read"], "allowedAddresses": ["10.20.0.0/16"]}]


def test_more_than_one_holds_is_refused_in_the_dialog(canned, visit):
    server = company(canned, permissions=[one for one in PERMISSIONS if one != "own:org"], role="admin")
    server.answers["POST", TOKENS] = problem(403, "grant-exceeded", "More than you hold", "You do not hold own:org, so no token of yours can.")
    page = visit(server, "/members/tokens", allow=["403"])
    page.get_by_role("button", name="New token").click()
    page.get_by_label("Name").fill("greedy")
    page.get_by_role("button", name="Create token").click()
    expect(page.get_by_role("dialog").get_by_role("alert")).to_contain_text("You do not hold own:org")


def test_an_enrolment_token_for_many_machines(canned, visit):
    server = company(canned)
    path = "/api/agents/enrollment-tokens"
    server.answers["POST", path] = Answer(201, {"id": "n9", "token": "pet_many", "command": "curl … --token pet_many", "expiresAt": iso(1_900_000_000)})
    page = visit(server, "/members/enrolment")
    expect(page.get_by_role("row", name=re.compile("rack 12"))).to_contain_text("7 of 20")
    page.get_by_role("button", name="New token").click()
    page.get_by_label("For how many machines").fill("0")
    page.get_by_role("button", name="Create token").click()
    expect(page.get_by_text("Between 1 and 1000 machines.")).to_be_visible()
    page.get_by_label("For how many machines").fill("40")
    page.get_by_label("Site").select_option(label="Amsterdam")
    page.get_by_label("Tags").fill("edge, lab")
    page.get_by_role("button", name="Create token").click()
    expect(page.get_by_label("Token", exact=True)).to_have_text("pet_many")
    [body] = said(server, "POST", path)
    assert body["uses"] == 40 and body["tags"] == ["edge", "lab"] and body["siteId"].endswith("f2")
