"""canaille as an OpenID provider: people sign in with a form, consent, and are told by name. Its key set holds a key of
Ed25519 beside the RSA one, and its `auth_time` has a fraction."""
import json
import pathlib
import secrets
import shutil
import subprocess
import sys
import urllib.request

from harness.processes import Process, eventually, free_port, plain_environment, work_directory

PROGRAM = pathlib.Path(sys.executable).parent / "canaille"

CONFIGURATION = """\
PREFERRED_URL_SCHEME = "http"
SECRET_KEY = "{secret}"
SERVER_NAME = "127.0.0.1:{port}"
[CANAILLE_SQL]
DATABASE_URI = "sqlite:///{database}"
[CANAILLE_OIDC]
DYNAMIC_CLIENT_REGISTRATION_OPEN = true
ACTIVE_JWKS = {keys}
"""


def why_no_canaille():
    """What is missing to run it; nothing when it can be tried."""
    return None if PROGRAM.exists() or shutil.which("canaille") else "needs canaille"


class Canaille:
    def __init__(self, name="canaille"):
        self.name, self.directory, self.port = name, work_directory(name), free_port()
        self.issuer = f"http://127.0.0.1:{self.port}"
        self.process = None
        configuration = self.directory / "canaille.toml"
        self.environment = plain_environment()
        keys = [json.loads(self("jwk", "create", kind)) for kind in ("okp", "rsa")]
        self.environment |= {"CONFIG": str(configuration), "CANAILLE_CONFIG": str(configuration)}
        configuration.write_text(CONFIGURATION.format(
            secret=secrets.token_hex(32), port=self.port, database=self.directory / "people.sqlite", keys=toml(keys)))
        self("install")

    def __call__(self, *words):
        """Its command line.
        :return: what it prints"""
        done = subprocess.run([PROGRAM, *words], env=self.environment, cwd=self.directory, text=True, capture_output=True, timeout=60)
        assert done.returncode == 0, f"canaille {' '.join(words)}:\n{done.stdout[-1000:]}{done.stderr[-2000:]}"
        return done.stdout

    def start(self):
        self.process = Process(self.name, PROGRAM, "run", "--bind", f"127.0.0.1:{self.port}", env=self.environment)

        def ready():
            assert self.process.lives, f"it ended:\n{self.process.tail()}"
            with urllib.request.urlopen(self.issuer + "/.well-known/openid-configuration", timeout=10) as answer:
                return json.load(answer)["issuer"] == self.issuer
        eventually(ready, 60, "canaille answers")
        return self

    def stop(self):
        if self.process:
            self.process.end()

    # --- what its administrator does ---

    def person(self, name, email, password):
        self("create", "user", "--user-name", name, "--password", password, "--given-name", name.title(), "--family-name", "Doe",
             "--emails", email)

    def group(self, name, *members):
        words = [word for member in members for word in ("--members", member)]
        self("create", "group", "--display-name", name, *words)

    def client(self, name, redirect_url, logout_url):
        """Registers a client as anybody may.
        :return: its id and secret"""
        body = {"client_name": name, "client_uri": "https://pulse.example.com", "redirect_uris": [redirect_url],
                "post_logout_redirect_uris": [logout_url], "grant_types": ["authorization_code", "refresh_token"],
                "response_types": ["code"], "token_endpoint_auth_method": "client_secret_basic",
                "scope": "openid profile email groups"}
        request = urllib.request.Request(self.issuer + "/oauth/register", json.dumps(body).encode(),
                                         {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            made = json.load(answer)
        return made["client_id"], made["client_secret"]


def toml(keys):
    return "[" + ", ".join("{" + ", ".join(f"{name} = {json.dumps(value)}" for name, value in key.items()) + "}" for key in keys) + "]"
