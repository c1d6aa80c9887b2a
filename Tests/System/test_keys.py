"""Encryption keys on the real programs: the installation's keys rotate under a person's authenticator secret, and a key
that an organisation has brought and revoked is told in the API."""
import pytest

from harness.keys import Transit
from harness.seconds import time_code
from harness.processes import LOGS, PROGRAMS, eventually, run
from harness.server import Server


@pytest.fixture(scope="module")
def transit():
    transit = Transit()
    yield transit
    transit.stop()


@pytest.fixture(scope="module")
def keyed(cluster, transit):
    server = Server(cluster.database(), "keyed", **transit.settings)
    server.start()
    yield server
    server.stop()


def test_the_installations_keys_rotate_while_the_program_runs(keyed):
    owner = keyed.sign_up("Rotating Works")
    secret = owner.browser.post("/api/security/totp").json["secret"]
    assert owner.browser.post("/api/security/totp/confirm", {"code": time_code(secret)}).status < 300
    before = keyed.database.value("SELECT substring(secret FROM 2 FOR 16)::text FROM pulse.totp_secrets")
    told = run(PROGRAMS / "pulse", "admin", "rotate-keys", "--all", env=keyed.environment).stdout
    assert "under way already: 0" in told
    again = run(PROGRAMS / "pulse", "admin", "rotate-keys", "--installation", env=keyed.environment).stdout
    assert "rotations begun: 0, under way already: 1" in again
    eventually(lambda: keyed.database.value("SELECT count(*) FROM pulse.key_rotations WHERE state <> 'done'") == "0", 60,
               "the rotations are done", every=0.5)
    after = keyed.database.value("SELECT substring(secret FROM 2 FOR 16)::text FROM pulse.totp_secrets")
    assert after != before
    assert keyed.database.value("SELECT count(*) FROM pulse.data_keys WHERE state = 'retiring'") == "0"
    first = keyed.client().post("/api/login", {"username": owner.address, "password": owner.password})
    body = {"challenge": first.json["challenge"], "code": time_code(secret, ahead=1)}
    assert keyed.client().post("/api/login/second-factor", body).status == 200
    assert secret not in (LOGS / "keyed.log").read_text()


def test_an_own_key_is_shown_and_its_revocation_told(keyed, transit):
    owner = keyed.sign_up("Own Key Works")
    transit.create("own-key-works")
    shown = owner.browser.request("PUT", "/api/security/keys/own", {"provider": "transit", "reference": "own-key-works"})
    assert shown.status == 200, shown
    assert shown.json["wrappingKey"]["isOwn"] and shown.json["wrappingKey"]["reference"] == "own-key-works"
    transit.order(do="revoke")
    refused = owner.browser.request("DELETE", "/api/security/keys/own")
    assert (refused.status, refused.json["code"]) == (503, "key_unavailable"), refused
    transit.order(do="restore")
    back = owner.browser.request("DELETE", "/api/security/keys/own")
    assert back.status == 200 and not back.json["wrappingKey"]["isOwn"], back
    assert transit.token not in (LOGS / "keyed.log").read_text()


def test_a_shell_that_says_nothing_or_two_things_is_told_what_is_wanted(keyed):
    for words in ([], ["--all", "--installation"], ["--org", "nobody"], ["--all", "--kind", "every"]):
        done = run(PROGRAMS / "pulse", "admin", "rotate-keys", *words, env=keyed.environment, check=False)
        assert done.returncode == 1 and "A field is not valid" in done.stderr, done.stderr
