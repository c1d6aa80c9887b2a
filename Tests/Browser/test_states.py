"""What the list says and does besides being full: loading, empty, failed, disconnected, changed under one's eyes."""
import re
import time

from playwright.sync_api import expect

from canned import Answer, iso, problem
from conftest import drawn, row, rows
from harness.processes import eventually
from machines import fresh, machine, machine_id


def hold_the_clock(page):
    """From now on the page's time is the test's: it passes by `page.clock.run_for` and else not at all."""
    page.clock.pause_at(page.evaluate("() => Date.now()") / 1000 + 1)


def test_nothing_is_shown_for_a_moment_and_then_the_shape_of_the_page(canned, visit):
    server = canned()
    server.holds_state = True
    page = visit(server, "/infrastructure")
    expect(page.locator(".loading")).to_be_visible()
    expect(page.get_by_text("Loading machines")).to_be_attached()
    server.send(server.state())
    expect(rows(page).first).to_be_visible()
    expect(page.locator(".loading")).to_have_count(0)


def test_an_empty_estate_says_what_belongs_here_and_fills_by_itself(canned, visit):
    server = canned([])
    page = visit(server, "/infrastructure")
    expect(page.get_by_role("heading", name="Nothing is watched yet")).to_be_visible()
    expect(page.get_by_role("link", name="Add your first machine")).to_have_attribute("href", "/onboarding")
    server.wait_for_socket()
    server.delta([machine(3)])
    expect(row(page, "build-01")).to_be_visible()


def test_nothing_found_says_what_would_match(canned, visit):
    page = visit(canned(), "/infrastructure?q=fra&status=warning")
    expect(page.get_by_role("heading", name="No machine matches “fra” in Warning")).to_be_visible()
    expect(page.get_by_text("Of 24 machines 1 is in Warning, and 3 match “fra”.")).to_be_visible()
    page.get_by_role("button", name="Show all statuses").click()
    expect(rows(page)).to_have_count(3)
    page.get_by_role("searchbox", name="Search infrastructure").fill("")
    expect(page).to_have_url(re.compile("/infrastructure$"))


def test_a_list_that_cannot_be_loaded_says_why_and_tries_again(canned, visit):
    server = canned()
    server.refuses_sockets = True
    server.answers["GET", "/api/resources"] = problem(503, "database-unavailable", "The database is restarting", Retry_After=4)
    page = visit(server, "/infrastructure", allow=["503", "WebSocket"])
    expect(page.get_by_role("heading", name="The list could not be loaded")).to_be_visible()
    expect(page.get_by_text("The server answered 503: the database is restarting.")).to_be_visible()
    expect(page.get_by_text("Request 01JPB7Q2M4")).to_be_visible()
    again = page.get_by_role("button", name="Try now").element_handle()
    server.refuses_sockets = False
    again.evaluate("(button) => button.click()")  # at once: the page's own next try may come first
    expect(rows(page).first).to_be_visible()


def test_a_session_that_cannot_be_asked_for_is_asked_for_again(canned, visit):
    server = canned()
    me = server.answers["GET", "/api/me"]
    server.answers["GET", "/api/me"] = problem(503, "database-unavailable", "The database is restarting", Retry_After=1)
    page = visit(server, "/infrastructure", allow=["503"])
    expect(page.get_by_role("heading", name="The console could not be opened")).to_be_visible()
    server.answers["GET", "/api/me"] = me
    expect(rows(page).first).to_be_visible()


def test_an_outage_is_told_after_three_seconds_and_after_fifteen_with_the_ribbon(canned, visit):
    server = canned()
    page = visit(server, "/infrastructure", clock=True, allow=["WebSocket"])
    live = page.locator(".page .live")
    age = row(page, "gitea").locator(".age")
    expect(row(page, "gitea")).to_be_visible()
    hold_the_clock(page)
    server.refuses_sockets = True
    server.drop_sockets()
    page.wait_for_function("() => pulseWatch.ended > 0")
    page.clock.run_for(2_900)
    expect(live).to_contain_text("Live")
    page.clock.run_for(200)
    expect(live).to_contain_text("Reconnecting")
    before = age.inner_text()
    page.clock.run_for(11_800)
    expect(page.locator(".ribbon")).to_have_count(0)
    page.clock.run_for(200)
    expect(page.locator(".ribbon")).to_contain_text(re.compile(r"Connection lost at \d\d:\d\d:\d\d\. What you see is \d+ s old\."))
    expect(age).not_to_have_text(before)               # ages keep counting
    expect(row(page, "gitea")).to_have_attribute("data-stale", "")
    server.refuses_sockets = False
    page.clock.resume()
    page.locator(".ribbon").get_by_role("button", name="Try now").click()
    expect(live).to_contain_text("Connected again, nothing missed")
    expect(page.locator(".ribbon")).to_have_count(0)
    assert {"type": "(open)", "query": f"since={server.epoch}.{server.seq}"} in server.said


def test_a_gap_in_the_numbers_is_healed_by_asking_for_everything(canned, visit):
    server = canned()
    page = visit(server, "/infrastructure")
    expect(rows(page).first).to_be_visible()
    gitea = machine_id(12)
    server.machines[gitea] = {**server.machines[gitea], "metrics": {"cpu": {"percent": 77}}}
    server.delta([fresh(1)], skip=3)
    expect(row(page, "gitea")).to_contain_text("77%")
    assert {"type": "requestData"} in server.said


def test_a_server_that_speaks_and_never_tells_the_whole_is_left_for_another_line(canned, visit):
    def opened():
        return sum(said["type"] == "(open)" for said in server.said)

    def asked():
        page.clock.run_for(500)
        return {"type": "requestData"} in server.said

    def nothing_comes():
        for _ in range(4):  # each less than the silence that ends a line, together more than what is waited for the whole
            heard = page.evaluate("() => pulseWatch.heard")
            server.send({"type": "pong"})
            page.wait_for_function("(heard) => pulseWatch.heard > heard", arg=heard)
            page.clock.run_for(8_000)

    server = canned()
    page = visit(server, "/infrastructure", clock=True)
    expect(rows(page).first).to_be_visible()
    hold_the_clock(page)
    server.holds_state = True
    server.delta([fresh(1)], skip=3)
    eventually(asked, 10, "the whole is asked for")
    nothing_comes()
    page.clock.run_for(600)
    eventually(lambda: opened() == 2, 10, "a second line")
    server.wait_for_socket()
    nothing_comes()  # nor is the first whole of a new line told
    page.clock.run_for(1_000)
    eventually(lambda: opened() == 3, 10, "a third line")
    server.wait_for_socket()
    page.clock.resume()
    server.send(server.state())
    expect(page.locator(".page .live")).to_contain_text("Live")


def test_many_deltas_after_a_lost_one_ask_once_and_not_all_at_the_same_time(canned, visit):
    server = canned()
    page = visit(server, "/infrastructure", clock=True)
    expect(rows(page).first).to_be_visible()
    page.evaluate("() => { Math.random = () => 0.5 }")
    gitea = machine_id(12)
    server.machines[gitea] = {**server.machines[gitea], "metrics": {"cpu": {"percent": 77}}}
    hold_the_clock(page)
    server.delta([fresh(1)], skip=3)
    for number in range(20):
        server.delta([fresh(number % 8)])
    page.clock.run_for(1_400)  # less than half of three seconds: others lost the same
    assert {"type": "requestData"} not in server.said
    page.clock.resume()
    expect(row(page, "gitea")).to_contain_text("77%")
    server.delta([{"id": gitea, "metrics": {"cpu": {"percent": 78}}}])
    expect(row(page, "gitea")).to_contain_text("78%")
    assert server.said.count({"type": "requestData"}) == 1


def test_a_delta_told_twice_changes_nothing(canned, visit):
    server = canned()
    page = visit(server, "/infrastructure")
    expect(rows(page).first).to_be_visible()
    server.delta([{"id": machine_id(12), "metrics": {"cpu": {"percent": 41}}}])
    expect(row(page, "gitea")).to_contain_text("41%")
    server.seq -= 1
    server.delta([{"id": machine_id(12), "metrics": {"cpu": {"percent": 99}}}])
    server.delta([{"id": machine_id(13), "metrics": {"cpu": {"percent": 42}}}])
    expect(row(page, "mail-gw")).to_contain_text("42%")
    expect(row(page, "gitea")).to_contain_text("41%")
    assert {"type": "requestData"} not in server.said


def names(page):
    return page.locator("tr[data-row] .name").all_inner_texts()


def test_a_row_changes_status_in_place_and_is_counted(canned, visit):
    server = canned()
    page = visit(server, "/infrastructure")
    expect(rows(page).first).to_be_visible()
    before = names(page)
    server.delta([{"id": machine_id(17), "status": "offline"}, {"id": machine_id(16), "status": "warning"}])
    expect(row(page, "pve-fra-01")).to_contain_text("Offline")
    assert names(page) == before
    expect(page.get_by_role("button", name="Offline 2")).to_be_visible()
    page.get_by_role("button", name="2 moved").click()
    for number, name in enumerate(["dns-02", "pve-fra-01", "db-primary"]):
        expect(rows(page).nth(number).locator(".name")).to_have_text(name)


def test_a_new_machine_is_announced_and_inserted_on_demand(canned, visit):
    server = canned()
    page = visit(server, "/infrastructure")
    expect(rows(page).first).to_be_visible()
    before = names(page)
    server.delta([machine(30, name="aaa-new", canonicalIdentity={"displayName": "aaa-new"})])
    expect(page.get_by_text("1 new, show")).to_be_visible()
    assert names(page) == before
    page.get_by_role("button", name="show", exact=True).click()
    expect(row(page, "aaa-new")).to_be_visible()


def test_a_removed_machine_keeps_its_place_until_the_next_sort(canned, visit):
    server = canned()
    page = visit(server, "/infrastructure?sort=name.asc")
    expect(rows(page).first).to_be_visible()
    server.delta(removed=[machine_id(0)])
    expect(rows(page).first).to_contain_text("Removed")
    page.get_by_role("columnheader", name="CPU", exact=True).get_by_role("button").click()
    expect(page.get_by_text("Removed", exact=True)).to_have_count(0)


def test_null_removes_a_reading_and_the_dash_says_why(canned, visit):
    server = canned()
    page = visit(server, "/infrastructure")
    expect(rows(page).first).to_be_visible()
    server.delta([{"id": machine_id(12), "metrics": {"memory": None}}])
    expect(row(page, "gitea").get_by_title("Not reported by this machine")).to_contain_text("—")


def test_a_hidden_tab_paints_nothing_and_catches_up_with_one(canned, visit):
    server = canned()
    page = visit(server, "/infrastructure")
    expect(row(page, "gitea").locator(".spark")).to_be_visible()
    page.evaluate("""() => {
        Object.defineProperty(document, "hidden", { configurable: true, get: () => true });
        window.paints = 0;
        new MutationObserver(() => { window.paints += 1; }).observe(document.querySelector("tbody"), { subtree: true, childList: true, characterData: true, attributes: true });
    }""")
    for percent in range(20, 30):
        server.delta([{"id": machine_id(12), "metrics": {"cpu": {"percent": percent}}}])
    page.wait_for_timeout(600)  # more than two paints' time
    assert page.evaluate("() => window.paints") == 0
    page.evaluate("() => { delete document.hidden; document.dispatchEvent(new Event('visibilitychange')); }")
    expect(row(page, "gitea")).to_contain_text("29%")


def test_at_most_four_paints_a_second(canned, visit):
    server = canned()
    page = visit(server, "/infrastructure", clock=True)
    cell = row(page, "gitea").locator("td").nth(2)
    expect(cell).to_be_visible()
    hold_the_clock(page)
    page.clock.run_for(1_000)  # what was still to be drawn is
    cell.evaluate("""(cell) => {
        window.paints = [];
        new MutationObserver(() => window.paints.push(performance.now())).observe(cell, { subtree: true, characterData: true, childList: true });
    }""")
    for count in range(40):  # two seconds of the page's own time, whatever time it takes
        server.delta([{"id": machine_id(12), "metrics": {"cpu": {"percent": 10 + count}}}])
        page.clock.run_for(50)
    page.clock.resume()
    expect(cell).to_contain_text("49%")
    paints = page.evaluate("() => window.paints")
    assert len(paints) >= 3
    assert min(after - before for before, after in zip(paints, paints[1:])) > 245, paints


def test_a_machine_that_does_not_exist_is_not_found(canned, visit):
    page = visit(canned(), "/infrastructure/0190f5b2-0000-7000-8000-00000000dead", allow=["404"])
    expect(page.get_by_role("heading", name="No such machine")).to_be_visible()


def test_charts_follow_a_theme_that_changes_under_them(canned, visit):
    page = visit(canned(), f"/infrastructure/{machine_id(1)}", allow=["willReadFrequently"])
    canvas = page.locator(".chart-frame canvas").first
    gap = """(canvas) => { const { width, height } = canvas; return [...canvas.getContext("2d").getImageData(width * 0.4, height * 0.3, 1, 1).data]; }"""
    drawn(page)
    eventually(lambda: (shade := canvas.evaluate(gap))[3] == 255 and shade[0] > 200, 10, "a light gap")
    page.emulate_media(color_scheme="dark")
    eventually(lambda: (shade := canvas.evaluate(gap))[3] == 255 and shade[0] < 80, 10, "a dark gap")


def test_an_offline_machine_says_since_when_and_invents_no_numbers(canned, visit):
    page = visit(canned(), "/infrastructure")
    offline = row(page, "dns-02")
    expect(offline).to_contain_text("Offline")
    expect(offline.locator(".meter[data-level=none]")).to_have_count(3)
    offline.click()
    expect(page.locator(".drawer")).to_contain_text(re.compile(r"Offline for \d+ (min|h)"))


def test_a_page_that_is_not_there_says_so(canned, visit):
    page = visit(canned(), "/no/such/page")
    expect(page.get_by_role("heading", name="There is no such page")).to_be_visible()


def test_a_session_that_ends_elsewhere_leads_to_the_login_and_back(canned, visit):
    server = canned()
    page = visit(server, "/profile", allow=["401", "404"])
    expect(page.get_by_role("heading", name="Profile")).to_be_visible()
    server.answers["GET", "/api/me"] = problem(401, "authentication-required", "Sign in first")
    server.answers["PATCH", "/api/me"] = problem(401, "authentication-required", "Sign in first")
    page.get_by_label("Display name").fill("Mara")
    page.get_by_role("button", name="Save name").click()
    expect(page).to_have_url(re.compile(r"/login\?next=%2Fprofile$"))


ENROLMENT = "/api/agents/enrollment-tokens"


def token(**changes):
    return {"id": "t1", "name": None, "createdAt": iso(time.time()), "expiresAt": iso(time.time() + 86400), "usedAt": None,
            "revokedAt": None, "agentId": None, "installerFetchedAt": None, **changes}


def enrolling(server, **made):
    server.answers["POST", ENROLMENT] = Answer(201, {
        "id": "t1", "token": "pet_7f3kq9wz4tx2m8c41b", "expiresAt": iso(time.time() + 86400), "scriptUrl": "/install/t1.sh", "scriptSha256": "9e1c44d0" * 8,
        "command": "curl -fsSL https://pulse.example/install/t1.sh | sh -s -- --token pet_7f3kq9wz4tx2m8c41b", **made})
    server.answers["GET", ENROLMENT] = {"data": [token()]}


def test_onboarding_follows_the_machine_from_nothing_to_its_first_measurement(canned, visit):
    server = canned([])
    enrolling(server)
    page = visit(server, "/onboarding")
    command = page.get_by_label("Command", exact=True)
    expect(command).to_contain_text("--token pet_7f3kq9wz4tx2m8c41b")
    checks = page.locator(".checks > li")
    expect(checks.nth(0)).not_to_contain_text("done")
    server.answers["GET", ENROLMENT] = {"data": [token(installerFetchedAt=iso(time.time()))]}
    expect(checks.nth(0)).to_contain_text("Installer fetched, done")
    new = machine(3)
    server.answers["GET", ENROLMENT] = {"data": [token(installerFetchedAt=iso(time.time()), usedAt=iso(time.time()), agentId=new["agent"]["agentId"])]}
    server.answers["GET", "/api/agents"] = {"data": [{"id": new["agent"]["agentId"], "hostname": "build-01"}]}
    expect(checks.nth(1)).to_contain_text("Token used, done")
    expect(checks.nth(1)).to_contain_text("By build-01")
    server.delta([new])
    expect(page.get_by_role("heading", name="Your machine is here")).to_be_visible()
    page.get_by_role("link", name="Open the live view").click()
    expect(row(page, "build-01")).to_be_visible()


def test_an_enrolment_token_that_ran_out_can_be_replaced(canned, visit):
    server = canned([])
    enrolling(server, expiresAt=iso(time.time() + 1))
    page = visit(server, "/onboarding")
    expect(page.get_by_role("heading", name="This token has expired")).to_be_visible()
    enrolling(server)
    server.answers["DELETE", f"{ENROLMENT}/t1"] = Answer(204)
    page.get_by_role("button", name="Make a new one").first.click()
    expect(page.get_by_role("heading", name="Waiting for your machine")).to_be_visible()


def test_two_minutes_of_silence_bring_advice(canned, visit):
    server = canned([])
    enrolling(server)
    page = visit(server, "/onboarding", clock=True, allow=["WebSocket"])
    expect(page.get_by_role("heading", name="Waiting for your machine")).to_be_visible()
    expect(page.get_by_label("Command", exact=True)).to_contain_text("--token")
    expect(page.get_by_text("Nothing for two minutes.")).to_have_count(0)
    page.clock.run_for(125_000)
    expect(page.get_by_text("Nothing for two minutes.")).to_be_visible()


def test_who_may_not_add_machines_is_told_who_can(canned, visit):
    server = canned()
    server.answers["GET", "/api/me"] = {**server.answers["GET", "/api/me"], "permissions": ["read:monitoring"]}
    page = visit(server, "/onboarding")
    expect(page.get_by_role("heading", name="Your role cannot add machines")).to_be_visible()
    assert not any(method == "POST" for method, _, _ in server.asked)
