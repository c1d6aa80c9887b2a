"""What the server says of single sign-on, for canned servers: providers, domains, codes, a directory and what was tried."""
import time

from canned import ORG, iso
from company import DAY, ago

NORDWIND, LAB = "nordwind.example", "lab.example"


def provider(id="entra", **rest):
    return {"id": id, "name": "Microsoft Entra ID", "type": "oidc", "enabled": True, "displayName": "Nordwind sign-in", "priority": 100, "allowedDomains": [NORDWIND],
            "allowedEmails": [], "allowedGroups": [], "groupRoleMappings": {"it-operations": "admin", "3c1f0e2a": "viewer"}, "jit": True, "defaultRole": "viewer",
            "oidc": {"issuerUrl": "https://login.microsoftonline.com/8f2k/v2.0", "clientId": "0oa1b2c3", "clientSecretSet": True, "scopes": ["openid", "profile", "email"],
                     "usernameClaim": "preferred_username", "emailClaim": "email", "groupsClaim": "groups"},
            "addresses": {"login": f"/api/oidc/{ORG['slug']}/{id}/login"}, "createdAt": ago(DAY), "updatedAt": ago(DAY), **rest}


def saml(**rest):
    return {**provider("saml"), "name": "Old portal", "displayName": "", "type": "saml", "enabled": False, "groupRoleMappings": {}, "oidc": None,
            "saml": {"idpMetadataUrl": "https://idp.nordwind.example/metadata", "emailAttr": "mail", "groupsAttr": "groups"}, **rest}


def domain(name=NORDWIND, state="verified", **rest):
    times = {"verifiedAt": ago(9 * DAY), "checkedAt": ago(3 * 3600), "nextCheckAt": iso(time.time() + 9 * 3600)} if state == "verified" else {}
    return {"domain": name, "displayDomain": name, "state": state, "isEnforced": False, "members": 4, "lacks": [] if state == "verified" else ["verified-domain"],
            "record": {"type": "TXT", "name": f"_pulse-challenge.{name}", "value": "pulse-domain-verification=vJ9Qm3c0Tt2XkV5bq1uYwA"}, "createdAt": ago(10 * DAY), **times, **rest}


def attempt(number, reason=None, **rest):
    return {"id": f"0190f5b2-0000-7000-8000-00000000a{number:03d}", "at": ago(60 * number), "providerId": "entra", "kind": "login", "accepted": reason is None,
            **({"reason": reason, "detail": "None of the groups may come in by this provider."} if reason else {"userId": "u2"}), "address": "203.0.113.24", "userAgent": "Firefox/128.0",
            "told": {"subject": "AAAAAJ3kZw8", "email": "jonas@nordwind.example", "groups": ["it-operations", "all-staff"], "claims": [
                {"name": "iss", "values": ["https://login.microsoftonline.com/8f2k/v2.0"]}, {"name": "sub", "values": ["AAAAAJ3kZw8"]}, {"name": "email", "values": ["jonas@nordwind.example"]},
                {"name": "name", "values": ["Jonas Ohlsen"]}, {"name": "groups", "values": ["it-operations", "all-staff"]}, {"name": "upn", "values": ["jonas@nordwind.example"]}]}, **rest}


def single_sign_on(server):
    """Gives the server what the pages of single sign-on ask for."""
    tried = [attempt(1), attempt(2, "group_restricted"), attempt(3, "issuer_mismatch", told=None), attempt(4, kind="test")]
    server.answers.update({
        ("GET", "/api/security/sso/providers"): {"data": [provider(), saml()]}, ("GET", "/api/security/sso/policy"): {"sessionMaxSeconds": 43200},
        ("GET", "/api/security/sso/attempts"): {"data": tried}, ("GET", "/api/security/sso/attempts/([^/]+)"): lambda match, query, body: next(one for one in tried if one["id"] == match[1]),
        ("GET", "/api/security/domains"): {"data": [domain(isEnforced=True), domain(LAB, "pending"), domain("alt.example", "lost"), domain("neu.example", missingSince=ago(7200))]},
        ("GET", "/api/security/sso/break-glass"): {"data": [
            {"userId": "u1", "displayName": "Mara Lindqvist", "email": "mara@nordwind.example", "holdsCode": True, "createdAt": ago(40 * DAY)},
            {"userId": "u2", "displayName": "Jonas Ohlsen", "email": "jonas@nordwind.example", "holdsCode": False}]},
        ("GET", "/api/security/scim"): {"enabled": True, "baseUrl": "https://pulse.example/scim/v2", "defaultRole": "viewer", "mappings": [{"group": "Pulse Admins", "role": "admin"}],
                                        "users": 120, "activeUsers": 118, "groups": 4, "lastSyncAt": ago(300)},
        ("GET", "/api/security/scim/tokens"): {"data": [{"id": "d1", "name": "Entra provisioning", "prefix": "psc_3f9a", "createdBy": "u1", "createdAt": ago(30 * DAY), "lastUsedAt": ago(300), "lastUsedAddress": "203.0.113.9"}]},
    })
    return server
