"""A server of canned answers with the real console in front: for states that the real server cannot be brought into at
will (10,000 machines, an outage of its own, an answer that never comes). Everything a page sends is kept."""
import base64
import hashlib
import http.server
import json
import re
import socket
import struct
import threading
import time

from harness.processes import ROOT

CONSOLE = ROOT / ".local/console"
# What HTTPKit sends; a test on the real server compares.
POLICY = ("default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self' ws://{host}; "
          "frame-ancestors 'none'; base-uri 'none'; form-action 'self'; object-src 'none'")
TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".html": "text/html; charset=utf-8"}
ORG = {"id": "0190f5b2-0000-7000-8000-000000000001", "slug": "nordwind", "displayName": "Nordwind Logistik", "role": "owner", "status": "active"}
OTHER = {"id": "0190f5b2-0000-7000-8000-000000000002", "slug": "lab", "displayName": "Lab Süd", "role": "viewer", "status": "active"}


def iso(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{int(seconds % 1 * 1000):03d}Z"


def problem(status, slug, title, detail=None, **headers):
    body = {"type": f"urn:pulse:problem:{slug}", "status": status, "title": title, "requestId": "01JPB7Q2M4"}
    return Answer(status, {**body, **({"detail": detail} if detail else {})}, headers)


class Answer:
    def __init__(self, status=200, body=None, headers=None, after=0.0):
        self.status, self.body, self.headers, self.after = status, body, headers or {}, after


class CannedServer:
    """`answers[(method, path pattern)]` is an Answer, JSON, or a function of (match, query, body) to one of these."""

    def __init__(self, machines=()):
        self.machines = {machine["id"]: machine for machine in machines}
        self.epoch, self.seq = 1, 1
        self.sockets = []
        self.asked = []          # (method, path with query, body)
        self.said = []           # messages of clients
        self.refuses_sockets = False
        self.holds_state = False
        self.page = "index.html"
        self.readings = 240      # of each series in a history, at most
        self.unwatched = ()      # shares of a history's range in which Pulse was not watching
        self.remembered = ()     # those for which the platform remembered something
        self.late = 0.0          # seconds before each answer of the API
        self.answers = {}
        self.prepare()
        handler = type("Handler", (Handler,), {"canned": self})
        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.http.server_address[1]}"
        self.thread = threading.Thread(target=self.http.serve_forever, args=(0.05,), daemon=True)
        self.thread.start()

    def stop(self):
        self.drop_sockets()
        self.http.shutdown()
        self.http.server_close()

    cookies = {"pulse_csrf": "canned", "pulse_org_id": ORG["id"]}

    def prepare(self):
        me = {"user": {"id": "u1", "email": "mara@nordwind.example", "displayName": "Mara Lindqvist"},
              "session": {"id": "s1", "createdAt": iso(time.time() - 3000), "expiresAt": iso(time.time() + 86400)},
              "organization": ORG, "organizations": [ORG, OTHER], "csrfToken": "canned",
              "permissions": ["read:monitoring", "manage:agents"]}
        self.answers.update({
            ("GET", "/api/me"): me,
            ("GET", "/api/resources/sparklines"): lambda match, query, body: {"data": {
                one: spark(self.machines[one]) for one in query.get("ids", "").split(",") if one in self.machines}},
            ("GET", "/api/resources/([^/]+)/history"): self.history,
            ("GET", "/api/resources/([^/]+)/metadata"): {"resourceId": ORG["id"], "state": "none", "tags": []},
            ("GET", "/api/resources/([^/]+)"): lambda match, query, body: self.machines.get(match[1]) or problem(404, "not-found", "Not found"),
            ("GET", "/api/resources/timeline"): {"data": []},
            ("GET", "/api/connections"): {"data": []}, ("GET", "/api/gateways"): {"data": []},
            ("GET", "/api/org-invitations"): {"data": []},
            ("GET", "/api/resources"): {"data": [], "meta": {"page": 1, "limit": 1, "total": 0, "totalPages": 0}},
        })

    def answer(self, method, path, query, body):
        exact = self.answers.get((method, path))
        if exact is not None:
            return exact(re.match(".*", path), query, body) if callable(exact) else exact
        for (wanted, pattern), answer in self.answers.items():
            match = re.fullmatch(pattern, path) if wanted == method else None
            if match:
                return answer(match, query, body) if callable(answer) else answer
        return problem(404, "not-found", "Not found")

    def history(self, match, query, body):
        machine = self.machines.get(match[1])
        if machine is None:
            return problem(404, "not-found", "Not found")
        span = {"1h": 3600, "6h": 21600, "24h": 86400, "7d": 7 * 86400, "90d": 90 * 86400}[query["range"]]
        step, end = max(10, span // self.readings), int(time.time())
        middle = level(machine, query["metric"])
        points = []
        for number, at in enumerate(range(end - span, end, step)):
            share = number * step / span
            is_remembered = any(first < share < last for first, last in self.remembered)
            if 0.3 < share < 0.42 or not is_remembered and any(first < share < last for first, last in self.unwatched):
                continue  # a gap stays a gap
            value = round(middle * (1 + 0.08 * ((number * 7 % 13) / 6 - 1)), 2)
            points.append({"timestamp": at * 1000, "value": value, "min": round(value * 0.95, 2), "max": round(value * 1.05, 2),
                           **({"origin": "platform"} if is_remembered else {})})
        return {"resourceType": "agent", "resourceId": match[1], "metric": query["metric"], "range": query["range"],
                "start": (end - span) * 1000, "end": end * 1000, "stepSeconds": step, "unit": "percent", "points": points, "source": "store",
                "tier": "raw", "outages": [{"start": int(end - span * (1 - first)) * 1000, "end": int(end - span * (1 - last)) * 1000, "reason": "self"}
                                           for first, last in self.unwatched]}

    # --- live ---

    def state(self):
        return {"type": "initialState", "timestamp": now(), "head": {"epoch": self.epoch, "seq": self.seq},
                "data": {"resources": list(self.machines.values())}}

    def delta(self, upserts=(), removed=(), skip=0):
        """Tells all sockets a change; `skip` leaves a gap in the numbers."""
        self.seq += 1 + skip
        self.send({"type": "rawData", "timestamp": now(), "head": {"epoch": self.epoch, "seq": self.seq},
                   "data": {"resourceDelta": {"upserts": list(upserts), "removed": list(removed)}}})

    def send(self, message):
        for connection in list(self.sockets):
            connection.send(message)

    def drop_sockets(self):
        for connection in list(self.sockets):
            connection.drop()

    def wait_for_socket(self, count=1, seconds=10):
        deadline = time.monotonic() + seconds
        while len(self.sockets) < count:
            assert time.monotonic() < deadline, "the console opened no socket"
            time.sleep(0.02)


def now():
    return int(time.time() * 1000)


def level(machine, metric):
    metrics = machine.get("metrics", {})
    table = {"cpu": ("cpu", "percent"), "memory": ("memory", "percent"), "memoryused": ("memory", "used"), "netin": ("netIn", "value"),
             "netout": ("netOut", "value"), "diskread": ("diskRead", "value"), "diskwrite": ("diskWrite", "value")}
    if metric in table:
        name, member = table[metric]
        return metrics.get(name, {}).get(member, 0)
    if metric.startswith("disk:"):
        return next((disk["usage"] for disk in machine["agent"]["disks"] if disk["mountpoint"] == metric[5:]), 0)
    return machine.get("temperature", 0)


def spark(machine):
    middle, end = level(machine, "cpu"), int(time.time()) // 60 * 60
    return [[(end - (60 - n) * 60) * 1000, None if 25 < n < 31 and machine["name"].endswith("2") else round(middle * (1 + 0.1 * ((n * 5 % 11) / 5 - 1)), 1)]
            for n in range(60)]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    canned = None

    def log_message(self, *arguments):
        pass

    def do_GET(self):
        path, _, query = self.path.partition("?")
        if path == "/ws":
            return self.open_socket(query)
        if path.startswith("/api/"):
            return self.serve_api(path, query)
        file = (CONSOLE / path.lstrip("/")).resolve()
        if not file.is_file() or CONSOLE.resolve() not in file.parents:
            if path.startswith("/assets/"):
                return self.write(404, b"", "text/plain")
            file = CONSOLE / self.canned.page
        headers = {"Content-Security-Policy": POLICY.format(host=self.headers["Host"]),
                   "Cache-Control": "public, max-age=31536000, immutable" if path.startswith("/assets/") else "no-cache"}
        packed = file.with_name(file.name + ".gz")
        if packed.exists():
            return self.write(200, packed.read_bytes(), TYPES[file.suffix], {**headers, "Content-Encoding": "gzip"})
        return self.write(200, file.read_bytes(), TYPES[file.suffix], headers)

    def do_other(self):
        path, _, query = self.path.partition("?")
        self.serve_api(path, query)

    do_POST = do_PATCH = do_DELETE = do_PUT = do_other

    def serve_api(self, path, query):
        length = int(self.headers.get("Content-Length") or 0)
        sent = self.rfile.read(length)
        body = None if not sent else json.loads(sent) if self.headers["Content-Type"] == "application/json" else sent
        members = dict(part.split("=", 1) for part in query.split("&") if "=" in part)
        members = {name: value.replace("%3A", ":").replace("%2F", "/") for name, value in members.items()}
        self.canned.asked.append((self.command, self.path, body))
        answer = self.canned.answer(self.command, path, members, body)
        if not isinstance(answer, Answer):
            answer = Answer(200, answer)
        if answer.after or self.canned.late:
            time.sleep(max(answer.after, self.canned.late))
        data = b"" if answer.body is None else json.dumps(answer.body).encode()
        kind = "application/problem+json" if answer.status >= 400 else "application/json"
        self.write(answer.status, data, kind, {name.replace("_", "-"): str(value) for name, value in answer.headers.items()})

    def write(self, status, data, kind, headers=None):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        try:
            self.wfile.write(data)
        except OSError:
            pass  # the page was closed meanwhile

    # --- a WebSocket, as much of it as is needed ---

    def open_socket(self, query):
        if self.canned.refuses_sockets:
            return self.write(503, b"", "text/plain")
        key = self.headers["Sec-WebSocket-Key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        self.send_response(101)
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "Upgrade")
        self.send_header("Sec-WebSocket-Accept", base64.b64encode(hashlib.sha1(key.encode()).digest()).decode())
        self.end_headers()
        self.close_connection = True
        self.lock = threading.Lock()
        self.send({"type": "welcome", "timestamp": now(), "data": {"message": "connected", "orgId": ORG["id"]}})
        self.canned.said.append({"type": "(open)", "query": query})
        if query != f"since={self.canned.epoch}.{self.canned.seq}" and not self.canned.holds_state:
            self.send(self.canned.state())
        self.canned.sockets.append(self)
        try:
            self.listen()
        except OSError:
            pass
        finally:
            if self in self.canned.sockets:
                self.canned.sockets.remove(self)

    def listen(self):
        while True:
            head = self.rfile.read(2)
            if len(head) < 2 or head[0] & 15 == 8:
                return
            size = head[1] & 127
            if size == 126:
                size = struct.unpack(">H", self.rfile.read(2))[0]
            mask = self.rfile.read(4)
            message = json.loads(bytes(byte ^ mask[at % 4] for at, byte in enumerate(self.rfile.read(size))))
            self.canned.said.append(message)
            if message["type"] == "ping":
                self.send({"type": "pong", "timestamp": now()})
            elif message["type"] == "requestData" and not self.canned.holds_state:
                self.send(self.canned.state())

    def send(self, message):
        data = json.dumps(message).encode()
        size = bytes([len(data)]) if len(data) < 126 else b"\x7e" + struct.pack(">H", len(data)) if len(data) < 65536 \
            else b"\x7f" + struct.pack(">Q", len(data))
        try:
            with self.lock:
                self.wfile.write(b"\x81" + size + data)
        except OSError:
            self.drop()

    def drop(self):
        """As a server that dies: no close frame, the connection just ends."""
        try:
            self.connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
