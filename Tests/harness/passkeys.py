"""An authenticator with one passkey (WebAuthn, ES256) and the browser around it. The curve is written out, so that no
library is needed; slow and careless with its secret, which protects nothing."""
import base64
import hashlib
import json
import secrets

P = 0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF
N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
G = (0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
     0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5)


def _add(a, b):
    if a is None or b is None:
        return a or b
    if a[0] == b[0]:
        if (a[1] + b[1]) % P == 0:
            return None
        slope = (3 * a[0] * a[0] - 3) * pow(2 * a[1], -1, P) % P
    else:
        slope = (b[1] - a[1]) * pow(b[0] - a[0], -1, P) % P
    x = (slope * slope - a[0] - b[0]) % P
    return x, (slope * (a[0] - x) - a[1]) % P


def _times(point, factor):
    result = None
    while factor:
        if factor & 1:
            result = _add(result, point)
        point, factor = _add(point, point), factor >> 1
    return result


def _integer(value):
    body = value.to_bytes(33, "big").lstrip(b"\0")
    body = b"\0" + body if body[0] & 0x80 else body
    return bytes([2, len(body)]) + body


def encoded(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


class Authenticator:
    def __init__(self, origin):
        self.origin = origin
        self.site = origin.split("//")[1].split(":")[0]
        self.secret = 1 + secrets.randbelow(N - 1)
        self.point = _times(G, self.secret)
        self.id = secrets.token_bytes(20)
        self.uses = 0

    def _client_data(self, purpose, challenge):
        return json.dumps({"type": purpose, "challenge": challenge, "origin": self.origin, "crossOrigin": False}).encode()

    def _data(self, flags):
        return hashlib.sha256(self.site.encode()).digest() + bytes([flags]) + self.uses.to_bytes(4, "big")

    def addition(self, challenge, name="Laptop"):
        x, y = (number.to_bytes(32, "big") for number in self.point)
        key = bytes.fromhex("a5010203262001215820") + x + bytes.fromhex("225820") + y
        data = self._data(0x45) + bytes(16) + len(self.id).to_bytes(2, "big") + self.id + key
        return {"name": name, "clientData": encoded(self._client_data("webauthn.create", challenge)),
                "authenticatorData": encoded(data)}

    def login(self, challenge):
        self.uses += 1
        client, data = self._client_data("webauthn.get", challenge), self._data(0x05)
        digest = int.from_bytes(hashlib.sha256(data + hashlib.sha256(client).digest()).digest(), "big")
        nonce = 1 + secrets.randbelow(N - 1)
        r = _times(G, nonce)[0] % N
        s = pow(nonce, -1, N) * (digest + r * self.secret) % N
        body = _integer(r) + _integer(s)
        return {"credentialId": encoded(self.id), "clientData": encoded(client), "authenticatorData": encoded(data),
                "signature": encoded(bytes([0x30, len(body)]) + body)}
