"""Everything works without a pointer."""
import re

from playwright.sync_api import expect

from company import furnish
from conftest import NARROW, row, rows
from machines import machine_id


def open_list(canned, visit, path="/infrastructure?sort=name.asc", **rest):
    page = visit(canned(), path, **rest)
    expect(rows(page).first).to_be_visible()
    return page


def open_palette(page):
    page.keyboard.press("Control+k")
    expect(page.get_by_role("dialog", name="Find or do").get_by_role("combobox")).to_be_focused()


def test_the_list_is_one_stop_and_its_rows_are_walked(canned, visit):
    page = open_list(canned, visit)
    expect(page.locator("tr[data-row][tabindex='0']")).to_have_count(1)
    rows(page).first.focus()
    page.keyboard.press("j")
    expect(row(page, "app-web-02")).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(row(page, "backup-proxy")).to_be_focused()
    page.keyboard.press("k")
    expect(row(page, "app-web-02")).to_be_focused()
    page.keyboard.press("End")
    expect(row(page, "win-bridge")).to_be_focused()
    page.keyboard.press("Home")
    expect(row(page, "app-web-01")).to_be_focused()


def test_enter_opens_the_drawer_arrows_walk_it_and_escape_gives_the_focus_back(canned, visit):
    page = open_list(canned, visit)
    rows(page).first.focus()
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    drawer = page.get_by_role("complementary", name="app-web-02")
    expect(drawer).to_be_visible()
    expect(page.get_by_role("heading", name="app-web-02")).to_be_focused()
    expect(page).to_have_url(re.compile(f"/infrastructure/{machine_id(1)}\\?sort=name.asc$"))
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("complementary", name="backup-proxy")).to_be_visible()
    expect(row(page, "backup-proxy")).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Escape")
    expect(page.locator(".drawer")).to_have_count(0)
    expect(row(page, "backup-proxy")).to_be_focused()


def test_back_closes_what_enter_opened(canned, visit):
    page = open_list(canned, visit)
    row(page, "gitea").click()
    expect(page.locator(".drawer")).to_be_visible()
    page.go_back()
    expect(page.locator(".drawer")).to_have_count(0)
    expect(page).to_have_url(re.compile("/infrastructure\\?sort=name.asc$"))


def test_brackets_change_the_range_and_the_address(canned, visit):
    page = open_list(canned, visit, f"/infrastructure/{machine_id(0)}")
    expect(page.get_by_role("button", name="1 h", exact=True)).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("]")
    expect(page).to_have_url(re.compile("range=6h"))
    expect(page.get_by_role("button", name="6 h", exact=True)).to_have_attribute("aria-pressed", "true")
    for further in ("24h", "7d", "90d"):
        page.keyboard.press("]")
        expect(page).to_have_url(re.compile(f"range={further}"))
    page.keyboard.press("]")
    expect(page.get_by_role("button", name="90 d", exact=True)).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("[")
    expect(page.get_by_role("button", name="7 d", exact=True)).to_have_attribute("aria-pressed", "true")


def test_the_crosshair_is_moved_by_arrows_and_read_aloud_in_all_charts(canned, visit):
    page = open_list(canned, visit, f"/infrastructure/{machine_id(0)}")
    cpu = page.get_by_role("slider", name=re.compile("^CPU, last hour: now "))
    expect(cpu).to_have_attribute("aria-valuetext", "Use the arrow keys to read values")
    cpu.focus()
    page.keyboard.press("End")
    expect(cpu).to_have_attribute("aria-valuetext", re.compile(r"^\d\d:\d\d:\d\d, [\d.]+ %$"))
    last = cpu.get_attribute("aria-valuenow")
    page.keyboard.press("ArrowLeft")
    expect(cpu).not_to_have_attribute("aria-valuenow", last)
    before = cpu.get_attribute("aria-valuenow")
    assert int(before) < int(last)
    network = page.get_by_role("slider", name=re.compile("^Network, last hour: received now "))
    expect(network).to_have_attribute("aria-valuenow", before)
    expect(page.locator(".tooltip")).to_have_count(1)


def test_slash_searches_and_escape_empties(canned, visit):
    page = open_list(canned, visit)
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox", name="Search infrastructure")).to_be_focused()
    page.keyboard.type("dns")
    expect(rows(page)).to_have_count(2)
    expect(page).to_have_url(re.compile("q=dns"))
    page.keyboard.press("Escape")
    expect(rows(page)).to_have_count(24)


def test_c_adds_a_connection_for_those_who_may_and_never_while_typing(canned, visit):
    server = canned()
    me = server.answers[("GET", "/api/me")]
    page = visit(server, "/infrastructure", allow=["404"])
    expect(rows(page).first).to_be_visible()
    page.keyboard.press("c")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    expect(page.get_by_role("dialog", name="Keys")).not_to_contain_text("Add a connection")
    expect(page).to_have_url(re.compile("/infrastructure$"))
    server.answers[("GET", "/api/me")] = {**me, "permissions": [*me["permissions"], "read:connections", "manage:connections"]}
    server.answers[("GET", "/api/connections/kinds")] = {"data": []}
    page = visit(server, "/infrastructure", allow=["404"])
    expect(rows(page).first).to_be_visible()
    page.keyboard.press("/")
    page.keyboard.type("c")
    expect(page.get_by_role("searchbox", name="Search infrastructure")).to_have_value("c")
    expect(page).to_have_url(re.compile("/infrastructure\\?q=c$"))
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    page.get_by_role("heading", name="Infrastructure").focus()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_contain_text("Add a connection")
    page.keyboard.press("c")
    expect(page).to_have_url(re.compile("/infrastructure$"))
    page.keyboard.press("Escape")
    page.keyboard.press("c")
    expect(page).to_have_url(re.compile("/connections/new$"))


def test_letters_do_nothing_while_typing_and_can_be_switched_off(canned, visit):
    page = visit(canned(), "/profile", allow=["404"])
    page.get_by_label("Display name").fill("")
    page.keyboard.type("g i ?")
    expect(page).to_have_url(re.compile("/profile$"))
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.get_by_role("switch", name="Single-key shortcuts").click()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.keyboard.press("Control+k")
    expect(page.get_by_role("dialog", name="Find or do")).to_be_visible()


def test_the_palette_finds_machines_and_does_things(canned, visit):
    page = open_list(canned, visit)
    open_palette(page)
    page.keyboard.type("dns-02")
    option = page.get_by_role("option", name=re.compile("dns-02"))
    expect(option).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Enter")
    expect(page.get_by_role("complementary", name="dns-02")).to_be_visible()
    open_palette(page)
    page.keyboard.type("dark theme")
    expect(page.get_by_role("option", name=re.compile("dark theme"))).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Enter")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    open_palette(page)
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.locator(".drawer")).to_be_visible()      # Escape closed the palette and nothing behind it


def test_g_leads_to_the_pages_of_the_organisation(canned, visit):
    page = visit(furnish(canned()), "/infrastructure")
    expect(rows(page).first).to_be_visible()
    for key, address, heading in [("m", "members", "Members and roles"), ("l", "audit", "Audit log"), ("t", "settings", "Settings"), ("p", "profile", "Profile")]:
        page.keyboard.press("g")
        page.keyboard.press(key)
        expect(page).to_have_url(re.compile(f"/{address}$"))
        expect(page.get_by_role("heading", name=heading, exact=True)).to_be_focused()


def test_g_i_and_question_mark(canned, visit):
    page = visit(canned(), "/profile", allow=["404"])
    expect(page.get_by_role("heading", name="Profile")).to_be_visible()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.keyboard.press("g")
    page.keyboard.press("i")
    expect(page).to_have_url(re.compile("/infrastructure$"))
    expect(page.get_by_role("heading", name=re.compile("^Infrastructure"))).to_be_focused()


def test_the_organisation_menu_is_walked_by_arrows(canned, visit):
    page = open_list(canned, visit)
    page.locator(".nav .org-switch").focus()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("menuitemradio", name="Nordwind Logistik")).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("menuitemradio", name="Lab Süd")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator(".nav .org-switch")).to_be_focused()
    expect(page.get_by_role("menu")).to_have_count(0)


def test_a_dialog_keeps_the_focus_and_gives_it_back(canned, visit):
    page = open_list(canned, visit)
    page.locator(".nav .org-switch").focus()
    page.keyboard.press("Enter")
    page.get_by_role("menuitem", name="New organisation").click()
    dialog = page.get_by_role("dialog", name="New organisation")
    expect(dialog.get_by_label("Name")).to_be_focused()
    for _ in range(7):
        page.keyboard.press("Tab")
        assert page.evaluate("() => document.querySelector('[role=dialog]').contains(document.activeElement)")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)


def test_on_a_phone_the_drawer_is_the_page(canned, visit):
    page = open_list(canned, visit, "/infrastructure", size=NARROW, touch=True)
    expect(page.locator(".tabbar")).to_be_visible()
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 360
    row(page, "db-primary").tap()
    drawer = page.get_by_role("complementary", name="db-primary")
    expect(drawer).to_be_visible()
    assert round(drawer.bounding_box()["width"]) == 360
    expect(page.locator("[inert] main")).to_be_attached()
    drawer.get_by_role("button", name="Close").tap()
    expect(drawer).to_have_count(0)
