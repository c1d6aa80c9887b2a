"""Identity providers of an installation under test: an admin who has just signed in sets them up, and operators come by them."""
import secrets

from harness.client import Client
from harness.operators import Operator
from harness.providers import FORM, OpenIDProvider, SAMLProvider
from harness.seconds import time_code

PROVIDERS = "/api/operator/providers"
# What the SAML provider of these tests calls a password alone; here it stands for a second factor.
PASSWORD_CLASS = "urn:oasis:names:tc:SAML:2.0:ac:classes:Password"


class Company:
    """A provider of the installation, and who set it up."""

    def __init__(self, server, provider, id=None):
        self.server, self.provider = server, provider
        self.admin = Operator(server, "operator_admin")
        self.id = id or f"p{secrets.token_hex(4)}"

    @classmethod
    def openid(cls, server, **more):
        company = cls(server, OpenIDProvider())
        company.provider.person = {"sub": f"s-{secrets.token_hex(4)}", "amr": ["pwd", "mfa"]}
        oidc = company.provider.settings()["oidc"]
        return company.add({"type": "oidc", "oidc": oidc, "secondFactorAmr": ["mfa"], **more})

    @classmethod
    def saml(cls, server):
        company = cls(server, SAMLProvider())
        company.provider.name = f"{secrets.token_hex(4)}@host.example"
        saml = company.provider.settings()["saml"]
        return company.add({"type": "saml", "saml": saml, "secondFactorAmr": [PASSWORD_CLASS]})

    def add(self, body):
        made = self.admin.client.post(PROVIDERS, {"id": self.id, "displayName": "Company", **body})
        assert made.status == 201, made
        self.settings = made.json
        self.place = f"/api/operator/{made.json['type']}/{self.id}"
        self.base = made.json["addresses"]["login"].removesuffix("/login")
        return self

    def link(self, operator, subject=None):
        """The admin says who somebody is over there."""
        made = self.admin.client.post(f"/api/operator/operators/{operator.id}/links", {
            "providerId": self.id, "subject": subject or self.provider.person["sub"]})
        assert made.status == 201, made
        return made.json["id"]

    def came(self, operator=None):
        """A browser in which an operator has come in by it."""
        self.link(operator or Operator(self.server))
        client = Client(self.server.operators)
        back = self.provider.sign_in(client, self.place)
        assert back.header("location") == "/?sso=success", back
        client.csrf = client.get("/api/operator/me").json["csrfToken"]
        return client

    def refused_subject(self):
        """As the operators' log tells it of a sign-in that was refused: that is where an admin reads it."""
        notes = [entry["note"] for entry in self.admin.client.get("/api/operator/audit?limit=50").json["data"]
                 if entry["action"] == "operator_provider.refuse" and entry["object"] == f"operator_provider:{self.id}"]
        return notes[0].split(", subject ", 1)[1]

    def post(self, client, form):
        return client.request("POST", f"{self.place}/acs", form, FORM)

    def linked_saml(self):
        """SAML's subject is put together of several words, so it is read in the log."""
        client, operator = Client(self.server.operators), Operator(self.server)
        self.post(client, self.provider.answer(client, self.place, self.base))
        self.link(operator, self.refused_subject())
        return operator


RECIPES = {}


def recipe(method, path):
    def keep(function):
        RECIPES[(method, path)] = function
        return function
    return keep


@recipe("POST", PROVIDERS)
def create(server):
    company = Company(server, OpenIDProvider())
    body = {"id": company.id, "type": "oidc", "displayName": "Company", "oidc": company.provider.settings()["oidc"]}
    return lambda: company.admin.client.post(PROVIDERS, body)


@recipe("PUT", PROVIDERS + "/{id}")
def change(server):
    company = Company.openid(server)
    return lambda: company.admin.client.put(f"{PROVIDERS}/{company.id}", {"displayName": "Another name"})


@recipe("DELETE", PROVIDERS + "/{id}")
def remove(server):
    company = Company.openid(server)
    return lambda: company.admin.client.delete(f"{PROVIDERS}/{company.id}")


@recipe("PUT", "/api/operator/sign-in")
def keep_passwords(server):
    admin = Operator(server, "operator_admin")
    return lambda: admin.client.put("/api/operator/sign-in", {"passwordLogin": True})


@recipe("GET", "/api/operator/oidc/{provider}/callback")
def callback(server):
    company = Company.openid(server)
    company.link(Operator(server))
    client = Client(server.operators)
    query = company.provider.agree(client.get(f"{company.place}/login").header("location"))
    return lambda: client.get(f"{company.place}/callback?{query}")


@recipe("POST", "/api/operator/sso/code")
def code(server):
    company, operator, client = Company.openid(server), Operator(server), Client(server.operators)
    company.link(operator)
    company.provider.person["amr"] = ["pwd"]
    assert company.provider.sign_in(client, company.place).header("location") == "/login?sso=code"
    return lambda: client.post("/api/operator/sso/code", {"code": time_code(operator.secret, ahead=1)})


@recipe("POST", "/api/operator/oidc/{provider}/backchannel-logout")
def backchannel(server):
    company = Company.openid(server)
    company.came()
    form = f"logout_token={company.provider.logout_token()}".encode()
    return lambda: Client(server.operators).request("POST", f"{company.place}/backchannel-logout", form, FORM)


@recipe("POST", "/api/operator/sso/logout")
def logout(server):
    client = Company.openid(server).came()
    return lambda: client.post("/api/operator/sso/logout")


@recipe("POST", "/api/operator/saml/{provider}/acs")
def answer(server):
    company, client = Company.saml(server), Client(server.operators)
    company.linked_saml()
    form = company.provider.answer(client, company.place, company.base)
    return lambda: company.post(client, form)


@recipe("GET", "/api/operator/saml/{provider}/complete")
def ticket(server):
    company, client = Company.saml(server), Client(server.operators)
    company.linked_saml()
    form = company.provider.answer(client, company.place, company.base)
    waiting = company.post(Client(server.operators), form).header("location")
    return lambda: client.get(waiting.removeprefix(company.base.removesuffix(company.place)))


@recipe("GET", "/api/operator/saml/{provider}/slo")
def logout_link(server):
    company = Company.saml(server)
    query = company.provider.logout_query(company.base)
    return lambda: Client(server.operators).get(f"{company.place}/slo?{query}")


@recipe("POST", "/api/operator/saml/{provider}/slo")
def logout_form(server):
    company = Company.saml(server)
    form = company.provider.logout_form(company.base)
    return lambda: Client(server.operators).request("POST", f"{company.place}/slo", form, FORM)


@recipe("DELETE", "/api/operator/links/{id}")
def unlink(server):
    company, operator = Company.openid(server), Operator(server)
    link = company.link(operator)
    return lambda: operator.client.delete(f"/api/operator/links/{link}")


@recipe("POST", "/api/operator/operators/{id}/links")
def name(server):
    company, operator = Company.openid(server), Operator(server)
    return lambda: company.admin.client.post(f"/api/operator/operators/{operator.id}/links", {
        "providerId": company.id, "subject": "00u1a2b3"})


@recipe("DELETE", "/api/operator/operators/{id}/links/{link}")
def forget(server):
    company, operator = Company.openid(server), Operator(server)
    link = company.link(operator)
    return lambda: company.admin.client.delete(f"/api/operator/operators/{operator.id}/links/{link}")
