"""Every page, both themes, wide and as on a phone: no violation of axe's A, AA and best-practice rules; and nothing on it
moves when answers are late."""
import pytest
from playwright.sync_api import expect

from conftest import COLOURS, NARROW, SETTLED, assert_accessible
from sights import SIGHTS

# One for each page, whatever may be opened on it.
PLACES = list({(sight.world, sight.path): sight for sight in reversed(SIGHTS)}.values())


@pytest.mark.parametrize("sight", SIGHTS, ids=[sight.name for sight in SIGHTS])
def test_a_page_has_no_violation(canned, visit, picture, sight):
    """Nothing is chosen, so the page follows the system as its theme changes; then what is open is made as narrow as a phone."""
    server, options = sight.world(canned, sight.name)
    page = visit(server, sight.path, **options)
    sight.prepare(page)
    in_theme(page, "light")
    picture(page, f"{sight.name}-wide-light")
    assert_accessible(page)
    in_theme(page, "dark")
    picture(page, f"{sight.name}-wide-dark")
    assert_accessible(page, COLOURS)
    scrolls_nowhere(page)
    as_on_a_phone(page)
    picture(page, f"{sight.name}-narrow-dark")
    assert_accessible(page)


@pytest.mark.parametrize("sight", PLACES, ids=[sight.name for sight in PLACES])
def test_nothing_moves_on_a_phone_when_answers_are_late(canned, visit, sight):
    """`visit` complains of what does. Late is later than a painting of what is there without them."""
    server, options = sight.world(canned, sight.name)
    server.late = 0.1
    page = visit(server, sight.path, size=NARROW, touch=True, **options)
    sight.prepare(page)
    page.evaluate(SETTLED)


def in_theme(page, theme):
    page.emulate_media(color_scheme=theme)
    expect(page.locator("html")).to_have_attribute("data-theme", theme)


def as_on_a_phone(page):
    emulation = page.context.new_cdp_session(page)
    width, height = NARROW
    emulation.send("Emulation.setDeviceMetricsOverride", {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": True})
    emulation.send("Emulation.setTouchEmulationEnabled", {"enabled": True, "maxTouchPoints": 5})
    page.wait_for_function("(width) => innerWidth === width && matchMedia('(pointer: coarse)').matches", arg=width)


def scrolls_nowhere(page):
    """No width from a small phone's to a wide desk's makes the page scroll sideways, with what is open on it."""
    page.evaluate("() => { pulseWatch.over = true; }")  # the window itself is about to change its shape
    for width in [1920, 1024, 768, 320]:
        page.set_viewport_size({"width": width, "height": 800})
        page.wait_for_function("(width) => innerWidth === width", arg=width)
        assert page.evaluate("() => document.documentElement.scrollWidth") <= width, width
