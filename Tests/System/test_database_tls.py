"""PostgreSQL over TLS: every connection is encrypted and its certificate checked, or there is none."""
import os
import subprocess

import pytest

from harness.database import Cluster
from harness.processes import PROGRAMS, Process, eventually
from harness.server import Server


@pytest.fixture(scope="module")
def cluster():
    cluster = Cluster()
    yield cluster
    cluster.remove()


def authority(directory, name):
    """A certificate authority and a key for 127.0.0.1 that it signed."""
    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], cwd=directory, check=True, capture_output=True, timeout=30)
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
            "-subj", f"/CN={name} test authority", "-keyout", f"{name}.ca.key", "-out", f"{name}.ca.crt")
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=127.0.0.1",
            "-keyout", f"{name}.key", "-out", f"{name}.csr")
    (directory / f"{name}.ext").write_text("subjectAltName = IP:127.0.0.1\n")
    openssl("x509", "-req", "-in", f"{name}.csr", "-CA", f"{name}.ca.crt", "-CAkey", f"{name}.ca.key", "-CAcreateserial",
            "-days", "2", "-extfile", f"{name}.ext", "-out", f"{name}.crt")
    return directory / f"{name}.ca.crt"


def encrypt(cluster, database, directory, name):
    """The cluster takes the key and refuses plain connections of ours."""
    data = cluster.directory / "data"
    owner = data.stat()
    for suffix, target in (("crt", "server.crt"), ("key", "server.key")):
        path = data / target
        path.write_bytes((directory / f"{name}.{suffix}").read_bytes())
        path.chmod(0o600)
        if os.geteuid() == 0:
            os.chown(path, owner.st_uid, owner.st_gid)
    database.rows("ALTER SYSTEM SET ssl = on")
    database.rows("SELECT pg_reload_conf()")


def with_tls(urls, root):
    return {key: f"{url}?sslmode=verify-full&sslrootcert={root}" for key, url in urls.items()}


def test_every_connection_is_encrypted_and_survives_a_restart(cluster, tmp_path):
    root = authority(tmp_path, "ours")
    tmp_path.chmod(0o755)
    database = cluster.database()
    encrypt(cluster, database, tmp_path, "ours")
    database.urls = with_tls(database.urls, root)
    server = Server(database, "database-tls").start()
    try:
        plain = "SELECT count(*) FILTER (WHERE NOT s.ssl), count(*) FROM pg_stat_ssl s JOIN pg_stat_activity a USING (pid) WHERE a.usename LIKE 'pulse%'"
        for _ in range(2):
            unencrypted, all_of_them = map(int, database.rows(plain)[0])
            assert unencrypted == 0 and all_of_them >= 4
            cluster.restart()
            server.wait_ready(15)
    finally:
        server.stop()


def test_a_certificate_of_a_stranger_is_no_database(cluster, tmp_path):
    authority(tmp_path, "ours")
    authority(tmp_path, "theirs")
    tmp_path.chmod(0o755)
    database = cluster.database()
    server = Server(database, "database-stranger")
    encrypt(cluster, database, tmp_path, "ours")
    server.environment.update(with_tls(server.database.urls, tmp_path / "theirs.ca.crt"))
    server.environment.pop("PULSE_OPERATOR_DATABASE_URL", None)
    server.process = Process(server.name, PROGRAMS / "pulse", "up", env=server.environment)
    try:
        eventually(lambda: "certificate verify failed" in server.process.tail(), 15, "the log says why")
        eventually(lambda: server.admin_client().get("/readyz").status == 503, 15, "readiness is red")
    finally:
        server.stop()
