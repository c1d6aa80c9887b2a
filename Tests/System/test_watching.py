"""Pulse can be watched: metrics that Prometheus likes, health that tells the truth, logs that keep secrets."""
import json
import pathlib
import re
import subprocess
import urllib.request

from harness.agents import ScriptedAgent
from harness.database import Cluster
from harness.processes import LOGS, Process, eventually, free_port, plain_environment, work_directory
from harness.server import Server


def test_promtool_has_nothing_to_say_about_the_metrics(server, ours):
    agent = ScriptedAgent(server)
    agent.enroll(ours.enrollment_token()["token"])
    agent.send()
    answer = server.admin_client().get("/metrics", headers={"Accept": "text/plain"})
    assert answer.status == 200 and answer.header("content-type").startswith("text/plain")
    done = subprocess.run(["promtool", "check", "metrics"], input=answer.body, capture_output=True, timeout=30)
    assert done.returncode == 0 and not done.stdout + done.stderr, (done.stdout + done.stderr).decode()
    assert b"pulse_" in answer.body


def test_the_program_takes_its_memory_from_the_allocator_it_was_linked_with(server):
    lines = server.admin_client().get("/metrics").body.decode().splitlines()
    held = {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines if line.startswith("pulse_allocator_"))}
    # Absent where another allocator stands before it.
    assert 1e6 < held["pulse_allocator_allocated_bytes"] <= held["pulse_allocator_active_bytes"], held


def test_labels_name_no_organisation_host_or_address(server, ours):
    text = server.admin_client().get("/metrics").body.decode()
    for secret in (ours.org, ours.user, ours.address, "secret-host"):
        assert secret not in text


def test_a_real_prometheus_scrapes_it(server):
    directory = work_directory("prometheus")
    port = free_port()
    (directory / "prometheus.yml").write_text(json.dumps({
        "global": {"scrape_interval": "1s"},
        "scrape_configs": [{"job_name": "pulse", "static_configs": [{"targets": [server.admin.removeprefix("http://")]}]}]}))
    prometheus = Process("prometheus", "prometheus", f"--config.file={directory}/prometheus.yml",
                         f"--storage.tsdb.path={directory}/data", f"--web.listen-address=127.0.0.1:{port}",
                         "--web.console.templates=/usr/share/prometheus/consoles",
                         "--web.console.libraries=/usr/share/prometheus/console_libraries", env=plain_environment())
    try:
        def ask(query):
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/query?query={query}", timeout=5) as answer:
                return json.load(answer)["data"]["result"]
        up = eventually(lambda: [r for r in ask("up") if r["value"][1] == "1"], 20, "the target is up")
        assert up[0]["metric"]["job"] == "pulse"
        assert ask('count({__name__=~"pulse_.*"})')[0]["value"][1] != "0"
    finally:
        prometheus.end()


def test_the_admin_listener_serves_nothing_else_and_the_public_one_no_metrics(server):
    assert server.client().get("/metrics").status != 200 or b"# TYPE" not in server.client().get("/metrics").body
    assert server.client().get("/readyz").body != server.admin_client().get("/readyz").body
    assert server.admin_client().get("/api/resources").status == 404


def test_public_health_says_status_and_version_only(server):
    assert set(server.client().get("/api/health").json) == {"status", "version"}


def test_the_log_keeps_tokens_passwords_and_bodies_to_itself(server, ours):
    agent = ScriptedAgent(server)
    token = ours.enrollment_token()["token"]
    agent.enroll(token)
    agent.send()
    server.client().get(f"/api/public/magic-link/verify?token=ml1_{'q' * 43}")
    text = (LOGS / f"{server.name}.log").read_text()
    for secret in (token, agent.client.token, ours.password, ours.signup_token, ours.browser.csrf, "q" * 43,
                   *[value for name, value in ours.browser.cookies.items() if name != "pulse_org_id"],
                   *[url for key, url in server.environment.items() if key.endswith("DATABASE_URL")]):
        assert secret not in text
    assert server.log_lines()


def test_the_program_leaves_no_core_whatever_the_machine_does_with_cores(server):
    limits = pathlib.Path(f"/proc/{server.process.pid}/limits").read_text()
    assert re.search(r"Max core file size +0 +0 +bytes", limits)
    # A process that may not be dumped belongs to root in /proc, whoever runs it.
    assert pathlib.Path(f"/proc/{server.process.pid}/environ").stat().st_uid == 0


def test_production_without_mail_or_with_nonsense_refuses_to_start_and_says_why(server):
    cases = [({"PULSE_ENV": "production", "PULSE_PUBLIC_URL": "https://pulse.example.com",
               "PULSE_MAIL_FROM": "pulse@example.com"}, "PULSE_SMTP_URL"),
             ({"PULSE_LISTEN": "nowhere"}, "PULSE_LISTEN"), ({"PULSE_ENV": "staging"}, "PULSE_ENV"),
             ({"PULSE_DATABASE_CONNECTIONS": "many"}, "PULSE_DATABASE_CONNECTIONS"), ({"PULSE_SECRET_KEY": "short"}, "PULSE_SECRET_KEY"),
             ({"PULSE_LOG_LEVEL": "loud"}, "PULSE_LOG_LEVEL"), ({"PULSE_PUBLIC_URL": "ftp://x"}, "PULSE_PUBLIC_URL")]
    from harness.processes import PROGRAMS
    for settings, key in cases:
        done = subprocess.run([PROGRAMS / "pulse", "up"], env={**server.environment, **settings}, text=True,
                              capture_output=True, timeout=20, stdin=subprocess.DEVNULL)
        assert done.returncode not in (0, -4, -5, -6, -11), f"{settings}: {done.returncode}"
        assert key in done.stdout + done.stderr, f"{settings}: {done.stderr}"
        assert server.environment["PULSE_SECRET_KEY"] not in done.stdout + done.stderr


def test_a_role_that_row_level_security_does_not_bind_ends_the_program(server):
    from harness.processes import PROGRAMS
    settings = {**server.environment, "PULSE_LISTEN": "127.0.0.1:0", "PULSE_ADMIN_LISTEN": "127.0.0.1:0",
                "PULSE_DATABASE_URL": server.database.superuser_url}
    settings.pop("PULSE_OPERATOR_LISTEN", None)
    done = subprocess.run([PROGRAMS / "pulse", "up"], env=settings, text=True, capture_output=True, timeout=30,
                          stdin=subprocess.DEVNULL)
    assert done.returncode == 78, done.stderr
    assert "BYPASSRLS" in done.stderr and settings["PULSE_DATABASE_URL"] not in done.stdout + done.stderr


def test_an_unreachable_database_at_the_start_is_red_readiness_and_not_a_crash_loop():
    cluster = Cluster()
    try:
        server = Server(cluster.database(), "late-database")
        cluster.stop()
        from harness.processes import PROGRAMS
        server.process = Process(server.name, PROGRAMS / "pulse", "up", env=server.environment)
        eventually(lambda: server.admin_client().get("/livez").status == 200, 15, "it lives without a database")
        assert server.admin_client().get("/readyz").status == 503
        assert server.client().get("/api/health").status in (200, 503)
        cluster.start()
        server.wait_ready(15)
        server.stop()
    finally:
        cluster.remove()
