"""A real nats-server for tests, which keeps its port over kill and start."""
from harness.processes import Process, eventually, free_port, plain_environment

PROGRAM = "/usr/sbin/nats-server"


class Nats:
    def __init__(self, name="nats"):
        self.name = name
        self.port = free_port()
        self.url = f"nats://127.0.0.1:{self.port}"
        self.process = None
        self.start()

    def start(self):
        self.process = Process(self.name, PROGRAM, "-a", "127.0.0.1", "-p", self.port, env=plain_environment())

    def kill(self):
        self.process.kill()

    def remove(self):
        if self.process and self.process.lives:
            self.process.kill()
