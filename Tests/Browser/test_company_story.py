"""People, permissions and the record in a browser, on the real programs: what one page changes, another one shows."""
import base64
import hashlib
import hmac
import re
import struct
import time

import pytest
from playwright.sync_api import expect

from conftest import assert_accessible
from harness.agents import ScriptedAgent
from harness.processes import eventually
from harness.server import Server
from test_doors import with_an_authenticator

PASSWORD = "a long enough password 7"


def signed_in(visit, server, owner, path, **rest):
    return visit(server, path, cookies=dict(owner.browser.cookies), **rest)


def totp(secret):
    """RFC 6238 with SHA-1, six digits, thirty seconds."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    digest = hmac.new(key, struct.pack(">Q", int(time.time()) // 30), hashlib.sha1).digest()
    at = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[at:at + 4])[0] & 0x7FFFFFFF) % 1_000_000:06d}"


def menu(page, name, item):
    page.get_by_role("button", name=f"Actions for {name}").click()
    page.get_by_role("menuitem", name=item).click()


def invite(page, address, role):
    page.get_by_role("button", name="Invite", exact=True).click()
    page.get_by_label("E-mail").fill(address)
    page.get_by_label("Role", exact=True).select_option(role)
    page.get_by_role("button", name="Send invitation").click()
    expect(page.get_by_role("row", name=re.compile(re.escape(address)))).to_contain_text("Not accepted")


def join(server, visit, address, name):
    page = visit(server, f"/accept-invitation?token={server.mailed_token(address, 'inv')}", cookies={})
    page.get_by_label("Your name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name=re.compile("^Join ")).click()
    expect(page).to_have_url(re.compile("/dashboard$"))
    return page


def test_someone_is_invited_joins_is_made_less_and_the_log_tells_it(server, visit, picture):
    owner = server.sign_up("Members Works")
    page = signed_in(visit, server, owner, "/members", allow=["404"])
    invite(page, "lin@members.example", "editor")
    lin = join(server, visit, "lin@members.example", "Lin Berg")
    expect(lin.get_by_role("link", name="Add", exact=True).first).to_be_visible()

    page.reload()
    expect(page.get_by_role("row", name=re.compile("^Lin Berg"))).to_contain_text("Editor")
    menu(page, "Lin Berg", "Change role")
    page.get_by_role("dialog").get_by_text("Viewer", exact=True).click()
    page.get_by_role("button", name="Change role").click()
    expect(page.get_by_text("Lin Berg is Viewer now")).to_be_visible()
    expect(page.get_by_role("row", name=re.compile("^Lin Berg"))).to_contain_text("Viewer")
    page.get_by_role("link", name="Lin Berg").click()
    drawer = page.get_by_role("complementary", name="Lin Berg")
    expect(drawer.get_by_role("region", name="Machines and measurements")).to_contain_text("because role viewer")
    expect(drawer.get_by_role("region", name="API tokens")).to_contain_text("nothing grants it")
    picture(page, "story-members")
    assert_accessible(page)
    lin.goto(server.url + "/members")
    expect(lin.get_by_role("row", name=re.compile("^Lin Berg"))).to_be_visible()
    expect(lin.get_by_role("button", name="Invite", exact=True)).to_have_count(0)

    page.goto(server.url + "/audit")
    log = page.locator("tr[data-row]")
    expect(log.filter(has_text="changed member")).to_contain_text("Lin Berg")
    expect(log.filter(has_text="accepted an invitation")).to_be_visible()
    log.filter(has_text="changed member").click()
    entry = page.get_by_role("complementary", name="Audit entry")
    entry.get_by_role("button", name="Verify this entry").click()
    expect(entry.locator(".proof-answer .mark[data-status=ok]")).to_be_visible()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Verify now").click()
    expect(page.locator(".chain-card")).to_contain_text("Unbroken")
    picture(page, "story-audit")
    assert_accessible(page)


def test_a_role_of_ones_own_is_made_given_and_explained(server, visit, picture):
    owner = server.sign_up("Roles Works")
    page = signed_in(visit, server, owner, "/members", allow=["404"])
    invite(page, "tariq@roles.example", "viewer")
    join(server, visit, "tariq@roles.example", "Tariq")
    page.goto(server.url + "/members/roles/new")
    page.get_by_label("Name").fill("Watchers of the watchers")
    page.get_by_role("button", name="Read, Audit log: not granted").click()
    page.get_by_role("button", name="Manage, Agents: not granted").click()
    page.get_by_role("button", name="Manage, Agents: allowed here").click()
    page.get_by_role("button", name="Create role").click()
    expect(page.get_by_text("Watchers of the watchers created")).to_be_visible()
    expect(page.get_by_role("button", name="Manage, Agents: denied here, wins over all")).to_be_visible()
    picture(page, "story-roles")
    page.goto(server.url + "/members")
    menu(page, "Tariq", "Change role")
    page.get_by_label(re.compile("^Watchers of the watchers")).check()
    page.get_by_role("button", name="Change role").click()
    expect(page.get_by_text("Roles of Tariq changed")).to_be_visible()
    page.get_by_role("link", name="Tariq").click()
    drawer = page.get_by_role("complementary", name="Tariq")
    expect(drawer.get_by_role("region", name="Audit log")).to_contain_text("because role Watchers of the watchers")
    expect(drawer.get_by_role("region", name="Agents")).to_contain_text("denied by role Watchers of the watchers")


def test_a_token_made_in_the_browser_works_until_it_is_revoked_there(server, visit):
    owner = server.sign_up("Tokens Works")
    page = signed_in(visit, server, owner, "/members/tokens")
    page.get_by_role("button", name="New token").first.click()
    page.get_by_label("Name").fill("nightly-report")
    page.get_by_role("button", name="Create token").click()
    secret = page.get_by_label("Secret", exact=True).inner_text()
    page.get_by_role("button", name="I have copied it").click()
    ask = lambda: server.client().get("/api/resources", headers={"X-API-Token": secret}).status  # noqa: E731
    assert ask() == 200
    menu(page, "nightly-report", "Revoke")
    page.get_by_role("dialog").get_by_role("button", name="Revoke").click()
    expect(page.get_by_role("heading", name="No API tokens")).to_be_visible()
    eventually(lambda: ask() == 401, 5, "the token is refused")


def test_the_second_factor_is_set_up_in_the_browser_and_asked_for_at_the_door(server, visit, picture):
    owner = server.sign_up("Factor Works")
    page = signed_in(visit, server, owner, "/profile/security", allow=["401", "403"])
    page.get_by_role("button", name="Set up").click()
    dialog = page.get_by_role("dialog", name="Set up the authenticator app")
    assert dialog.get_by_role("img").evaluate("(image) => image.decode().then(() => image.naturalWidth > 0)")
    picture(page, "story-second-factor")
    secret = dialog.locator(".copy-field .mono").inner_text().replace(" ", "")
    dialog.get_by_label("The code it shows now").fill(totp(secret))
    dialog.get_by_role("button", name="Switch on").click()
    codes = page.get_by_role("list", name="Recovery codes").get_by_role("listitem")
    expect(codes).to_have_count(10)
    code = codes.first.inner_text()
    page.get_by_role("button", name="I have kept them").click()
    expect(page.get_by_text("10 of 10 left")).to_be_visible()
    page.get_by_role("main").get_by_role("button", name="Log out").click()
    page.get_by_label("E-mail").fill(owner.address)
    page.get_by_label("Password").fill(owner.password)
    page.get_by_role("button", name="Log in", exact=True).click()
    expect(page.get_by_role("heading", name="One more step")).to_be_visible()
    page.get_by_label("Code").fill("000 000")
    page.get_by_role("button", name="Log in", exact=True).click()
    expect(page.get_by_text("This code does not fit.")).to_be_visible()
    page.get_by_label("Code").fill(code)
    page.get_by_role("button", name="Log in", exact=True).click()
    expect(page.get_by_role("heading", name=re.compile("^Dashboard"))).to_be_visible()


def test_a_forgotten_password_is_replaced_through_the_mail(server, visit):
    owner = server.sign_up("Forgot Works")
    page = visit(server, "/forgot-password", cookies={})
    page.get_by_label("E-mail").fill(owner.address)
    page.get_by_role("button", name="Send link").click()
    expect(page.get_by_role("heading", name="Check your mail")).to_be_visible()
    page.goto(f"{server.url}/reset-password?token={server.mailed_token(owner.address, 'rp1', after=1)}")
    page.get_by_label("New password").fill("quite another sentence 9")
    page.get_by_role("button", name="Set password").click()
    expect(page.get_by_role("heading", name="Log in")).to_be_visible()
    page.get_by_label("E-mail").fill(owner.address)
    page.get_by_label("Password").fill("quite another sentence 9")
    page.get_by_role("button", name="Log in", exact=True).click()
    expect(page.get_by_role("heading", name=re.compile("^Dashboard"))).to_be_visible()
    assert owner.browser.get("/api/me").status == 401


def test_a_password_that_is_never_sent_opens_the_door(server, visit):
    owner = server.sign_up("Proof Works")
    page = signed_in(visit, server, owner, "/settings/security", allow=["401"])
    page.get_by_role("switch", name="Sign-in that never sends the password").click()
    expect(page.get_by_text("Offered to your people")).to_be_visible()
    page.goto(server.url + "/profile/security")
    page.get_by_role("button", name="Switch on").click()
    sent = []
    page.on("request", lambda request: sent.append(request.post_data or ""))
    page.get_by_role("dialog").get_by_label("Password").fill("a sentence that stays here 4")
    page.get_by_role("dialog").get_by_role("button", name="Switch on").click()
    expect(page.get_by_text("Your password stays with you from now on")).to_be_visible()
    page.get_by_role("main").get_by_role("button", name="Log out").click()
    page.get_by_label("E-mail").fill(owner.address.upper())
    expect(page.get_by_label(re.compile("^Prove it, do not send it"))).to_be_checked()
    page.get_by_label("Password", exact=True).fill("not the sentence at all 4")
    page.get_by_role("button", name="Log in", exact=True).click()
    expect(page.get_by_text("E-mail and password do not fit together.")).to_be_visible(timeout=30_000)
    page.get_by_label("Password", exact=True).fill("a sentence that stays here 4")
    page.get_by_role("button", name="Log in", exact=True).click()
    expect(page.get_by_role("heading", name=re.compile("^Dashboard"))).to_be_visible(timeout=30_000)
    assert sent and not any("sentence" in body for body in sent)


def test_an_organisation_is_deleted_rests_and_is_restored(server, visit, picture):
    owner = server.sign_up("Ending Works")
    page = signed_in(visit, server, owner, "/settings", allow=["WebSocket", "403"])  # its socket is closed with it
    page.get_by_role("button", name="Delete", exact=True).click()
    page.get_by_label("Type the organisation's name").fill("Ending Works")
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_text("Ending Works is being deleted.")).to_be_visible()
    expect(page.get_by_text("Everything can be restored until")).to_be_visible()
    picture(page, "story-being-deleted")
    assert_accessible(page)
    page.goto(server.url + "/infrastructure")
    expect(page.get_by_role("heading", name="Nothing is watched now")).to_be_visible()
    page.get_by_role("link", name="Restore or take everything out").click()
    page.get_by_role("button", name="Restore").click()
    expect(page.get_by_text("Ending Works is back")).to_be_visible()
    page.goto(server.url + "/infrastructure")
    expect(page.get_by_role("heading", name="Nothing is watched yet")).to_be_visible()


def test_a_site_is_made_and_a_role_is_limited_to_it(server, visit):
    owner = server.sign_up("Sites Works")
    page = signed_in(visit, server, owner, "/sites")
    page.get_by_role("button", name="New site").first.click()
    page.get_by_label("Name").fill("Frankfurt")
    page.get_by_label("Tags").fill("production, de")
    page.get_by_role("button", name="Create site").click()
    expect(page.get_by_role("row", name=re.compile("^Frankfurt"))).to_contain_text("production")
    page.goto(server.url + "/members/roles/new")
    page.get_by_label("Name").fill("Frankfurt only")
    page.get_by_role("button", name="Add a limit").click()
    expect(page.get_by_role("button", name="Frankfurt", exact=True)).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="Create role").click()
    expect(page.get_by_text("Frankfurt only created")).to_be_visible()
    expect(page.get_by_role("button", name="Read, Machines and measurements: only in some places")).to_be_visible()


def test_a_provider_is_let_in_sees_its_customer_and_is_put_out(server, visit, picture):
    customer, provider = server.sign_up("Bakery Kranz"), server.sign_up("Fjordline IT")
    slug = provider.browser.get("/api/me").json["organization"]["slug"]
    page = signed_in(visit, server, customer, "/settings/providers")
    page.get_by_role("button", name="Let a provider in").click()
    page.get_by_label("Provider's short name").fill(slug)
    page.get_by_role("button", name="Offer", exact=True).click()
    expect(page.get_by_role("row", name=re.compile(slug))).to_contain_text("Offered")
    theirs = signed_in(visit, server, provider, "/customers")
    theirs.get_by_role("button", name="Accept").click()
    expect(theirs.get_by_role("table", name="Customers").get_by_role("row", name=re.compile("Bakery Kranz"))).to_be_visible()
    picture(theirs, "story-customers")
    page.reload()
    page.get_by_role("button", name="End", exact=True).click()
    page.get_by_role("button", name="End it").click()
    expect(page.get_by_text("is out")).to_be_visible()
    theirs.reload()
    expect(theirs.get_by_role("heading", name="You look after nobody yet")).to_be_visible()


def test_a_machine_is_shown_to_a_partner_and_taken_back(server, visit, picture):
    ours, partner = server.sign_up("Rack Works"), server.sign_up("Partner Works")
    agent = ScriptedAgent(server, hostname="shared-box")
    assert agent.enroll(ours.enrollment_token()["token"]).status == 200
    assert agent.send().status == 200
    slug = partner.browser.get("/api/me").json["organization"]["slug"]
    page = signed_in(visit, server, ours, "/settings/sharing")
    page.get_by_role("button", name="Show a machine").click()
    page.get_by_label("Machine", exact=True).select_option(label="shared-box")
    page.get_by_label("Their short name").fill(slug)
    page.get_by_role("button", name="Offer", exact=True).click()
    given = page.get_by_role("table", name="Shown to others").get_by_role("row", name=re.compile("shared-box"))
    expect(given).to_contain_text("Offered")
    theirs = signed_in(visit, server, partner, "/settings/sharing")
    theirs.get_by_role("button", name="Accept shared-box").click()
    expect(theirs.get_by_role("row", name=re.compile("shared-box"))).to_contain_text("Healthy")
    picture(theirs, "story-sharing")
    assert_accessible(theirs)
    page.reload()
    expect(given).to_contain_text("Accepted")
    page.get_by_role("button", name=f"End shared-box for {slug}").click()
    page.get_by_role("dialog").get_by_role("button", name="End").click()
    expect(page.get_by_role("heading", name="Nothing is shown to others")).to_be_visible()
    theirs.reload()
    expect(theirs.get_by_role("heading", name="Nothing is shown to you")).to_be_visible()


def test_how_long_entries_are_kept_is_chosen_and_leaves_an_entry(server, visit):
    owner = server.sign_up("Keeping Works")
    page = signed_in(visit, server, owner, "/audit")
    page.get_by_role("button", name="change", exact=True).click()
    page.get_by_label("Keep for").select_option("30")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".chain-card")).to_contain_text("30days")
    expect(page.locator("tr[data-row]").first).to_contain_text("audit settings")


@pytest.fixture
def named(cluster):
    """A server that is reached by a name: browsers keep passkeys for names, not for addresses."""
    server = Server(cluster.database(), "named-pulse")
    server.environment["PULSE_PUBLIC_URL"] = server.url.replace("127.0.0.1", "localhost")
    server.start()
    yield server
    server.stop()


def test_a_passkey_made_in_the_browser_is_all_it_takes_at_the_door(named, visit, picture):
    owner = named.sign_up("Passkey Works")
    named.url = named.environment["PULSE_PUBLIC_URL"]
    page = signed_in(visit, named, owner, "/profile/security", allow=["401", "pubKeyCredParams"])
    with_an_authenticator(page)
    page.get_by_role("button", name="Add a passkey").click()
    page.get_by_role("dialog").get_by_label("Name").fill("Work laptop")
    page.get_by_role("button", name="Go on").click()
    passkeys = page.get_by_role("region", name="Passkeys")
    expect(passkeys).to_contain_text("Work laptop")
    expect(passkeys).to_contain_text("not used yet")
    picture(page, "story-passkeys")
    page.get_by_role("main").get_by_role("button", name="Log out").click()
    page.get_by_role("button", name="Log in with a passkey").click()
    expect(page.get_by_role("heading", name=re.compile("^Dashboard"))).to_be_visible()
    page.goto(named.url + "/profile/security")
    expect(passkeys).to_contain_text("used now")
def test_everything_is_taken_out_and_read_into_a_new_organisation(server, visit, picture, tmp_path):
    leaving = server.sign_up("Leaving Works")
    assert leaving.browser.post("/api/sites", {"name": "Frankfurt", "tags": ["production"]}).status == 201
    page = signed_in(visit, server, leaving, "/settings")
    with page.expect_download() as download:
        page.get_by_role("button", name="Export").click()
    assert re.fullmatch(r"pulse-[\w-]+-\d{8}\.tar\.gz", download.value.suggested_filename)
    archive = tmp_path / download.value.suggested_filename
    download.value.save_as(archive)
    arriving = leaving.browser.post("/api/orgs", {"displayName": "Arriving Works"}).json["id"]
    assert leaving.browser.post(f"/api/orgs/{arriving}/switch").status == 200
    page = signed_in(visit, server, leaving, "/settings")
    page.get_by_label("Archive", exact=True).set_input_files(archive)
    report = page.get_by_role("dialog", name="Leaving Works is here")
    expect(report.get_by_text("no difference")).to_be_visible()
    picture(page, "story-import")
    assert_accessible(page)
    report.get_by_role("button", name="Close").click()
    page.goto(server.url + "/sites")
    expect(page.get_by_role("row", name=re.compile("^Frankfurt"))).to_contain_text("production")
    page.goto(server.url + "/settings")
    expect(page.get_by_role("heading", name="Take everything out")).to_be_visible()
