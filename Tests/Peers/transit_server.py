"""The Transit engine of Vault/OpenBao for the tests of Vault: keys with versions, associated data, deletion protection, a
token, answers and errors in the shape of the real one, over real HTTP on a free port of 127.0.0.1.

Says {"ready": URL, "token": …} on stdout. Then it takes one JSON object a line on stdin: {"do": "revoke"} and
{"do": "restore"} (the token), {"do": "seal"} and {"do": "unseal"}, {"do": "create", "key": …}, {"do": "rotate", "key": …},
{"do": "keys"}. Ends when
its stdin closes.
"""

import base64
import json
import re
import secrets
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

TOKEN = "hvs." + secrets.token_urlsafe(24)


class Engine:
    """Key name to its versions and whether it may be deleted."""

    def __init__(self):
        self.keys, self.deletable, self.allowed, self.sealed = {}, set(), True, False
        self.lock = threading.Lock()

    def create(self, name):
        self.keys.setdefault(name, [AESGCM.generate_key(256)])

    def encrypt(self, name, plaintext, associated):
        self.create(name)  # as the real one does for a token that may create
        nonce, version = secrets.token_bytes(12), len(self.keys[name])
        sealed = AESGCM(self.keys[name][-1]).encrypt(nonce, plaintext, associated)
        return f"vault:v{version}:" + base64.b64encode(nonce + sealed).decode()

    def decrypt(self, name, ciphertext, associated):
        match = re.fullmatch(r"vault:v(\d+):(.+)", ciphertext)
        if name not in self.keys:
            raise Refusal(400, "encryption key not found")
        if not match or not 1 <= int(match[1]) <= len(self.keys[name]):
            raise Refusal(400, "invalid ciphertext: no prefix")
        bytes_ = base64.b64decode(match[2])
        try:
            return AESGCM(self.keys[name][int(match[1]) - 1]).decrypt(bytes_[:12], bytes_[12:], associated)
        except InvalidTag:
            raise Refusal(400, "cipher: message authentication failed") from None


class Refusal(Exception):
    def __init__(self, status, *words):
        super().__init__(*words)
        self.status, self.words = status, list(words)


engine = Engine()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def handle_one(self):
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        with engine.lock:
            try:
                self.answer(200, {"data": self.act(json.loads(body or b"{}"))})
            except Refusal as refusal:
                self.answer(refusal.status, {"errors": refusal.words})

    do_GET = do_POST = do_DELETE = handle_one

    def act(self, body):
        if engine.sealed:
            raise Refusal(503, "Vault is sealed")
        if self.headers.get("x-vault-token") != TOKEN or not engine.allowed:
            raise Refusal(403, "permission denied")
        match = re.fullmatch(r"/v1/transit/(keys|encrypt|decrypt)/([\w-]+)(/config)?", self.path)
        if not match:
            raise Refusal(404)
        verb, name, config = match.groups()
        associated = base64.b64decode(body.get("associated_data", ""))
        if (self.command, verb) == ("POST", "encrypt"):
            return {"ciphertext": engine.encrypt(name, base64.b64decode(body["plaintext"]), associated)}
        if (self.command, verb) == ("POST", "decrypt"):
            return {"plaintext": base64.b64encode(engine.decrypt(name, body["ciphertext"], associated)).decode()}
        if (self.command, verb) == ("POST", "keys") and not config:
            return engine.create(name)
        if name not in engine.keys:
            raise Refusal(404 if self.command == "GET" else 400, *([] if self.command == "GET" else [
                f"no existing key named {name} could be found"]))
        if self.command == "GET":
            return {"name": name, "latest_version": len(engine.keys[name])}
        if config:
            return engine.deletable.add(name) if body.get("deletion_allowed") else None
        if name not in engine.deletable:
            raise Refusal(400, "deletion is not allowed for this key")
        del engine.keys[name]

    def answer(self, status, members):
        body = json.dumps(members).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def obey(order):
    match order["do"]:
        case "revoke" | "restore":
            engine.allowed = order["do"] == "restore"
        case "seal" | "unseal":
            engine.sealed = order["do"] == "seal"
        case "rotate":
            engine.keys[order["key"]].append(AESGCM.generate_key(256))
        case "create":
            engine.create(order["key"])
    return {"keys": sorted(engine.keys)}


def main():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(json.dumps({"ready": f"http://127.0.0.1:{server.server_address[1]}", "token": TOKEN}), flush=True)
    for line in sys.stdin:
        with engine.lock:
            print(json.dumps(obey(json.loads(line))), flush=True)


main()
