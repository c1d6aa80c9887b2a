"""The OpenAPI document is valid, true, and agrees with the handbook."""
import json
import re
import subprocess
import sys

import openapi_spec_validator
import pytest

from harness.client import Client
from harness.description import Description
from harness.processes import LOGS, PROGRAMS, ROOT

HANDBOOK = ROOT / "ops/handbook/problems.md"


@pytest.fixture(scope="module")
def description(server):
    return Description.of(server)


def test_it_is_valid_openapi_3_1(description):
    assert description.document["openapi"].startswith("3.1")
    openapi_spec_validator.validate(description.document)


def test_the_program_prints_it_without_any_setting(description):
    done = subprocess.run([PROGRAMS / "pulse", "openapi"], env={}, text=True, capture_output=True, timeout=20, stdin=subprocess.DEVNULL)
    assert done.returncode == 0 and json.loads(done.stdout)["paths"] == description.document["paths"]


def test_it_describes_what_the_wire_promises(description):
    described = {(method, path) for method, path, _ in description.operations()}
    for promised in [("GET", "/api/health"), ("GET", "/api/version"), ("POST", "/api/public/signup"), ("POST", "/api/login"),
                     ("GET", "/api/me"), ("GET", "/api/sessions"), ("GET", "/api/orgs"), ("GET", "/api/resources"),
                     ("GET", "/api/resources/{id}"), ("GET", "/api/resources/{id}/history"),
                     ("GET", "/api/metrics-store/history"), ("POST", "/api/agents/agent/report"),
                     ("POST", "/api/agents/agent/enroll"), ("POST", "/api/agents/agent/backfill"), ("GET", "/api/agents")]:
        assert promised in described


def test_every_operation_says_what_it_is_for(description):
    for method, path, operation in description.operations():
        assert operation.get("summary"), f"{method} {path}"
        assert operation["responses"], f"{method} {path}"


def test_the_handbook_explains_every_problem_and_no_other(server, description):
    explained = set(re.findall(r"^### ([a-z0-9-]+)$", HANDBOOK.read_text(), re.M))
    # These are told where there is no operation, or to nobody who still listens.
    beside = {"method-not-allowed", "not-ready", "request-cancelled"}
    # The router knows idempotency keys; no operation asks for one yet.
    beside |= {"idempotency-key-busy", "idempotency-key-reused", "invalid-idempotency-key"}
    # A command of the shell says these, and no route.
    beside |= {"operator-exists", "recover-conflict", "recover-nothing", "recover-owner"}
    operators = Description(Client(server.operators).get("/api/openapi.json").json)
    assert explained - beside == (description.slugs() | operators.slugs()) - beside


def test_each_problem_has_cause_and_remedy():
    sections = re.split(r"^### ", HANDBOOK.read_text(), flags=re.M)[1:]
    assert sections
    for section in sections:
        assert "Cause:" in section and "Remedy:" in section, section[:60]


@pytest.mark.timeout(420)
def test_schemathesis_finds_no_server_error(server, description):
    """Short here; every answer is also held against its described schema and status. Somebody of its own asks: what it
    finds to change it changes. An archive is no JSON: what is wrong with one has tests of its own."""
    fuzzer = server.sign_up("Fuzz Works")
    document = LOGS / "openapi.json"
    document.write_text(json.dumps(description.document))
    cookies = "; ".join(f"{name}={value}" for name, value in fuzzer.browser.cookies.items())
    done = subprocess.run(
        [sys.executable, "-m", "schemathesis.cli", "run", document, "--url", server.url, "--checks",
         "not_a_server_error", "--max-examples", "10", "--seed", "7", "--phases", "examples,coverage,fuzzing",
         "--workers", "1", "--exclude-path-regex", r"^/(ws|api/events)$|logout|revoke-others|/sessions/|/import$",
         "--header", f"Cookie: {cookies}", "--header", f"X-CSRF-Token: {fuzzer.browser.csrf}", "--request-timeout", "10",
         "--no-color", "--generation-database", "none"],
        cwd=LOGS, text=True, capture_output=True, timeout=400)
    (LOGS / "schemathesis.log").write_text(done.stdout + done.stderr)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
