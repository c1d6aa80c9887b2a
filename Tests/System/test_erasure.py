"""An organisation is erased for real: keys shredded, rows gone from every table, nobody and nothing let in any more, with a
certificate that anybody can check; and an earlier database does not bring it back."""
import base64
import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from harness.agents import ScriptedAgent
from harness.processes import eventually
from harness.server import Server
from test_access import ended, view

TENANT_TABLES = """
    SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'org_id' AND a.attnotnull
    WHERE c.relnamespace = 'pulse'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition ORDER BY 1"""


@pytest.fixture(scope="module")
def erasing(cluster, tmp_path_factory):
    ledger = tmp_path_factory.mktemp("ledger") / "erasures.jsonl"
    server = Server(cluster.database(), "erasing", PULSE_ERASURE_LEDGER=ledger, PULSE_BACKUP_HORIZON_DAYS="14")
    server.ledger = ledger
    server.start()
    yield server
    server.stop()


def rows(server, org):
    """Rows of an organisation by table."""
    tables = [row[0] for row in server.database.rows(TENANT_TABLES)]
    counts = server.database.rows(
        " UNION ALL ".join(f"SELECT '{table}', count(*)::text FROM pulse.{table} WHERE org_id = '{org}'" for table in tables))
    return {name: int(count) for name, count in counts if int(count)}


def live_organisation(server, name):
    """With a machine that reports, a site, a token, a sealed secret, an audit trail."""
    owner = server.sign_up(name)
    agent = ScriptedAgent(server, hostname="erased-1")
    assert agent.enroll(owner.enrollment_token()["token"]).status == 200
    assert agent.send().status == 200
    owner.resource("erased-1")
    assert owner.browser.post("/api/sites", {"name": "Bremen"}).status == 201
    token = owner.browser.post("/api/security/tokens", {"name": "t", "scopes": ["monitoring:read"]}).json["token"]
    stream = {"name": "siem", "kind": "webhook", "address": "https://siem.example.com/pulse"}
    assert owner.browser.post("/api/audit/streams", stream).status == 201
    return owner, agent, token


def erase(server, owner):
    """Asks for deletion, and lets its time be over."""
    detail = owner.browser.request("DELETE", f"/api/orgs/{owner.org}", {"retentionDays": 1})
    assert detail.status == 200, detail
    server.database.rows(f"UPDATE pulse.orgs SET delete_after = now() - interval '1 s' WHERE id = '{owner.org}'")
    server.stop()
    server.start()  # it looks for what is due when it begins
    gone = f"SELECT count(*) FROM pulse.orgs WHERE id = '{owner.org}' AND erased_at IS NOT NULL"
    eventually(lambda: server.database.value(gone) == "1", 30, "the organisation is erased", every=0.2)


def test_nothing_is_left_of_an_erased_organisation_but_its_certificate(erasing):
    owner, agent, token = live_organisation(erasing, "Erased Works")
    other, _, _ = live_organisation(erasing, "Staying Works")
    before = rows(erasing, owner.org)
    assert {"agents", "api_tokens", "audit_entries", "audit_streams", "data_keys", "members", "resources", "sites"} <= set(before)
    with view(erasing, owner.browser) as socket:
        assert owner.browser.request("DELETE", f"/api/orgs/{owner.org}", {"retentionDays": 1}).status == 200
        assert ended(socket, 4403) <= 1.0
    assert owner.browser.post(f"/api/orgs/{owner.org}/restore").status == 200
    erase(erasing, owner)

    left = rows(erasing, owner.org)
    assert set(left) == {"wrapping_keys"}, left
    assert erasing.database.value(
        f"SELECT count(*) FROM pulse.wrapping_keys WHERE org_id = '{owner.org}' AND state <> 'destroyed'") == "0"
    assert erasing.database.value(f"SELECT name || slug FROM pulse.orgs WHERE id = '{owner.org}'").startswith("erased")
    assert rows(erasing, other.org)["audit_streams"] == 1

    assert owner.browser.get(f"/api/orgs/{owner.org}").status == 404
    assert owner.browser.get("/api/me").json["organization"] is None
    assert erasing.client(token).get("/api/resources").slug == "invalid-token"
    assert agent.send().status == 401

    told = erasing.client().get(f"/api/erasure-certificates/{owner.org}").json
    key = Ed25519PublicKey.from_public_bytes(base64.urlsafe_b64decode(told["publicKey"] + "=="))
    key.verify(base64.urlsafe_b64decode(told["signature"] + "=="), told["certificate"].encode())
    certificate = json.loads(told["certificate"])
    assert certificate["organization"] == owner.org and certificate["keysDestroyed"] is True
    assert certificate["backupHorizonDays"] == 14
    assert "Erased Works" not in told["certificate"] and owner.address not in told["certificate"]
    assert set(before) - {"wrapping_keys", "data_keys"} <= set(certificate["rowsErased"]), certificate
    assert owner.org in erasing.ledger.read_text()


def test_an_earlier_database_does_not_bring_an_erased_organisation_back(erasing):
    owner, _, _ = live_organisation(erasing, "Backup Works")
    database, org = erasing.database, owner.org
    kept = ["orgs", "members", "sites", "wrapping_keys", "data_keys"]
    for table in kept:
        column = "id" if table == "orgs" else "org_id"
        database.rows(f"CREATE TABLE public.earlier_{table} AS SELECT * FROM pulse.{table} WHERE {column} = '{org}'")
    erase(erasing, owner)
    # As a restore of the earlier backup would leave it: the rows are back, the erasure is forgotten by the database.
    erasing.stop()
    database.rows("DELETE FROM pulse.erasure_ledger")
    database.rows(f"DELETE FROM pulse.erasure_certificates WHERE erased_org = '{org}'")
    database.rows(f"DELETE FROM pulse.wrapping_keys WHERE org_id = '{org}'")
    database.rows("UPDATE pulse.orgs o SET state = e.state, name = e.name, slug = e.slug, erased_at = NULL,"
                  " delete_after = NULL FROM public.earlier_orgs e WHERE e.id = o.id")
    for table in kept[1:]:
        database.rows(f"INSERT INTO pulse.{table} SELECT * FROM public.earlier_{table}")
    assert database.value(f"SELECT state FROM pulse.orgs WHERE id = '{org}'") == "active"
    erasing.start()
    assert owner.browser.get(f"/api/orgs/{org}").status == 404
    gone = f"SELECT count(*) FROM pulse.orgs WHERE id = '{org}' AND erased_at IS NOT NULL AND state = 'deleted'"
    eventually(lambda: database.value(gone) == "1", 30, "the organisation is erased again", every=0.2)
    assert set(rows(erasing, org)) <= {"wrapping_keys"}
    assert database.value(
        f"SELECT count(*) FROM pulse.wrapping_keys WHERE org_id = '{org}' AND state <> 'destroyed'") == "0"
