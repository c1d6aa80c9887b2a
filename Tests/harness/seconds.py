"""The codes that an authenticator shows (RFC 6238)."""
import base64
import hashlib
import hmac
import struct
import time


def time_code(secret, ahead=0):
    """The code of the present half minute, or of one `ahead` of it."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    digest = hmac.new(key, struct.pack(">Q", int(time.time()) // 30 + ahead), hashlib.sha1).digest()
    number = struct.unpack_from(">I", digest, digest[19] & 15)[0] & 0x7FFFFFFF
    return f"{number % 1_000_000:06}"
