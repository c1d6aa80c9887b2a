"""Network namespaces: a network that the server cannot reach."""
import os
import shutil
import subprocess
import uuid

import pytest

INSIDE = "10.213.77.1"
LAN = "10.213.77.0/24"


def may_make_namespaces():
    if os.geteuid() != 0 or not shutil.which("ip"):
        return False
    name = f"pulse-try-{uuid.uuid4().hex[:6]}"
    made = subprocess.run(["ip", "netns", "add", name], capture_output=True).returncode == 0
    if made:
        subprocess.run(["ip", "netns", "delete", name], check=False)
    return made


class Network:
    """A network that only an agent stands in: a dummy interface with an address that nobody else routes to, and a wire
    to this machine, over which the agent reaches the server."""

    @classmethod
    def or_skip(cls):
        if not may_make_namespaces():
            print("SKIPPED (needs root)")
            pytest.skip("SKIPPED (needs root)")
        return cls()

    def __init__(self):
        tag = uuid.uuid4().hex[:6]
        self.name, self.outer, inner = f"pulse-{tag}", f"pg{tag}o", f"pg{tag}i"
        number = int(tag[:2], 16)
        self.here, self.there = f"10.214.{number}.1", f"10.214.{number}.2"
        self._ip("netns", "add", self.name)
        self._ip("link", "add", self.outer, "type", "veth", "peer", "name", inner)
        self._ip("link", "set", inner, "netns", self.name)
        self._ip("addr", "add", f"{self.here}/30", "dev", self.outer)
        self._ip("link", "set", self.outer, "up")
        self.inside("ip", "link", "set", "lo", "up")
        self.inside("ip", "addr", "add", f"{self.there}/30", "dev", inner)
        self.inside("ip", "link", "set", inner, "up")
        # Two ends that are joined to nothing: an address that is there and leads nowhere else.
        self.inside("ip", "link", "add", "lan0", "type", "veth", "peer", "name", "lan1")
        for number in range(1, 17):
            self.inside("ip", "addr", "add", f"10.213.77.{number}/24", "dev", "lan0")
        self.inside("ip", "link", "set", "lan0", "up")
        self.inside("ip", "link", "set", "lan1", "up")

    @staticmethod
    def _ip(*words):
        subprocess.run(["ip", *words], check=True, capture_output=True)

    @property
    def prefix(self):
        return ["ip", "netns", "exec", self.name]

    def inside(self, *words):
        return subprocess.run([*self.prefix, *words], check=True, capture_output=True, text=True).stdout

    def cut(self):
        self._ip("link", "set", self.outer, "down")

    def join(self):
        self._ip("link", "set", self.outer, "up")

    def close(self):
        subprocess.run(["ip", "netns", "delete", self.name], check=False)
        subprocess.run(["ip", "link", "delete", self.outer], check=False, capture_output=True)
