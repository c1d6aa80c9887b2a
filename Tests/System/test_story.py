"""From a sign-up to this very machine on screen, on the real programs."""
import re
import socket
import time

from harness.agents import RealAgent
from harness.processes import eventually


def test_a_sign_up_answers_alike_whoever_asks(server, ours):
    stranger = server.client()
    fresh = stranger.post("/api/public/signup", {"email": "fresh@example.com", "org_name": "Fresh"})
    known = stranger.post("/api/public/signup", {"email": ours.address, "organizationName": "Fresh"})
    assert (fresh.status, fresh.json) == (known.status, known.json) == (202, fresh.json)


def test_the_mail_link_says_what_it_will_make_and_works_once(server):
    owner = server.sign_up("Link Works")
    again = server.client().post("/api/public/signup/complete", {"token": owner.signup_token, "password": "another long one 8"})
    assert again.status == 400 and again.slug, again
    check = server.client().post("/api/public/signup/check", {"token": owner.signup_token})
    assert check.slug == again.slug, check


def test_who_signs_up_owns_an_organisation_and_can_log_in_again(server):
    owner = server.sign_up("Login Works")
    me = owner.browser.get("/api/me").json
    assert me["user"]["email"] == owner.address
    assert me["organization"] == {**me["organization"], "id": owner.org, "role": "owner", "displayName": "Login Works"}
    assert re.fullmatch(r"[a-z0-9-]{3,40}", me["organization"]["slug"])

    other = server.client()
    other.login(owner.address, owner.password)
    assert other.get("/api/me").json["organization"]["id"] == owner.org
    assert len(owner.browser.get("/api/sessions").json["data"]) == 2

    revoked = owner.browser.post("/api/sessions/revoke-others")
    assert revoked.status == 200 and revoked.json["revoked"] == 1
    assert other.get("/api/me").status == 401


def test_a_magic_link_signs_in_once(server):
    owner = server.sign_up("Magic Works")
    mails = len(server.mails(owner.address))
    assert server.client().post("/api/public/magic-link/request", {"email": owner.address}).status == 200
    token = server.mailed_token(owner.address, "ml1", after=mails)
    browser = server.client()
    arrived = browser.get(f"/api/public/magic-link/verify?token={token}")
    assert arrived.status == 200 and arrived.json["orgId"] == owner.org, arrived
    assert browser.get("/api/me").json["user"]["email"] == owner.address
    assert server.client().get(f"/api/public/magic-link/verify?token={token}").slug == "invalid-magic-link"


def test_logging_out_ends_the_session_at_once(server):
    owner = server.sign_up("Logout Works")
    cookies = dict(owner.browser.cookies)
    assert owner.browser.post("/api/logout").status == 200
    owner.browser.cookies = cookies
    assert owner.browser.get("/api/me").status == 401


def test_a_cookie_alone_changes_nothing(server, ours):
    without = server.client()
    without.cookies = dict(ours.browser.cookies)
    refused = without.post("/api/orgs", {"displayName": "By Another Site"})
    assert refused.status == 403 and refused.slug, refused


def test_this_machine_is_on_screen_within_fifteen_seconds_of_its_enrolment(server):
    owner = server.sign_up("Machine Works")
    agent = RealAgent(server, "story-agent")
    agent.enroll(owner.enrollment_token()["token"])
    began = time.monotonic()
    agent.start()
    try:
        machine = owner.resource(socket.gethostname(), seconds=15)
        assert time.monotonic() - began < 15
        assert machine["type"] == "agent" and machine["sources"] == ["agent"]

        memory = {line.split(":")[0]: int(line.split()[1]) * 1024 for line in open("/proc/meminfo")}
        assert machine["metrics"]["memory"]["total"] == memory["MemTotal"]
        used = memory["MemTotal"] - memory["MemAvailable"]
        assert abs(machine["metrics"]["memory"]["used"] - used) < 0.2 * memory["MemTotal"]
        assert 0 < machine["uptime"] <= float(open("/proc/uptime").read().split()[0]) + 1

        # CPU needs two looks, ten seconds apart.
        def with_cpu():
            found = owner.resource(socket.gethostname())
            return "cpu" in found["metrics"] and found
        machine = eventually(with_cpu, 25, "the CPU is known")
        assert 0 <= machine["metrics"]["cpu"]["percent"] <= 100

        def points():
            return owner.history(machine["id"], "cpu")["points"]
        points = eventually(points, 15, "the history has a CPU point")
        assert all(0 <= point["value"] <= 100 for point in points)
        assert abs(points[-1]["timestamp"] / 1000 - time.time()) < 60

        listed = owner.browser.get("/api/agents").json["data"]
        assert [one["hostname"] for one in listed] == [socket.gethostname()]
    finally:
        agent.stop()
