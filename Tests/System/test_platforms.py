"""A Proxmox VE estate from its connection to the inventory: the real server asks the real protocol, and what the estate
really holds is compared with what a person is shown."""
import datetime

import pytest
from proxmoxer import ProxmoxAPI

from harness.agents import ScriptedAgent
from harness.estate import Estate, draft
from harness.processes import eventually
from harness.server import Server

# One estate and one server for all of them, told of in their order.
pytestmark = [pytest.mark.xdist_group("platforms"),
              # Certificates here are self-signed; pins are what the server's own collector is tried with.
              pytest.mark.filterwarnings("ignore:Unverified HTTPS request")]


@pytest.fixture(scope="module")
def estate():
    estate = Estate("--calm", organisations=1, clusters=2, guests=12, nodes=2, release="mixed", seed=7)
    yield estate
    estate.stop()


@pytest.fixture(scope="module")
def asking(cluster):
    server = Server(cluster.database(), "platforms", PULSE_OUTBOUND_ALLOW="127.0.0.0/8").start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def owner(asking):
    return asking.sign_up("Platforms")


def connect(owner, connection, **more):
    made = owner.browser.post("/api/connections", draft(connection, **more))
    assert made.status == 201, made
    return made.json["id"]


@pytest.fixture(scope="module")
def watched(owner, estate):
    """The first cluster, once all of it is seen."""
    first = estate.connections[0]
    identity = connect(owner, first)
    guests = [t for t in estate.truth() if t["kind"] == "guest" and t["cluster"] == first["cluster"] and not t["template"]]

    def seen():
        shown = owner.every_resource("vm", "system-container")
        return shown if len(shown) == len(guests) else None
    eventually(seen, 60, f"{len(guests)} guests are seen")
    return identity, first, guests


def test_what_is_shown_is_what_the_estate_holds(owner, watched):
    _, first, guests = watched
    shown = {(g["proxmox"]["vmid"]): g for g in owner.every_resource("vm", "system-container")}
    assert set(shown) == {g["vmid"] for g in guests}
    for guest in guests:
        assert shown[guest["vmid"]]["name"] == guest["name"]
        assert shown[guest["vmid"]]["status"] == ("online" if guest["status"] == "running" else "offline"), guest
        assert shown[guest["vmid"]]["parentName"] == guest["node"]
    nodes = owner.every_resource("agent")
    assert {n["name"] for n in nodes} == {n["name"] for n in first["nodes"]}
    assert all(n["metrics"]["cpu"]["percent"] <= 100 for n in nodes)
    one = nodes[0]["id"]
    children = owner.browser.get(f"/api/resources/{one}/children?limit=100").json["data"]
    assert {c["name"] for c in children if c["type"] in ("vm", "system-container")} == {
        g["name"] for g in guests if g["node"] == nodes[0]["name"]}


def test_the_past_that_a_platform_remembers_is_there_soon_after_and_agrees_with_it(owner, watched):
    """The estate remembers a year of each guest; a minute after it was connected the charts begin with it."""
    _, first, _ = watched
    nodes = {node["name"] for node in first["nodes"]}
    guest = next(g for g in owner.every_resource("vm", "system-container")
                 if g["status"] == "online" and g["proxmox"]["node"] in nodes)

    def remembered():
        path = f"/api/resources/{guest['id']}/history?metric=cpu&range=1h&maxPoints=60"
        answer = owner.browser.get(path)
        assert answer.status == 200, answer
        old = [point for point in answer.json["points"] if point.get("origin") == "platform"]
        return old if len(old) > 30 else None
    points = eventually(remembered, 90, "the last hour begins with what the platform remembers", every=2)
    user, _, name = first["tokenId"].partition("!")
    api = ProxmoxAPI(first["host"], port=first["port"], user=user, token_name=name, token_value=first["secret"],
                     verify_ssl=False, timeout=20)
    vmid, node = guest["proxmox"]["vmid"], guest["proxmox"]["node"]
    kind = api.nodes(node).qemu(vmid) if guest["type"] == "vm" else api.nodes(node).lxc(vmid)
    known = {row["time"] * 1000: row["cpu"] * 100 for row in kind.rrddata.get(timeframe="hour") if "cpu" in row}
    compared = [(point["value"], known[point["timestamp"]]) for point in points if point["timestamp"] in known]
    assert len(compared) > 20
    assert all(abs(shown - told) <= 0.011 for shown, told in compared), compared

    def both():
        lines = owner.browser.get(f"/api/charts/workloads?range=1h&metrics=cpu&ids={guest['id']}").json
        origins = {point.get("origin") for point in lines["data"][guest["id"]]["cpu"]}
        return lines if origins == {"platform", None} else None
    assert eventually(both, 60, "what is measured follows what is remembered", every=1)["outages"] == []


def test_the_connection_says_how_it_does(owner, watched):
    identity, first, _ = watched
    health = eventually(
        lambda: (h := owner.browser.get(f"/api/connections/{identity}").json["health"]) and h.get("version") and h, 60, "health")
    assert health["state"] in ("ok", "degraded"), health
    assert health["version"].split(".")[0] == first["version"].split(".")[0]
    assert health["discovered"]["vm"] >= 1


def test_a_migration_keeps_the_guest_and_is_told_on_its_timeline(owner, watched, estate):
    _, first, guests = watched
    guest = next(g for g in guests if g["status"] == "running")
    before = next(r for r in owner.every_resource("vm", "system-container") if r["proxmox"]["vmid"] == guest["vmid"])
    other = next(n["name"] for n in first["nodes"] if n["name"] != guest["node"])
    estate.force(first["cluster"], "migrate", vmid=guest["vmid"], node=other)

    def moved():
        now = owner.browser.get(f"/api/resources/{before['id']}").json
        return now["parentName"] == other
    eventually(moved, 60, "the guest is on its new node, under its old id")
    told = owner.browser.get(f"/api/resources/{before['id']}/timeline?kind=relationship_change").json["data"]
    assert [(t["from"], t["to"]) for t in told] == [(guest["node"], other)]
    # Its process over there is a new one; neither that nor the node's name is told beside the move.
    again = owner.browser.get(f"/api/resources/{before['id']}/timeline").json["data"]
    assert [t for t in again if t["kind"] == "restart" or t.get("reason") == "proxmox.node"] == []


def test_a_deleted_guest_goes_and_the_timeline_stays(owner, watched, estate):
    identity, first, guests = watched
    guest = next(g for g in reversed(guests) if g["status"] != "running")
    gone = next(r for r in owner.every_resource("vm", "system-container") if r["proxmox"]["vmid"] == guest["vmid"])
    estate.force(first["cluster"], "delete", vmid=guest["vmid"])
    eventually(lambda: owner.browser.get(f"/api/resources/{gone['id']}").status == 404, 90, "it is gone")
    told = owner.browser.get(f"/api/resources/{gone['id']}/timeline").json["data"]
    assert told[0]["kind"] == "activity" and told[0]["reason"] == "gone"


def test_a_node_and_the_agent_on_it_write_one_series_and_come_apart_again(asking, estate):
    owner = asking.sign_up("One Series")
    identity = connect(owner, estate.connections[1])
    node = eventually(lambda: next(iter(owner.every_resource("agent")), None), 60, "a node is seen")
    agent = ScriptedAgent(asking, hostname="on-the-node")
    assert agent.enroll(owner.enrollment_token()["token"]).status == 200
    assert agent.send(agent.report(cpu=77.7)).status == 200
    machine = owner.resource("on-the-node")
    # Its own name says nothing to the platform: a person does.
    said = owner.browser.post(f"/api/resources/{node['id']}/link", {"targetId": machine["id"]})
    assert said.status == 202, said
    ids = (node["id"], machine["id"])
    eventually(lambda: len({owner.browser.get(f"/api/resources/{one}").json.get("id") for one in ids}) == 1, 20, "the two are one")

    def polled():
        def answered():
            return owner.browser.get(f"/api/resources/{node['id']}").json["sourceStatus"]["proxmox"]["lastSeen"]
        before = answered()
        owner.browser.post(f"/api/connections/{identity}/poll")
        eventually(lambda: answered() != before, 60, "the platform was asked")
    report = agent.report(cpu=77.7)
    began = report["timestamp"]
    assert agent.send(report).status == 200
    for _ in range(3):
        polled()
        assert agent.send(agent.report(cpu=77.7)).status == 200

    def points(resource):
        told = owner.browser.get(f"/api/resources/{resource}/history?metric=cpu&range=5m&maxPoints=1000").json["points"]
        first = datetime.datetime.fromisoformat(began).timestamp() * 1000
        return [point["value"] for point in told if point["timestamp"] >= first and point.get("origin") != "platform"]
    for one in ids:
        eventually(lambda: len(points(one)) >= 4, 40, "what the agent told has a history, by either id")
        assert set(points(one)) == {77.7}, "the platform was asked three times, and the agent is the one that counts"

    apart = owner.browser.post(f"/api/resources/{node['id']}/unlink", {"sources": ["agent"]})
    assert apart.status == 202, apart
    eventually(lambda: {r["id"] for r in owner.every_resource() if r["id"] in ids} == set(ids), 20, "each has its own id again")
    assert owner.browser.get(f"/api/resources/{machine['id']}").json["sources"] == ["agent"]
    assert owner.browser.delete(f"/api/connections/{identity}").status in (200, 204)


def test_another_organisation_sees_nothing_of_it(asking, watched):
    stranger = asking.sign_up("Strangers")
    assert stranger.every_resource() == []
    assert stranger.browser.get("/api/connections").json["data"] == []
    assert stranger.browser.get("/api/resources/timeline").json["data"] == []


def test_who_sees_a_part_sees_the_platforms_that_stand_in_it(asking, owner, watched):
    identity, first, guests = watched
    person = asking.sign_up("Part of Platforms")
    asking.database.rows(
        "INSERT INTO pulse.members (org_id, user_id, role, display_name, email, joined_at)"
        f" VALUES ('{owner.org}', '{person.user}', 'custom', 'Part', '{person.address}', now())")
    role = owner.browser.post("/api/admin/roles", {"name": "Berlin", "rules": [
        {"action": "read", "resource": "monitoring", "effect": "allow", "conditions": {"tags": ["berlin"]}}]})
    assert role.status == 201, role
    given = owner.browser.request("PUT", f"/api/orgs/{owner.org}/members/{person.user}/roles", {"roleIds": [role.json["id"]]})
    assert given.status == 200, given

    def seen():
        answer = person.browser.get("/api/resources?type=vm,system-container", headers={"X-Pulse-Org-ID": owner.org})
        assert answer.status == 200, answer
        return answer.json["meta"]["total"]
    assert seen() == 0
    assert owner.browser.patch(f"/api/connections/{identity}", {"tags": ["berlin"]}).status == 200
    assert seen() >= len(guests) - 1  # one was deleted, and takes a while to go
    assert owner.browser.patch(f"/api/connections/{identity}", {"tags": ["paris"]}).status == 200
    assert seen() == 0


def test_a_changed_certificate_stops_it_before_a_word_is_said(owner, estate):
    second = estate.connections[1]
    identity = connect(owner, second)
    eventually(lambda: owner.browser.get(f"/api/connections/{identity}").json["health"].get("okAt"), 60, "it answers")
    estate.fault(second["cluster"], certificate=2)
    try:
        asked = estate.admin("GET", "/stats")[1]["requests"]
        answer = owner.browser.post(f"/api/connections/{identity}/test").json
        assert answer["ok"] is False and answer["reason"] == "certificate-changed", answer
        assert estate.admin("GET", "/stats")[1]["requests"] - asked < 60  # the other cluster goes on being asked
    finally:
        estate.heal()


def test_a_deleted_connection_takes_its_resources_along(owner, watched, estate):
    identity, first, _ = watched
    assert owner.browser.delete(f"/api/connections/{identity}").status == 204
    names = {n["name"] for n in first["nodes"]}
    eventually(lambda: not [r for r in owner.every_resource("agent") if r["name"] in names], 30, "its resources are gone")
