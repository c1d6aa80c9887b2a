"""Machines as the wire tells them, for canned servers. The same number always gives the same machine."""
import random
import time
import uuid

from canned import iso

NAMES = ["app-web-01", "app-web-02", "backup-proxy", "build-01", "cam-recorder", "db-primary", "db-replica", "dns-01", "dns-02",
         "docker-edge-01", "docker-edge-02", "erp-test", "gitea", "mail-gw", "monitor-probe", "nas-basement", "nextcloud",
         "pve-fra-01", "pve-fra-02", "pve-fra-03", "scanner-hub", "tms-batch", "vault-01", "win-bridge"]
SYSTEMS = [("Debian GNU/Linux", "12"), ("Ubuntu", "24.04"), ("Rocky Linux", "9.4"), ("Alpine Linux", "3.20")]
GIB, GB = 1024 ** 3, 10 ** 9


def machine_id(number):
    return str(uuid.UUID(int=number + 1))


def machine(number, status="online", **changes):
    dice = random.Random(number)
    name = NAMES[number] if number < len(NAMES) else f"host-{number:05d}"
    memory, disk = dice.choice([4, 8, 16, 32, 64]) * GIB, dice.choice([40, 100, 500, 2000]) * GB
    used, filled = int(memory * dice.uniform(.2, .8)), int(disk * dice.uniform(.1, .85))
    cpu, system = round(dice.uniform(2, 70), 2), SYSTEMS[number % 4]
    seen = iso(time.time() - (dice.uniform(0, 8) if status in ("online", "warning") else dice.uniform(300, 4000)))
    root = {"device": "/dev/vda1", "mountpoint": "/", "filesystem": "ext4", "totalBytes": disk, "usedBytes": filled, "usage": round(filled / disk * 100, 2)}
    data = {"device": "/dev/vdb", "mountpoint": "/srv/data", "filesystem": "xfs", "totalBytes": disk * 2, "usedBytes": filled, "usage": round(filled / disk * 50, 2)}
    made = {
        "id": machine_id(number), "type": "agent", "technology": "linux", "name": name, "status": status, "lastSeen": seen, "updatedAt": seen,
        "sources": ["agent"],
        "identity": {"machineId": uuid.UUID(int=number * 7919 + 5).hex, "hostnames": [name], "ipAddresses": [f"10.20.{number // 250}.{number % 250 + 1}"], "macAddresses": []},
        "canonicalIdentity": {"displayName": name, "hostname": name, "primaryId": machine_id(number)},
        "metricsTarget": {"resourceType": "agent", "resourceId": machine_id(number)}, "tags": [],
        "metrics": {
            "cpu": {"percent": cpu, "value": cpu, "unit": "percent"},
            "memory": {"percent": round(used / memory * 100, 2), "used": used, "total": memory, "unit": "percent"},
            "disk": {"percent": root["usage"], "used": filled, "total": disk, "unit": "percent"},
            "netIn": {"value": int(dice.uniform(0, 1e7))}, "netOut": {"value": int(dice.uniform(0, 5e6))},
            "diskRead": {"value": int(dice.uniform(0, 2e8))}, "diskWrite": {"value": int(dice.uniform(0, 1e8))}},
        "uptime": dice.randint(4000, 20_000_000), "temperature": round(dice.uniform(40, 72), 1),
        "agent": {"agentId": str(uuid.UUID(int=number + 100_000)), "version": "0.1.0", "hostname": name, "platform": "linux", "osName": system[0], "osVersion": system[1],
                  "kernelVersion": "6.1.0-28-amd64", "architecture": "x86_64", "cpuCount": dice.choice([2, 4, 8, 64]), "loadAverage": [0.58, 0.51, 0.38],
                  "memory": {"totalBytes": memory, "usedBytes": used, "swapTotalBytes": 2 * GIB, "swapUsedBytes": GIB // 7}, "disks": [root, data],
                  "network": [{"name": "eth0", "addresses": ["10.20.0.5/24"]}], "temperatures": {"cpu_package": 61.5}, "reportIntervalSeconds": 10}}
    return {**made, **changes}


def estate(count=24):
    """Mostly well: one offline, one warning, one unknown among the named ones."""
    troubled = {8: "offline", 5: "warning", 20: "unknown"}
    return [machine(number, troubled.get(number, "online")) for number in range(count)]


def fresh(number):
    """A change as an agent's report makes it: some numbers and an age."""
    return {"id": machine_id(number), "lastSeen": iso(time.time()),
            "metrics": {"cpu": {"percent": round(random.uniform(1, 90), 2)}, "netIn": {"value": int(random.uniform(0, 1e7))}}}


def thing(number, kind, name, status="online", parent=None, **changes):
    """Something that a platform tells of, without an agent."""
    seen = iso(time.time() - 4)
    made = {
        "id": machine_id(number), "type": kind, "technology": "proxmox", "name": name, "status": status, "lastSeen": seen, "updatedAt": seen, "sources": ["proxmox"],
        "identity": {"hostnames": [], "ipAddresses": [], "macAddresses": []}, "canonicalIdentity": {"displayName": name, "primaryId": machine_id(number)},
        "metricsTarget": {"resourceType": kind, "resourceId": machine_id(number)}, "tags": [], "metrics": {}}
    if parent:
        made |= {"parentId": parent["id"], "parentName": parent["name"]}
    return {**made, **changes}


def cluster():
    """Two nodes with an agent, their guests, storages and disks; something is wrong with some."""
    nodes = [machine(17), machine(18)]
    guest = {"metrics": {"cpu": {"percent": 12.0}, "memory": {"percent": 44.0, "used": GIB, "total": 4 * GIB}}, "uptime": 40_000}
    vms = [thing(200 + number, "vm", f"vm-{number:02d}", parent=nodes[number % 2], proxmox={"vmid": 100 + number, "cluster": "fra"}, **guest) for number in range(6)]
    vms[1] |= {"status": "offline", "metrics": {}, "proxmoxStatus": {"status": "stopped"}}
    vms[2] |= {"status": "offline", "metrics": {}, "lastSeen": iso(time.time() - 600)}
    boxes = [thing(220 + number, "system-container", f"ct-{number:02d}", parent=nodes[0], proxmox={"vmid": 300 + number}, **guest) for number in range(3)]
    used = {"disk": {"percent": 97.0, "used": 970 * GB, "total": 1000 * GB}}
    storages = [thing(240, "storage", "tank", parent=nodes[0], storage={"type": "zfspool", "shared": False}, metrics=used),
                thing(241, "storage", "nfs-backup", storage={"type": "nfs", "shared": True}, metrics={"disk": {"percent": 30.0, "used": 300 * GB, "total": 1000 * GB}})]
    disks = [thing(260, "physical_disk", "SSD 870 (/dev/sda)", "offline", nodes[1], physicalDisk={"model": "SSD 870", "serial": "S6PUNX0T", "sizeBytes": 1000 * GB},
                   diskHealth={"health": "FAILED", "lifeLeftPercent": 3}, temperature=51),
             thing(261, "physical_disk", "WD80 (/dev/sdb)", parent=nodes[1], physicalDisk={"model": "WD80", "serial": "WD-77", "sizeBytes": 8000 * GB}, diskHealth={"health": "PASSED"}, temperature=33)]
    return [*nodes, *vms, *boxes, *storages, *disks]


def changes():
    """A timeline as the wire tells it, newest first."""
    def change(number, name, kind, minutes, **rest):
        return {"id": str(uuid.UUID(int=9000 + number)), "resourceId": machine_id(200 + number), "resourceName": name, "resourceType": "vm", "observedAt": iso(time.time() - 60 * minutes),
                "kind": kind, "sourceType": "pulse_diff", "source": "proxmox", "confidence": "high", "relatedResources": [], **rest}
    return [change(2, "vm-02", "state_transition", 10, **{"from": "online", "to": "offline"}), change(3, "vm-03", "relationship_change", 25, **{"from": "pve-fra-01", "to": "pve-fra-02"}),
            change(4, "vm-04", "restart", 50, **{"from": "86400", "to": "12"}), change(5, "vm-05", "config_update", 90, **{"from": "4", "to": "8", "reason": "proxmox.cpus", "confidence": "medium"})]


def ledger():
    """What counts as a system, with a connection that could not be counted."""
    return {"total": 1, "complete": False, "unavailable": [{"connectionId": "c1", "name": "fra", "reason": "authentication"}],
            "data": [{"id": machine_id(17), "name": "pve-fra-01", "type": "proxmox-node", "status": "online", "resourceIds": [machine_id(17)],
                      "explanation": {"summary": "One system, seen by proxmox and agent: both show the same machine-id.", "reasons": [], "surfaces": []}}]}
