"""What the console must not load and not put in the page; how long things take is `ops/bench console`."""
import re

from playwright.sync_api import expect

from conftest import drawn, rows
from machines import estate


def test_charts_are_loaded_with_the_first_chart_only(canned, visit):
    server = canned()
    loaded = "() => performance.getEntriesByType('resource').map((entry) => entry.name).filter((name) => name.includes('engine'))"
    page = visit(server, "/infrastructure")
    expect(rows(page).first).to_be_visible()
    assert page.evaluate(loaded) == []
    rows(page).first.click()
    expect(page.locator(".chart-frame canvas").first).to_be_visible()
    drawn(page)
    assert len(page.evaluate(loaded)) == 1


def test_ten_thousand_rows_are_at_most_sixty_in_the_page(canned, visit):
    many = canned(estate(10_000))
    page = visit(many, "/infrastructure", size=(1920, 1200))
    expect(rows(page).first).to_be_visible()
    expect(page.get_by_role("table", name="Machines")).to_have_attribute("aria-rowcount", "10001")
    assert rows(page).count() <= 60
    page.evaluate("() => scrollTo(0, 210_000)")
    expect(rows(page).first).to_have_attribute("aria-rowindex", re.compile(r"^(49|50)\d\d$"))
    assert rows(page).count() <= 60
    rows(page).nth(10).click()
    expect(page.locator(".drawer")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(".drawer")).to_have_count(0)
    page.keyboard.press("End")
    expect(page.locator("tr[aria-rowindex='10001']")).to_be_focused()
    assert rows(page).count() <= 60
