"""A name server of one's own: TXT records over UDP and TCP, and the ways in which real ones fail."""
import socket
import socketserver
import struct
import threading

NOERROR, SERVFAIL, NXDOMAIN, REFUSED = 0, 2, 3, 5
SILENT = "silent"


class Wide(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    request_queue_size = 64


class NameServer:
    """Says what was published; of every other name that there is none. `fail` makes it answer, or not, otherwise."""

    def __init__(self):
        self.records, self.failures, self.asked = {}, {}, []
        self.lock = threading.Lock()
        self.udp, self.tcp = self._bound()
        self.port = self.udp.server_address[1]
        for server in (self.udp, self.tcp):
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def _bound(self):
        """Both on one port, which has to be free for either."""
        for _ in range(100):
            udp = socketserver.ThreadingUDPServer(("127.0.0.1", 0), self._handler(tcp=False))
            try:
                tcp = Wide(udp.server_address, self._handler(tcp=True))
            except OSError:
                udp.server_close()
                continue
            udp.daemon_threads = tcp.daemon_threads = True
            return udp, tcp
        raise RuntimeError("no port is free for both UDP and TCP")

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def publish(self, name, *texts):
        with self.lock:
            self.records[name.lower()] = list(texts)
            self.failures.pop(name.lower(), None)

    def remove(self, name):
        with self.lock:
            self.records.pop(name.lower(), None)
            self.failures.pop(name.lower(), None)

    def fail(self, name, how):
        with self.lock:
            self.failures[name.lower()] = how

    def close(self):
        for server in (self.udp, self.tcp):
            server.shutdown()
            server.server_close()

    def _handler(self, tcp):
        peer = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self):
                if not tcp:
                    answer = peer.answer(self.request[0], "udp")
                    if answer is not None:
                        self.request[1].sendto(answer, self.client_address)
                    return
                self.request.settimeout(5)
                try:
                    length, = struct.unpack("!H", self.request.recv(2, socket.MSG_WAITALL))
                    answer = peer.answer(self.request.recv(length, socket.MSG_WAITALL), "tcp")
                    if answer is not None:
                        self.request.sendall(struct.pack("!H", len(answer)) + answer)
                except (OSError, struct.error):
                    pass

        return Handler

    def answer(self, question, way):
        identity, = struct.unpack("!H", question[:2])
        labels, at = [], 12
        while question[at]:
            labels.append(question[at + 1:at + 1 + question[at]].decode())
            at += 1 + question[at]
        asked, name = question[12:at + 5], ".".join(labels).lower()
        with self.lock:
            self.asked.append((name, way))
            failure, texts = self.failures.get(name), self.records.get(name)
        if failure == SILENT:
            return None
        if failure is not None or texts is None:
            return struct.pack("!6H", identity, 0x8180 | (NXDOMAIN if failure is None else failure), 1, 0, 0, 0) + asked
        body = b""
        for text in texts:
            data = text.encode()
            parts = b"".join(bytes([len(data[i:i + 255])]) + data[i:i + 255] for i in range(0, max(len(data), 1), 255))
            body += b"\xc0\x0c" + struct.pack("!HHIH", 16, 1, 60, len(parts)) + parts
        whole = struct.pack("!6H", identity, 0x8180, 1, len(texts), 0, 0) + asked + body
        if way == "udp" and len(whole) > 512:
            return struct.pack("!6H", identity, 0x8380, 1, 0, 0, 0) + asked
        return whole
