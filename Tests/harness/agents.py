"""Agents: the real `pulse-agent`, and a scripted one that reports what a test wants reported."""
import datetime
import gzip
import json
import secrets
import uuid

from harness.processes import PROGRAMS, Process, plain_environment, run, work_directory


class RealAgent:
    """`pulse-agent` for this machine, its state in a directory of its own."""

    def __init__(self, server, name="agent", **settings):
        self.server, self.name = server, name
        self.directory = work_directory(name)
        self.environment = plain_environment(**settings)
        self.process = None

    def enroll(self, token, check=True):
        return run(PROGRAMS / "pulse-agent", "enroll", "--url", self.server.url, "--state-dir", self.directory,
                   env={**self.environment, "PULSE_AGENT_TOKEN": token}, check=check)

    def start(self):
        self.process = Process(self.name, PROGRAMS / "pulse-agent", "run", "--state-dir", self.directory,
                               "--ack-log", self.ack_log, env=self.environment)
        return self

    def run_as(self, verb, *words, prefix=()):
        """Another verb than `run`, which then runs until it is ended."""
        return Process(self.name, *prefix, PROGRAMS / "pulse-agent", verb, "--state-dir", self.directory, *words,
                       env=self.environment)

    @property
    def ack_log(self):
        return self.directory / "acknowledged.log"

    def acknowledged(self):
        """The times (ms since 1970) of the reports that the server has acknowledged, as the agent wrote them down."""
        return [int(line.split()[2]) for line in self.ack_log.read_text().splitlines()] if self.ack_log.exists() else []

    def kill(self):
        self.process.kill()

    def stop(self):
        return self.process.end() if self.process else None


def rfc3339(moment):
    return moment.astimezone(datetime.timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def now():
    return datetime.datetime.now(datetime.timezone.utc)


class ScriptedAgent:
    """Enrols as a machine of its own and sends reports; `stream` and `number` are what the server de-duplicates by."""

    def __init__(self, server, hostname=None, machine=None):
        self.server = server
        self.hostname = hostname or f"host-{secrets.token_hex(3)}"
        self.machine = machine or str(uuid.uuid4())
        self.stream = secrets.token_hex(16)
        self.number = 0
        self.agent_id = None
        self.client = server.client()

    def enrollment(self):
        return {"hostname": self.hostname, "os": "debian", "arch": "amd64", "agentVersion": "0.1.0",
                "machineId": self.machine}

    def enroll(self, token):
        answer = self.server.client(token).post("/api/agents/agent/enroll", self.enrollment())
        if answer.status == 200:
            self.agent_id = answer.json["agentId"]
            self.client = self.server.client(answer.json["runtimeToken"])
        return answer

    def report(self, cpu=12.5, number=None, at=None):
        """A report as the real agent would write it; counts on by itself."""
        if number is None:
            self.number += 1
            number = self.number
        gib = 1 << 30
        return {
            "agent": {"id": self.agent_id or self.machine, "version": "0.1.0", "type": "unified", "intervalSeconds": 10,
                      "hostname": self.hostname},
            "host": {"id": self.machine, "hostname": self.hostname, "machineId": self.machine, "platform": "linux",
                     "osName": "Debian GNU/Linux", "osVersion": "12", "kernelVersion": "6.1.0", "architecture": "amd64",
                     "cpuCount": 4, "uptimeSeconds": 86400, "loadAverage": [0.5, 0.4, 0.3]},
            "metrics": {"cpuUsagePercent": cpu,
                        "memory": {"totalBytes": 8 * gib, "usedBytes": 3 * gib, "freeBytes": gib, "cacheBytes": 4 * gib,
                                   "usage": 37.5}},
            "disks": [{"device": "/dev/vda1", "mountpoint": "/", "filesystem": "ext4", "type": "ext4",
                       "totalBytes": 100 * gib, "usedBytes": 40 * gib, "freeBytes": 60 * gib, "usage": 40.0}],
            "diskIO": [{"device": "vda", "readBytes": 1_000_000 * number, "writeBytes": 2_000_000 * number}],
            "network": [{"name": "eth0", "mac": "52:54:00:12:34:56", "addresses": ["10.0.0.5/24"],
                         "rxBytes": 3_000_000 * number, "txBytes": 4_000_000 * number}],
            "sensors": {"temperatureCelsius": {"cpu_package": 48.5}},
            "tags": [], "timestamp": rfc3339(at or now()), "sequenceId": f"v1:{self.stream}:{number}",
        }

    def send(self, report=None, compress=True, **rest):
        body = json.dumps(report if report is not None else self.report()).encode()
        headers = {"Content-Encoding": "gzip"} if compress else {}
        return self.client.post("/api/agents/agent/report", gzip.compress(body) if compress else body,
                                headers=headers, **rest)

    def backfill(self, reports):
        body = gzip.compress(json.dumps({"backfill": True, "reports": reports}).encode())
        return self.client.post("/api/agents/agent/backfill", body, headers={"Content-Encoding": "gzip"})
