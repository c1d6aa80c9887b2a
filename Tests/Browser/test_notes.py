"""What people write about a machine, and the containers it holds."""
import re

from playwright.sync_api import expect

from machines import cluster, machine_id


def test_notes_are_written_and_read_where_the_machine_is(canned, visit):
    server = canned(cluster())
    kept = {"resourceId": machine_id(17), "state": "none", "tags": []}

    def write(match, query, body):
        kept.clear()
        kept.update({**body, "resourceId": match[1], "state": "attached"})
        return kept
    server.answers[("GET", "/api/resources/([^/]+)/metadata")] = lambda match, query, body: kept
    server.answers[("PUT", "/api/resources/([^/]+)/metadata")] = write
    page = visit(server, f"/infrastructure/{machine_id(17)}")
    notes = page.get_by_role("region", name="Notes")
    expect(notes).to_contain_text("Nobody wrote anything yet")
    notes.get_by_role("button", name="Add").click()
    dialog = page.get_by_role("dialog", name="Notes")
    dialog.get_by_label("Address").fill("javascript:alert(1)")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_contain_text("Begin with https:// or http://.")
    dialog.get_by_label("Address").fill("https://wiki.example.com/m")
    dialog.get_by_label("Notes", exact=True).fill("Ask Ada.\n<b>Twice.</b>")
    dialog.get_by_label("Tags").fill("shop, north")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_have_count(0)
    expect(notes).to_contain_text("<b>Twice.</b>")
    expect(notes.get_by_role("link")).to_have_attribute("href", "https://wiki.example.com/m")
    expect(notes.get_by_role("link")).to_have_attribute("rel", re.compile("noopener"))
    sent = [body for method, path, body in server.asked if method == "PUT"]
    assert sent == [{"customUrl": "https://wiki.example.com/m", "notes": "Ask Ada.\n<b>Twice.</b>", "tags": ["shop", "north"]}]


def test_notes_that_two_claim_are_pending_and_cannot_be_changed(canned, visit):
    server = canned(cluster())
    server.answers[("GET", "/api/resources/([^/]+)/metadata")] = {"resourceId": machine_id(17), "state": "pending", "tags": []}
    page = visit(server, f"/infrastructure/{machine_id(17)}")
    notes = page.get_by_role("region", name="Notes")
    expect(notes).to_contain_text("two claim to be what it is about")
    expect(notes.get_by_role("button")).to_have_count(0)


def test_a_host_holds_its_containers_with_state_image_and_ports(canned, visit):
    host = cluster()
    container = {
        "id": machine_id(900), "type": "app-container", "technology": "docker", "name": "shop-web-1", "status": "warning", "sources": ["docker"],
        "identity": {"hostnames": [], "ipAddresses": [], "macAddresses": []}, "tags": [], "parentId": machine_id(17), "parentName": "m", "metrics": {},
        "docker": {"containerId": "c", "image": "shop/web:1", "composeProject": "shop",
                   "ports": [{"privatePort": 80, "publicPort": 8080, "protocol": "tcp", "ip": "0.0.0.0"}, {"privatePort": 80, "publicPort": 8080, "protocol": "tcp", "ip": "::"}]},
        "dockerStatus": {"state": "running", "health": "unhealthy", "restartCount": 3},
        "lastSeen": host[0]["lastSeen"], "updatedAt": host[0].get("updatedAt", host[0]["lastSeen"])}
    page = visit(canned([*host, container]), f"/infrastructure/{machine_id(17)}")
    page.get_by_role("link", name=re.compile("Holds")).click()
    line = page.get_by_role("listitem").filter(has_text="shop-web-1")
    for words in ("running, unhealthy", "shop/web:1", "8080→80/tcp"):
        expect(line).to_contain_text(words)
    line.get_by_role("link", name="shop-web-1").click()
    facts = page.get_by_role("region", name="Facts")
    expect(facts).to_contain_text("shop/web:1")
    expect(facts).to_contain_text("Restarts")
