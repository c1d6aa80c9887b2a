"""Gateways: what each allows and carries, switching one off, and choosing one as the way of a connection."""
from playwright.sync_api import expect

from company import furnish, said
from platforms import CONNECTIONS, FOUND, ago, platforms

GATEWAYS = "/api/gateways"


def gateway(number, name, state="online", **rest):
    return {"agentId": f"0190f5b2-0000-7000-8000-0000000a{number:04d}", "hostname": name, "enabled": state != "disabled", "state": state,
            "allows": ["192.168.1.0/24:8006"], "agentVersion": "0.1.0", "connectedAt": ago(3600), "streams": 2, "receivedBytes": 3 << 20, "sentBytes": 2048,
            "connections": 1, **rest}


def inside(canned, gateways):
    server = platforms(furnish(canned()), [])
    kept = {one["agentId"]: one for one in gateways}

    def change(match, query, body):
        kept[match[1]] = {**kept[match[1]], "enabled": body["enabled"], "state": "offline" if body["enabled"] else "disabled", "streams": 0}
        return kept[match[1]]

    server.answers.update({("GET", GATEWAYS): lambda match, query, body: {"data": list(kept.values())}, ("PATCH", f"{GATEWAYS}/([^/]+)"): change})
    return server


def test_gateways_are_shown_with_what_they_allow_and_carry_and_can_be_switched_off(canned, visit):
    server = inside(canned, [gateway(1, "door-1"), gateway(2, "door-2", "offline", disconnectedAt=ago(600), connections=0)])
    page = visit(server, "/connections")
    page.get_by_role("link", name="Gateways").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Gateways")
    row = page.get_by_role("listitem").filter(has_text="door-1")
    for words in ["Connected", "Allows 192.168.1.0/24:8006", "2 open streams", "3.00 MiB in", "1 connection uses it"]:
        expect(row).to_contain_text(words)
    expect(page.get_by_role("listitem").filter(has_text="door-2")).to_contain_text("no connection uses it")
    expect(page.get_by_label("Commands")).to_contain_text("PULSE_AGENT_GATEWAY=true")
    row.get_by_role("button", name="Switch off").click()
    page.get_by_role("dialog").get_by_role("button", name="Switch off").click()
    expect(row).to_contain_text("Off")
    assert said(server, "PATCH", f"{GATEWAYS}/{gateway(1, '')['agentId']}") == [{"enabled": False}]


def test_a_connection_is_made_through_a_gateway(canned, visit):
    server = inside(canned, [gateway(1, "door-1"), gateway(2, "door-2", "offline", disconnectedAt=ago(600))])
    server.trial = lambda body: FOUND if body["agentId"] else {"ok": False, "reason": "forbidden-address", "detail": "No.", "degraded": []}
    page = visit(server, "/connections/new/pve")
    page.get_by_label("Address").fill("192.168.1.10")
    page.get_by_label("Token secret").fill("s3cret")
    page.get_by_label("Reach it").select_option("Through door-2 (not connected)")
    expect(page.get_by_text("It is not connected now.")).to_be_visible()
    page.get_by_label("Reach it").select_option("Through door-1")
    expect(page.get_by_text("door-1 allows 192.168.1.0/24:8006.")).to_be_visible()
    page.get_by_role("button", name="Test").click()
    page.get_by_label("Name").fill("lab")
    page.get_by_role("button", name="Save connection").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Connections")
    made, = said(server, "POST", CONNECTIONS)
    assert made["agentId"] == gateway(1, "")["agentId"]
