"""The operator plane for canned servers: its people, the organisations they look after, and what they did."""
import time

from canned import ORG, Answer, iso, problem
from company import DAY, QR, ago, members, sites

API = "/api/operator"
LEA = {"id": "o1", "email": "lea@pulse.example", "displayName": "Lea Sommer", "role": "operator_admin"}
KIM = {"id": "o2", "email": "kim@pulse.example", "displayName": "Kim Aalto", "role": "operator"}
NORDWIND = f"{API}/orgs/{ORG['id']}"


def org(number, name, status="active", **rest):
    return {"id": f"0190f5b2-0000-7000-8000-00000000{number:04d}", "slug": name.lower().replace(" ", "-"), "displayName": name, "status": status,
            "createdAt": ago(number * 20 * DAY), "memberCount": number * 3, "ownerEmail": f"owner@{number}.example", **rest}


def orgs():
    return [org(1, "Feinkost Grube"), {**org(2, "Nordwind Logistik"), "id": ORG["id"], "slug": "nordwind", "ownerEmail": "mara@nordwind.example"},
            org(3, "Kanzlei Tönnies", "suspended", suspendReason="billing"), org(4, "Praxis Wedemeyer", "pending_deletion"), org(5, "Reederei Zander", ownerEmail=None)]


def support(status="pending", **rest):
    made = {"id": "sa1", "orgId": ORG["id"], "orgSlug": "nordwind", "orgName": "Nordwind Logistik", "operatorId": "o1", "operatorName": "Lea Sommer",
            "reason": "Charts of db-primary stay empty, ticket 8821", "minutes": 120, "status": status, "requestedAt": ago(4_000), "requestExpiresAt": iso(time.time() + 3 * DAY)}
    if status != "pending":
        made.update(decidedAt=ago(3_000), expiresAt=iso(time.time() + 3_600))
    return {**made, **rest}


def detail(**changes):
    return {**orgs()[1], "plan": "team", "owners": [{"userId": "u1", "email": "mara@nordwind.example", "displayName": "Mara Lindqvist"}],
            "usage": {"members": 6, "pendingInvitations": 1, "machines": 40, "resources": 43, "apiTokens": 3, "historyBytes": 3_800_000_000, "historyRows": 41_200_000, "lastReportAt": ago(4)}, **changes}


def entry(seq, seconds, action, operator=LEA, **rest):
    return {"id": f"l{seq}", "seq": seq, "at": ago(seconds), "operatorId": operator["id"], "operatorName": operator["displayName"], "action": action, "object": f"organisation:{ORG['id']}",
            "address": "203.0.113.80", "userAgent": "Firefox", "requestId": "01JPB7Q2M4", **rest}


def log():
    return [entry(9, 40, "support_access.read", orgId=ORG["id"]), entry(8, 300, "support_access.request", orgId=ORG["id"], note="Charts of db-primary stay empty, ticket 8821"),
            entry(7, 900, "organisation.suspend", orgId=orgs()[2]["id"], note="Invoice 2211, third reminder"), entry(6, 4_000, "organisation.search", KIM), entry(5, 90_000, "operator_session.create", KIM)]


COMPANY = {"id": "company", "type": "oidc", "displayName": "Company sign-in", "loginUrl": f"{API}/oidc/company/login"}


def operations(server, operator=LEA):
    """Makes the server the operators' listener, with one of them signed in."""
    server.page = "operator.html"
    server.cookies = {"pulse_operator_csrf": "canned"}
    rows = [{**LEA, "status": "active", "createdAt": ago(400 * DAY), "lastSignInAt": ago(600)}, {**KIM, "status": "active", "createdAt": ago(90 * DAY), "lastSignInAt": ago(90_000)},
            {"id": "o3", "email": "new@pulse.example", "displayName": "Noor Haddad", "role": "operator", "status": "invited", "createdAt": ago(3_000)}]
    server.answers.update({
        ("GET", f"{API}/me"): {"operator": operator, "csrfToken": "canned", "expiresAt": iso(time.time() + 1_800), "absoluteExpiresAt": iso(time.time() + 40_000)},
        ("GET", f"{API}/sign-in"): {"passwordLogin": True, "providers": [COMPANY]},
        ("POST", f"{API}/sso/logout"): {},
        ("GET", f"{API}/orgs"): lambda match, query, body: {"data": [
            one for one in orgs() if query.get("q", "").lower() in one["displayName"].lower() and query.get("status") in (None, one["status"])]},
        ("GET", NORDWIND): detail(),
        ("GET", f"{API}/orgs/([^/]+)"): problem(404, "organisation-not-found", "No such organisation"),
        ("GET", f"{API}/support-access"): lambda match, query, body: {"data": [one for one in [
            support("active"), support("declined", id="sa2", orgName="Feinkost Grube", orgId=orgs()[0]["id"], reason="Cannot sign in", operatorId="o2", operatorName="Kim Aalto")]
            if query.get("status") in (None, one["status"])]},
        ("GET", f"{API}/operators"): {"data": rows},
        ("GET", f"{API}/audit"): lambda match, query, body: {"data": [one for one in log() if query.get("action") in (None, one["action"]) and query.get("org") in (None, one.get("orgId"))]},
        ("GET", f"{API}/audit/verify"): {"intact": True, "entries": 9, "checkpoints": 1, "checkpoint": {"seq": 8}},
        ("GET", f"{NORDWIND}/view/resources"): lambda match, query, body: {"data": list(server.machines.values())[:10], "meta": {"total": len(server.machines)}},
        ("GET", f"{NORDWIND}/view/members"): {"data": members()}, ("GET", f"{NORDWIND}/view/sites"): {"data": sites()},
        ("POST", f"{API}/setup/begin"): lambda match, query, body: (
            {"email": LEA["email"], "displayName": LEA["displayName"], "role": LEA["role"], "secret": "JBSWY3DPEHPK3PXP", "address": "otpauth://totp/Pulse", "picture": QR,
             "expiresAt": iso(time.time() + DAY)} if body == {"token": "osu_good"} else problem(400, "setup-link-invalid", "Invalid link")),
    })
    return server
