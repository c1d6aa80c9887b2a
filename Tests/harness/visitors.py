"""People on their way through a provider of somebody else, and how an organisation sets one up."""
import datetime
import html
import re
import urllib.parse
import uuid

import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

PROVIDERS = "/api/security/sso/providers"


def key_pair():
    """Key and certificate of ours, as an administrator pastes them."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "pulse")])
    now = datetime.datetime.now(datetime.timezone.utc)
    certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=30)).sign(key, hashes.SHA256()))
    return (key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                              serialization.NoEncryption()).decode(),
            certificate.public_bytes(serialization.Encoding.PEM).decode())


def saml_provider(server, owner, peer, **saml):
    """The peer as a provider of this organisation; anybody whom it knows is let in, by the roles of their groups."""
    made = owner.browser.post(PROVIDERS, {
        "name": peer.__class__.__name__, "type": "saml", "enabled": True, "jit": True, "defaultRole": "viewer",
        "groupRoleMappings": {"pulse-admins": "admin", "pulse-editors": "editor"},
        "saml": {"idpMetadataUrl": peer.metadata, **saml}}, headers={"Idempotency-Key": str(uuid.uuid4())})
    assert made.status == 201, made
    return made.json


class Visitor:
    """What a browser does: keeps cookies, follows where it is led, sends forms."""

    def __init__(self, server):
        self.server, self.http = server, requests.Session()

    def visit(self, url):
        self.page = self.http.get(url, timeout=30)
        return self

    def send(self, **typed):
        """The page's first form, with what is in it and what somebody types."""
        form = re.search(r"<form.*?</form>", self.page.text, re.S | re.I)
        assert form, (self.page.status_code, self.page.url, self.page.text[:2000])
        fields = {}
        for tag in re.findall(r"<input[^>]*>", form[0], re.I):
            told = {key.lower(): html.unescape(value) for key, value in re.findall(r'([\w-]+)\s*=\s*"([^"]*)"', tag)}
            if "name" in told:
                fields[told["name"]] = told.get("value", "")
        start = re.match(r"<form[^>]*>", form[0], re.I)[0]
        action = re.search(r'action="([^"]*)"', start, re.I)
        where = urllib.parse.urljoin(self.page.url, html.unescape(action[1]) if action else "")
        if re.search(r'method="post"', start, re.I):
            self.page = self.http.post(where, data={**fields, **typed}, timeout=30)
        else:
            self.page = self.http.get(where, params={**fields, **typed}, timeout=30)
        return self

    @property
    def came_to(self):
        parts = urllib.parse.urlsplit(self.page.url)
        return parts.path + (f"?{parts.query}" if parts.query else "")

    def me(self):
        return self.http.get(f"{self.server.url}/api/me", timeout=30)

    def role_in(self, org):
        return next(one["role"] for one in self.me().json()["organizations"] if one["id"] == org)
