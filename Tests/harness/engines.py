"""Container engines: a real `dockerd` with an image of its own, and a false one that answers what a test wants answered."""
import functools
import http.server
import io
import json
import os
import shutil
import socketserver
import subprocess
import tarfile
import threading

import pytest

from harness.processes import Process, eventually, plain_environment, run, work_directory

# Containers may not raise what we may not raise ourselves.
LIMITS = ("--default-ulimit", "nofile=4096:4096", "--default-ulimit", "nproc=4096:4096")


@functools.cache
def why_no_engine():
    """What is missing for a real engine; nothing when it can be tried."""
    if os.geteuid() != 0:
        return "needs root"
    missing = [name for name in ("dockerd", "containerd", "runc", "docker", "busybox") if not shutil.which(name)]
    return f"needs {', '.join(missing)}" if missing else None


class Dockerd:
    """A `dockerd` of our own: its data, its socket and its processes go when the test does."""

    def __init__(self, name="dockerd"):
        if why := why_no_engine():
            print(f"SKIPPED ({why})")
            pytest.skip(f"SKIPPED ({why})")
        self.name, self.directory = name, work_directory(name)
        self.process = None

    @property
    def socket(self):
        return self.directory / "s.sock"

    def start(self):
        self.process = Process(
            self.name, "dockerd", "--data-root", self.directory / "data", "--exec-root", self.directory / "exec",
            "-H", f"unix://{self.socket}", "--pidfile", self.directory / "pid", "--iptables=false", "--bridge=none",
            "--storage-driver=vfs", *LIMITS, env=plain_environment())

        def ready():
            if not self.process.lives:
                raise RuntimeError(f"dockerd ended:\n{self.process.tail()}")
            return self("version", check=False).returncode == 0
        eventually(ready, 60, "dockerd answers")
        return self

    def __call__(self, *words, check=True):
        return run("docker", "-H", f"unix://{self.socket}", *words, env=plain_environment(), check=check)

    def lines(self, *words):
        """What the tool prints, a JSON object a line."""
        return [json.loads(line) for line in self(*words, "--format", "{{json .}}").stdout.splitlines()]

    def build_image(self, name="pulse/tiny:1"):
        """No registry: an image of one static program."""
        tar = io.BytesIO()
        with tarfile.open(fileobj=tar, mode="w") as archive:
            archive.add(shutil.which("busybox"), "bin/busybox")
            for tool in ("sh", "sleep", "true", "false", "cat"):
                link = tarfile.TarInfo(f"bin/{tool}")
                link.type, link.linkname = tarfile.SYMTYPE, "busybox"
                archive.addfile(link)
        subprocess.run(["docker", "-H", f"unix://{self.socket}", "import", "-", name], input=tar.getvalue(), check=True,
                       capture_output=True, timeout=60)
        return name

    def stop(self):
        """The engine alone; its data stays."""
        self.process.end(30)

    def remove(self):
        if self.process and self.process.lives:
            ids = self("ps", "-aq", check=False).stdout.split()
            if ids:
                self("rm", "-f", *ids, check=False)
            self("swarm", "leave", "--force", check=False)
            self.stop()
        # What a swarm leaves on the machine.
        subprocess.run(["ip", "link", "del", "docker_gwbridge"], capture_output=True, check=False)
        run("sh", "-c", f"grep -o ' {self.directory}[^ ]*' /proc/self/mounts | sort -r | xargs -r umount -l", check=False)
        shutil.rmtree(self.directory, ignore_errors=True)


class FalseEngine:
    """Listens like an engine. `answers` maps paths without version and query to JSON values, or to a function that writes
    to the open connection itself."""

    def __init__(self, answers):
        self.answers = answers
        self.directory = work_directory("engine")
        self.asked = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                path = self.path.split("?")[0]
                if path.startswith("/v1."):
                    path = "/" + path.split("/", 2)[2]
                outer.asked.append(self.path)
                answer = outer.answers.get(path)
                if answer is None:
                    return self.send_error(404)
                try:
                    if callable(answer):
                        return answer(self)
                    body = json.dumps(answer).encode()
                    self.send_response(200)
                    self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)
                except (BrokenPipeError, ConnectionResetError):
                    pass

            def address_string(self):
                return "agent"

            def log_message(self, *_):
                pass

        class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
            daemon_threads = True

        self.server = Server(str(self.socket), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def socket(self):
        return self.directory / "s.sock"

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


def endless(handler):
    """Chunks until the other side has had enough."""
    handler.protocol_version = "HTTP/1.1"
    handler.send_response(200)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    chunk = b"10000\r\n" + b"[" * 0x10000 + b"\r\n"
    while True:
        handler.wfile.write(chunk)


def half_a_gigabyte(handler):
    handler.send_response(200)
    handler.send_header("Content-Length", str(500 << 20))
    handler.end_headers()
    piece = b" " * (1 << 20)
    for _ in range(500):
        handler.wfile.write(piece)


def garbage(handler):
    body = b'[{"Id": "a", "Names": [' + bytes(range(256)) * 40
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


# The server asks for a report every ten seconds; what is gone is gone after three.
SEEN = 60
GONE = 120


def named(owner, kind):
    return {one["name"]: one for one in owner.every_resource(kind)}


def host_of(owner):
    hosts = owner.every_resource("agent")
    assert len(hosts) == 1, hosts
    return hosts[0]
