"""A running `pulse-estate`: its connections, and its admin endpoint."""
import json
import urllib.error
import urllib.request
import uuid

from .processes import PROGRAMS, Process, eventually, plain_environment, run


def draft(connection, **more):
    """What a person sends to have one of an estate's connections watched."""
    return {"kind": "pve", "name": connection["name"], "host": connection["host"], "port": connection["port"],
            "tokenId": connection["tokenId"], "secret": connection["secret"],
            "trust": {"mode": "pinned", "fingerprint": connection["fingerprint"]}, **more}


class Estate:
    """Starts at once and is ready when this returns. `flags` as on the command line: `guests=30` is `--guests 30`. `prefix`
    goes before it: a network namespace, in which it is asked as well."""

    def __init__(self, *switches, prefix=(), **flags):
        name = f"estate-{uuid.uuid4().hex[:8]}"
        words = [word for key, value in {"port": 0, **flags}.items() for word in (f"--{key.replace('_', '-')}", value)]
        self.prefix = list(prefix)
        self.process = Process(name, *prefix, PROGRAMS / "pulse-estate", "serve", *words, *switches, env=plain_environment())
        eventually(self._is_ready, 60, "pulse-estate is ready")
        lines = [json.loads(line) for line in self._lines() if line.startswith("{")]
        self.admin_url = next(line["url"] for line in lines if line["kind"] == "admin")
        self.connections = [line for line in lines if line["kind"] == "connection"]

    def _lines(self):
        return self.process.log.read_text().splitlines()

    def _is_ready(self):
        if not self.process.lives:
            raise RuntimeError(f"pulse-estate ended: {self.process.tail()}")
        return self._lines()[-1:] == ["ready"]

    def admin(self, method, path, body=None):
        """(status, parsed answer)"""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.admin_url + path, data, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read())

    def truth(self):
        if self.prefix:
            told = run(*self.prefix, "curl", "-fsS", self.admin_url + "/truth").stdout
            return [json.loads(line) for line in told.splitlines()]
        with urllib.request.urlopen(self.admin_url + "/truth", timeout=30) as answer:
            return [json.loads(line) for line in answer.read().splitlines()]

    def polls(self):
        """What each cluster remembers of being asked: count, agoSeconds, widestGapSeconds."""
        return {one["cluster"]: one for one in self.admin("GET", "/polls")[1]["polls"]}

    def count_polls_anew(self):
        assert self.admin("DELETE", "/polls")[0] == 200

    def force(self, cluster, event, **more):
        status, answer = self.admin("POST", "/events", {"cluster": cluster, "event": event, **more})
        assert status == 200, answer

    def fault(self, select, **knobs):
        status, answer = self.admin("POST", "/faults", {"select": select, **knobs})
        assert status == 200, answer

    def heal(self):
        assert self.admin("DELETE", "/faults")[0] == 200

    def stop(self):
        return self.process.end()
