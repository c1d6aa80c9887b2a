"""A swarm from its manager's engine to the inventory."""
import pytest

from harness.engines import GONE, SEEN, named
from harness.processes import eventually

pytestmark = pytest.mark.timeout(420)


def test_a_swarm_is_what_its_manager_says(engine, watched):
    engine("swarm", "init", "--advertise-addr", "127.0.0.1")
    engine("service", "create", "-d", "--name", "web", "--replicas", "2", "--network", "host", "pulse/tiny:1", "sleep", "100000")
    engine("service", "create", "-d", "--name", "none", "--replicas", "0", "pulse/tiny:1", "sleep", "100000")

    def told():
        cli = {one["Name"]: one for one in engine.lines("service", "ls")}
        seen = named(watched, "docker-service")
        assert set(seen) == set(cli) == {"web", "none"}
        for name, one in seen.items():
            shown = f"{one['dockerStatus']['runningTasks']}/{one['docker']['desiredTasks']}"
            assert shown == cli[name]["Replicas"], name
        assert seen["web"]["status"] == "online" and seen["none"]["status"] == "unknown"
        tasks = {one["dockerStatus"]["taskId"]: one for one in watched.every_resource("docker-task")}
        live = engine.lines("service", "ps", "--no-trunc", "--filter", "desired-state=running", "web")
        assert set(tasks) == {one["ID"] for one in live} and len(tasks) == 2
        assert {one["name"] for one in tasks.values()} == {"web.1", "web.2"}
        assert {one["parentId"] for one in tasks.values()} == {seen["web"]["id"]}
        nodes = watched.every_resource("docker-swarm-node")
        assert [one["docker"]["nodeId"] for one in nodes] == [one["ID"] for one in engine.lines("node", "ls")]
        assert nodes[0]["status"] == "online" and nodes[0]["docker"]["leader"] is True
        return True
    eventually(told, 2 * SEEN, "the swarm is told as the tool tells it", every=1)
    engine("swarm", "leave", "--force")
    eventually(lambda: not watched.every_resource("docker-service") and not watched.every_resource("docker-swarm-node"), GONE,
               "a swarm that was left is gone", every=1)
