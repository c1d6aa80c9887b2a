"""pysaml2 as an identity provider: the messages are its own (`ns0:` prefixes everywhere, signed by the xmlsec1 program); the
page where people say who they are is ours, and believes everybody."""
import html
import http.server
import shutil
import threading
import urllib.parse

from harness.processes import free_port, run, work_directory

REDIRECT = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
POST = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"


def why_no_pysaml2():
    """What is missing to run it; nothing when it can be tried."""
    return None if shutil.which("xmlsec1") else "needs xmlsec1"


class PySAML2:
    def __init__(self, name="pysaml2"):
        self.root, self.port, self.people, self.keys = work_directory(name), free_port(), {}, 0
        self.base = f"http://127.0.0.1:{self.port}"
        self.entity_id = f"{self.base}/metadata"
        self.metadata = self.entity_id
        self.services, self.lock, self.http = [], threading.Lock(), None
        self.rotate_key()

    def _server(self):
        from saml2.config import IdPConfig
        from saml2.server import Server

        key, certificate = (str(self.root / f"key{self.keys}.{ending}") for ending in ("key", "pem"))
        return Server(config=IdPConfig().load({
            "entityid": self.entity_id, "key_file": key, "cert_file": certificate, "xmlsec_binary": shutil.which("xmlsec1"),
            "service": {"idp": {
                "name": "tests", "endpoints": {"single_sign_on_service": [(f"{self.base}/sso", REDIRECT)]},
                "policy": {"default": {"lifetime": {"minutes": 5}, "attribute_restrictions": None,
                                       "name_form": "urn:oasis:names:tc:SAML:2.0:attrname-format:uri"}}}},
            "metadata": {"local": self.services}, "allow_unknown_attributes": True}))

    # --- what its administrator does ---

    def person(self, name, mail, groups, display=None):
        self.people[name] = {"mail": [mail], "displayName": [display or name.title()], "isMemberOf": groups}

    def trust(self, metadata):
        """:param metadata: of the service, as it publishes it."""
        path = self.root / f"service{len(self.services)}.xml"
        path.write_text(metadata)
        with self.lock:
            self.services.append(str(path))
            self.server = self._server()

    def rotate_key(self):
        """The old key is gone at once."""
        self.keys += 1
        run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-sha256", "-nodes", "-days", "30", "-subj", "/CN=pysaml2",
            "-keyout", self.root / f"key{self.keys}.key", "-out", self.root / f"key{self.keys}.pem")
        with self.lock:
            self.server = self._server()

    # --- what it does ---

    def start(self):
        provider = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                path, _, query = self.path.partition("?")
                asked = {key: values[0] for key, values in urllib.parse.parse_qs(query).items()}
                if path == "/metadata":
                    return self.answer(provider.told(), "application/samlmetadata+xml")
                if path == "/sso" and "name" in asked:
                    return self.answer(provider.page(asked), "text/html")
                if path == "/sso":
                    fields = "".join(f'<input type="hidden" name="{key}" value="{html.escape(value)}">'
                                     for key, value in asked.items())
                    return self.answer(f'<form action="/sso">{fields}<input name="name"><button>Sign in</button></form>',
                                       "text/html")
                return self.send_error(404)

            def answer(self, text, kind):
                body = text.encode()
                self.send_response(200)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *words):
                pass

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        threading.Thread(target=self.http.serve_forever, daemon=True).start()
        return self

    def stop(self):
        if self.http:
            self.http.shutdown()
            self.http.server_close()

    def told(self):
        from saml2.metadata import entity_descriptor

        with self.lock:
            return str(entity_descriptor(self.server.config))

    def page(self, asked):
        """The page that posts the response for whoever was named."""
        from saml2.authn_context import PASSWORDPROTECTEDTRANSPORT
        from saml2.saml import NAMEID_FORMAT_EMAILADDRESS, NameID
        from saml2.xmldsig import DIGEST_SHA256, SIG_RSA_SHA256

        told = self.people[asked["name"]]
        with self.lock:
            request = self.server.parse_authn_request(asked["SAMLRequest"], REDIRECT)
            where = self.server.response_args(request.message, [POST])
            response = self.server.create_authn_response(
                identity=told, userid=asked["name"], authn={"class_ref": PASSWORDPROTECTEDTRANSPORT},
                name_id=NameID(format=NAMEID_FORMAT_EMAILADDRESS, text=told["mail"][0]), sign_assertion=True,
                sign_response=True, sign_alg=SIG_RSA_SHA256, digest_alg=DIGEST_SHA256, **where)
            sent = self.server.apply_binding(POST, str(response), where["destination"], asked.get("RelayState", ""),
                                             response=True)
        return sent["data"]
