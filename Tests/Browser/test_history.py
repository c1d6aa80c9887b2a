"""The charts of a machine over days and months: what is said of a range that is not kept, and of times without numbers."""
import re

from playwright.sync_api import expect

from canned import problem
from conftest import NARROW, assert_accessible, drawn
from machines import machine_id

DAY = r"\d{1,2} [A-Z][a-z]{2}(?: \d{4})?"
MOMENT = DAY + r" \d\d:\d\d"


def test_a_range_of_days_carries_its_dates_everywhere(canned, visit, picture):
    server = canned()
    page = visit(server, f"/infrastructure/{machine_id(0)}?range=7d")
    cpu = page.get_by_role("slider", name=re.compile("^CPU, last 7 days: now "))
    expect(cpu).to_have_accessible_name(re.compile(rf"highest [\d.]+ % on {MOMENT}, lowest [\d.]+ % on {MOMENT}\. No data {MOMENT} to (?:{DAY} )?\d\d:\d\d\.$"))
    expect(page.locator(".chart-note")).to_contain_text(re.compile(rf"^{MOMENT} to (?:{DAY} )?\d\d:\d\d: nothing was reported\."))
    drawn(page)
    cpu.focus()
    page.keyboard.press("End")
    expect(cpu).to_have_attribute("aria-valuetext", re.compile(rf"^{MOMENT}, [\d.]+ %$"))
    expect(page.locator(".tooltip b")).to_have_text(re.compile(rf"^{MOMENT}$"))
    picture(page, "history-7d")
    page.get_by_role("button", name="Table", exact=True).click()
    expect(page.locator(".chart-table").first.locator("tbody th").first).to_have_text(re.compile(rf"^{MOMENT}$"))
    picture(page, "history-7d-table")
    page.get_by_role("button", name="24 h", exact=True).click()
    expect(page.locator(".chart-table").first.locator("tbody th").first).to_have_text(re.compile(r"^\d\d:\d\d:\d\d$"))
    page.get_by_role("button", name="90 d", exact=True).click()
    page.get_by_role("button", name="Charts", exact=True).click()
    expect(page.get_by_role("slider", name=re.compile("^CPU, last 90 days: now "))).to_be_visible()
    drawn(page)
    picture(page, "history-90d")
    assert any("range=90d" in path for _, path, _ in server.asked)


def test_a_range_of_days_has_room_on_a_phone(canned, visit, picture):
    page = visit(canned(), f"/infrastructure/{machine_id(0)}?range=7d", size=NARROW, theme="dark")
    drawn(page)
    picture(page, "history-7d-narrow")
    page.get_by_role("button", name="Table", exact=True).click()
    expect(page.locator(".chart-table").first.locator("tbody th").first).to_have_text(re.compile(rf"^{MOMENT}$"))
    picture(page, "history-7d-table-narrow")
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")


def test_what_the_plan_does_not_keep_is_said_in_place_of_the_charts(canned, visit, picture):
    server = canned()
    told = server.history
    server.answers[("GET", "/api/resources/([^/]+)/history")] = lambda match, query, body: told(match, query, body) if query["range"] != "90d" else problem(
        402, "history-window", "The plan keeps less history", "The plan “free” keeps 7 days; an owner can choose one that keeps more.")
    page = visit(server, f"/infrastructure/{machine_id(0)}?range=7d", allow=["402"])
    expect(page.get_by_role("slider", name=re.compile("^CPU, last 7 days: now "))).to_be_visible()
    page.keyboard.press("]")
    drawer = page.get_by_role("complementary")
    expect(drawer.get_by_role("heading", name="The last 90 days are not kept")).to_be_visible()
    expect(drawer).to_contain_text("The plan “free” keeps 7 days; an owner can choose one that keeps more.")
    expect(drawer.get_by_role("button", name="Try now")).to_have_count(0)  # trying again mends nothing
    expect(drawer.get_by_role("slider")).to_have_count(0)
    picture(page, "history-not-kept")
    assert_accessible(page)
    page.keyboard.press("[")
    expect(page.get_by_role("slider", name=re.compile("^CPU, last 7 days: now "))).to_be_visible()


def test_when_pulse_was_not_watching_the_machine_is_not_called_silent(canned, visit, picture):
    server = canned()
    server.unwatched, server.remembered = ((0.45, 0.75), (0.8, 0.9)), ((0.8, 0.9),)
    page = visit(server, f"/infrastructure/{machine_id(0)}")
    cpu = page.get_by_role("slider", name=re.compile("^CPU, last hour: now "))
    times = r"\d\d:\d\d to \d\d:\d\d"
    expect(cpu).to_have_accessible_name(re.compile(rf"No data {times}\. Pulse was not watching {times}, {times}\.$"))
    note = page.locator(".chart-note")
    expect(note).to_have_text(re.compile(
        rf"^{times}, {times}: Pulse was not watching\. What its platform remembered is shown as remembered\. {times}: nothing was reported\. Gaps are never filled in\.$"))
    drawn(page)
    # the hatching: two colours where one alone means that nothing was reported
    colours = page.evaluate("""() => {
        const canvas = document.querySelector('.chart-frame canvas'), scale = canvas.width / canvas.clientWidth;
        const all = canvas.getContext('2d').getImageData(0, 24 * scale, canvas.width, 8 * scale);
        return [0.36, 0.65].map((share) => {
            const middle = Math.round((38 + (canvas.clientWidth - 48) * share) * scale), found = new Set();
            for (let at = 0; at < all.data.length; at += 4) if (Math.abs(at / 4 % all.width - middle) < 10 * scale) found.add(all.data.slice(at, at + 3).join());
            return found.size;
        });
    }""")
    assert colours[0] == 1 and colours[1] > 1, colours
    cpu.focus()
    page.keyboard.press("End")
    for _ in range(3):
        page.keyboard.press("PageDown")
    expect(cpu).to_have_attribute("aria-valuetext", re.compile(r"^\d\d:\d\d:\d\d, [\d.]+ %, remembered$"))
    expect(page.locator(".tooltip")).to_contain_text("remembered")
    picture(page, "history-unwatched")
    page.get_by_role("button", name="Switch theme").first.click()
    picture(page, "history-unwatched-dark")
    page.get_by_role("button", name="Table", exact=True).click()
    expect(page.locator(".chart-table").first.locator("tr", has_text="remembered").first).to_be_attached()
    picture(page, "history-unwatched-table")
