"""A person's word on identity, and the count that explains itself, on the real program."""
import pytest

from harness.agents import ScriptedAgent
from harness.processes import eventually
from harness.server import Server


@pytest.fixture(scope="module")
def identity(cluster):
    server = Server(cluster.database(), "identity")
    server.start()
    yield server
    server.stop()


def machine(server, owner, name):
    agent = ScriptedAgent(server, hostname=name)
    assert agent.enroll(owner.enrollment_token()["token"]).status == 200
    assert agent.send().status == 200
    return agent


def listed(owner):
    return {one["name"]: one["id"] for one in owner.browser.get("/api/resources?limit=100").json["data"]}


def shown(owner, *names):
    return eventually(lambda: (found := listed(owner)) if set(found := listed(owner)) == set(names) else None, 20, f"{names} are listed")


def ledger(owner):
    return owner.browser.get("/api/license/monitored-system-ledger").json


def test_two_are_made_one_and_two_again_and_the_count_says_why(identity):
    owner = identity.sign_up("Identity Works")
    first, second = machine(identity, owner, "old-name"), machine(identity, owner, "new-name")
    ids = shown(owner, "old-name", "new-name")
    assert ledger(owner)["total"] == 2
    said = owner.browser.post(f"/api/resources/{ids['old-name']}/link", {"targetId": ids["new-name"], "reason": "renamed"})
    assert said.status == 202 and said.json["kind"] == "same", said

    one = eventually(lambda: (found := listed(owner)) if len(found := listed(owner)) == 1 else None, 10, "the two are one")
    kept = next(iter(one.values()))
    # Whoever still knows the old id finds the machine.
    for old in ids.values():
        assert owner.browser.get(f"/api/resources/{old}").json["id"] == kept
    explained = owner.browser.get(f"/api/resources/{kept}/identity").json
    assert len(explained["claims"]) == 2
    assert {because["kind"] for claim in explained["claims"] for because in claim["because"]} == {"manual"}
    counted = ledger(owner)
    assert counted["total"] == 1 and counted["data"][0]["explanation"]["reasons"] == [{"kind": "manual", "signal": "link"}]
    answer = owner.browser.post("/api/license/monitored-system-ledger/explain", {"resourceId": ids["new-name"]}).json
    assert answer["counted"] and "somebody said" in answer["summary"]

    # Both go on reporting, and stay one.
    assert first.send().status == 200 and second.send().status == 200
    assert len(listed(owner)) == 1
    apart = owner.browser.post(f"/api/resources/{kept}/unlink", {"connectionId": explained["claims"][1]["connectionId"], "reason": "no, a copy"})
    assert apart.status == 202, apart
    shown(owner, "old-name", "new-name")
    rules = owner.browser.get("/api/resources/identity-rules").json["data"]
    assert [rule["kind"] for rule in rules] == ["different"]
    assert owner.browser.delete(f"/api/resources/identity-rules/{rules[0]['id']}").status == 204
    assert owner.browser.delete(f"/api/resources/identity-rules/{rules[0]['id']}").status == 404
    shown(owner, "old-name", "new-name")  # nothing but the rule made them one

    # Each word has a line at the two, and nothing has appeared or been configured by them.
    def timeline(query=""):
        return owner.browser.get(f"/api/resources/timeline?limit=100{query}").json["data"]
    words = timeline("&sourceType=user_action")
    assert {(line["kind"], line["actor"]) for line in words} == {("activity", f"user:{owner.user}")}
    said = [line["reason"] for line in reversed(words)]
    assert said == ["linked", "linked", "unlinked", "unlink-withdrawn", "unlink-withdrawn"], said
    assert {line["resourceName"] for line in words if line["reason"] == "linked"} == {"old-name", "new-name"}
    assert [line for line in timeline("&sourceType=pulse_diff") if line["reason"] in ("name", "technology", "type")] == []
    appeared = [line["resourceName"] for line in timeline() if line.get("reason") == "appeared"]
    assert len(appeared) == len(set(appeared)), appeared


def test_what_cannot_be_meant_is_refused_by_its_name(identity):
    owner, other = identity.sign_up("Refusing Works"), identity.sign_up("Foreign Works")
    machine(identity, owner, "ours")
    machine(identity, other, "theirs")
    ours, theirs = shown(owner, "ours")["ours"], shown(other, "theirs")["theirs"]
    link = f"/api/resources/{ours}/link"
    for body, status, slug in [
            ({}, 400, "invalid-field"), ({"targetId": ours}, 409, "already-one-resource"), ({"targetId": theirs}, 404, "resource-not-found"),
            ({"targetId": "00000000-0000-8000-8000-000000000000"}, 404, "resource-not-found"),
            ({"targetId": theirs, "reason": "x" * 501}, 400, "invalid-field"), ({"targetId": 7}, 400, None)]:
        answer = owner.browser.post(link, body)
        assert answer.status == status, (body, answer)
        assert slug is None or answer.json["type"].endswith(slug), answer.json
    # A stranger's thing is as absent as one that never was.
    foreign = owner.browser.get(f"/api/resources/{theirs}/identity")
    absent = owner.browser.get("/api/resources/00000000-0000-8000-8000-000000000000/identity")
    assert foreign.status == absent.status == 404
    assert {**foreign.json, "requestId": ""} == {**absent.json, "requestId": ""}
    assert owner.browser.post(f"/api/resources/{ours}/unlink", {"sources": ["agent"]}).status == 409
    assert owner.browser.post(f"/api/resources/{ours}/unlink", {"sources": "agent"}).status == 400
    assert other.browser.get("/api/resources/identity-rules").json == {"data": []}


def test_what_has_not_answered_is_named_and_not_counted_as_nothing(identity):
    owner = identity.sign_up("Waiting Works")
    assert ledger(owner) == {"total": 0, "complete": True, "unavailable": [], "data": []}
    made = owner.browser.post("/api/connections", {"kind": "pve", "name": "fra", "host": "pve.invalid", "tokenId": "pulse@pve!monitor", "secret": "x"},
                              headers={"Idempotency-Key": "ledger-1"})
    assert made.status == 201, made
    unknown = owner.browser.get("/api/license/monitored-system-ledger")
    assert unknown.status == 503 and unknown.json["code"] == "monitored_system_usage_unavailable"
    machine(identity, owner, "here")
    shown(owner, "here")
    counted = ledger(owner)
    assert counted["total"] == 1 and not counted["complete"]
    assert [one["name"] for one in counted["unavailable"]] == ["fra"]
    ahead = owner.browser.post("/api/license/monitored-system-ledger/preview", {"candidate": {"source": "proxmox", "hostname": "pve1"}})
    assert ahead.json == {"currentSystems": 1, "projectedSystems": 2}
    same = owner.browser.post("/api/license/monitored-system-ledger/preview", {"candidate": {"source": "proxmox", "hostname": "here"}})
    assert same.json == {"currentSystems": 1, "projectedSystems": 1}
