"""A real `pulse up` with a database of its own."""
import contextlib
import copy
import email
import email.policy
import json
import os
import platform
import re
import secrets
import urllib.parse

from harness import canaries
from harness.client import Client
from harness.processes import (
    LOGS, PROGRAMS, ROOT, Process, eventually, free_port, lent, plain_environment, run, work_directory)
from harness.zones import zone

ARCHITECTURE = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())


class Server:
    """Keeps its addresses, database and directories over kill and start, as a machine would."""

    def __init__(self, database, name="pulse", operators=False, role="up", **settings):
        self.database = database
        self.role = role
        self.name = name
        self.directory = work_directory(name)
        self.zone = zone()
        self.outbox = self.directory / "outbox"
        self.outbox.mkdir()
        self._offer_agent(self.directory / "agent")
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.admin = f"http://127.0.0.1:{free_port()}"
        self.environment = plain_environment(**{
            "PULSE_ENV": "development", "PULSE_PUBLIC_URL": self.url, "PULSE_LISTEN": f"127.0.0.1:{port}",
            "PULSE_ADMIN_LISTEN": self.admin.removeprefix("http://"), **database.urls,
            "PULSE_OUTBOX_DIR": self.outbox, "PULSE_CONSOLE_DIR": ROOT / ".local/console",
            "PULSE_AGENT_DIR": self.directory / "agent", "PULSE_SECRET_KEY": secrets.token_hex(32),
            "PULSE_DNS_SERVER": self.zone.address, "PULSE_KEY_STORE": self.directory / "keys", "PULSE_LOG_LEVEL": "info", "PULSE_LOG_FORMAT": "json", "PULSE_RATE_LIMITS": "off", **settings})
        self.operators = f"http://127.0.0.1:{free_port()}"
        if operators:
            self.environment["PULSE_OPERATOR_LISTEN"] = self.operators.removeprefix("http://")
        self.process = None
        self.logged_before = self._log_size()
        canaries.keep_settings(self.environment)
        run(PROGRAMS / "pulse", "migrate", env=self.environment)

    @staticmethod
    def _offer_agent(directory):
        """What PULSE_AGENT_DIR holds: the install script, and the program as it was built for these tests."""
        directory.mkdir()
        for source, name in ((ROOT / "ops/agent/install.sh", "install.sh"),
                             (PROGRAMS / "pulse-agent", f"pulse-agent-linux-{ARCHITECTURE}")):
            if source.exists():
                os.link(lent(source), directory / name)  # the server follows no symbolic links

    def start(self):
        self.process = Process(self.name, PROGRAMS / "pulse", self.role, env=self.environment)
        self.wait_ready()
        return self

    def sibling(self, name, role):
        """Another process of the same Pulse: same database, keys and settings, addresses of its own. Not started."""
        other = copy.copy(self)
        port = free_port()
        other.name, other.role, other.process = name, role, None
        other.logged_before = other._log_size()
        other.url, other.admin = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{free_port()}"
        other.environment = {**self.environment, "PULSE_LISTEN": f"127.0.0.1:{port}",
                             "PULSE_ADMIN_LISTEN": other.admin.removeprefix("http://")}
        return other

    def wait_ready(self, seconds=30):
        def ready():
            assert self.process.lives, f"{self.name} ended:\n{self.process.tail()}"
            return self.admin_client().get("/readyz").status == 200
        eventually(ready, seconds, f"{self.name} is ready")
        if "PULSE_OPERATOR_LISTEN" in self.environment:
            # A listener of its own, which readiness does not wait for.
            eventually(lambda: Client(self.operators).get("/login").status, seconds, f"{self.name} answers operators")

    def kill(self):
        self.process.kill()

    def stop(self):
        """Ends it as a service manager would, after a look for secrets where they have no place."""
        if self.process and self.process.lives:
            with contextlib.suppress(OSError, RuntimeError):  # some tests leave it without its database
                canaries.note("metrics", self.admin_client().get("/metrics").body.decode())
                canaries.look(self.database)
        return self.process.end() if self.process else None

    def client(self, token=None):
        return Client(self.url, token)

    def admin_client(self):
        return Client(self.admin)

    def log_lines(self):
        """Its log as objects; a line that is not JSON fails the caller. What one of the same name wrote before is not its."""
        text = (LOGS / f"{self.name}.log").read_bytes()[self.logged_before:].decode()
        return [json.loads(line) for line in text.splitlines() if line.strip()]

    def _log_size(self):
        path = LOGS / f"{self.name}.log"
        return path.stat().st_size if path.exists() else 0

    # --- mail ---

    def mails(self, to):
        """The texts of the mails to this address, oldest first."""
        found = []
        for path in sorted(self.outbox.glob("*.eml")):
            message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
            if to in str(message["to"]):
                found.append(message.get_body(("plain",)).get_content())
        return found

    def mailed_token(self, to, prefix, after=0):
        """The token of the newest link in the mails to this address, waiting for one past the first `after` mails."""
        def token():
            # Others may come in between, such as the one that tells of a sign-in from a new browser.
            found = [re.search(rf"[?&]token=({prefix}_[\w.~-]+)", mail) for mail in self.mails(to)[after:]]
            return next((one.group(1) for one in reversed(found) if one), None)
        return eventually(token, 10, f"a mail to {to}")

    # --- people ---

    def sign_up(self, organisation, address=None, password="a long enough password 7"):
        """All of the way through the mail: an owner who is signed in."""
        address = address or f"{organisation.lower().replace(' ', '-')}-{secrets.token_hex(3)}@example.com"
        browser = self.client()
        asked = browser.post("/api/public/signup", {"email": address, "organizationName": organisation})
        assert asked.status == 202, asked
        token = self.mailed_token(address, "su1")
        done = browser.post("/api/public/signup/complete", {"token": token, "password": password, "displayName": "Owner"})
        assert done.status == 201, done
        browser.csrf = done.json["csrfToken"]
        return Owner(browser, address, password, done.json["orgId"], done.json["userId"], token)


class Owner:
    """A signed-in owner of one organisation."""

    def __init__(self, browser, address, password, org, user, signup_token):
        self.browser, self.address, self.password = browser, address, password
        self.org, self.user, self.signup_token = org, user, signup_token

    def enrollment_token(self, name="test"):
        answer = self.browser.post("/api/agents/enrollment-tokens", {"name": name})
        assert answer.status == 201, answer
        return answer.json

    def resources(self, query=""):
        answer = self.browser.get("/api/resources" + query)
        assert answer.status == 200, answer
        return answer.json["data"]

    def every_resource(self, *types):
        """All pages of these types, or of all."""
        found, cursor = [], ""
        while True:
            page = self.browser.get(f"/api/resources?limit=100{'&type=' + ','.join(types) if types else ''}{cursor}")
            assert page.status == 200, page
            found += page.json["data"]
            if not page.json["meta"].get("nextCursor"):
                return found
            cursor = f"&cursor={page.json['meta']['nextCursor']}"

    def resource(self, hostname, seconds=15):
        """The machine of this name, once it is there and online."""
        def found():
            return next((r for r in self.resources() if r["name"] == hostname and r["status"] == "online"), None)
        return eventually(found, seconds, f"{hostname} is online", every=0.1)

    def history(self, resource, metric, span="1h"):
        # Up to so many samples are told as they were measured; more are told in steps.
        query = urllib.parse.urlencode({"metric": metric, "range": span, "maxPoints": 2000})
        answer = self.browser.get(f"/api/resources/{resource}/history?{query}")
        assert answer.status == 200, answer
        return answer.json
