"""What an enrolled machine may do, and what happens to tokens that are used, revoked or somebody else's."""
import datetime

from harness.agents import ScriptedAgent, now, rfc3339
from harness.processes import eventually


def test_an_enrolment_token_works_once(server, ours):
    token = ours.enrollment_token()["token"]
    assert ScriptedAgent(server).enroll(token).status == 200
    second = ScriptedAgent(server).enroll(token)
    assert second.status in (401, 403, 409) and second.slug, second


def test_a_revoked_enrolment_token_is_refused(server, ours):
    made = ours.enrollment_token()
    assert ours.browser.delete(f"/api/agents/enrollment-tokens/{made['id']}").status == 204
    refused = ScriptedAgent(server).enroll(made["token"])
    assert refused.status in (401, 403) and refused.slug, refused


def test_a_removed_agent_is_refused_from_the_next_request_on(server, ours):
    agent = ScriptedAgent(server)
    agent.enroll(ours.enrollment_token()["token"])
    assert agent.send().status == 200
    assert ours.browser.delete(f"/api/agents/{agent.agent_id}").status == 204
    refused = agent.send()
    assert refused.status == 401 and refused.slug, refused


def test_a_report_comes_back_as_a_resource_with_the_same_numbers(server, ours):
    agent = ScriptedAgent(server)
    agent.enroll(ours.enrollment_token()["token"])
    answer = agent.send(agent.report(cpu=42.25))
    assert answer.status == 200 and answer.json["success"] is True and answer.json["agentId"] == agent.agent_id
    machine = ours.resource(agent.hostname)
    assert machine["metrics"]["cpu"]["percent"] == 42.25
    assert machine["metrics"]["memory"]["percent"] == 37.5
    assert machine["metrics"]["disk"]["percent"] == 40
    assert machine["identity"]["machineId"] == agent.machine
    assert ours.browser.get(f"/api/resources/{machine['id']}").json["id"] == machine["id"]


def test_a_plain_report_and_the_old_path_do_as_well(server, ours):
    agent = ScriptedAgent(server)
    agent.enroll(ours.enrollment_token()["token"])
    assert agent.send(compress=False).status == 200
    assert agent.client.post("/api/agents/host/report", agent.report()).status == 200


def test_a_replayed_report_is_acknowledged_and_counted_once(server, ours):
    agent = ScriptedAgent(server)
    agent.enroll(ours.enrollment_token()["token"])
    report = agent.report(cpu=11)
    assert agent.send(report).status == 200
    machine = ours.resource(agent.hostname)
    replayed = agent.send({**report, "metrics": {**report["metrics"], "cpuUsagePercent": 99}})
    assert replayed.status == 200
    assert agent.send(agent.report(cpu=12)).status == 200

    def values():
        values = [point["value"] for point in ours.history(machine["id"], "cpu")["points"]]
        return 12 in values and values
    values = eventually(values, 15, "the next sample is in the history")
    assert 99 not in values


def test_a_backlog_arrives_whole_and_in_order_beside_live_reports(server, ours):
    agent = ScriptedAgent(server)
    agent.enroll(ours.enrollment_token()["token"])
    start = now() - datetime.timedelta(minutes=50)
    backlog = [agent.report(cpu=index % 100 + 0.5, at=start + datetime.timedelta(seconds=10 * index))
               for index in range(250)]
    live = agent.report(cpu=77)
    assert agent.send(live).status == 200
    machine = ours.resource(agent.hostname)
    for first in range(0, len(backlog), 100):
        answer = agent.backfill(backlog[first:first + 100])
        assert answer.status == 200, answer
        assert answer.json["accepted"] == len(backlog[first:first + 100]), answer
    again = agent.backfill(backlog[:100])
    assert again.status == 200 and again.json["duplicates"] == 100, again

    def stored():
        points = {point["timestamp"]: point["value"] for point in ours.history(machine["id"], "cpu")["points"]}
        return len(points) >= 251 and points
    points = eventually(stored, 20, "the backlog is in the history")
    assert list(points) == sorted(points) and len(points) == 251
    assert list(points.values()) == [index % 100 + 0.5 for index in range(250)] + [77]
    assert ours.resource(agent.hostname)["metrics"]["cpu"]["percent"] == 77


def test_another_machines_identity_does_not_move_into_it(server, ours):
    first, second = ScriptedAgent(server), ScriptedAgent(server)
    for agent in (first, second):
        agent.enroll(ours.enrollment_token()["token"])
        assert agent.send().status == 200
    stolen = second.report()
    stolen["agent"]["id"] = first.agent_id
    stolen["host"] = {**first.report()["host"]}
    answer = second.send(stolen)
    assert answer.status in (400, 403, 409) and answer.slug, answer


def test_the_install_script_is_the_organisations_own_and_its_checksum_holds(server, ours):
    import hashlib
    made = ours.enrollment_token()
    path = "/" + made["scriptUrl"].split("/", 3)[3]
    script = server.client().get(path)
    assert script.status == 200
    assert hashlib.sha256(script.body).hexdigest() == script.header("x-checksum-sha256") == made["scriptSha256"]
    assert made["token"].encode() in script.body or made["token"] in made["command"]
    assert rfc3339(now()) < made["expiresAt"]
