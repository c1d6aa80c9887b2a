"""Chromium, and pages that fail their test when they complain: a console error, an exception, a refusal by the content
policy, a shift of the layout."""
import os
import re

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import expect, sync_playwright

from canned import CannedServer
from harness.processes import LOGS
from machines import estate

CHROMIUM = os.environ.get("PULSE_TEST_CHROMIUM", "/usr/bin/chromium")
# Four cores may be building something else beside this: generous, because only what fails waits this long.
expect.set_options(timeout=20_000)
ACTION = 30_000
WIDE, NARROW = (1440, 900), (360, 780)

# Counts what must not happen, from before the page's first script. What moves after the test did something (a filter's
# answer, a dialog's alarm) is its answer: the browser excuses it for half a second after a person's hand only, so it is
# excused for 3 s here, and as long as a request that the act began is on its way and a moment beyond.
WATCH = """(() => {
  window.pulseWatch = { shift: 0, shifts: [], policy: [], over: false, ended: 0, heard: 0 };
  let acted = -Infinity, awaited = 0;
  const excused = (at) => awaited > 0 || at - acted < 3000;
  for (const act of ["pointerdown", "keydown", "input", "change", "click"]) addEventListener(act, () => { acted = performance.now(); }, true);
  const ask = window.fetch;
  window.fetch = async (...request) => {
    if (!excused(performance.now())) return ask(...request);
    awaited += 1;
    try { return await ask(...request); } finally { awaited -= 1; acted = performance.now(); }
  };
  const Socket = window.WebSocket;
  window.WebSocket = class extends Socket {
    constructor(...where) {
      super(...where);
      this.addEventListener("close", () => { pulseWatch.ended += 1; });
      this.addEventListener("message", () => { pulseWatch.heard += 1; });
    }
  };
  document.addEventListener("securitypolicyviolation", (e) => pulseWatch.policy.push(`${e.violatedDirective}: ${e.blockedURI}`));
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      if (pulseWatch.over || entry.hadRecentInput || excused(entry.startTime)) continue;
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
        context.set_default_timeout(ACTION)
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


# Of all rules only these look at colours: what passed in one theme needs no more than them in the other.
COLOURS = ["color-contrast", "link-in-text-block"]


def assert_accessible(page, rules=None):
    """axe-core: A, AA and best practice, no violation at all; or the rules named alone."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    found = page.evaluate("""async (rules) => {
        const options = { resultTypes: ["violations"], preload: false, ...rules ? { runOnly: { type: "rule", values: rules } } : {} };
        const { violations } = await axe.run(document, options);
        return violations.flatMap((one) => one.nodes.map((node) => [one.id, node.target, (node.failureSummary ?? "").slice(0, 300)]));
    }""", rules)
    assert found == []


# Whatever is on its way in or out has arrived; what turns for ever is not waited for.
SETTLED = """() => Promise.allSettled(document.getAnimations()
    .filter((one) => Number.isFinite(one.effect?.getComputedTiming().endTime ?? Infinity)).map((one) => one.finished))"""


@pytest.fixture(scope="session")
def picture():
    """picture(page, name) waits until nothing moves; with PULSE_TEST_PICTURES=1 it keeps what the page looks like under
    .local/test/screens, for whoever wants to look: four hundred pictures take half a minute."""
    folder = LOGS / "screens" if os.environ.get("PULSE_TEST_PICTURES") else None
    if folder:
        folder.mkdir(parents=True, exist_ok=True)

    def picture(page, name):
        page.evaluate(SETTLED)
        if folder:
            page.screenshot(path=folder / f"{name}.png")

    return picture


def drawn(page):
    """Every chart has its first stroke: until then a canvas has the size that browsers give to any."""
    expect(page.locator(".chart-frame canvas").first).to_be_visible()
    page.wait_for_function("() => [...document.querySelectorAll('.chart-frame canvas')].every((one) => one.width !== 300)")


def rows(page):
    return page.locator("tr[data-row]")


def row(page, name):
    return page.locator("tr[data-row]").filter(has=page.locator(".name", has_text=re.compile(f"^{re.escape(name)}$")))
