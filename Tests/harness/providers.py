"""An identity provider of our own for tests: OpenID over a real listener, and SAML by hand. It signs with a key of its own
and says what the test wants said. And how an organisation sets up a provider of others."""
import base64
import datetime
import hashlib
import http.server
import json
import re
import secrets
import threading
import time
import urllib.parse
import zlib

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

PROVIDERS = "/api/security/sso/providers"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def _url64(raw):
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


class Key:
    """RSA, with a certificate that names nobody."""

    def __init__(self):
        self.private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.id = secrets.token_hex(4)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "provider of tests")])
        now = datetime.datetime.now(datetime.timezone.utc)
        self.certificate = (
            x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(self.private.public_key())
            .serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=2)).sign(self.private, hashes.SHA256())
            .public_bytes(serialization.Encoding.PEM).decode())

    @property
    def pem(self):
        return self.private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()

    def sign(self, data):
        return self.private.sign(data, padding.PKCS1v15(), hashes.SHA256())

    def jwk(self):
        numbers = self.private.public_key().public_numbers()
        return {"kty": "RSA", "kid": self.id, "use": "sig", "alg": "RS256",
                "n": _url64(numbers.n.to_bytes((numbers.n.bit_length() + 7) // 8, "big")), "e": _url64(b"\x01\x00\x01")}

    def token(self, claims, kind="JWT"):
        head = _url64(json.dumps({"alg": "RS256", "kid": self.id, "typ": kind}).encode())
        body = _url64(json.dumps(claims).encode())
        return f"{head}.{body}.{_url64(self.sign(f'{head}.{body}'.encode()))}"


def saml_provider(server, owner, peer, **saml):
    """The peer as a provider of this organisation; anybody whom it knows is let in, by the roles of their groups."""
    made = owner.browser.post(PROVIDERS, {
        "name": peer.__class__.__name__, "type": "saml", "enabled": True, "jit": True, "defaultRole": "viewer",
        "groupRoleMappings": {"pulse-admins": "admin", "pulse-editors": "editor"},
        "saml": {"idpMetadataUrl": peer.metadata, **saml}}, headers={"Idempotency-Key": secrets.token_hex(8)})
    assert made.status == 201, made
    return made.json


class OpenIDProvider:
    """`person`: the claims of whoever signs in next."""

    def __init__(self):
        self.key = Key()
        self.person = {"sub": "ana-1", "email": "ana@elsewhere.example"}
        self.granted = {}
        provider = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self._answer(*provider.page(urllib.parse.urlsplit(self.path)))

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("content-length", 0))).decode()
                self._answer(*provider.redeem(urllib.parse.parse_qs(body)))

            def _answer(self, status, value):
                body = json.dumps(value).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.issuer = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()

    def page(self, url):
        if url.path == "/.well-known/openid-configuration":
            return 200, {"issuer": self.issuer, "authorization_endpoint": f"{self.issuer}/authorize",
                         "token_endpoint": f"{self.issuer}/token", "jwks_uri": f"{self.issuer}/jwks",
                         "end_session_endpoint": f"{self.issuer}/logout", "response_types_supported": ["code"],
                         "code_challenge_methods_supported": ["S256"],
                         "id_token_signing_alg_values_supported": ["RS256"]}
        if url.path == "/jwks":
            return 200, {"keys": [self.key.jwk()]}
        return 404, {}

    def redeem(self, form):
        asked = self.granted.pop(form.get("code", [""])[0], None)
        verifier = form.get("code_verifier", [""])[0]
        if not asked or _url64(hashlib.sha256(verifier.encode()).digest()) != asked["code_challenge"]:
            return 400, {"error": "invalid_grant"}
        return 200, {"access_token": secrets.token_hex(8), "token_type": "Bearer", "expires_in": 300,
                     "id_token": self.key.token(self.claims(asked))}

    def claims(self, asked):
        now = int(time.time())
        return {"iss": self.issuer, "aud": asked["client_id"], "iat": now, "exp": now + 300, "auth_time": now,
                "nonce": asked["nonce"], **self.person}

    def agree(self, url):
        """What a person does there who signs in: the query with which the browser is sent back."""
        asked = {name: values[0] for name, values in urllib.parse.parse_qs(urllib.parse.urlsplit(url).query).items()}
        code = secrets.token_hex(8)
        self.granted[code] = asked
        return urllib.parse.urlencode({"code": code, "state": asked["state"]})

    def logout_token(self, client="pulse", **claims):
        now = int(time.time())
        return self.key.token({
            "iss": self.issuer, "aud": client, "iat": now, "exp": now + 120, "jti": secrets.token_hex(8),
            "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
            "sub": self.person["sub"], **claims}, kind="logout+jwt")

    def settings(self, **more):
        return {"id": "openid", "name": "OpenID", "type": "oidc", "jit": True,
                "oidc": {"issuerUrl": self.issuer, "clientId": "pulse", "clientSecret": "of-both-sides",
                         "groupsClaim": "groups"}, **more}

    def sign_in(self, browser, place, return_to="/"):
        """All of the way of a browser through `/api/oidc/{org}/{provider}`."""
        left = browser.get(f"{place}/login?returnTo={return_to}")
        assert left.status == 302, left
        return browser.get(f"{place}/callback?{self.agree(left.header('location'))}")


class SAMLProvider:
    """Writes its XML in the canonical form, so that signing it needs no XML library."""

    ISSUER = "https://login.example.com/idp"
    PROTOCOL = "urn:oasis:names:tc:SAML:2.0:protocol"
    ASSERTION = "urn:oasis:names:tc:SAML:2.0:assertion"

    def __init__(self):
        self.key = Key()
        self.name = "ana@elsewhere.example"

    def settings(self, **more):
        return {"id": "saml", "name": "SAML", "type": "saml", "jit": True,
                "saml": {"idpEntityId": self.ISSUER, "idpSsoUrl": "https://login.example.com/sso",
                         "idpSloUrl": "https://login.example.com/slo", "idpCertificate": self.key.certificate}, **more}

    @staticmethod
    def _moment(seconds=0):
        moment = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
        return moment.strftime("%Y-%m-%dT%H:%M:%SZ")

    @staticmethod
    def asked(url):
        """The id of the request that a browser is sent away with, and what goes back with the answer."""
        query = {name: values[0] for name, values in urllib.parse.parse_qs(urllib.parse.urlsplit(url).query).items()}
        xml = zlib.decompress(base64.b64decode(query["SAMLRequest"]), -15).decode()
        return re.search(r'ID="([^"]*)"', xml).group(1), query.get("RelayState", "")

    def _signed(self, element, id, after):
        """An enveloped signature, put behind `after`."""
        digest = base64.b64encode(hashlib.sha256(element.encode()).digest()).decode()
        info = (
            '<ds:SignedInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#">'
            '<ds:CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"></ds:CanonicalizationMethod>'
            '<ds:SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"></ds:SignatureMethod>'
            f'<ds:Reference URI="#{id}"><ds:Transforms>'
            '<ds:Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"></ds:Transform>'
            '<ds:Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"></ds:Transform></ds:Transforms>'
            '<ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"></ds:DigestMethod>'
            f'<ds:DigestValue>{digest}</ds:DigestValue></ds:Reference></ds:SignedInfo>')
        value = base64.b64encode(self.key.sign(info.encode())).decode()
        inner = info.replace(' xmlns:ds="http://www.w3.org/2000/09/xmldsig#"', "", 1)
        signature = (f'<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#">{inner}'
                     f'<ds:SignatureValue>{value}</ds:SignatureValue></ds:Signature>')
        return element.replace(after, after + signature, 1)

    def response(self, request, base):
        """The form that the provider makes a browser post to `base`/acs."""
        id, issuer = "_" + secrets.token_hex(16), f"<saml:Issuer>{self.ISSUER}</saml:Issuer>"
        assertion = (
            f'<saml:Assertion xmlns:saml="{self.ASSERTION}" ID="{id}" IssueInstant="{self._moment()}" Version="2.0">{issuer}'
            '<saml:Subject><saml:NameID Format="urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress">'
            f'{self.name}</saml:NameID><saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer">'
            f'<saml:SubjectConfirmationData InResponseTo="{request}" NotOnOrAfter="{self._moment(300)}"'
            f' Recipient="{base}/acs"></saml:SubjectConfirmationData></saml:SubjectConfirmation></saml:Subject>'
            f'<saml:Conditions NotBefore="{self._moment(-30)}" NotOnOrAfter="{self._moment(300)}"><saml:AudienceRestriction>'
            f'<saml:Audience>{base}/metadata</saml:Audience></saml:AudienceRestriction></saml:Conditions>'
            f'<saml:AuthnStatement AuthnInstant="{self._moment()}" SessionIndex="_s{id}"><saml:AuthnContext>'
            '<saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:Password</saml:AuthnContextClassRef>'
            '</saml:AuthnContext></saml:AuthnStatement></saml:Assertion>')
        xml = (f'<samlp:Response xmlns:samlp="{self.PROTOCOL}" ID="_r{id}" Version="2.0" IssueInstant="{self._moment()}"'
               f' Destination="{base}/acs" InResponseTo="{request}"><saml:Issuer xmlns:saml="{self.ASSERTION}">{self.ISSUER}'
               '</saml:Issuer><samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/>'
               f'</samlp:Status>{self._signed(assertion, id, issuer)}</samlp:Response>')
        return urllib.parse.urlencode({"SAMLResponse": base64.b64encode(xml.encode()).decode()}).encode()

    def answer(self, browser, place, base, return_to="/"):
        """The form with which a browser comes back that went to `place`/login."""
        left = browser.get(f"{place}/login?returnTo={return_to}")
        assert left.status == 302, left
        return self.response(self.asked(left.header("location"))[0], base)

    def _logout_request(self, base):
        id = "_" + secrets.token_hex(16)
        issuer = f'<saml:Issuer xmlns:saml="{self.ASSERTION}">{self.ISSUER}</saml:Issuer>'
        return id, issuer, (
            f'<samlp:LogoutRequest xmlns:samlp="{self.PROTOCOL}" Destination="{base}/slo" ID="{id}"'
            f' IssueInstant="{self._moment()}" NotOnOrAfter="{self._moment(120)}" Version="2.0">{issuer}'
            f'<saml:NameID xmlns:saml="{self.ASSERTION}"'
            ' Format="urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress">'
            f'{self.name}</saml:NameID></samlp:LogoutRequest>')

    def logout_form(self, base):
        id, issuer, xml = self._logout_request(base)
        signed = self._signed(xml, id, issuer)
        return urllib.parse.urlencode({"SAMLRequest": base64.b64encode(signed.encode()).decode()}).encode()

    def logout_query(self, base):
        _, _, xml = self._logout_request(base)
        packer = zlib.compressobj(9, zlib.DEFLATED, -15)
        packed = base64.b64encode(packer.compress(xml.encode()) + packer.flush()).decode()
        query = urllib.parse.urlencode(
            {"SAMLRequest": packed, "SigAlg": "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"})
        return f"{query}&{urllib.parse.urlencode({'Signature': base64.b64encode(self.key.sign(query.encode())).decode()})}"
