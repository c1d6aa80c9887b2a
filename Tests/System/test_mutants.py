"""The mutants of `ops/prove mutants` still fit what they break, and a few of them are caught; the short form of it."""
import re

import pytest

from harness.database import Cluster
from harness.mutants import functions, sql, swift
from harness.mutants.suites import Suites
from harness.processes import PROGRAMS, ROOT, plain_environment, run

# What is broken, and who notices.
CAUGHT = [("policy tenant on sites shows all", "PulseAppTests.CatalogueTests"),
          ("a revoked token is admitted", "AccessTests.APITokenTests")]


@pytest.fixture(scope="module")
def migrated(cluster):
    database = cluster.database()
    run(PROGRAMS / "pulse", "migrate", env=plain_environment(
        PULSE_ENV="development", PULSE_PUBLIC_URL="http://localhost:7655",
        **{key: url for key, url in database.urls.items() if key != "PULSE_OPERATOR_DATABASE_URL"}))
    return database


def test_every_text_that_is_broken_stands_where_the_list_says(migrated):
    mutants = swift.load()
    assert len(mutants) >= 60
    assert {"Access", "Tenancy", "Identity", "Vault", "Audit", "HTTPKit", "Fleet", "Realtime", "Outbound",
            "TrustedIssuers"} <= {one.room for one in mutants}
    suites = "\n".join(path.read_text() for path in (ROOT / "Tests").glob("*Tests/*.swift"))
    for name in {suite.split(".")[1] for one in mutants for suite in one.tests}:
        assert re.search(rf"struct {name}\b", suites), f"there is no suite {name}"
    assert len(functions.of(migrated)) >= 40
    assert {one.name for one in mutants}.isdisjoint(one.name for one in functions.of(migrated))


def test_a_list_that_rots_is_refused(tmp_path):
    rotten = tmp_path / "swift.toml"
    rotten.write_text('[[mutant]]\nname = "a"\nfile = "Package.swift"\ntext = "nowhere to be found"\nbecomes = ""\ntests = []\n')
    with pytest.raises(ValueError, match="stands 0 times"):
        swift.load(rotten)


def test_a_sleeping_mutant_changes_nothing_but_itself():
    one = swift.SwiftMutant("m", "Sources/Base/Room/File.swift", "a && b", "true", ())
    told = swift.mutated("// Head.\nimport Kernel\nlet c = a && b\n", [one])
    assert 'let c = (mutantWakes("m") ? (true) : (a && b))' in told and told.index("import Glibc") < told.index("import Kernel")


def test_every_tenant_table_has_mutants_of_its_own(migrated):
    names = {one.name for one in sql.of(migrated)}
    tables = [row[0] for row in migrated.rows(
        "SELECT DISTINCT tablename FROM pg_policies p JOIN pg_class c ON c.relname = p.tablename AND NOT c.relispartition"
        " WHERE p.schemaname = 'pulse' AND p.policyname = 'tenant'")]
    assert len(tables) > 25
    for table in tables:
        for what in (f"policy tenant on {table} shows all", f"policy tenant on {table} dropped", f"no force row security on {table}"):
            assert what in names


@pytest.fixture(scope="module")
def own_cluster():
    """Unit tests give the roles passwords of their own, which belong to a whole cluster."""
    cluster = Cluster()
    yield cluster
    cluster.remove()


def psql(cluster, database, statement):
    uri = cluster.uri.rsplit("/", 1)[0] + "/" + database
    return run("psql", "-X", "-q", "-At", "-v", "ON_ERROR_STOP=1", "-d", uri, "-c", statement).stdout.strip()


@pytest.mark.parametrize("broken, suite", CAUGHT)
def test_what_is_broken_is_noticed(migrated, own_cluster, broken, suite):
    mutants = {one.name: one for one in [*sql.of(migrated), *functions.of(migrated)]}
    suites = Suites(PROGRAMS / "pulsePackageTests.xctest", own_cluster.uri)
    whole, told = suites.suite(suite, 300)
    assert whole == "passed", told
    template = psql(own_cluster, "postgres", "SELECT datname FROM pg_database WHERE datname LIKE 'pulse\\_template\\_%'")
    psql(own_cluster, "postgres", f"CREATE DATABASE broken TEMPLATE {template} STRATEGY FILE_COPY")
    try:
        psql(own_cluster, "broken", mutants[broken].statement)
        outcome, told = suites.suite(suite, 300, PULSE_TEST_TEMPLATE="broken")
        assert outcome == "failed", told
    finally:
        psql(own_cluster, "postgres", "DROP DATABASE broken WITH (FORCE)")
