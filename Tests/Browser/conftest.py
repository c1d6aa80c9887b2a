"""Chromium, and pages that fail their test when they complain: a console error, an exception, a refusal by the content
policy, a shift of the layout."""
import os
import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect, sync_playwright

from canned import CannedServer
from harness.processes import LOGS
from machines import estate

CHROMIUM = os.environ.get("PULSE_TEST_CHROMIUM", "/usr/bin/chromium")
# Four cores may be building something else beside this.
expect.set_options(timeout=10_000)
WIDE, NARROW = (1440, 900), (360, 780)

# Counts what must not happen, from before the page's first script. What moves in the seconds after the test did something
# (a filter's answer, a dialog's alarm) is its answer: the browser excuses it for half a second after a person's hand only.
WATCH = """(() => {
  window.pulseWatch = { shift: 0, shifts: [], policy: [] };
  let acted = -Infinity;
  for (const act of ["pointerdown", "keydown", "input", "change", "click"]) addEventListener(act, () => { acted = performance.now(); }, true);
  document.addEventListener("securitypolicyviolation", (e) => pulseWatch.policy.push(`${e.violatedDirective}: ${e.blockedURI}`));
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      if (entry.hadRecentInput || entry.startTime - acted < 3000) continue;
      pulseWatch.shift += entry.value;
      for (const source of entry.sources) pulseWatch.shifts.push(source.node?.className ?? String(source.node?.nodeName));
    }
  }).observe({ type: "layout-shift", buffered: true });
})()"""


@pytest.fixture(scope="session")
def chromium():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"])
        yield browser
        browser.close()


@pytest.fixture
def visit(chromium):
    """visit(server, path, …) opens a page. `allow`: complaints that this test is about, as regular expressions."""
    opened = []

    def visit(server, path, size=WIDE, theme="light", cookies=None, allow=(), touch=False, clock=False, **context):
        context = chromium.new_context(
            viewport={"width": size[0], "height": size[1]}, color_scheme=theme, has_touch=touch, is_mobile=touch,
            reduced_motion=context.pop("reduced_motion", "no-preference"), **context)
        context.set_default_timeout(15_000)
        context.add_init_script(WATCH)
        jar = cookies if cookies is not None else getattr(server, "cookies", {})
        context.add_cookies([{"name": name, "value": value, "url": server.url} for name, value in jar.items()])
        page = context.new_page()
        watched = Watched(page, allow)
        opened.append(watched)
        if clock:
            page.clock.install()
        page.goto(server.url + path)
        return page

    yield visit
    complaints = [complaint for watched in opened for complaint in watched.finish()]
    assert complaints == []


class Watched:
    def __init__(self, page, allow):
        self.page, self.allow, self.heard = page, allow, []
        page.on("console", lambda message: message.type in ("error", "warning") and self.heard.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: self.heard.append(f"exception: {error}"))

    def finish(self):
        try:
            seen = self.page.evaluate("() => window.pulseWatch")
            self.heard += [f"policy: {one}" for one in seen["policy"]]
            if seen["shift"] > 0.01:  # a tenth of what the web calls good
                self.heard.append(f"layout shift: {seen['shift']:.4f} by {sorted(set(seen['shifts']))}")
        finally:
            self.page.context.close()
        return [one for one in self.heard if not any(re.search(pattern, one) for pattern in self.allow)]


@pytest.fixture
def canned():
    """canned(machines) is a server of canned answers; without machines, an estate of 24."""
    servers = []

    def canned(machines=None):
        servers.append(CannedServer(estate() if machines is None else machines))
        return servers[-1]

    yield canned
    for server in servers:
        server.stop()


def assert_accessible(page):
    """axe-core: A, AA and best practice, no violation at all."""
    results = Axe().run(page, options={"resultTypes": ["violations"]})
    found = [(one["id"], node["target"], node.get("failureSummary", "")[:300]) for one in results.response["violations"] for node in one["nodes"]]
    assert found == []


@pytest.fixture(scope="session")
def picture():
    """picture(page, name) keeps what a page looks like under .local/test/screens."""
    folder = LOGS / "screens"
    folder.mkdir(parents=True, exist_ok=True)

    def picture(page, name):
        page.wait_for_timeout(350)  # the drawer's and the toast's way in
        page.screenshot(path=folder / f"{name}.png")

    return picture


def rows(page):
    return page.locator("tr[data-row]")


def row(page, name):
    return page.locator("tr[data-row]").filter(has=page.locator(".name", has_text=re.compile(f"^{re.escape(name)}$")))
