"""PostgreSQL for tests: clusters made by `ops/cluster`, databases with our roles, and psql as any of them."""
import os
import subprocess
import uuid

from harness.processes import ROOT, run, work_directory


class Cluster:
    """A PostgreSQL of its own. `shared()` is the one that `ops/test` started; it is never stopped by a test."""

    def __init__(self, directory=None, kind="fast"):
        self.owned = directory is None
        self.directory = directory or work_directory("cluster", os.environ.get("PULSE_TEST_CLUSTERS"))
        self.uri = run(ROOT / "ops/cluster", "start", self.directory, kind).stdout.strip()

    @classmethod
    def shared(cls):
        directory = os.environ.get("PULSE_TEST_CLUSTER")
        return cls(directory) if directory else cls()

    def restart(self, mode="fast"):
        run(ROOT / "ops/cluster", "restart", self.directory, mode)

    def stop(self, mode="fast"):
        run(ROOT / "ops/cluster", "stop", self.directory, mode)

    def start(self):
        run(ROOT / "ops/cluster", "start", self.directory, "fast")

    def remove(self):
        if self.owned:
            run(ROOT / "ops/cluster", "remove", self.directory)

    def database(self, name=None):
        return Database(self, name or f"pulse_{uuid.uuid4().hex[:12]}")


class Database:
    """One database with Pulse's roles and schema; `urls` are the settings a program needs for it."""

    def __init__(self, cluster, name):
        self.cluster = cluster
        self.name = name
        told = run(ROOT / "ops/cluster", "database", cluster.directory, name).stdout
        self.urls = dict(line.split("=", 1) for line in told.split())

    @property
    def superuser_url(self):
        return self.cluster.uri.rsplit("/", 1)[0] + "/" + self.name

    def rows(self, sql, role="superuser"):
        """The rows of one statement as lists of strings, NULL as None."""
        uri = {
            "superuser": self.superuser_url,
            "app": self.urls["PULSE_DATABASE_URL"],
            "worker": self.urls["PULSE_WORKER_DATABASE_URL"],
            "owner": self.urls["PULSE_MIGRATION_DATABASE_URL"],
            "operator": self.urls["PULSE_OPERATOR_DATABASE_URL"],
        }[role]
        done = subprocess.run(
            ["psql", "-X", "-q", "-At", "-F", "\x1f", "-R", "\x1e", "-P", "null=\x15", "-v", "ON_ERROR_STOP=1", "-d", uri],
            input=sql, text=True, capture_output=True, timeout=60)
        if done.returncode != 0:
            raise RuntimeError(done.stderr.strip())
        body = done.stdout.removesuffix("\n").removesuffix("\x1e")
        return [[None if cell == "\x15" else cell for cell in row.split("\x1f")] for row in body.split("\x1e")] if body else []

    def value(self, sql, role="superuser"):
        return self.rows(sql, role)[0][0]
