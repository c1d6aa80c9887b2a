"""Sessions put straight into the database, for tests that want a thousand people without a thousand letters."""
import base64
import hashlib
import hmac
import os


def _token(prefix, body):
    """As `BearerToken` writes one: 32 bytes and the start of a digest."""
    checksum = hashlib.sha256(prefix.encode() + body).digest()[:4]
    return prefix + base64.urlsafe_b64encode(body + checksum).decode().rstrip("=")


def planted(server, users):
    """A browser with a session begun just now for each of these people."""
    browsers, values = [], []
    for user in users:
        token = _token("pse_", os.urandom(32))
        csrf = _token("pcs_", hmac.digest(token.encode(), b"pulse-csrf-v1", hashlib.sha256))
        browser = server.client()
        browser.cookies = {"pulse_session": token, "pulse_csrf": csrf}
        browser.csrf = csrf
        browsers.append(browser)
        hashes = [hashlib.sha256(text.encode()).hexdigest() for text in (token, csrf)]
        values.append(f"(gen_random_uuid(), '{user}', '\\x{hashes[0]}', '\\x{hashes[1]}', now(), now(), interval '1 day',"
                      " now() + interval '1 day', now() + interval '30 days', 'planted', '127.0.0.1')")
    server.database.rows(
        "INSERT INTO pulse.sessions (id, user_id, token_hash, csrf_hash, created_at, last_seen_at, idle, expires_at,"
        f" absolute_expires_at, user_agent, address) VALUES {', '.join(values)} RETURNING id")
    return browsers
