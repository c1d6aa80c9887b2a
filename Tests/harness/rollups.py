"""Roll-ups under kills: `pulse-bench rollups write` is killed at random moments until it comes to its end, then `check`
compares every sample and every roll-up of every tier with brute force over the same feed."""
import random
import re
import subprocess
import time

from harness.processes import PROGRAMS, plain_environment, run


def environment_of(database):
    return plain_environment(
        PULSE_ENV="development", PULSE_PUBLIC_URL="http://localhost:7655", PULSE_TEST_POSTGRES=database.superuser_url,
        **{key: url for key, url in database.urls.items() if key != "PULSE_OPERATOR_DATABASE_URL"})


def migrated(database):
    environment = environment_of(database)
    run(PROGRAMS / "pulse", "migrate", env={k: v for k, v in environment.items() if k != "PULSE_TEST_POSTGRES"})
    return environment


def play(environment, seed, minutes, kills, chance, life=(0.1, 0.8)):
    """Plays one feed to its end under at most so many kills. Returns how many there were, and where it began again."""
    command = [PROGRAMS / "pulse-bench", "rollups", "write", "--seed", str(seed), "--minutes", str(minutes)]
    done, resumed = 0, []
    while True:
        writer = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, text=True)
        resumed.append(int(writer.stdout.readline().split()[1]))
        if done < kills:
            try:
                writer.wait(chance.uniform(*life))  # the moment is what is tried
            except subprocess.TimeoutExpired:
                writer.kill()
                writer.communicate()
                done += 1
                continue
        told, complaint = writer.communicate(timeout=1200)
        assert writer.returncode == 0 and "finished" in told, complaint[-2000:]
        return done, resumed


def check(environment, seed, minutes):
    """(whether all is equal, {figure: value}, everything it printed)."""
    command = [PROGRAMS / "pulse-bench", "rollups", "check", "--seed", str(seed), "--minutes", str(minutes)]
    told = subprocess.run(command, env=environment, text=True, capture_output=True, timeout=1800, stdin=subprocess.DEVNULL)
    figures = {name: int(value) for name, value in re.findall(r"^([a-z_]+): (\d+) ", told.stdout, re.M)}
    return told.returncode == 0, figures, told.stdout + told.stderr
