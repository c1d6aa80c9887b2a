"""Containers from the engine to the inventory: what Pulse shows is what the engine's own tool shows."""
import json

import pytest

from harness.engines import GONE, SEEN, host_of, named
from harness.processes import eventually

# One engine for all of them, in their order; who shares the server stays together anyway.
pytestmark = pytest.mark.timeout(420)

CANARY = "canary-7d1f-of-the-environment"


def run(engine, name, *more, command=("sleep", "100000")):
    return engine("run", "-d", "--name", name, "--network", "none", *more, "pulse/tiny:1", *command).stdout.strip()


def test_what_is_shown_is_what_the_docker_cli_shows(engine, watched):
    run(engine, "idle", "-e", f"PASSWORD={CANARY}", "-v", "data:/data", "--label", f"db.password={CANARY}")
    run(engine, "busy", "--cpus", "0.3", command=("sh", "-c", "while :; do :; done"))
    run(engine, "unwell", "--health-cmd", "false", "--health-interval", "1s", "--health-retries", "1")
    run(engine, "paused")
    engine("pause", "paused")
    engine("run", "--name", "failed", "--network", "none", "pulse/tiny:1", "sh", "-c", "exit 7", check=False)

    def told():
        cli = {one["Names"]: one for one in engine.lines("ps", "-a", "--no-trunc")}
        seen = named(watched, "app-container")
        assert set(seen) == set(cli)
        for name, one in cli.items():
            shown = seen[name]
            assert shown["dockerStatus"]["state"] == one["State"], name
            assert shown["docker"]["containerId"] == one["ID"] and shown["docker"]["image"] == one["Image"]
            assert shown["parentId"] == host_of(watched)["id"] and "docker" in shown["sources"]
        assert seen["busy"]["metrics"]["cpu"] and seen["idle"]["metrics"]["memory"]
        assert seen["unwell"]["dockerStatus"]["health"] == "unhealthy"
        return seen
    seen = eventually(told, SEEN, "the inventory agrees with docker ps", every=0.5)
    assert {name: one["status"] for name, one in seen.items()} == {
        "idle": "online", "busy": "online", "unwell": "warning", "paused": "offline", "failed": "offline"}
    assert seen["failed"]["dockerStatus"]["exitCode"] == 7
    assert seen["idle"]["dockerStatus"]["restartCount"] == 0

    images = {tag for one in watched.every_resource("docker-image") for tag in one["docker"]["repoTags"]}
    assert images == {f"{one['Repository']}:{one['Tag']}" for one in engine.lines("images")}
    assert set(named(watched, "docker-volume")) == {one["Name"] for one in engine.lines("volume", "ls")}
    assert {one["docker"]["networkId"] for one in watched.every_resource("docker-network")} == {
        one["ID"] for one in engine.lines("network", "ls", "--no-trunc")}

    host = host_of(watched)
    assert host["docker"]["runtime"] == "docker" and host["dockerStatus"]["state"] == "running"
    assert host["docker"]["runtimeVersion"] == engine("version", "--format", "{{.Server.Version}}").stdout.strip()
    usage = {one["Type"]: one for one in engine.lines("system", "df")}
    assert int(usage["Containers"]["TotalCount"]) == host["dockerStatus"]["containers"] == 5


def size(text):
    number = text.rstrip("KMGiBk")
    return float(number) * {"": 1, "B": 1, "kB": 1e3, "KiB": 1024, "MiB": 1 << 20, "GiB": 1 << 30}[text[len(number):]]


def test_stats_agree_with_docker_stats(engine, watched):
    def agree():
        cli = {one["Name"]: one for one in engine.lines("stats", "--no-stream")}
        seen = named(watched, "app-container")
        for name in ("idle", "busy"):
            told = seen[name]["dockerStatus"]
            memory = size(cli[name]["MemUsage"].split(" / ")[0])
            # The tool rounds, and a shell breathes.
            assert abs(told["memoryUsageBytes"] - memory) <= 256 * 1024 + 0.1 * memory, (name, told, cli[name])
            # Measured at two moments, on a machine that is busy with other tests.
            assert abs(told["cpuPercent"] - float(cli[name]["CPUPerc"].rstrip("%"))) <= 12, (name, told, cli[name])
        assert seen["busy"]["dockerStatus"]["cpuPercent"] > 5
        cores = host_of(watched)["docker"]["totalCpu"]
        share = seen["busy"]["metrics"]["cpu"]["percent"]
        assert abs(share - seen["busy"]["dockerStatus"]["cpuPercent"] / cores) < 0.1
        return seen
    seen = eventually(agree, SEEN, "values agree with docker stats", every=1)
    history = eventually(lambda: watched.history(seen["busy"]["id"], "cpu")["points"], SEEN, "a history of its CPU")
    assert all(0 <= point["value"] <= 100 for point in history)


def test_no_environment_and_no_secret_label_leaves_the_host(engine, watched):
    seen = named(watched, "app-container")["idle"]
    assert seen["docker"]["labels"]["db.password"] == "<redacted>"
    everything = json.dumps([watched.every_resource(kind) for kind in ("app-container", "agent", "docker-image")])
    assert CANARY not in everything and "while :; do" not in everything


def test_a_container_that_is_made_anew_is_the_same_with_its_history_and_notes(engine, watched):
    before = named(watched, "app-container")["idle"]
    note = {"customUrl": "https://wiki.example.com/idle", "notes": "Ask Ada before stopping.", "tags": ["shop"]}
    written = watched.browser.put(f"/api/resources/{before['id']}/metadata", note)
    assert written.status == 200 and written.json["state"] == "attached", written
    engine("rm", "-f", "idle")
    made = run(engine, "idle", "-v", "data:/data")

    def anew():
        seen = named(watched, "app-container")["idle"]
        return seen["docker"]["containerId"] == made and seen["status"] == "online" and seen
    after = eventually(anew, SEEN, "the new container is seen", every=0.5)
    assert after["id"] == before["id"]
    kept = watched.browser.get(f"/api/docker/metadata/{after['id']}").json
    assert {name: kept[name] for name in note} == note and kept["state"] == "attached"

    def told():
        answer = watched.browser.get(f"/api/resources/{after['id']}/timeline")
        return [row for row in answer.json["data"] if row.get("reason") == "docker.containerId"]
    rows = eventually(told, SEEN, "that it was made anew is in its timeline")
    assert len(rows) == 1 and rows[0]["to"] == made


def test_notes_follow_composes_name_and_wait_while_two_claim_it(engine, watched):
    def place(number):
        return ("--label", "com.docker.compose.project=shop", "--label", "com.docker.compose.service=web",
                "--label", f"com.docker.compose.container-number={number}")
    run(engine, "shop-web-1", *place(1))
    first = eventually(lambda: named(watched, "app-container").get("shop-web-1"), SEEN, "it is seen", every=0.5)
    assert watched.browser.put(f"/api/resources/{first['id']}/metadata", {"notes": "the shop"}).status == 200
    run(engine, "impostor", *place(1))

    def pending():
        twins = {name: one for name, one in named(watched, "app-container").items() if name in ("shop-web-1", "impostor")}
        told = [watched.browser.get(f"/api/resources/{one['id']}/metadata").json for one in twins.values()]
        return len(told) == 2 and all(one["state"] == "pending" and "notes" not in one for one in told)
    eventually(pending, GONE, "neither of two gets what belongs to one", every=1)
    assert [one["state"] for one in watched.browser.get("/api/docker/metadata").json["data"]
            if one["anchor"] == "compose:shop/web/1"] == ["pending"]
    engine("rm", "-f", "shop-web-1")
    engine("rename", "impostor", "shop-web-new")

    def attached():
        one = named(watched, "app-container").get("shop-web-new")
        return one and watched.browser.get(f"/api/resources/{one['id']}/metadata").json.get("notes") == "the shop"
    eventually(attached, GONE, "the one that is left has it", every=1)
    engine("rm", "-f", "shop-web-new")


def test_stops_and_starts_are_in_the_timeline_once(engine, watched):
    one = named(watched, "app-container")["idle"]

    def transitions():
        answer = watched.browser.get(f"/api/resources/{one['id']}/timeline?kind=state_transition")
        return [(row["from"], row["to"]) for row in reversed(answer.json["data"])]
    before = len(transitions())
    engine("stop", "-t", "0", "idle")
    eventually(lambda: transitions()[before:] == [("online", "offline")], SEEN, "its stop is told", every=0.5)
    engine("start", "idle")
    eventually(lambda: transitions()[before:] == [("online", "offline"), ("offline", "online")], SEEN, "its start is told",
               every=0.5)


def test_an_engine_that_is_away_is_a_part_that_is_missing(engine, watched):
    # Containers that outlive their engine would be another test.
    engine.stop()

    def away():
        host = host_of(watched)
        return host["dockerStatus"]["state"] == "unavailable" and host
    host = eventually(away, SEEN, "that the engine is away is told", every=0.5)
    assert host["status"] == "online" and host["dockerStatus"]["error"]
    assert "idle" in named(watched, "app-container"), "nobody has said that it is gone"
    engine.start()
    engine("start", "idle")

    def back():
        seen = named(watched, "app-container")["idle"]
        return host_of(watched)["dockerStatus"]["state"] == "running" and seen["status"] == "online"
    eventually(back, SEEN, "the engine is back", every=0.5)


def test_what_is_removed_goes(engine, watched):
    engine("rm", "-f", "failed", "paused", "unwell", "busy")
    eventually(lambda: set(named(watched, "app-container")) == {"idle"}, GONE, "what was removed is gone", every=0.5)
