"""The people who host a Pulse under test: accounts made in a shell, set up and signed in as a person would."""
import json
import secrets
import urllib.parse

from harness.client import Client
from harness.processes import PROGRAMS, run
from harness.seconds import time_code

PASSWORD = "nine calm grey herons 8"


def admin(server, *arguments, check=True):
    """`pulse admin …` on the server's host."""
    return run(PROGRAMS / "pulse", "admin", *arguments, env=server.environment, check=check)


class Operator:
    """Signed in on the operators' listener."""

    def __init__(self, server, role="operator", email=None):
        self.server = server
        self.email = email or f"op-{secrets.token_hex(4)}@host.example"
        made = json.loads(admin(server, "operator", "create", "--email", self.email, "--name", "Mira", "--role", role).stdout)
        self.id = made["operatorId"]
        self.token = urllib.parse.urlsplit(made["setupUrl"]).fragment.removeprefix("token=")
        self.secret = set_up(server, self.token)
        self.client = Client(server.operators)
        self.sign_in(self.client)

    def login(self, client, ahead=0):
        """A code works once: the set-up takes that of the half minute before, signing in the present and the next one."""
        return client.post("/api/operator/login", {
            "email": self.email, "password": PASSWORD, "code": time_code(self.secret, ahead)})

    def sign_in(self, client, ahead=0):
        answer = self.login(client, ahead)
        assert answer.status == 200, answer
        client.csrf = answer.json["csrfToken"]
        return client

    def ask(self, org, minutes=60):
        """The id of a request for support access that waits for an owner."""
        answer = self.client.post(f"/api/operator/orgs/{org}/support-access",
                                  {"reason": "The graphs stand still", "minutes": minutes})
        assert answer.status == 201, answer
        return answer.json["id"]

    def let_in(self, owner, minutes=60):
        """The same, and the owner agrees."""
        access = self.ask(owner.org, minutes)
        agreed = owner.browser.post(f"/api/orgs/{owner.org}/support-access/{access}/approve")
        assert agreed.status == 200, agreed
        return access


def set_up(server, token):
    """Chooses a password and proves an authenticator; its secret."""
    begun = Client(server.operators).post("/api/operator/setup/begin", {"token": token})
    assert begun.status == 200, begun
    secret = begun.json["secret"]
    done = Client(server.operators).post("/api/operator/setup/complete", {
        "token": token, "password": PASSWORD, "code": time_code(secret, ahead=-1)})
    assert done.status == 204, done
    return secret
