"""A gateway that says what a test wants said: the greeting, and whatever frames."""
import struct

from websockets.sync.client import connect

HELLO, WELCOME, OPEN, OPENED, REFUSED, DATA, WINDOW, CLOSE, RESET, PING, PONG = range(1, 12)


def text(value):
    data = value.encode()
    return struct.pack(">H", len(data)) + data


def hello(allows, version=1, agent_version="0.1.0", per_stream=65536, of_all=1 << 20):
    return (struct.pack(">BBII", HELLO, version, per_stream, of_all) + text(agent_version)
            + struct.pack(">H", len(allows)) + b"".join(text(rule) for rule in allows))


class ScriptedGateway:
    """Connects an enrolled agent as a gateway; leaves when the block ends."""

    def __init__(self, agent, allows, greeting=None):
        self.agent, self.greeting = agent, greeting or hello(allows)

    def __enter__(self):
        url = self.agent.server.url.replace("http", "ws", 1) + "/api/agents/gateway"
        self.socket = connect(url, additional_headers={"X-API-Token": self.agent.client.token}, compression=None)
        self.socket.send(self.greeting)
        self.welcome = self.socket.recv(timeout=10)
        assert self.welcome[0] == WELCOME, self.welcome
        return self

    def __exit__(self, *_):
        self.socket.close()
