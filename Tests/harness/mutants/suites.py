"""The built unit tests as a program that is run suite by suite, and which suite uses what of the database."""
import collections
import json
import os
import re
import subprocess
import time

from harness.processes import ROOT


class Suites:
    """`binary`: the one program that holds every Swift test."""

    def __init__(self, binary, postgres, **environment):
        self.binary = binary
        self.environment = {**{key: value for key, value in os.environ.items() if not key.startswith("PULSE_")},
                            "PULSE_TEST_POSTGRES": postgres, **environment}

    def all(self):
        """`Room.Suite` of every test there is, sorted."""
        told = subprocess.run([self.binary, "--testing-library", "swift-testing", "--list-tests"], cwd=ROOT, text=True,
                              capture_output=True, timeout=120, env=self.environment, check=True).stdout
        return sorted({line.split("/")[0] for line in told.splitlines() if "/" in line})

    def run(self, pattern, seconds, **environment):
        """('passed' | 'failed' | 'crashed' | 'timed out' | 'no test', what it said)."""
        command = [self.binary, "--testing-library", "swift-testing", "--filter", pattern]
        try:
            done = subprocess.run(command, cwd=ROOT, text=True, capture_output=True, timeout=seconds, errors="replace",
                                  stdin=subprocess.DEVNULL, env={**self.environment, **environment})
        except subprocess.TimeoutExpired:
            return "timed out", ""
        told = done.stdout + done.stderr
        if re.search(r"Test run with 0 tests|No matching test", told):
            return "no test", told
        if done.returncode == 0:
            return "passed", told
        return ("failed" if re.search(r"Test run with \d+ tests? .*failed", told) else "crashed"), told

    def suite(self, name, seconds, **environment):
        return self.run(f"^{re.escape(name)}/", seconds, **environment)

    def must_pass(self, name, when, seconds=300, **environment):
        """Twice, for a machine that has other things to do. - Raises RuntimeError with what it said."""
        for _ in range(2):
            outcome, told = self.suite(name, seconds, **environment)
            if outcome == "passed":
                return
        raise RuntimeError(f"{name} must pass {when}, and {outcome}:\n{told[-3000:]}")


def first_failure(told):
    """The first test that failed, by what it says."""
    found = re.search(r'Test ("[^\n]*?"|[\w()]+) (?:with .*?)?(?:recorded an issue|failed)', told)
    return found.group(1).strip('"') if found else None


class Usage:
    """Which suites say the name of a table or function, directly or through a function of the database."""

    def __init__(self, seconds, statements):
        self.seconds = seconds        # {suite: how long it takes}
        self.statements = statements  # {suite: {statement}}

    @classmethod
    def learn(cls, suites, cluster, database, kept):
        """Runs every suite once, with the server writing down each statement. `kept`: a file that remembers it, suite by suite,
        so that a run that was ended goes on where it was."""
        seconds, statements = {}, {}
        for line in kept.read_text().splitlines() if kept.exists() else []:
            one = json.loads(line)
            seconds[one["suite"]], statements[one["suite"]] = one["seconds"], set(one["statements"])
        unknown = [name for name in suites.all() if name not in seconds]
        if not unknown:
            return cls(seconds, statements)
        print(f"usage: {len(unknown)} suites to run once", flush=True)
        log = cluster.directory / "data/server.log"
        database.rows("ALTER SYSTEM SET log_statement = 'all'; SELECT pg_reload_conf()".split(";")[0])
        database.rows("SELECT pg_reload_conf()")
        functions = {name: set(re.findall(r"\w+", body.lower())) for name, body in database.rows(
            "SELECT proname, string_agg(prosrc, ' ') FROM pg_proc WHERE pronamespace = 'pulse'::regnamespace GROUP BY 1")}
        bodies = dict(database.rows(
            "SELECT proname, string_agg(prosrc, ' ') FROM pg_proc WHERE pronamespace = 'pulse'::regnamespace GROUP BY 1"))
        for name in unknown:
            offset, began = log.stat().st_size, time.monotonic()
            suites.must_pass(name, "before anything is broken")
            seconds[name] = round(time.monotonic() - began, 2)
            with open(log, errors="replace") as lines:
                lines.seek(offset)
                said = {re.sub(r"\s+", " ", one).lower()
                        for one in re.findall(r"(?:execute [^:]*|statement): ((?:.|\n)*?)(?=\n\d{4}-\d\d-\d\d |\Z)", lines.read())}
            said = {one for one in said if not one.startswith(("create database", "drop database"))}
            # What functions do inside is not written down: their bodies count as said, and those of the ones they call.
            reached, fresh = set(), {word for one in said for word in re.findall(r"\w+", one)} & functions.keys()
            while fresh:
                reached |= fresh
                fresh = {word for one in fresh for word in functions[one]} & functions.keys() - reached
            statements[name] = said | {re.sub(r"\s+", " ", bodies[one]).lower() for one in reached}
            with open(kept, "a") as lines:
                lines.write(json.dumps({"suite": name, "seconds": seconds[name], "statements": sorted(statements[name])}) + "\n")
        database.rows("ALTER SYSTEM RESET log_statement")
        database.rows("SELECT pg_reload_conf()")
        return cls(seconds, statements)

    def patience(self, suite):
        """Seconds after which a suite hangs, on a machine that has other things to do."""
        return 30 + 15 * self.seconds.get(suite, 10)

    def likely(self, mutant):
        """Suites that use what was broken: those with the telling words in one statement first, the quick before the slow."""
        rank = collections.defaultdict(int)
        for suite, said in self.statements.items():
            for one in said:
                words = set(re.findall(r"\w+", one))
                if words & set(mutant.objects):
                    rank[suite] = max(rank[suite], 1 + sum(word in words for word in mutant.words))
        return sorted(rank, key=lambda suite: (-rank[suite], self.seconds[suite]))
