"""Every route that changes something leaves exactly one audit entry, and none when it is refused; generated from the API
description. And the way of an export: taken over HTTP, checked offline by the program itself."""
import pytest

from harness.description import Description
from harness.keys import Transit
from harness.mutations import RECIPES, Scene
from harness.processes import PROGRAMS, run
from harness.providers import OpenIDProvider
from harness.server import Server

SAFE = ("GET", "HEAD", "OPTIONS")


@pytest.fixture(scope="module")
def audited(cluster):
    """A server nobody else writes to, so that every entry is ours."""
    transit = Transit()
    server = Server(cluster.database(), "audited", operators=True, PULSE_OUTBOUND_ALLOW="127.0.0.0/8", **transit.settings)
    server.transit, server.openid = transit, OpenIDProvider()
    server.start()
    yield server
    server.stop()
    transit.stop()
    server.openid.stop()


@pytest.fixture(scope="module")
def description(audited):
    return Description.of(audited)


def audited_operations(description):
    return [(method, path, operation["x-pulse-audit"]) for method, path, operation in description.operations()
            if "." in operation["x-pulse-audit"]]


def entries(server):
    """id -> (action, request id, number) of everything in every trail."""
    rows = server.database.rows("SELECT id, action, request_id, org_id, seq FROM pulse.audit_entries")
    return {row[0]: tuple(row[1:]) for row in rows}


def test_every_route_that_leaves_an_entry_has_a_recipe_and_every_recipe_a_route(description):
    described = {(method, path) for method, path, _ in audited_operations(description)}
    assert described == set(RECIPES), f"missing {described - set(RECIPES)}, superfluous {set(RECIPES) - described}"


def test_a_route_that_changes_something_leaves_an_entry_or_says_why_not(description):
    for method, path, operation in description.operations():
        if method not in SAFE:
            assert operation["x-pulse-audit"] in ("telemetry", "none") or "." in operation["x-pulse-audit"], path


def test_each_leaves_exactly_one_entry_of_its_action_and_of_its_request(audited, description):
    faults = []
    for method, path, action in audited_operations(description):
        prepare = RECIPES.get((method, path))
        if prepare is None:
            continue  # told by the test above
        call = prepare(Scene(audited))
        before = entries(audited)
        answer = call()
        new = [entry for id, entry in entries(audited).items() if id not in before]
        request = answer.header("x-request-id")
        if answer.status != 101 and not 200 <= answer.status < 400:
            faults.append(f"{method} {path}: {answer}")
        elif [(entry[0], entry[1]) for entry in new] != [(action, request)]:
            faults.append(f"{method} {path}: {new} instead of one {action} of {request}")
    assert not faults, "\n".join(faults)


def test_what_is_refused_leaves_none(audited, description):
    nobody = "0195f3a0-6f00-7c3d-a2e4-0f6b7c8d9e01"
    before = entries(audited)
    for method, path, _ in audited_operations(description):
        address = "/".join(nobody if part.startswith("{") else part for part in path.split("/"))
        answer = audited.client().request(method, address, b"{}" if method not in SAFE else None)
        assert answer.status >= 300, f"{method} {path}: {answer}"
    assert entries(audited) == before


@pytest.mark.parametrize("form", ["jsonl", "csv"])
def test_an_export_is_checked_offline_without_any_setting(audited, form):
    owner = audited.sign_up(f"Export {form} Works")
    for number in range(20):
        owner.enrollment_token(f"token {number}")
    answer = owner.browser.get(f"/api/audit/export?format={form}")
    assert answer.status == 200, answer
    key = audited.client().get("/api/audit/key").json["publicKey"]
    file = audited.directory / f"trail.{form}"
    file.write_bytes(answer.body)
    told = run(PROGRAMS / "pulse", "admin", "audit", "verify", file, "--key", key, env={"PATH": "/usr/bin:/bin"})
    assert told.stdout.startswith("ok: ") and "22 entries, 1 to 22" in told.stdout, told.stdout

    file.write_bytes(answer.body.replace(b"enrollment_token.create", b"enrollment_token.revoke", 1))
    changed = run(PROGRAMS / "pulse", "admin", "audit", "verify", file, env={"PATH": "/usr/bin:/bin"}, check=False)
    assert changed.returncode == 1 and "is not what was written" in changed.stderr, changed.stderr

    file.write_bytes(answer.body)
    other = run(PROGRAMS / "pulse", "admin", "audit", "verify", file, "--key", "A" * 43, check=False)
    assert other.returncode == 1 and "is signed by the key" in other.stderr, other.stderr


def test_no_secret_reaches_an_entry(audited):
    owner = audited.sign_up("Canary Works")
    token = owner.enrollment_token("canary")["token"]
    text = repr(audited.database.rows("SELECT * FROM pulse.audit_entries"))
    for secret in (token, owner.password, owner.signup_token, owner.browser.csrf, *owner.browser.cookies.values()):
        if secret != owner.org:  # a cookie remembers the organisation; its id is no secret
            assert secret not in text
    assert owner.address not in text and owner.address not in repr(owner.browser.get("/api/audit").json)
