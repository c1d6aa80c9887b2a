"""What the database itself refuses, asked with psql and not through Pulse."""
import pytest

from harness.agents import ScriptedAgent

TABLES = """
SELECT c.oid::regclass::text, c.relrowsecurity, c.relforcerowsecurity, c.relispartition,
       has_table_privilege('pulse_app', c.oid, 'SELECT'),
       has_any_column_privilege('pulse_app', c.oid, 'SELECT'),
       EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'org_id' AND NOT a.attisdropped)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = 'pulse' AND c.relkind IN ('r', 'p') ORDER BY 1
"""


@pytest.fixture(scope="module")
def tables(server, ours):
    """name: [row security, forced, partition, app may select, has org_id], with rows in them."""
    agent = ScriptedAgent(server)
    agent.enroll(ours.enrollment_token()["token"])
    assert agent.send().status == 200
    ours.resource(agent.hostname)
    return {name: [cell == "t" for cell in rest] for name, *rest in server.database.rows(TABLES)}


def test_there_is_something_to_hide(server, tables):
    filled = [name for name, (*_, tenant) in tables.items()
              if tenant and int(server.database.value(f"SELECT count(*) FROM {name}"))]
    assert {"members", "resources"} <= {name.split(".")[-1] for name in filled}, filled


def test_without_an_organisation_the_app_role_sees_no_row_in_any_table_or_partition(server, tables):
    seen = {}
    for name in tables:
        try:
            seen[name] = int(server.database.value(f"SELECT count(*) FROM {name}", role="app"))
        except RuntimeError as refused:
            assert "permission denied" in str(refused)
    assert seen, "the app role reads no table at all"
    assert {name: rows for name, rows in seen.items() if rows} == {}


def test_with_an_organisation_it_sees_that_one_alone(server, tables, ours, theirs):
    for name, (*_, may_select, _, tenant) in tables.items():
        if not (tenant and may_select):
            continue
        rows = server.database.rows(
            f"BEGIN; SELECT set_config('pulse.org_id', '{ours.org}', true) IS NULL; "
            f"SELECT DISTINCT org_id FROM {name}; COMMIT", role="app")
        assert {row[0] for row in rows[1:]} <= {ours.org}, name


def test_every_tenant_table_forces_its_policy_and_no_partition_is_granted(tables):
    for name, (secured, forced, partition, may_select, may_select_column, tenant) in tables.items():
        if partition:
            assert not may_select and not may_select_column, f"{name} can be read around its parent's policy"
        elif tenant:
            assert secured and forced, f"{name} does not force row-level security"


def test_the_app_role_can_become_nobody_else_and_own_nothing(server):
    refusals = ["SET ROLE pulse_owner", "SET ROLE pulse_migrator", "SET ROLE pulse_lookup", "SET ROLE pulse_identity",
                "CREATE TABLE pulse.mine (a int)", "CREATE TABLE public.mine (a int)", "CREATE SCHEMA mine",
                "ALTER TABLE pulse.members DISABLE ROW LEVEL SECURITY", "DROP TABLE pulse.members",
                "SELECT * FROM pulse.users", "SELECT * FROM pulse.sessions", "SELECT pg_read_file('/etc/passwd')",
                "COPY (SELECT 1) TO PROGRAM 'true'"]
    for statement in refusals:
        with pytest.raises(RuntimeError, match="permission denied|must be owner|must be superuser"):
            server.database.rows(statement, role="app")


def test_the_serving_roles_are_neither_superusers_nor_exempt(server):
    rows = server.database.rows("SELECT rolname, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb FROM pg_roles "
                                "WHERE rolname LIKE 'pulse%'")
    assert len(rows) == 7
    assert all(row[1:] == ["f", "f", "f", "f"] for row in rows), rows


def test_migrating_again_changes_nothing(server):
    from harness.processes import PROGRAMS, run
    before = server.database.rows("SELECT count(*) FROM pg_class")
    run(PROGRAMS / "pulse", "migrate", env=server.environment)
    assert server.database.rows("SELECT count(*) FROM pg_class") == before
