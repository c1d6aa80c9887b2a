"""A gateway that says what a test wants said: the greeting, and whatever frames."""
import struct
import threading

from websockets.sync.client import connect

from harness.client import Answer

HELLO, WELCOME, OPEN, OPENED, REFUSED, DATA, WINDOW, CLOSE, RESET, PING, PONG, ASK, ANSWER, DECLINED, CANCEL = range(1, 16)


def text(value):
    data = value.encode()
    return struct.pack(">H", len(data)) + data


def hello(allows, version=2, agent_version="0.1.0", per_stream=65536, of_all=1 << 20):
    return (struct.pack(">BBII", HELLO, version, per_stream, of_all) + text(agent_version)
            + struct.pack(">H", len(allows)) + b"".join(text(rule) for rule in allows))


def number(value):
    return struct.pack(">I", value)


def answers(*datagrams, microseconds=1000):
    return bytes([len(datagrams)]) + b"".join(struct.pack(">IH", microseconds, len(one)) + one for one in datagrams)


class ScriptedGateway:
    """Connects an enrolled agent as a gateway; leaves when the block ends."""

    def __init__(self, agent, allows, greeting=None):
        self.agent, self.greeting = agent, greeting or hello(allows)
        self.left = threading.Event()

    def __enter__(self):
        url = self.agent.server.url.replace("http", "ws", 1) + "/api/agents/gateway"
        self.connecting = connect(url, additional_headers={"X-API-Token": self.agent.client.token}, compression=None)
        self.socket = self.connecting.__enter__()
        self.socket.send(self.greeting)
        self.welcome = self.socket.recv(timeout=10)
        assert self.welcome[0] == WELCOME, self.welcome
        threading.Thread(target=self._be_heard, daemon=True).start()
        return self

    def _be_heard(self):
        """The server sends away who says nothing for 40 seconds."""
        while not self.left.wait(10):
            self.socket.send(struct.pack(">BQ", PING, 1))

    def next(self, *kinds, seconds=10):
        """The next frame of one of these kinds."""
        while (frame := self.socket.recv(timeout=seconds))[0] not in kinds:
            pass
        return frame

    def say(self, kind, *parts):
        self.socket.send(bytes([kind]) + b"".join(parts))

    def __exit__(self, *what):
        self.left.set()
        self.connecting.__exit__(*what)

    @property
    def answer(self):
        """The handshake's."""
        response = self.socket.response
        return Answer(response.status_code, list(response.headers.raw_items()), b"")
