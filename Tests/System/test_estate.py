"""pulse-estate against proxmoxer, a client of Proxmox VE that knows nothing of it: the whole surface of GET in 8 and 9, by
token and by password. Time stands still, so that what one answer says must be what another says."""
import re
import subprocess
import time

import pytest
from proxmoxer import AuthenticationError, ProxmoxAPI, ResourceException

from harness.estate import Estate
from harness.processes import PROGRAMS

# Certificates here are self-signed; pins are what the server's own collector is tried with.
pytestmark = pytest.mark.filterwarnings("ignore:Unverified HTTPS request")

NUMBER = (int, float)
GUEST = {"id": str, "type": str, "vmid": int, "node": str, "name": str, "template": int, "status": str}
RUNNING = {"cpu": NUMBER, "maxcpu": NUMBER, "mem": int, "maxmem": int, "disk": int, "maxdisk": int, "uptime": int,
           "netin": int, "netout": int, "diskread": int, "diskwrite": int}
NODE = {"node": str, "status": str, "cpu": NUMBER, "maxcpu": int, "mem": int, "maxmem": int, "disk": int, "maxdisk": int,
        "uptime": int, "level": str}
STORAGE = {"storage": str, "type": str, "content": str, "active": int, "enabled": int, "shared": int, "total": int,
           "used": int, "avail": int, "used_fraction": NUMBER}
DISK = {"devpath": str, "model": str, "serial": str, "size": int, "type": str, "health": str, "used": str, "gpt": int}
TASK = {"upid": str, "node": str, "type": str, "id": str, "user": str, "starttime": int, "pid": int, "pstart": int}
UPDATE = {key: str for key in ("Package", "Title", "Description", "OldVersion", "Version", "Priority", "Section", "Origin")}


@pytest.fixture(scope="module")
def estate():
    """Twelve organisations of one cluster: alone and clustered, 8 and 9, with Ceph and without. Half past one at night on a
    Wednesday: backups run."""
    estate = Estate("--calm", organisations=12, guests=30, seed=5, start="2026-06-10T01:30:00Z", speed=0)
    yield estate
    estate.stop()


def by_token(connection, limited=False):
    user, name = connection["limitedTokenId" if limited else "tokenId"].split("!")
    secret = connection["limitedSecret" if limited else "secret"]
    return ProxmoxAPI(connection["host"], port=connection["port"], user=user, token_name=name, token_value=secret,
                      verify_ssl=False, timeout=20)


def by_password(connection):
    return ProxmoxAPI(connection["host"], port=connection["port"], user=connection["user"],
                      password=connection["password"], verify_ssl=False, timeout=20)


def check(shape, row):
    for key, kind in shape.items():
        assert isinstance(row.get(key), kind), f"{key} of {row} is no {kind}"


def is_nine(connection):
    return connection["version"].startswith("9")


def refused(status, call, **parameters):
    with pytest.raises(ResourceException) as error:
        call.get(**parameters)
    assert error.value.status_code == status, error.value
    return str(error.value)


@pytest.mark.parametrize("enter", [by_token, by_password])
def test_the_whole_is_the_sum_of_the_nodes(estate, enter):
    for connection in estate.connections:
        api = enter(connection)
        resources = api.cluster.resources.get()
        nodes = {row["node"]: row for row in resources if row["type"] == "node"}
        guests = {row["vmid"]: row for row in resources if row["type"] in ("qemu", "lxc")}
        assert len(guests) == connection["guests"] == 30
        assert sorted(nodes) == sorted(row["node"] for row in api.nodes.get()) == \
            sorted(node["name"] for node in connection["nodes"])
        seen = set()
        for name, node in nodes.items():
            check(NODE, node)
            for kind in ("qemu", "lxc"):
                for row in getattr(api.nodes(name), kind).get():
                    whole = guests[int(row["vmid"])]
                    check({**GUEST, **RUNNING}, whole)
                    assert whole["type"] == kind and whole["node"] == name
                    same = [*RUNNING.keys() - {"maxcpu"}, "name", "status"]
                    assert {key: whole[key] for key in same} == {key: row[key] for key in same}
                    assert int(row["cpus"]) == whole["maxcpu"]
                    seen.add(int(row["vmid"]))
        assert seen == guests.keys()
        assert [row for row in resources if row["type"] in ("qemu", "lxc")] == api.cluster.resources.get(type="vm")


def test_what_is_told_is_what_is_there(estate):
    truth = estate.truth()
    for connection in estate.connections:
        real = {row["vmid"]: row for row in truth if row["kind"] == "guest" and row["cluster"] == connection["cluster"]}
        for row in by_token(connection).cluster.resources.get(type="vm"):
            assert (row["name"], row["node"], row["status"], row["type"]) == tuple(
                real[row["vmid"]][key] for key in ("name", "node", "status", "guestKind"))
    assert len({row["trueId"] for row in truth}) == len(truth)


def test_nodes_tell_their_state_in_the_shapes_of_their_release(estate):
    for connection in estate.connections:
        api = by_token(connection)
        version = api.version.get()
        assert version["version"] == connection["version"] and version["version"].startswith(version["release"])
        status = api.cluster.status.get()
        assert [row["ip"] for row in status if row["type"] == "node"] == [node["host"] for node in connection["nodes"]]
        assert [row["local"] for row in status if row["type"] == "node"].count(1) == 1
        assert any(row["type"] == "cluster" for row in status) is not connection["standalone"]
        for row in api.nodes.get():
            node = api.nodes(row["node"])
            state = node.status.get()
            assert state["uptime"] == row["uptime"] and state["memory"]["used"] == row["mem"]
            assert state["memory"]["total"] == row["maxmem"] and state["rootfs"]["used"] == row["disk"]
            assert all(isinstance(load, str) and float(load) >= 0 for load in state["loadavg"])
            assert isinstance(state["cpuinfo"]["mhz"], str) and state["cpuinfo"]["cpus"] == row["maxcpu"]
            assert ("available" in state["memory"]) is (not connection["version"].startswith("8.2"))
            assert node.version.get() == version and isinstance(node.time.get()["time"], int)
            for network in node.network.get():
                check({"iface": str, "type": str, "active": int}, network)
            for package in node.apt.update.get():
                check(UPDATE, package)


def test_storages_agree_and_shared_ones_are_one(estate):
    for connection in estate.connections:
        api = by_token(connection)
        defined = {row["storage"]: row for row in api.storage.get()}
        listed = {row["id"]: row for row in api.cluster.resources.get(type="storage")}
        shared = {}
        for node in [node["name"] for node in connection["nodes"]]:
            for row in api.nodes(node).storage.get():
                check(STORAGE, row)
                assert row["used"] + row["avail"] == row["total"]
                whole = listed.pop(f"storage/{node}/{row['storage']}")
                assert (whole["disk"], whole["maxdisk"], whole["shared"]) == (row["used"], row["total"], row["shared"])
                assert defined[row["storage"]]["type"] == row["type"] == whole["plugintype"]
                if row["shared"]:
                    assert shared.setdefault(row["storage"], row) == row
                assert api.nodes(node).storage(row["storage"]).status.get()["used"] == row["used"]
        assert not listed


def test_disks_pools_and_ceph(estate):
    lives, cephs = [], 0
    for connection in estate.connections:
        api = by_token(connection)
        for node in [node["name"] for node in connection["nodes"]]:
            for disk in api.nodes(node).disks.list.get():
                check(DISK, disk)
                lives.append(disk["wearout"])
                assert api.nodes(node).disks.smart.get(disk=disk["devpath"])["health"] == disk["health"]
            for pool in api.nodes(node).disks.zfs.get():
                check({"name": str, "size": int, "alloc": int, "free": int, "frag": int, "health": str}, pool)
                detail = api.nodes(node).disks.zfs(pool["name"]).get()
                assert detail["state"] == pool["health"] and detail["children"]
        if any(row["type"] == "rbd" for row in api.storage.get()):
            cephs += 1
            state, usage = api.cluster.ceph.status.get(), api.cluster.ceph.df.get()
            assert state["pgmap"]["bytes_total"] == usage["stats"]["total_bytes"]
            assert state["health"]["status"].startswith("HEALTH_") and usage["pools"]
            assert ("num_mons" in state["monmap"]) is is_nine(connection)
        else:
            assert "ceph" in refused(500, api.cluster.ceph.status)
    assert cephs and "N/A" in lives and any(isinstance(life, int) for life in lives)
    assert all(life == "N/A" or 1 <= int(life) <= 100 for life in lives)


def test_guests_in_detail(estate):
    outcomes = {}
    for connection in estate.connections[:6]:
        api = by_token(connection)
        for row in api.cluster.resources.get(type="vm"):
            guest = getattr(api.nodes(row["node"]), row["type"])(row["vmid"])
            state, config = guest.status.current.get(), guest.config.get()
            assert {key: state[key] for key in ("netin", "uptime", "mem", "status", "name")} == \
                {key: row[key] for key in ("netin", "uptime", "mem", "status", "name")}
            snapshots = guest.snapshot.get()
            assert snapshots[-1]["name"] == "current" and len({one["name"] for one in snapshots}) == len(snapshots)
            assert re.search(r"=(BC:24:11(:[0-9A-F]{2}){3}),", config["net0"])
            if row["type"] == "lxc":
                assert isinstance(config["memory"], int) and config["hostname"] == row["name"]
                if row["status"] == "running":
                    assert [one["name"] for one in guest.interfaces.get()] == ["lo", "eth0"]
                continue
            assert isinstance(config["memory"], str) and config["smbios1"].startswith("uuid=")
            if "agent" in state:
                assert isinstance(state["agent"], int if connection["version"].startswith("8.2") else dict)
            outcome = ask_agent(guest, row, "agent" in config)
            outcomes[outcome] = outcomes.get(outcome, 0) + 1
    assert outcomes.keys() == {"answers", "slow", "not configured", "not running", "guest stopped"}


def ask_agent(guest, row, is_configured):
    if not is_configured:
        assert "No QEMU guest agent configured" in refused(500, guest.agent("get-fsinfo"))
        return "not configured"
    if row["status"] != "running":
        assert "is not running" in refused(500, guest.agent("get-fsinfo"))
        return "guest stopped"
    asked = time.monotonic()
    try:
        info = guest.agent("info").get()["result"]
    except ResourceException as error:
        assert "QEMU guest agent is not running" in str(error)
        return "not running"
    assert info["version"] and info["supported_commands"]
    if time.monotonic() - asked > 2.5:
        return "slow"
    assert guest.agent("get-osinfo").get()["result"]["pretty-name"]
    systems = guest.agent("get-fsinfo").get()["result"]
    assert all(one["used-bytes"] <= one["total-bytes"] for one in systems) and systems[0]["disk"][0]["dev"]
    faces = guest.agent("network-get-interfaces").get()["result"]
    assert any(address["ip-address-type"] == "ipv4" for face in faces for address in face["ip-addresses"])
    if guest.agent("get-osinfo").get()["result"]["id"] != "mswindows":
        meminfo = guest.agent("file-read").get(file="/proc/meminfo")
        assert meminfo["content"].startswith("MemTotal:") and meminfo["truncated"] == 0
    return "answers"


def test_history_ends_in_the_present(estate):
    for connection in estate.connections:
        api = by_token(connection)
        nine = is_nine(connection)
        row = next(row for row in api.cluster.resources.get(type="vm") if row["status"] == "running")
        guest = getattr(api.nodes(row["node"]), row["type"])(row["vmid"])
        for frame in ("hour", "day", "week", "month", "year"):
            points = guest.rrddata.get(timeframe=frame, cf="AVERAGE")
            times = [point["time"] for point in points]
            assert len({b - a for a, b in zip(times, times[1:])}) == 1 and len(points) >= 60
            columns = set().union(*points)
            assert {"mem", "maxmem", "cpu", "netin", "netout"} <= columns and not {"memused", "memavailable"} & columns
        last = guest.rrddata.get(timeframe="hour")[-1]
        assert abs(last["mem"] - row["mem"]) < row["maxmem"] * 0.05
        points = api.nodes(row["node"]).rrddata.get(timeframe="day")
        assert ("memavailable" in points[-1]) is nine and len(points) == (1440 if nine else 70)
        assert api.nodes(row["node"]).storage("local").rrddata.get(timeframe="hour")[-1]["used"] > 0
        if nine:
            refused(400, guest.rrddata, timeframe="hour", ds="cpu")
            refused(400, guest.status.current, full=1)
        refused(400, guest.rrddata)


def test_backups_tell_one_story(estate):
    running = archives = 0
    for connection in estate.connections:
        api = by_token(connection)
        locked = {row["vmid"] for row in api.cluster.resources.get(type="vm") if row.get("lock") == "backup"}
        for node in [node["name"] for node in connection["nodes"]]:
            tasks = api.nodes(node).tasks.get(typefilter="vzdump", source="all", limit=200)
            for task in tasks:
                check(TASK, task)
                assert ("endtime" in task) is ("status" in task)
                lines = [line["t"] for line in api.nodes(node).tasks(task["upid"]).log.get(start=0, limit=20000)]
                assert ("status" in task) is lines[-1].startswith("TASK ")
                assert ("ERROR: Backup of VM" in "".join(lines)) is (task.get("status") == "job errors")
                if "endtime" not in task:
                    running += 1
                    begun = [int(re.search(r"VM (\d+)", line)[1]) for line in lines if "Starting Backup" in line]
                    assert begun[-1] in locked
            for storage in api.nodes(node).storage.get(content="backup"):
                for item in api.nodes(node).storage(storage["storage"]).content.get(content="backup"):
                    check({"volid": str, "vmid": int, "ctime": int, "size": int, "format": str}, item)
                    archives += 1
    assert running and archives


def test_high_availability_and_replication(estate):
    managed = replicated = 0
    for connection in estate.connections:
        api = by_token(connection)
        guests = {row["vmid"]: row for row in api.cluster.resources.get(type="vm")}
        services = {row["sid"]: row for row in api.cluster.ha.status.current.get() if row["type"] == "service"}
        assert {int(sid[3:]) for sid in services} == {vmid for vmid, row in guests.items() if "hastate" in row}
        managed += len(services)
        for job in api.cluster.replication.get():
            state = api.nodes(job["source"]).replication(job["id"]).status.get()
            assert guests[job["guest"]]["node"] == job["source"] and (state["fail_count"] > 0) is ("error" in state)
            assert state["last_sync"] <= state["last_try"] < state["next_sync"]
            replicated += 1
    assert managed and replicated


def test_who_may_not_is_told_so(estate):
    connection = next(one for one in estate.connections if not one["standalone"])
    limited = by_token(connection, limited=True)
    node = limited.nodes(connection["nodes"][0]["name"])
    assert len(limited.cluster.resources.get(type="vm")) == 30
    assert "Sys.Audit" not in limited.access.permissions.get()["/"]
    for call in (node.status, node.disks("list"), node("apt/update"), limited.cluster.ceph.status, node.rrddata):
        assert "Permission check failed" in refused(403, call)
    with pytest.raises(AuthenticationError):
        by_password({**connection, "password": "wrong"})
    refused(401, by_token({**connection, "secret": "wrong"}).nodes)
    refused(501, limited.cluster.nonsense)


def test_events_are_seen_and_a_lost_node_is_told_by_the_others():
    estate = Estate("--calm", organisations=1, nodes=3, guests=40, seed=7, release=9)
    try:
        connection = estate.connections[0]
        first, second, third = [node["name"] for node in connection["nodes"]]
        api = by_token({**connection, "host": connection["nodes"][2]["host"]})

        def guest(vmid):
            return next(row for row in api.cluster.resources.get(type="vm") if row["vmid"] == vmid)

        row = next(row for row in api.cluster.resources.get(type="vm") if row["node"] == first and row["uptime"] > 0)
        estate.force("o1c1", "migrate", vmid=row["vmid"], node=third)
        estate.force("o1c1", "rename", vmid=row["vmid"], name="moved")
        moved = guest(row["vmid"])
        assert (moved["node"], moved["name"]) == (third, "moved") and moved["uptime"] < 60 < row["uptime"]
        estate.force("o1c1", "stop", vmid=row["vmid"])
        assert guest(row["vmid"])["status"] == "stopped"
        estate.force("o1c1", "stopNode", node=first)
        assert {one["node"]: one["status"] for one in api.nodes.get()} == {
            first: "offline", second: "online", third: "online"}
        refused(595, api.nodes(first).qemu)
        with pytest.raises(Exception, match="(?i)connection"):
            by_token(connection).nodes.get()
        estate.force("o1c1", "startNode", node=first)
        assert by_token(connection).nodes.get()
        assert estate.admin("POST", "/events", {"cluster": "o9c1", "event": "stop", "vmid": 100})[0] == 404
        assert estate.admin("POST", "/events", {"cluster": "o1c1", "event": "dance", "vmid": 100})[0] == 400
    finally:
        estate.stop()


@pytest.mark.parametrize("words, what", [
    (["serve", "--nodes", "many"], "--nodes is 'many'"), (["serve", "--organisations", "0"], "--organisations is 0"),
    (["serve", "--fault", "o1c1:mode=odd"], "mode 'odd'"), (["truth", "--at", "noon"], "'noon' is no time"),
    (["serve", "--release", "7"], "--release is '7'"), (["observations", "--systems", "3"], "--systems is 3"),
])
def test_bad_flags_are_explained(words, what):
    done = subprocess.run([PROGRAMS / "pulse-estate", *words], capture_output=True, text=True, timeout=20)
    assert done.returncode == 64 and what in done.stderr


def test_it_ends_at_once(estate):
    own = Estate(guests=5)
    assert own.process.end(seconds=5) == 0
