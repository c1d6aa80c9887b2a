"""What somebody finds who has every file of a database, every file of a key store, and knows how secrets are sealed:
recovers each data key that is still wrapped somewhere by a wrapping key that still exists, and decrypts with them whatever
looks like a ciphertext, tags and additional data ignored."""
import base64
import pathlib
import uuid

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

MARK = b"PWK1"
WRAPPED = 12 + 32 + 16
PAGE, SEGMENT = 8192, 16 * 1024 * 1024


class Secret:
    """A planted secret, by what `pulse-bench vault plant` says of it."""

    def __init__(self, line):
        org, row, self.canary, key = line.split()
        self.org, self.row, self.key = uuid.UUID(org), uuid.UUID(row), uuid.UUID(key)


def canonical(*fields):
    return b"".join(len(field).to_bytes(4, "big") + field for field in fields)


def wrapping_keys(store):
    """Those of a key store that can still be had: id to key."""
    found = {}
    roots = [base64.b64decode(line) for line in (store / "root.key").read_text().split()]
    for path in store.glob("*/*.key"):
        id, entry = uuid.UUID(path.stem), path.read_bytes()
        for root in roots:
            try:
                found[id] = AESGCM(root).decrypt(entry[:12], entry[12:], id.bytes)
            except InvalidTag:
                continue
    return found


def contents(directory):
    """Every file, and of WAL also the records as they are without the page headers between them."""
    for path in pathlib.Path(directory).rglob("*"):
        if not path.is_file():
            continue
        data = path.read_bytes()
        yield data
        if path.parent.name == "pg_wal" and len(data) == SEGMENT:
            yield b"".join(data[at + (40 if at == 0 else 24):at + PAGE] for at in range(0, SEGMENT, PAGE))


def positions(data, pattern):
    at = data.find(pattern)
    while at >= 0:
        yield at
        at = data.find(pattern, at + 1)


def data_keys(directory, wrapping, secrets):
    """Data keys that unwrap: a wrapped key stands beside the ids of itself and of its wrapping key."""
    owners, found = {secret.key: secret.org for secret in secrets}, {}
    for data in contents(directory):
        for at in positions(data, MARK):
            near, wrapped = data[max(0, at - 96):at], data[at + 4:at + 4 + WRAPPED]
            for key, org in owners.items():
                if key in found or key.bytes not in near:
                    continue
                binding = canonical(b"pulse-data-key", f"org:{org}".encode(), key.bytes)
                for secret in wrapping.values():
                    try:
                        found[key] = AESGCM(secret).decrypt(wrapped[:12], wrapped[12:], binding)
                        break
                    except (InvalidTag, ValueError):
                        continue
    return found


def attack(directory, store, secrets):
    """The canaries that can be decrypted, and those that stand there in the clear."""
    keys = data_keys(directory, wrapping_keys(store), secrets)
    by_key = {}
    for secret in secrets:
        by_key.setdefault(secret.key, set()).add(secret.canary.encode())
    decrypted, clear = set(), set()
    for data in contents(directory):
        for at in positions(data, b"CANARY-"):
            clear.add(data[at:at + 43])
        for key, material in keys.items():
            length = len(next(iter(by_key[key])))
            for at in positions(data, b"\x01" + key.bytes):
                nonce, sealed = data[at + 17:at + 29], data[at + 29:at + 29 + length]
                if len(sealed) < length:
                    continue
                # GCM is a stream: zeros encrypted with the same nonce are what the text was mixed with.
                stream = AESGCM(material).encrypt(nonce, bytes(length), None)
                text = bytes(a ^ b for a, b in zip(sealed, stream))
                if text in by_key[key]:
                    decrypted.add(text.decode())
    return decrypted, {text for text in clear if text in {s.canary.encode() for s in secrets}}
