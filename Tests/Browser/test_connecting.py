"""A Proxmox VE is connected in a browser, on the real programs: pulse, and an estate that answers as clusters do."""
import json
import re

import pytest
from playwright.sync_api import expect

from harness.estate import Estate
from harness.processes import eventually
from harness.server import Server


WRONG = "00000000-0000-4000-8000-000000000000"


@pytest.fixture(scope="module")
def estate():
    estate = Estate("--calm", organisations=1, guests=12, nodes=2, seed=3, address_base="127.47.0.1")
    yield estate
    estate.stop()


@pytest.fixture(scope="module")
def asking(cluster):
    server = Server(cluster.database(), "asking", PULSE_OUTBOUND_ALLOW="127.0.0.0/8")
    server.start()
    yield server
    server.stop()


def signed_in(visit, server, owner, path, **rest):
    return visit(server, path, cookies=dict(owner.browser.cookies), **rest)


def shown(page, name):
    return page.get_by_role("row").filter(has=page.locator(".name", has_text=re.compile(f"^{name}$")))


def fill_in(page, there, secret):
    page.get_by_label("Address").fill(f"https://{there['host']}:{there['port']}/")
    page.get_by_label("API token id").fill(there["tokenId"])
    page.get_by_label("Token secret").fill(secret)
    page.get_by_role("button", name="Test").click()


def test_a_cluster_is_connected_and_tells_how_it_is(asking, estate, visit, picture):
    there, = estate.connections
    owner = asking.sign_up("Nordwind")
    page = signed_in(visit, asking, owner, "/connections")
    expect(page.get_by_role("heading", name="Nothing is asked yet")).to_be_visible()
    page.get_by_role("link", name="Add connection").first.click()
    page.get_by_role("link", name="Proxmox VE").click()

    fill_in(page, there, WRONG)
    expect(page.get_by_text("Nobody vouches for its certificate")).to_be_visible()
    expect(page.locator(".copy-field .mono")).to_have_text(there["fingerprint"])
    page.get_by_role("button", name="Trust and continue").click()
    expect(page.get_by_text("Sign-in refused", exact=True)).to_be_visible()
    page.get_by_label("Token secret").fill(there["secret"])
    page.get_by_role("button", name="Test again").click()
    expect(page.get_by_text("It answers, and takes the credentials")).to_be_visible()
    expect(page.get_by_text(f"Proxmox VE {there['version']}")).to_be_visible()
    picture(page, "connecting-found")
    page.get_by_label("Name").fill("the cluster")
    page.get_by_role("button", name="Save connection").click()

    drawer = page.get_by_role("complementary", name="Connection the cluster")
    expect(drawer.get_by_text("Healthy").or_(drawer.get_by_text("Partial"))).to_be_visible(timeout=40_000)
    expect(shown(page, "the cluster")).to_contain_text("2 nodes")
    drawer.get_by_role("button", name="Test").click()
    expect(drawer.get_by_text(re.compile("^It answers within"))).to_be_visible()
    picture(page, "connecting-healthy")

    kept, = owner.browser.get("/api/connections").json["data"]
    assert kept["trust"] == {"mode": "pinned", "fingerprint": there["fingerprint"]} and kept["secretSet"]
    assert there["secret"] not in json.dumps(kept)


def test_a_refused_secret_is_parked_until_it_is_replaced_and_a_foreign_host_never_gets_it(asking, estate, visit):
    there, = estate.connections
    owner = asking.sign_up("Warehouse")
    draft = {"kind": "pve", "name": "lab", "host": there["host"], "port": there["port"], "tokenId": there["tokenId"], "secret": WRONG,
             "trust": {"mode": "pinned", "fingerprint": there["fingerprint"]}}
    made = owner.browser.post("/api/connections", draft)
    assert made.status == 201, made
    path = f"/api/connections/{made.json['id']}"
    eventually(lambda: owner.browser.get(path).json["health"]["state"] == "parked", 40, "the refused connection is parked")
    elsewhere = owner.browser.post(f"{path}/test", {"host": "127.0.0.1", "port": 1})
    assert (elsewhere.status, elsewhere.json["type"].rsplit(":", 1)[-1].rsplit("/", 1)[-1]) == (422, "connection-secret-required"), elsewhere

    page = signed_in(visit, asking, owner, "/connections")
    expect(shown(page, "lab")).to_contain_text("Parked until the credentials change")
    shown(page, "lab").get_by_role("link", name="Replace credentials").click()
    page.get_by_label("Token secret").fill(there["secret"])
    page.get_by_role("button", name="Save").click()
    expect(shown(page, "lab")).to_contain_text("2 nodes", timeout=40_000)
    known = lambda: owner.browser.get("/api/resources").json["meta"]["total"]
    eventually(lambda: known() > 12, 40, "its nodes and guests are in the inventory")

    shown(page, "lab").click()
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Delete connection").click()
    expect(page.get_by_role("heading", name="Nothing is asked yet")).to_be_visible()
    eventually(lambda: known() == 0, 40, "what it told is gone")
