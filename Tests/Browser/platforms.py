"""Connections of a canned server: one in each state that the list can show, and a platform that can be tried."""
import time

from canned import Answer, iso, problem

CONNECTIONS = "/api/connections"
FINGERPRINT = ":".join(f"{(number * 37 + 92) % 256:02X}" for number in range(32))
CERTIFICATE = {"fingerprint": FINGERPRINT, "subject": "pve-fra-01.nordwind.example", "issuer": "Proxmox Virtual Environment", "notAfter": "2028-01-07T00:00:00.000Z", "trusted": False}
GUEST_AGENT = {"part": "guest-agent", "reason": "permission", "detail": "VM.GuestAgent.Audit is missing."}
FOUND = {"ok": True, "version": "9.1.2", "instanceName": "fra", "latencyMs": 61, "discovered": {"agent": 3, "vm": 18, "storage": 5}, "degraded": [], "existing": []}
KINDS = [("pve", "Proxmox VE", 8006, 10), ("pbs", "Proxmox Backup Server", 8007, 60), ("pmg", "Proxmox Mail Gateway", 8006, 60), ("truenas", "TrueNAS", 443, 60),
         ("vmware", "VMware vCenter", 443, 60), ("availability", "availability checks", 443, 60)]


def ago(seconds):
    return iso(time.time() - seconds)


def ident(number):
    return f"0190f5b2-0000-7000-8000-0000000c{number:04d}"


def connection(number, name, state="ok", kind="pve", **rest):
    health = {"state": state, "degraded": [], "consecutiveFailures": 0, **rest.pop("health", {})}
    return {"id": ident(number), "kind": kind, "name": name, "host": f"{name}.nordwind.example", "port": 8006, "trust": {"mode": "system"}, "tokenId": "pulse@pve!monitor",
            "secretSet": True, "cadenceSeconds": 10, "adaptive": False, "enabled": True, "tags": [], "revision": 3, "createdAt": ago(90_000), "changedAt": ago(90_000), "health": health, **rest}


def answering(**rest):
    return {"okAt": ago(3), "checkedAt": ago(3), "nextPollAt": iso(time.time() + 7), "latencyMs": 82, "version": "9.1.2", "instanceName": "fra",
            "discovered": {"agent": 3, "vm": 18, "storage": 5, "ceph": 1}, **rest}


def estate():
    return [
        connection(1, "lab", "parked", health={"reason": "authentication", "detail": "Sign-in refused (401).", "okAt": ago(2460), "checkedAt": ago(2400), "consecutiveFailures": 1}),
        connection(2, "warehouse-nord", "failing", health={"reason": "timeout", "detail": "No answer within 10 s.", "okAt": ago(1080), "checkedAt": ago(18),
                                                           "nextPollAt": iso(time.time() + 42), "consecutiveFailures": 12, "discovered": {"agent": 1, "vm": 4}}),
        connection(3, "ams", "degraded", health=answering(latencyMs=96, degraded=[GUEST_AGENT])),
        connection(4, "fra", health=answering()),
        connection(5, "backup", "disabled", enabled=False, health={"okAt": ago(90_000), "discovered": {"agent": 1}}),
        connection(6, "new-one", "pending"),
        connection(7, "changed", "failing", trust={"mode": "pinned", "fingerprint": FINGERPRINT},
                   health={"reason": "certificate-changed", "detail": "It shows another certificate than the one that was confirmed.", "okAt": ago(7200), "checkedAt": ago(60),
                           "nextPollAt": iso(time.time() + 240), "consecutiveFailures": 2}),
    ]


def platforms(server, connections=None):
    """Keeps what is made and changed, as the real one does; `server.trial` is what a test says."""
    kept = {one["id"]: one for one in (estate() if connections is None else connections)}
    server.connections, server.trial = kept, FOUND

    def one(match, query, body):
        return kept.get(match[1]) or problem(404, "connection-not-found", "No such connection")

    def create(match, query, body):
        made = connection(90, body["name"], "pending", **{key: body[key] for key in ("host", "trust", "tokenId", "cadenceSeconds", "adaptive", "tags") if key in body})
        kept[made["id"]] = made
        return Answer(201, made)

    def change(match, query, body):
        before = kept[match[1]]
        told = {key: value for key, value in body.items() if key not in ("secret", "siteId", "agentId")}
        kept[match[1]] = {**before, **told, "revision": before["revision"] + 1}
        if "enabled" in body:
            kept[match[1]]["health"] = {**before["health"], "state": "pending" if body["enabled"] else "disabled"}
        return kept[match[1]]

    def delete(match, query, body):
        kept.pop(match[1])
        return Answer(204)

    trial = lambda match, query, body: server.trial(body) if callable(server.trial) else server.trial
    server.answers.update({
        ("GET", CONNECTIONS): lambda match, query, body: {"data": list(kept.values())},
        ("GET", f"{CONNECTIONS}/kinds"): {"data": [{"kind": kind, "title": title, "defaultPort": port, "supported": kind == "pve",
                                                   "cadence": {"leastSeconds": 10, "normalSeconds": normal, "mostSeconds": 3600}} for kind, title, port, normal in KINDS]},
        ("POST", CONNECTIONS): create, ("POST", f"{CONNECTIONS}/preview"): trial,
        ("POST", f"{CONNECTIONS}/([^/]+)/test"): trial,
        ("POST", f"{CONNECTIONS}/([^/]+)/poll"): lambda match, query, body: Answer(202, {"nextPollAt": ago(0)}),
        ("GET", f"{CONNECTIONS}/([^/]+)"): one, ("PATCH", f"{CONNECTIONS}/([^/]+)"): change, ("DELETE", f"{CONNECTIONS}/([^/]+)"): delete,
        ("GET", "/api/agents"): {"data": [{"id": "0190f5b2-0000-7000-8000-0000000000a7", "hostname": "gateway-nord"}]},
    })
    return server
