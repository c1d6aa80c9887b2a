"""The estate by what it is: dashboard, workloads, storages, disks, the timeline, and what a machine holds."""
import re

import pytest
from playwright.sync_api import expect

from canned import Answer
from conftest import NARROW, row, rows
from machines import changes, cluster, estate, ledger, machine_id


@pytest.fixture
def estate_of(canned):
    def make(**answers):
        server = canned(cluster())
        server.answers[("GET", "/api/resources/timeline")] = lambda match, query, body: {
            "data": [one for one in changes() if query.get("kind") in (None, one["kind"])]}
        server.answers[("GET", "/api/resources/([^/]+)/timeline")] = lambda match, query, body: {
            "data": [one for one in changes() if one["resourceId"] == match[1]]}
        server.answers[("GET", "/api/me")]["permissions"] += ["read:connections"]
        server.answers[("GET", "/api/connections")] = {"data": [
            {"id": "c1", "kind": "pve", "name": "fra", "port": 8006, "trust": {"mode": "system"}, "secretSet": True, "cadenceSeconds": 10, "enabled": True, "tags": [], "revision": 1,
             "createdAt": "2026-11-01T00:00:00Z", "changedAt": "2026-11-01T00:00:00Z", "health": {"state": "parked", "reason": "authentication", "degraded": [], "consecutiveFailures": 1}}]}
        server.answers.update(answers)
        return server
    return make


def test_the_dashboard_says_what_needs_someone_and_leads_there(estate_of, visit):
    page = visit(estate_of(), "/")
    expect(page).to_have_url(re.compile("/dashboard$"))
    needs = page.get_by_role("region", name="Needs you")
    expect(needs.get_by_role("listitem")).to_have_count(4)
    expect(needs.get_by_role("listitem").nth(0)).to_contain_text("Sign-in refused")
    expect(needs.get_by_role("listitem").nth(1)).to_contain_text("Failing")  # a disk that says so of itself
    expect(needs.get_by_role("listitem").nth(2)).to_contain_text("Offline for 10 min")
    expect(needs.get_by_role("listitem").nth(3)).to_contain_text("97 % full")
    expect(needs).not_to_contain_text("vm-01")  # somebody switched it off
    expect(page.get_by_role("region", name="What changed")).to_contain_text("moved from pve-fra-01 to pve-fra-02")
    busiest = page.get_by_role("region", name="Busiest")
    busiest.get_by_role("button", name="Fullest").click()
    expect(busiest.get_by_role("listitem").first).to_contain_text("tank")
    expect(page.get_by_role("link", name="Workloads 9")).to_contain_text("1 offline")
    needs.get_by_role("link", name="vm-02").click()
    expect(page).to_have_url(re.compile(f"/workloads/{machine_id(202)}$"))
    expect(page.get_by_role("complementary", name="vm-02")).to_be_visible()


def test_what_happens_is_on_the_dashboard_at_once(estate_of, visit):
    server = estate_of()
    page = visit(server, "/dashboard")
    needs = page.get_by_role("region", name="Needs you")
    expect(needs.get_by_role("listitem")).to_have_count(4)
    server.delta(upserts=[{"id": machine_id(17), "status": "offline"}])
    expect(needs.get_by_role("listitem")).to_have_count(5)
    server.delta(upserts=[{"id": machine_id(17), "status": "online"}, {"id": machine_id(202), "status": "online"}])
    expect(needs.get_by_role("listitem").filter(has_text="vm-02")).to_contain_text("Over")
    expect(needs.locator(".card-head")).to_contain_text("3")
    expect(needs.get_by_role("listitem")).to_have_count(5)  # what is over stays where it was read


def test_what_is_over_gives_up_its_place_and_so_does_the_light_to_the_heavy(canned, visit):
    server = canned(estate())
    server.machines = {one: {**told, "status": "online", "metrics": {}} for one, told in server.machines.items()}
    full, memory = {"metrics": {"disk": {"percent": 92.0}}}, {"metrics": {"memory": {"percent": 99.0}}}
    for number in range(8):
        server.machines[machine_id(number)] |= full
    page = visit(server, "/dashboard")
    needs = page.get_by_role("region", name="Needs you")
    place = needs.get_by_role("listitem").nth
    expect(needs.get_by_role("listitem")).to_have_count(8)
    names = needs.locator(".name").all_inner_texts()
    by_name = {told["name"]: one for one, told in server.machines.items()}
    # no much heavier than they are: it waits
    server.delta(upserts=[{"id": machine_id(10), **memory}])
    expect(needs.locator(".card-foot")).to_contain_text("1 more")
    assert needs.locator(".name").all_inner_texts() == names
    # two are over, one after the other: the first of them gives up its place, where it was
    server.delta(upserts=[{"id": by_name[names[5]], "metrics": {"disk": {"percent": 10.0}}}])
    expect(needs.locator(".card-foot")).to_have_count(0)
    expect(place(5)).to_contain_text(server.machines[machine_id(10)]["name"])
    server.delta(upserts=[{"id": by_name[names[2]], "metrics": {"disk": {"percent": 10.0}}}])
    expect(place(2)).to_contain_text("Over")
    server.delta(upserts=[{"id": by_name[names[1]], "metrics": {"disk": {"percent": 10.0}}}])
    expect(place(1)).to_contain_text("Over")
    server.delta(upserts=[{"id": machine_id(12), "status": "offline"}])
    expect(place(2)).to_contain_text("Offline")
    expect(place(1)).to_contain_text("Over")
    # nothing is over any more: the lowest of the least weighty gives way
    server.delta(upserts=[{"id": machine_id(13), "status": "offline"}])
    expect(place(1)).to_contain_text("Offline")
    server.delta(upserts=[{"id": machine_id(14), "status": "offline"}])
    expect(place(7)).to_contain_text("Offline")
    expect(needs.get_by_role("listitem")).to_have_count(8)
    expect(place(0)).to_contain_text(names[0])


def test_a_failing_connection_on_a_later_page_needs_someone_too(estate_of, visit):
    server = estate_of()
    sample = server.answers[("GET", "/api/connections")]["data"][0]
    partly = {"state": "degraded", "degraded": [], "consecutiveFailures": 0}
    well = {**partly, "state": "ok"}
    health = {131: sample["health"], 7: well}
    all_of_them = [{**sample, "id": f"c{number}", "name": f"site-{number:03d}", "health": health.get(number, partly)} for number in range(151)]

    def page_of(match, query, body):
        told = [one for one in all_of_them if one["health"]["state"] in query.get("state", "ok").split(",")]
        first = int(query.get("cursor", 0))
        return {"data": told[first:first + 100], **({"nextCursor": str(first + 100)} if first + 100 < len(told) else {})}

    server.answers[("GET", "/api/connections")] = page_of
    needs = visit(server, "/dashboard").get_by_role("region", name="Needs you")
    expect(needs.get_by_role("listitem").first).to_contain_text("site-131")
    expect(needs.locator(".card-head")).to_contain_text("153")  # three things, and not the one that is well
    expect(needs.get_by_role("listitem")).to_have_count(8)


def test_a_search_and_the_order_follow_what_changed(estate_of, visit):
    server = estate_of()
    page = visit(server, "/workloads?sort=name.asc")
    expect(rows(page)).to_have_count(9)
    box = page.get_by_role("searchbox", name="Search workloads")
    box.fill("vm-03")
    expect(rows(page)).to_have_count(1)
    box.fill("payroll")
    expect(rows(page)).to_have_count(0)
    box.fill("")
    expect(rows(page)).to_have_count(9)
    expect(rows(page).nth(0)).to_contain_text("ct-00")
    server.delta(upserts=[{"id": machine_id(203), "tags": ["payroll"], "name": "aardvark", "canonicalIdentity": {"displayName": "aardvark"}},
                          {"id": machine_id(204), "proxmox": {"node": "payroll-host"}}])
    expect(row(page, "aardvark")).to_be_visible()
    expect(rows(page).nth(0)).to_contain_text("ct-00")  # nothing moves by itself
    box.fill("payroll")
    expect(rows(page)).to_have_count(2)
    box.fill("vm-03")
    expect(rows(page)).to_have_count(0)
    box.fill("")
    expect(rows(page)).to_have_count(9)
    expect(rows(page).nth(0)).to_contain_text("aardvark")


def test_each_section_shows_its_own_and_the_address_holds_the_filters(estate_of, visit):
    page = visit(estate_of(), "/infrastructure")
    expect(rows(page)).to_have_count(2)
    page.get_by_role("navigation", name="Main", exact=True).get_by_role("link", name="Workloads").click()
    expect(rows(page)).to_have_count(9)
    page.get_by_role("combobox", name="Kind").select_option(label="System containers (3)")
    expect(page).to_have_url(re.compile(r"/workloads\?kind=system-container$"))
    expect(rows(page)).to_have_count(3)
    page.get_by_role("combobox", name="Kind").select_option("")
    page.get_by_role("combobox", name="On").select_option(label="pve-fra-02 (3)")
    expect(rows(page)).to_have_count(3)
    page.get_by_role("button", name=re.compile("^Offline")).click()
    expect(page).to_have_url(re.compile(f"on={machine_id(18)}&status=offline$"))
    expect(rows(page)).to_have_count(0)
    expect(page.get_by_role("heading", name="No workload is offline")).to_be_visible()
    page.get_by_role("button", name="Clear filters").click()
    expect(row(page, "vm-02")).to_be_visible()
    page.get_by_role("button", name=re.compile("^Stopped")).click()
    expect(row(page, "vm-01")).to_contain_text("Stopped")
    expect(rows(page)).to_have_count(1)
    page.reload()
    expect(rows(page)).to_have_count(1)


def test_storages_and_disks_have_columns_of_their_own(estate_of, visit):
    page = visit(estate_of(), "/storage?sort=disk.desc")
    expect(rows(page)).to_have_count(2)
    expect(rows(page).first).to_contain_text("tank")
    expect(rows(page).first).to_contain_text("97")
    page.get_by_role("navigation", name="Storage").get_by_role("link", name="Disks").click()
    expect(page).to_have_url(re.compile("/disks$"))
    expect(row(page, "SSD 870 (/dev/sda)")).to_contain_text("Failing")
    expect(row(page, "SSD 870 (/dev/sda)")).to_contain_text("51 °C")
    page.get_by_role("searchbox", name="Search disks").fill("S6PUNX0T")
    expect(rows(page)).to_have_count(1)
    page.get_by_role("button", name="Life left").click()
    expect(page).to_have_url(re.compile("sort=life"))


def test_a_machine_says_what_it_holds_and_what_became_of_it(estate_of, visit):
    page = visit(estate_of(), f"/infrastructure/{machine_id(18)}")
    drawer = page.get_by_role("complementary", name="pve-fra-02")
    drawer.get_by_role("link", name="Holds 5").click()
    expect(page).to_have_url(re.compile("tab=holds$"))
    expect(drawer.get_by_role("listitem")).to_have_count(5)
    drawer.get_by_role("link", name="vm-03").click()
    drawer = page.get_by_role("complementary", name="vm-03")
    drawer.get_by_role("link", name="Timeline").click()
    expect(drawer.get_by_role("listitem")).to_have_count(1)
    expect(drawer.get_by_role("listitem")).to_contain_text("Moved from pve-fra-01 to pve-fra-02")
    page.keyboard.press("Escape")
    expect(page).to_have_url(re.compile("/workloads$"))


def test_the_timeline_asks_again_for_what_is_shown_now(estate_of, visit):
    server = estate_of()
    page = visit(server, "/timeline", clock=True)
    expect(page.locator(".changes > li")).to_have_count(4)
    page.get_by_role("button", name="Restarts").click()
    expect(page.locator(".changes > li")).to_have_count(1)
    before = len(server.asked)
    with page.expect_response(lambda response: "/api/resources/timeline" in response.url):
        page.clock.run_for(11_000)
    asked = [path for _, path, _ in server.asked[before:] if path.startswith("/api/resources/timeline")]
    assert asked and all("kind=restart" in path for path in asked), asked


def test_the_timeline_is_filtered_by_kind_and_leads_to_the_thing(estate_of, visit):
    page = visit(estate_of(), "/timeline")
    expect(page.locator(".changes > li")).to_have_count(4)
    page.get_by_role("button", name="Restarts").click()
    expect(page).to_have_url(re.compile(r"\?kind=restart$"))
    expect(page.locator(".changes > li")).to_have_count(1)
    expect(page.locator(".changes > li")).to_contain_text("vm-04 was restarted after 24 h")
    page.get_by_role("link", name="vm-04").click()
    expect(page.get_by_role("complementary", name="vm-04")).to_be_visible()


def test_the_timeline_has_words_for_what_is_gone_and_for_what_somebody_said(estate_of, visit):
    server = estate_of()
    first = {**changes()[0], "kind": "activity", "from": "present"}
    del first["to"]
    said = {**first, "sourceType": "user_action", "actor": "user:ada"}
    server.answers["GET", "/api/resources/timeline"] = {"data": [
        {**first, "id": "a", "reason": "gone"}, {**first, "id": "b", "reason": "appeared"}, {**said, "id": "c", "reason": "linked"},
        {**said, "id": "d", "reason": "unlinked"}]}
    page = visit(server, "/timeline")
    expect(page.locator(".changes > li .change-words")).to_have_text([
        "vm-02 is gone", "vm-02 appeared", "vm-02 was said to be one with another", "vm-02 was said to be several"])
    expect(page.locator(".changes > li").nth(2)).to_contain_text("user:ada")


def test_the_letters_lead_to_every_section(estate_of, visit):
    page = visit(estate_of(), "/timeline")
    expect(page.get_by_role("heading", name="Timeline")).to_be_visible()
    for key, heading in [("o", "Dashboard"), ("w", "Workloads"), ("s", "Storage"), ("d", "Disks"), ("h", "Timeline"), ("i", "Infrastructure")]:
        page.keyboard.press("g")
        page.keyboard.press(key)
        expect(page.get_by_role("heading", level=1, name=re.compile(f"^{heading}"))).to_be_focused()
    page.keyboard.press("Control+k")
    page.get_by_role("combobox").fill("tank")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(f"/storage/{machine_id(240)}$"))


def test_a_phone_has_the_sections_at_its_foot_and_the_rest_behind_more(estate_of, visit):
    page = visit(estate_of(), "/dashboard", size=NARROW, touch=True)
    foot = page.get_by_role("navigation", name="Main, at the foot")
    foot.get_by_role("link", name="Workloads").tap()
    expect(rows(page)).to_have_count(9)
    foot.get_by_role("link", name="More").tap()
    page.get_by_role("link", name="Timeline").tap()
    expect(page.locator(".changes > li")).to_have_count(4)


def test_a_machine_of_two_sources_says_why_and_is_taken_apart(estate_of, visit):
    server = estate_of()
    said = []
    node = machine_id(17)
    server.machines[node]["sources"] = ["proxmox", "agent"]
    server.answers[("GET", "/api/me")]["permissions"] += ["manage:connections"]
    because = [{"connectionId": "c2", "kind": "shared-identity", "signal": "machine-id", "confidence": 1}]
    server.answers[("GET", "/api/resources/([^/]+)/identity")] = {"resourceId": node, "rules": [], "claims": [
        {"connectionId": "c1", "source": "proxmox", "key": "node/pve-fra-01", "name": "pve-fra-01", "type": "agent", "evidence": [], "because": because},
        {"connectionId": "c2", "source": "agent", "key": "host", "name": "pve-fra-01", "type": "agent", "evidence": [], "because": [{**because[0], "connectionId": "c1"}]}]}
    server.answers[("POST", "/api/resources/([^/]+)/unlink")] = lambda match, query, body: (said.append(body), Answer(202, {"data": []}))[1]
    page = visit(server, f"/infrastructure/{node}")
    sources = page.get_by_role("region", name="Sources")
    expect(sources.get_by_role("listitem").first).to_contain_text("The same machine id")
    sources.get_by_role("button", name="Take Agent apart").click()
    page.get_by_role("dialog").get_by_role("button", name="Take apart").click()
    expect(page.get_by_text("is shown apart")).to_be_visible()
    assert said == [{"connectionId": "c2"}]


def test_the_count_of_systems_says_why_and_what_is_missing(estate_of, visit):
    server = estate_of()
    server.answers[("GET", "/api/license/monitored-system-ledger")] = ledger()
    page = visit(server, "/infrastructure")
    page.get_by_role("link", name="What counts as a system").click()
    expect(page.get_by_role("main")).to_contain_text("fra (sign-in refused)")
    expect(page.get_by_role("listitem")).to_contain_text("seen by proxmox and agent")
    page.get_by_role("link", name="pve-fra-01").click()
    expect(page.get_by_role("complementary", name="pve-fra-01")).to_be_visible()


def test_a_section_without_anything_says_how_it_gets_some(canned, visit):
    page = visit(canned(), "/workloads")
    expect(page.get_by_role("heading", name="No workloads yet")).to_be_visible()
    expect(page.get_by_role("link", name="Connect a platform")).to_be_visible()
