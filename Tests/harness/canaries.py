"""Every secret that passes through a test is a canary: it is written down here, and when all stages are over none may be
found where secrets have no place: in a program's log, a metric, an error's body, an entry of the audit trail, a log of
PostgreSQL or one of its settings.

`python -m harness.canaries` is that last look. It fails as well when there is little to look for or little to look at."""
import json
import os
import pathlib
import re
import subprocess
import sys

from harness.processes import LOGS

KEPT = LOGS / "canaries"
EVIDENCE = LOGS / "evidence"
# What a member of this name carries is secret, in requests and in answers.
SECRET_MEMBERS = {
    "password", "currentPassword", "newPassword", "token", "secret", "csrfToken", "secretKey", "accessKey", "secretAccessKey",
    "enrollmentToken", "runtimeToken", "recoveryCode", "recoveryCodes", "totpSecret", "verifier", "passphrase", "sharedSecret"}
SECRET_SETTINGS = re.compile(r"SECRET|TOKEN|PASSWORD|_KEY$")
# Shorter ones turn up by chance; so do the words of a hostile test.
SHORTEST = 12


def keep(*secrets):
    """Writes them down. Workers share the file: one short write at its end is whole."""
    found = {one for one in secrets if isinstance(one, str) and len(one) >= SHORTEST and one.isascii() and one.isprintable()}
    if found:
        LOGS.mkdir(parents=True, exist_ok=True)
        with open(os.open(KEPT, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "a") as file:
            file.write("".join(one + "\n" for one in sorted(found)))


def keep_members(value):
    """The secrets in a JSON value, at any depth."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if name in SECRET_MEMBERS:
                keep(*(inner if isinstance(inner, list) else [inner]))
            keep_members(inner)
    elif isinstance(value, list):
        for inner in value:
            keep_members(inner)


def keep_settings(environment):
    """The secrets among a program's settings; of an address, its password."""
    for key, value in environment.items():
        if SECRET_SETTINGS.search(key):
            keep(value)
        keep(*re.findall(r"://[^/:@\s]*:([^/@\s]+)@", value))


def note(kind, text):
    """Something that must hold no secret, for the last look."""
    EVIDENCE.mkdir(parents=True, exist_ok=True)
    with open(EVIDENCE / f"{kind}.{os.getpid()}", "a", errors="backslashreplace") as file:
        file.write(text + "\n")


def watch(client, method, body, answer):
    """What a client said and heard."""
    keep(client.token, client.csrf, *(value for name, value in client.cookies.items() if "org" not in name))
    for data in (body, answer.body):
        if data and len(data) < 65_536:
            try:
                keep_members(json.loads(data))
            except (ValueError, RecursionError):
                pass
    if answer.status >= 400:
        note("errors", f"{method} {answer.status} {answer.body[:4096].decode(errors='backslashreplace')}")


def look(database):
    """The audit trail and the settings of a database whose program is about to end."""
    for name in ("audit_entries", "audit_people", "operator_log"):
        if database.value(f"SELECT to_regclass('pulse.{name}') IS NOT NULL") == "t":
            note("audit", "\n".join(row[0] for row in database.rows(f"SELECT t::text FROM pulse.{name} t")))
    note("settings", "\n".join(row[0] for row in database.rows(
        "SELECT s::text FROM pg_settings s WHERE name NOT LIKE 'ssl%' UNION ALL SELECT a::text FROM pg_stat_activity a")))


def places():
    """The programs' logs, PostgreSQL's, and what was noted. Not those of the stages, which are the tests' own words, nor of
    an estate: it prints the credentials that it hands out."""
    stages = ("format", "hygiene", "build", "warnings", "unit", "console", "browser", "system", "secrets")
    words = {f"{stage}{again}.log" for stage in stages for again in ("", "-again")}
    logs = [path for path in LOGS.glob("*.log") if path.name not in words and not path.name.startswith("estate-")]
    rooms = {os.environ[name] for name in ("PULSE_TEST_WORK", "PULSE_TEST_CLUSTERS") if name in os.environ}
    clusters = [path for room in rooms for path in pathlib.Path(room).glob("*/data/server.log")]
    return sorted([*logs, *clusters, *EVIDENCE.glob("*")])


def last_look():
    canaries = sorted(set(KEPT.read_text().split("\n")) - {""}) if KEPT.exists() else []
    where = places()
    kinds = {place.name.split(".")[0] for place in where if place.parent == EVIDENCE}
    print(f"secrets: {len(canaries)}\nplaces: {len(where)}, {sum(place.stat().st_size for place in where) / 1e6:.1f} MB")
    if len(canaries) < 100 or not {"errors", "audit", "metrics", "settings"} <= kinds:
        print(f"too little to look for or at; of evidence there is {sorted(kinds)}")
        return 1
    found = subprocess.run(["grep", "-a", "-o", "-n", "-F", "-H", "-f", KEPT, *where], capture_output=True, text=True, errors="replace", timeout=300)
    if found.returncode > 1:
        print(found.stderr)
        return 1
    hits = sorted(set(found.stdout.splitlines()))
    print("\n".join([*(f"a secret in {hit}" for hit in hits[:50]), f"canaries_found: {len(hits)}"]))
    return 1 if hits else 0


if __name__ == "__main__":
    sys.exit(last_look())
