"""A Transit engine beside a server, for organisations that bring their own key."""
import json
import subprocess
import sys
import urllib.request

from harness.processes import ROOT


class Transit:
    def __init__(self):
        self.child = subprocess.Popen([sys.executable, ROOT / "Tests/Peers/transit_server.py"], text=True,
                                      stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        facts = json.loads(self.child.stdout.readline())
        self.url, self.token = facts["ready"], facts["token"]

    @property
    def settings(self):
        return {"PULSE_TRANSIT_URL": self.url, "PULSE_TRANSIT_TOKEN": self.token}

    def create(self, name):
        """A key as its organisation would make it."""
        request = urllib.request.Request(f"{self.url}/v1/transit/keys/{name}", data=b"{}", method="POST",
                                         headers={"X-Vault-Token": self.token})
        urllib.request.urlopen(request, timeout=5).close()

    def order(self, **order):
        """Has it do something behind Pulse's back: see Tests/Peers/transit_server.py."""
        self.child.stdin.write(json.dumps(order) + "\n")
        self.child.stdin.flush()
        return json.loads(self.child.stdout.readline())

    def stop(self):
        self.child.stdin.close()
        self.child.wait(10)
