"""The client's half of SRP-6a (RFC 5054, 2048 bits, SHA-256), written from the RFC and not from the server's code."""
import hashlib
import secrets

PRIME = int(
    "AC6BDB41324A9A9BF166DE5E1389582FAF72B6651987EE07FC3192943DB56050A37329CBB4A099ED8193E0757767A13D"
    "D52312AB4B03310DCD7F48A9DA04FD50E8083969EDB767B0CF6095179A163AB3661A05FBD5FAAAE82918A9962F0B93B8"
    "55F97993EC975EEAA80D740ADBF4FF747359D041D5C33EA71D281E446B14773BCA97B43A23FB801676BD207A436C6481"
    "F1D2B9078717461A5B9D32E688F87748544523B524B0D57D5EA77A2775D2ECFA032CFBDBF52FB3786160279004E57AE6"
    "AF874E7303CE53299CCC041C7BC308D82A5698F3A8D0C38271AE35F8E9DBFBB694B5C803D89F7AE435DE236D525F5475"
    "9B65E372FCD68EF20FA7111F9E4AFF73", 16)
GENERATOR = 2
SIZE = 256


def digest(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def number(value):
    """Big-endian, without leading zeros."""
    return value.to_bytes((value.bit_length() + 7) // 8, "big")


def verifier(key):
    return pow(GENERATOR, key, PRIME)


def answer(begun, identity, key):
    """What a client sends after `/api/auth/srp/init`: its public number and its proof, in hexadecimal."""
    secret = secrets.randbits(256)
    ours, theirs = pow(GENERATOR, secret, PRIME), int(begun["serverPublic"], 16)
    padded = lambda value: value.to_bytes(SIZE, "big")
    scrambler = int.from_bytes(digest(padded(ours), padded(theirs)), "big")
    multiplier = int.from_bytes(digest(number(PRIME), padded(GENERATOR)), "big")
    shared = pow((theirs - multiplier * verifier(key)) % PRIME, secret + scrambler * key, PRIME)
    mixed = bytes(a ^ b for a, b in zip(digest(number(PRIME)), digest(number(GENERATOR))))
    proof = digest(mixed, digest(identity.encode()), bytes.fromhex(begun["salt"]), number(ours), number(theirs),
                   digest(number(shared)))
    return number(ours).hex(), proof.hex()
