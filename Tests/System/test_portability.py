"""An organisation's archive over the wire: whole and large, in bounded memory, and nothing of it when the program dies in
the middle."""
import http.client
import io
import json
import socket
import tarfile
import urllib.parse

import pytest

from harness.processes import eventually
from harness.server import Server
from test_erasure import rows

SITES, CHUNKS = 20_000, 1_500
GROWTH = 160 * 1024  # KiB that the program may grow by over an archive that unpacks to about 65 MB


@pytest.fixture(scope="module")
def moving(cluster):
    server = Server(cluster.database(), "moving")
    server.start()
    yield server
    server.stop()


def large(server, name):
    owner = server.sign_up(name)
    server.database.rows(
        "INSERT INTO pulse.sites (org_id, id, name, name_key, created_at)"
        f" SELECT '{owner.org}', gen_random_uuid(), 'Site ' || n, 'site ' || n, now() FROM generate_series(1, {SITES}) n")
    server.database.rows(
        "INSERT INTO pulse.history_chunks (org_id, resource_id, tier, t0, n, codec, data)"
        f" SELECT '{owner.org}', gen_random_uuid(), 3, date_trunc('day', now()), 1, 1,"
        "  (SELECT string_agg(sha256((n::text || m::text)::bytea), '') FROM generate_series(1, 600) m)"
        f" FROM generate_series(1, {CHUNKS}) n")
    return owner


def memory(server):
    """The most it has had resident, in KiB."""
    status = open(f"/proc/{server.process.pid}/status").read()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")))


def take(browser, org, archive, timeout=300):
    return browser.request("POST", f"/api/orgs/{org}/import", archive, headers={"Content-Type": "application/gzip"},
                           timeout=timeout)


def test_a_large_organisation_moves_whole_in_bounded_memory(moving):
    owner = large(moving, "Moving Works")
    before = memory(moving)
    answer = owner.browser.get(f"/api/orgs/{owner.org}/export", timeout=300)
    assert answer.status == 200 and answer.header("content-type") == "application/gzip"
    with tarfile.open(fileobj=io.BytesIO(answer.body), mode="r:gz") as tar:
        names = tar.getnames()
        unpacked = sum(member.size for member in tar)
        manifest = json.load(tar.extractfile("manifest.json"))
    assert names[0] == "export.json" and names[-2:] == ["manifest.json", "manifest.sig"]
    assert manifest["rows"]["sites"] == SITES and manifest["rows"]["history_chunks"] == CHUNKS

    target = owner.browser.post("/api/orgs", {"displayName": "Moved Works"}).json["id"]
    report = take(owner.browser, target, answer.body)
    assert report.status == 200, report
    assert report.json["differences"] == 0 and report.json["people"]["members"] == 1
    there, here = rows(moving, target), rows(moving, owner.org)
    assert {name: there.get(name) for name in ("sites", "history_chunks", "members")} == {
        name: here[name] for name in ("sites", "history_chunks", "members")}
    moved = {"X-Pulse-Org-ID": target}
    assert len(owner.browser.get("/api/sites?limit=100", headers=moved).json["data"]) == 100
    prior = owner.browser.get("/api/audit/prior", headers=moved).json["data"]
    assert [one["organizationId"] for one in prior] == [owner.org]
    assert owner.browser.get(f"/api/audit/prior/{owner.org}", headers=moved).json["data"][0]["action"] == "organisation.export"
    proved = owner.browser.get(f"/api/audit/prior/{owner.org}/verify", headers=moved).json
    assert proved["verified"] and proved["entries"] == prior[0]["entries"], proved
    grown = memory(moving) - before
    print(f"archive of {len(answer.body) >> 20} MiB, {unpacked >> 20} MiB unpacked; the program grew by {grown >> 10} MiB")
    assert grown < GROWTH, grown


def told(server, org):
    """What people and sources have told: the program's own beats and seals come whenever they are due."""
    return {name: count for name, count in rows(server, org).items() if name not in ("audit_checkpoints", "history_presence")}


def test_a_program_killed_in_the_middle_leaves_nothing_of_an_import(moving):
    owner = large(moving, "Killed Works")
    archive = owner.browser.get(f"/api/orgs/{owner.org}/export", timeout=300).body
    target = owner.browser.post("/api/orgs", {"displayName": "Half Works"}).json["id"]
    before = told(moving, target)
    parts = urllib.parse.urlsplit(moving.url)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=60)
    connection.putrequest("POST", f"/api/orgs/{target}/import")
    cookies = "; ".join(f"{name}={value}" for name, value in owner.browser.cookies.items())
    for name, value in {"Cookie": cookies, "X-CSRF-Token": owner.browser.csrf, "Content-Type": "application/gzip",
                        "Content-Length": str(len(archive))}.items():
        connection.putheader(name, value)
    connection.endheaders()
    connection.send(archive[:len(archive) * 3 // 4])
    running = ("SELECT count(*) FROM pg_stat_activity WHERE xact_start IS NOT NULL AND backend_xid IS NOT NULL"
               " AND datname = current_database()")
    eventually(lambda: moving.database.value(running) != "0", 60, "the import is writing")
    moving.kill()
    with pytest.raises((OSError, http.client.HTTPException, socket.timeout)):
        connection.getresponse()
    moving.start()
    eventually(lambda: moving.database.value(running) == "0", 30, "the database has noticed")
    assert told(moving, target) == before
    assert take(owner.browser, target, archive).status == 200
    assert take(owner.browser, target, archive).slug == "organisation-not-empty"
