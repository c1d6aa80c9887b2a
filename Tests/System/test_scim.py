"""A directory over the wire: the independent scim2-tester against a real server, what Okta and Entra send one after the
other, and people who are out within a second."""
import time

import httpx2
import pytest
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_tester import Status, check_server

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
SCIM = {"Content-Type": "application/scim+json"}


class Directory:
    """Speaks SCIM as a provider does, with a token of its own."""

    def __init__(self, server, owner):
        made = owner.browser.post("/api/security/scim/tokens", {"name": "Test directory"})
        assert made.status == 201, made
        self.token = made.json["token"]
        self.client = server.client(self.token)

    def send(self, method, path, body=None, **headers):
        return self.client.request(method, "/scim/v2" + path, body, headers={**SCIM, **headers} if body else headers)

    def user(self, name, **more):
        made = self.send("POST", "/Users", {"schemas": [USER], "userName": name, **more})
        assert made.status == 201, made
        return made.json

    def patch(self, path, *operations):
        return self.send("PATCH", path, {"schemas": [PATCH], "Operations": list(operations)})


@pytest.fixture
def directory(server):
    owner = server.sign_up("Directory Works")
    directory = Directory(server, owner)
    directory.owner = owner
    return directory


def test_the_independent_checker_finds_nothing(server, directory):
    with httpx2.Client(base_url=server.url + "/scim/v2", timeout=20,
                       headers={"Authorization": f"Bearer {directory.token}"}) as http:
        results = check_server(SyncSCIMClient(http))
    good = (Status.SUCCESS, Status.COMPLIANT, Status.ACCEPTABLE, Status.SKIPPED)
    told = [f"{result.status.name} {result.resource_type or ''} {result.title}: {result.reason}" for result in results
            if result.status not in good]
    assert len(results) > 50 and not told, "\n".join(told)


def test_who_is_deactivated_is_out_within_a_second(server, directory):
    owner = directory.owner
    user = directory.user("ana@example.com", displayName="Ana")
    members = lambda: owner.browser.get(f"/api/orgs/{owner.org}/members").json["data"]
    assert [m["displayName"] for m in members() if m["role"] == "viewer"] == ["Ana"]
    person = next(m["userId"] for m in members() if m["role"] == "viewer")
    began = time.monotonic()
    off = directory.patch(f"/Users/{user['id']}", {"op": "Replace", "path": "active", "value": "False"})
    assert off.status == 200 and off.json["active"] is False, off
    assert person not in [m["userId"] for m in members()]
    assert time.monotonic() - began < 1
    on = directory.patch(f"/Users/{user['id']}", {"op": "replace", "value": {"active": True}})
    assert on.status == 200, on
    assert [m["userId"] for m in members() if m["role"] == "viewer"] == [person]


def test_a_conflict_is_detected_by_version(directory):
    user = directory.user("ben@example.com")
    path, tag = f"/Users/{user['id']}", user["meta"]["version"]
    fresh = directory.send("GET", path)
    assert fresh.header("etag") == tag
    assert directory.send("GET", path, **{"If-None-Match": tag}).status == 304
    change = {"schemas": [PATCH], "Operations": [{"op": "replace", "path": "title", "value": "Engineer"}]}
    assert directory.send("PATCH", path, change, **{"If-Match": tag}).status == 200
    late = directory.send("PATCH", path, change, **{"If-Match": tag})
    assert late.status == 412 and late.json["status"] == "412", late
    assert directory.send("DELETE", path, **{"If-Match": tag}).status == 412


def test_a_large_body_is_refused_in_the_form_of_scim(directory):
    answer = directory.send("POST", "/Users", {"schemas": [USER], "userName": "a", "title": "x" * 100_000})
    assert answer.status == 413 and answer.json["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:Error"], answer
    broken = directory.send("GET", "/Users?filter=%zz")
    assert broken.status == 400 and broken.json["status"] == "400", broken


def test_last_use_is_told_and_a_revoked_token_is_refused_at_once(directory):
    browser = directory.owner.browser
    directory.user("cleo@example.com")
    token = next(t for t in browser.get("/api/security/scim/tokens").json["data"] if t.get("lastUsedAt"))
    assert browser.delete(f"/api/security/scim/tokens/{token['id']}").status == 204
    assert directory.send("GET", "/Users").status == 401
