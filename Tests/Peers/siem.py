"""Receivers of an audit trail: a webhook that checks its signatures, and a syslog server over TLS that reads its frames.
Both remember what they took and can be told to refuse."""
import base64
import hashlib
import hmac
import http.server
import json
import socket
import ssl
import subprocess
import threading
import time


class Webhook:
    """Takes a message when its signature is right (Standard Webhooks), and answers `status`."""

    def __init__(self):
        self.messages, self.faults, self.status, self.secret = [], [], 200, ""
        peer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                peer.take(self.headers, body)
                self.send_response(peer.status)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def take(self, headers, body):
        key = base64.b64decode(self.secret.removeprefix("whsec_"))
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        wanted = "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
        if not hmac.compare_digest(wanted, headers["webhook-signature"]):
            self.faults.append("wrong signature")
        if abs(time.time() - int(headers["webhook-timestamp"])) > 300:
            self.faults.append("old timestamp")
        if self.status == 200:
            self.messages.append((headers["webhook-id"], json.loads(body)))

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Syslog:
    """RFC 5425: frames of `LENGTH SP MESSAGE` over TLS, with a certificate of its own for `localhost`."""

    def __init__(self, directory):
        self.messages, self.faults = [], []
        self.certificate, key = directory / "syslog.pem", directory / "syslog.key"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
             "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", self.certificate],
            check=True, capture_output=True)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(self.certificate, key)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                plain, _ = self.listener.accept()
            except OSError:
                return
            try:
                with self.context.wrap_socket(plain, server_side=True) as connection:
                    self._read(connection)
            except (OSError, ValueError) as fault:
                self.faults.append(repr(fault))

    def _read(self, connection):
        data = b""
        while piece := connection.recv(65536):
            data += piece
        while data:
            length, _, rest = data.partition(b" ")
            self.messages.append(rest[:int(length)].decode())
            data = rest[int(length):]

    def close(self):
        self.listener.close()
