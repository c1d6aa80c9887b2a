"""The isolation prover, run against a database of its own."""
import re
import subprocess

from harness.processes import PROGRAMS, plain_environment, run


def run_isolation(database, probes, pairs, seed, program=None, seconds=600):
    """(exit code, {figure: value}, everything it printed)."""
    environment = plain_environment(
        PULSE_ENV="development", PULSE_PUBLIC_URL="http://localhost:7655", PULSE_TEST_POSTGRES=database.superuser_url,
        **database.urls)
    migrating = {key: value for key, value in environment.items()
                 if key not in ("PULSE_TEST_POSTGRES", "PULSE_OPERATOR_DATABASE_URL")}
    run(PROGRAMS / "pulse", "migrate", env=migrating)
    done = subprocess.run(
        [program or PROGRAMS / "pulse-bench", "isolation", "--probes", str(probes), "--pairs", str(pairs), "--seed", str(seed)],
        env=environment, text=True, capture_output=True, timeout=seconds, stdin=subprocess.DEVNULL)
    figures = {name: float(value) for name, value in re.findall(r"^([a-z_]+): ([\d.]+)", done.stdout, re.M)}
    return done.returncode, figures, done.stdout + done.stderr
