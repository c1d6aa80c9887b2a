"""The main path of every page, in a browser, on the real programs: from a sign-up to this machine on screen."""
import re
import socket

import pytest
from playwright.sync_api import expect

from conftest import NARROW, assert_accessible, row, rows
from harness.agents import RealAgent, ScriptedAgent
from harness.server import Server

PASSWORD = "a long enough password 7"
HOSTNAME = socket.gethostname()


def signed_in(visit, server, owner, path="/infrastructure", **rest):
    return visit(server, path, cookies=dict(owner.browser.cookies), **rest)


def sign_up_in_the_browser(visit, server, address, organisation, allow=()):
    page = visit(server, "/signup", allow=allow)
    page.get_by_label("Work e-mail").fill(address)
    page.get_by_label("Organisation").fill(organisation)
    page.get_by_role("button", name="Send sign-in link").click()
    expect(page.get_by_role("heading", name="Check your mail")).to_be_visible()
    expect(page.get_by_text(address)).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("^Send again in"))).to_be_disabled()
    page.goto(f"{server.url}/set-password?token={server.mailed_token(address, 'su1')}")
    expect(page.get_by_text(f"owner of {organisation}")).to_be_visible()
    page.get_by_label("Your name").fill("Mara Lindqvist")
    page.get_by_label("Password").fill("short")
    page.get_by_role("button", name="Set password and start").click()
    expect(page.get_by_label("Password")).to_have_attribute("aria-invalid", "true")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Set password and start").click()
    expect(page.get_by_role("heading", name="Add your first machine")).to_be_visible()
    return page


def test_from_the_sign_up_to_this_machine_on_screen(server, visit, picture):
    page = sign_up_in_the_browser(visit, server, "mara@nordwind.example", "Nordwind Logistik")
    command = page.get_by_label("Command", exact=True)
    expect(command).to_contain_text("pet_")
    token = re.search(r"pet_[\w-]+", command.inner_text()).group(0)
    assert server.client().get(re.search(r"/install/[\w-]+\.sh", command.inner_text()).group(0)).status == 200
    checks = page.locator(".checks > li")
    expect(checks.nth(0)).to_contain_text("Installer fetched, done")

    agent = RealAgent(server, "browser-agent", PULSE_AGENT_INTERVAL_SECONDS="2")
    agent.enroll(token)
    expect(checks.nth(1)).to_contain_text("Token used, done")
    agent.start()
    try:
        expect(page.get_by_role("heading", name="Your machine is here")).to_be_visible(timeout=30_000)
        picture(page, "story-arrived")
        assert_accessible(page)
        page.get_by_role("link", name="Open the live view").click()
        watch_it_live(page, picture)
    finally:
        agent.stop()


def watch_it_live(page, picture):
    machine = row(page, HOSTNAME)
    expect(machine).to_contain_text("Healthy")
    for meter in range(3):
        expect(machine.locator(".meter .num").nth(meter)).to_have_text(re.compile(r"^\d+%$"))
    # live: the age falls back with each report, and the CPU's exact reading differs from one to the next
    machine.click()
    drawer = page.get_by_role("complementary", name=HOSTNAME)
    for chart in ["CPU", "Memory", "Network", "Disk throughput"]:
        expect(drawer.get_by_role("slider", name=re.compile(f"^{chart}, last hour: .*now"))).to_be_visible(timeout=30_000)
    facts = drawer.get_by_role("region", name="Facts")
    expect(facts).to_contain_text(HOSTNAME)
    expect(facts).to_contain_text(open("/proc/sys/kernel/osrelease").read().strip())
    expect(drawer.get_by_role("region", name="File systems")).to_contain_text("/")
    picture(page, "story-machine")
    assert_accessible(page)
    drawer.get_by_role("button", name="Table").click()
    readings = drawer.get_by_role("region", name="CPU, as a table").locator("tbody tr")
    before = readings.count()
    expect(readings.nth(before)).to_be_attached(timeout=30_000)
    page.keyboard.press("Escape")
    expect(drawer).to_have_count(0)


def test_the_link_of_a_mail_works_once(server, visit):
    address = "once@example.com"
    sign_up_in_the_browser(visit, server, address, "Once Works")
    token = server.mailed_token(address, "su1")
    page = visit(server, f"/set-password?token={token}", cookies={}, allow=["400", "410"])
    expect(page.get_by_role("heading", name=re.compile("This link"))).to_be_visible()
    assert_accessible(page)


def test_an_existing_account_gets_a_second_organisation_without_a_password(server, ours, visit):
    assert server.client().post("/api/public/signup", {"email": ours.address, "organizationName": "Second Works"}).status == 202
    page = visit(server, f"/set-password?token={server.mailed_token(ours.address, 'su1', after=1)}", cookies={})
    expect(page.get_by_text("has an account already")).to_be_visible()
    page.get_by_role("button", name="Open Second Works").click()
    expect(page.locator(".nav .org-name")).to_have_text("Second Works")


def test_logging_in_with_a_password_leads_back_to_where_one_was_going(server, ours, visit):
    page = visit(server, "/infrastructure?q=web&sort=name.asc", cookies={}, allow=["401"])
    expect(page).to_have_url(re.compile("/login\\?next="))
    page.get_by_label("E-mail").fill(ours.address)
    page.get_by_label("Password").fill("not the password")
    page.get_by_role("button", name="Log in", exact=True).click()
    expect(page.get_by_text("E-mail and password do not fit together.")).to_be_visible()
    page.get_by_label("Password").fill(ours.password)
    page.get_by_role("button", name="Log in", exact=True).click()
    expect(page).to_have_url(re.compile("/infrastructure\\?q=web&sort=name.asc$"))


def test_logging_in_by_a_link(server, ours, visit):
    page = visit(server, "/login", cookies={}, allow=["400"])
    page.get_by_label("E-mail").fill(ours.address)
    before = len(server.mails(ours.address))
    page.get_by_role("button", name="Send me a link instead").click()
    expect(page.get_by_role("heading", name="Check your mail")).to_be_visible()
    link = f"{server.url}/api/public/magic-link/verify?token={server.mailed_token(ours.address, 'ml1', after=before)}"
    page.goto(link)
    expect(page.get_by_role("heading", name=re.compile("^Dashboard"))).to_be_visible()
    page.context.clear_cookies()
    page.goto(link)  # in a browser that did not ask for it, nothing happens without a press
    page.get_by_role("button", name="Log in", exact=True).click()
    expect(page.get_by_text("That link no longer works.")).to_be_visible()


def test_the_theme_is_kept_and_there_before_the_first_paint(server, ours, visit):
    page = signed_in(visit, server, ours, theme="light")
    expect(page.locator("html")).to_have_attribute("data-theme", "light")
    page.get_by_role("button", name="Switch theme").first.click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.add_init_script("""new MutationObserver(() => {
        if (document.body && !window.themeAtBody) window.themeAtBody = document.documentElement.dataset.theme;
    }).observe(document, { childList: true, subtree: true });""")
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    assert page.evaluate("() => window.themeAtBody") == "dark"


def test_the_switcher_makes_and_changes_organisations_and_mixes_nothing(server, visit):
    owner = server.sign_up("Switch Works")
    agent = ScriptedAgent(server, hostname="only-in-the-first")
    assert agent.enroll(owner.enrollment_token()["token"]).status == 200
    assert agent.send().status == 200
    page = signed_in(visit, server, owner)
    expect(row(page, "only-in-the-first")).to_be_visible()
    page.locator(".nav .org-switch").click()
    page.get_by_role("menuitem", name="New organisation").click()
    page.get_by_role("dialog").get_by_label("Name").fill("Other Side")
    page.get_by_role("button", name="Create organisation").click()
    expect(page.locator(".nav .org-name")).to_have_text("Other Side")
    expect(page.get_by_role("heading", name="Nothing is watched yet")).to_be_visible()
    expect(rows(page)).to_have_count(0)
    page.reload()
    expect(page.locator(".nav .org-name")).to_have_text("Other Side")
    page.locator(".nav .org-switch").click()
    page.get_by_role("menuitemradio", name="Switch Works").click()
    expect(page.locator(".nav .org-name")).to_have_text("Switch Works")
    page.get_by_role("navigation", name="Main", exact=True).get_by_role("link", name="Infrastructure").click()
    expect(row(page, "only-in-the-first")).to_be_visible()


def test_the_profile_renames_with_undo_and_ends_other_sessions(server, visit, picture):
    owner = server.sign_up("Profile Works")
    elsewhere = server.client()
    elsewhere.login(owner.address, owner.password)
    page = signed_in(visit, server, owner, "/profile")
    page.get_by_label("Display name").fill("Mara L.")
    page.get_by_role("button", name="Save name").click()
    expect(page.get_by_text("Name saved")).to_be_visible()
    assert owner.browser.get("/api/me").json["user"]["displayName"] == "Mara L."
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_label("Display name")).to_have_value("Owner")
    expect(page.locator(".account")).to_have_text(re.compile("Owner"))
    sessions = page.get_by_role("region", name="Where you are signed in").get_by_role("listitem")
    expect(sessions).to_have_count(2)
    expect(sessions.first).to_contain_text("This session")
    picture(page, "story-profile")
    assert_accessible(page)
    sessions.nth(1).get_by_role("button", name=re.compile("^End session")).click()
    expect(sessions).to_have_count(1)
    assert elsewhere.get("/api/me").status == 401
    assert owner.browser.get("/api/me").status == 200


def test_logging_out_closes_everything(server, visit):
    owner = server.sign_up("Leave Works")
    # What the page was still asking for is refused from then on.
    page = signed_in(visit, server, owner, "/profile", allow=["401"])
    page.get_by_role("main").get_by_role("button", name="Log out").click()
    expect(page).to_have_url(re.compile("/login$"))
    page.goto(server.url + "/infrastructure")
    expect(page).to_have_url(re.compile("/login\\?next="))


@pytest.fixture
def mortal(cluster):
    server = Server(cluster.database(), "browser-pulse")
    server.start()
    yield server
    server.stop()


def test_a_killed_server_is_back_without_a_reload(mortal, visit):
    owner = mortal.sign_up("Restart Works")
    agent = ScriptedAgent(mortal, hostname="survivor")
    assert agent.enroll(owner.enrollment_token()["token"]).status == 200
    assert agent.send(agent.report(cpu=11)).status == 200
    page = signed_in(visit, mortal, owner, allow=["WebSocket", "ERR_CONNECTION", "Failed to fetch", "Failed to load resource"])
    expect(row(page, "survivor")).to_contain_text("11%")
    page.evaluate("() => { window.stillTheSamePage = true; }")
    mortal.kill()
    expect(page.locator(".page .live")).to_contain_text("Reconnecting")
    expect(row(page, "survivor")).to_be_visible()
    mortal.start()
    assert agent.send(agent.report(cpu=47)).status == 200
    expect(row(page, "survivor")).to_contain_text("47%", timeout=30_000)
    expect(page.locator(".page .live")).to_contain_text(re.compile("Live|Connected again"))
    assert page.evaluate("() => window.stillTheSamePage")


def test_a_phone_can_do_it_all(server, visit, picture):
    owner = server.sign_up("Phone Works")
    agent = ScriptedAgent(server, hostname="in-the-pocket")
    assert agent.enroll(owner.enrollment_token()["token"]).status == 200
    assert agent.send().status == 200
    page = signed_in(visit, server, owner, size=NARROW, touch=True, theme="dark")
    row(page, "in-the-pocket").tap()
    expect(page.get_by_role("complementary", name="in-the-pocket")).to_be_visible()
    picture(page, "story-phone")
    page.get_by_role("button", name="Close").tap()
    page.get_by_role("link", name="Add", exact=True).tap()
    expect(page.get_by_label("Command", exact=True)).to_contain_text("pet_")


def test_the_real_server_sends_the_policy_that_the_canned_one_is_tested_with(server):
    from canned import POLICY
    answer = server.client().get("/login")
    assert answer.status == 200
    assert answer.header("content-security-policy") == POLICY.format(host=server.url.removeprefix("http://"))
    page = answer.body.decode()
    assert "<style" not in page and " style=" not in page and not re.search(r"<script(?![^>]*\bsrc=)", page)
    script = re.search(r'src="(/assets/main-[^"]+)"', page).group(1)
    assert "immutable" in server.client().get(script).header("cache-control")
    assert server.client().get("/assets/main-00000000.js").status == 404
