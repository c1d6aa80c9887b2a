"""A company for canned servers: its people, roles, tokens, sites, record and providers, as the wire tells them."""
import hashlib
import time

from canned import ORG, Answer, iso, problem

DAY, START = 86_400, time.time()
PERMISSIONS = [
    "read:monitoring", "read:org", "manage:org", "own:org", "read:members", "manage:members", "read:roles", "manage:roles", "read:tokens", "manage:tokens",
    "manage:agents", "read:sites", "manage:sites", "read:connections", "manage:connections", "read:sharing", "manage:sharing", "read:providers", "manage:providers", "read:audit", "manage:audit",
    "read:keys", "manage:keys", "read:security", "manage:security"]
LOOKING = ["read:monitoring", "read:org", "read:members", "read:sites"]
MEMBERS = f"/api/orgs/{ORG['id']}/members"
INVITATIONS = f"/api/orgs/{ORG['id']}/invitations"
JONAS, TARIQ, RUTH = "u2", "u3", "u4"
SITE_EDITOR, EVERYONE = "0190f5b2-0000-7000-8000-0000000000e1", "0190f5b2-0000-7000-8000-0000000000e3"
FRANKFURT, AMSTERDAM = "0190f5b2-0000-7000-8000-0000000000f1", "0190f5b2-0000-7000-8000-0000000000f2"
QR = ('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 21 21" shape-rendering="crispEdges">' + "".join(
    f'<rect x="{n % 21}" y="{n // 21}" width="1" height="1"/>' for n in range(441) if (n * 7919 + n // 21 * 31) % 5 < 2) + "</svg>")


def ago(seconds):
    return iso(time.time() - seconds)


def member(user, name, email, role, days):
    return {"userId": user, "displayName": name, "email": email, "role": role, "joinedAt": ago(days * DAY)}


def members():
    return [member("u1", "Mara Lindqvist", "mara@nordwind.example", "owner", 210), member(JONAS, "Jonas Ohlsen", "jonas@nordwind.example", "admin", 190),
            member(TARIQ, "Tariq Benali", "tariq@nordwind.example", "editor", 90), member(RUTH, "Ruth Adeyemi", "ruth@pruefwerk.example", "auditor", 12),
            member("u5", "", "paulo@nordwind.example", "viewer", 0.2)]


def invitation(number, email, role, expires, **rest):
    return {"id": f"i{number}", "email": email, "role": role, "invitedBy": "u1", "invitedByName": "Mara Lindqvist", "createdAt": ago(2 * DAY),
            "expiresAt": iso(time.time() + expires), "status": "pending" if expires > 0 else "expired", **rest}


def rule(permission, effect="allow", **conditions):
    action, resource = permission.split(":")
    return {"action": action, "resource": resource, "effect": effect, **({"conditions": conditions} if conditions else {})}


def built_in(role, permissions, count):
    return {"id": role, "name": role.capitalize(), "description": "", "rules": [rule(one) for one in permissions], "builtIn": True, "memberCount": count}


def roles():
    custom = {"id": SITE_EDITOR, "name": "Site editor", "description": "Looks after Frankfurt and Amsterdam", "parentId": EVERYONE, "builtIn": False, "memberCount": 1,
              "rules": [rule("manage:agents"), rule("manage:sites"), rule("*:keys", "deny"), rule("read:monitoring", sites=[FRANKFURT, AMSTERDAM])],
              "createdAt": iso(START - 40 * DAY), "updatedAt": iso(START - 3 * DAY)}
    everyone = {"id": EVERYONE, "name": "Everyone", "description": "", "builtIn": False, "memberCount": 0, "createdAt": iso(START), "updatedAt": iso(START),
                "rules": [rule("read:org"), rule("read:members"), rule("read:sites")]}
    night = {"id": "0190f5b2-0000-7000-8000-0000000000e2", "name": "Night shift", "description": "", "builtIn": False, "memberCount": 2,
             "rules": [rule("read:*"), rule("read:audit", "deny")], "createdAt": iso(START - 30 * DAY), "updatedAt": iso(START - 30 * DAY)}
    return [built_in("owner", PERMISSIONS, 1), built_in("admin", [one for one in PERMISSIONS if one != "own:org"], 1),
            built_in("editor", [*LOOKING, "manage:agents", "manage:sites"], 1), built_in("viewer", LOOKING, 1),
            built_in("auditor", [one for one in PERMISSIONS if one.startswith("read:")], 1), everyone, night, custom]


def explained(match, query, body):
    return {"userId": match[1], "role": "editor", "roles": [{"id": SITE_EDITOR, "name": "Site editor"}], "unrestricted": False, "permissions": [
        {"permission": one, "allowed": one in LOOKING or one == "manage:sites",
         "because": [{"effect": "deny", "role": "Site editor", "roleId": SITE_EDITOR, "rule": "*:keys"}] if one.endswith(":keys") else [],
         "reason": "because role Everyone, inherited by Site editor" if one in LOOKING else "because role Editor" if one == "manage:sites"
         else "denied by role Site editor" if one.endswith(":keys") else "because nothing grants it"} for one in PERMISSIONS]}


SCOPES = ["monitoring:read", "monitoring:write", "agent:report", "agent:enroll", "settings:read", "settings:write", "audit:read", "*"]


def token(number, name, scopes, **rest):
    return {"id": f"t{number}", "name": name, "kind": "user", "ownerUserId": "u1", "scopes": scopes, "allowedAddresses": [], "prefix": f"pat_Ab{number}d",
            "createdAt": ago(20 * DAY), "createdBy": "u1", **rest}


def tokens():
    return [token(1, "nightly-report", ["monitoring:read"], lastUsedAt=ago(400), lastUsedAddress="10.20.0.9", expiresAt=iso(time.time() + 60 * DAY), allowedAddresses=["10.20.0.0/16"]),
            token(2, "terraform", ["*"], kind="service", role="editor", ownerUserId=None, lastUsedAt=ago(2 * DAY)),
            token(3, "old-dashboard", ["monitoring:read", "settings:read", "audit:read"], expiresAt=ago(3 * DAY))]


def sites():
    return [{"id": FRANKFURT, "name": "Frankfurt", "description": "Rack 12, Kleyerstraße", "tags": ["production", "de"], "createdAt": ago(200 * DAY), "agentCount": 18},
            {"id": AMSTERDAM, "name": "Amsterdam", "description": "", "tags": [], "createdAt": ago(100 * DAY), "agentCount": 6}]


def entry(seq, seconds, action, actor, actor_name, subject, **rest):
    return {"id": f"e{seq}", "seq": seq, "at": ago(seconds), "action": action, "actor": actor, "actorName": actor_name, "through": "session:0190f5b2-0000-7000-8000-00000000cafe",
            "object": subject, "address": "203.0.113.24", "userAgent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/128.0", "requestId": "01JPB7Q2M4",
            "hash": hashlib.sha256(str(seq).encode()).hexdigest(), **rest}


def entries():
    agent = "agent:0190f5b2-0000-7000-8000-00000000a9e1"
    return [entry(48_216, 60, "role.update", "user:u1", "Mara Lindqvist", f"role:{SITE_EDITOR}", before={"name": "Site editor", "rules": 3}, after={"name": "Site editor", "rules": 4}),
            entry(48_215, 400, "member.update", "user:u1", "Mara Lindqvist", "user:u3", objectName="Tariq Benali", before={"role": "viewer"}, after={"role": "editor"}),
            entry(48_214, 1_600, "audit_stream.create", "user:u2", "Jonas Ohlsen", "audit_stream:s1", after={"name": "splunk", "secret": "***"}),
            entry(48_213, 3_900, "agent.read", "operator:o1", None, agent, through="consent:c1", address="", after={"hostname": "nas-basement"}),
            entry(48_212, 7_000, "token.rotate", "token:t2", "terraform", "token:t1", through="user:u1", address="10.20.0.9", after={"name": "nightly-report"}),
            entry(48_211, 20_000, "agent.revoke", "user:u9", "Fjordline Managed IT", agent, through="grant:g1 session:s9", address="192.0.2.14", before={"hostname": "kasse-03"}),
            entry(48_210, 90_000, "invitation.create", "user:u1", "Mara Lindqvist", "invitation:i1", after={"email": "ines@nordwind.example", "role": "viewer"}),
            entry(48_209, 190_000, "session.create", "user:u4", "Ruth Adeyemi", "session:s4"),
            entry(48_208, 260_000, "backup.verify", "system:nightly_check", None, "backup:b1", through=None, address="")]


def summary():
    return {"total": 48_216, "actions": [{"action": "session.create", "count": 3_900}],
            "actors": [{"actor": "user:u1", "actorName": "Mara Lindqvist", "count": 812}, {"actor": "operator:o1", "count": 2}],
            "chain": {"seq": 48_216, "hash": "c4" * 32, "at": ago(60), "firstSeq": 1, "state": "intact", "checkpoint": {"seq": 48_212, "hash": "ab" * 32, "at": ago(6_800), "keyId": "k7"}},
            "retentionDays": 400}


def customer(number, name, role, online, offline=0, warning=0, unknown=0, **rest):
    counts = {"resources": online + offline + warning + unknown, "online": online, "offline": offline, "warning": warning, "unknown": unknown, "agents": online, "updatedAt": ago(number)}
    return {"grantId": f"g{number}", "orgId": f"0190f5b2-0000-7000-8000-0000000c{number:04d}", "slug": f"c{number}", "displayName": name, "role": role, "status": "active",
            "expiresAt": iso(time.time() + 90 * DAY), "summary": counts, **rest}


def customers():
    return [customer(1, "Architekten Vogt", "admin", 9), customer(2, "Bäckerei Kranz", "editor", 10, offline=1, warning=1), customer(3, "Nordwind Logistik", "editor", 36, warning=4),
            customer(4, "Stadtwerke Hollern", "viewer", 29, unknown=2), customer(5, "Kanzlei Tönnies", "viewer", 8, status="suspended"), customer(6, "Praxis Wedemeyer", "admin", 0, summary=None),
            customer(7, "Reederei Zander", "editor", 28)]


def overview(data):
    known = [one["summary"] for one in data if one.get("summary")]
    return {"data": data, "totals": {"customers": len(data), **{name: sum(one[name] for one in known) for name in ("resources", "online", "offline", "warning", "unknown")}}}


def account(**changes):
    agents = ["Mozilla/5.0 (X11; Linux x86_64) Firefox/128.0", "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) Safari/604.1"]
    return {"hasPassword": True, "stepUpMethods": ["password"], "freshUntil": None, "totp": {"enabled": False}, "recoveryCodesLeft": 0, "zeroKnowledge": {"offered": False, "registered": False},
            "passkeys": [{"id": "pk1", "name": "Laptop", "createdAt": ago(40 * DAY), "lastUsedAt": ago(4_000)}], "devices": [{"id": f"d{n}", "createdAt": ago(9 * DAY), "lastSeenAt": ago(n * 40_000 + 5), "userAgent": agents[n], "current": n == 0} for n in range(2)], **changes}


def grants():
    return [{"id": "pg1", "provider": {"slug": "fjordline", "displayName": "Fjordline Managed IT"}, "role": "editor", "status": "active", "note": "Contract 2211", "createdAt": ago(80 * DAY),
             "expiresAt": iso(time.time() + 100 * DAY), "acceptedAt": ago(79 * DAY)},
            {"id": "pg2", "provider": {"slug": "nachtwache"}, "role": "viewer", "status": "offered", "createdAt": ago(DAY), "expiresAt": iso(time.time() + 30 * DAY)}]


def detail(**changes):
    return {**ORG, "createdAt": ago(210 * DAY), "memberCount": 5, "pendingInvitationCount": 2, **changes}


def keys(**changes):
    return {"provider": "file", "wrappingKey": {"id": "w1", "provider": "file", "isOwn": False, "state": "active", "createdAt": ago(200 * DAY)},
            "dataKeys": [{"id": "k2", "version": 2, "state": "current", "createdAt": ago(3 * DAY)}, {"id": "k1", "version": 1, "state": "retiring", "createdAt": ago(200 * DAY)}],
            "ownKeyProviders": ["aws-kms", "transit"],
            "rotation": {"id": "r1", "kind": "data", "state": "done", "rewritten": 214, "startedAt": ago(3 * DAY), "finishedAt": ago(3 * DAY - 9)}, **changes}


def issuer(**changes):
    return {"id": "ti1", "name": "Keycloak", "issuer": "https://sso.nordwind.example/realms/main", "audience": "pulse", "keySource": "url", "jwksUrl": "https://sso.nordwind.example/realms/main/keys", "keyIds": [],
            "algorithms": ["RS256", "ES256"], "roleClaim": "realm_access.roles", "roleMappings": [{"value": "pulse-admins", "role": "editor"}, {"value": "pulse-users", "role": "viewer"}],
            "maxTokenAgeSeconds": 3600, "enabled": True, "createdAt": ago(20 * DAY), "updatedAt": ago(DAY), **changes}


def shares():
    return [{"id": "sh1", "targetOrgId": "x", "targetSlug": "fjordline", "resourceType": "agent", "resourceId": "r1", "resourceName": "db-primary", "accessRole": "viewer", "status": "accepted", "createdAt": ago(40 * DAY), "acceptedAt": ago(39 * DAY)},
            {"id": "sh2", "targetSlug": "hollern", "resourceType": "agent", "resourceId": "r2", "resourceName": "mail-gw", "accessRole": "editor", "status": "pending", "createdAt": ago(DAY)}]


def received():
    source = {"orgId": "s1", "slug": "grube", "displayName": "Feinkost Grube"}
    return [{"id": "in1", "source": source, "resourceType": "agent", "resourceId": "r8", "resourceName": "kasse-01", "accessRole": "viewer", "status": "pending", "createdAt": ago(3_000)},
            {"id": "in2", "source": source, "resourceType": "agent", "resourceId": "r9", "resourceName": "kasse-02", "resourceStatus": "offline", "changedAt": ago(900), "accessRole": "viewer", "status": "accepted", "createdAt": ago(9 * DAY)}]


def asked(status="pending", **rest):
    return {"id": "sa1", "operatorName": "Lea Sommer", "reason": "Charts of db-primary stay empty, ticket 8821", "minutes": 120, "status": status, "requestedAt": ago(4_000), "requestExpiresAt": iso(time.time() + 3 * DAY),
            **({"decidedAt": ago(100), "expiresAt": iso(time.time() + 7_000)} if status == "active" else {}), **rest}


def furnish(server, permissions=PERMISSIONS, role="owner"):
    """Gives the server everything that an owner's console asks for."""
    org = {**ORG, "role": role}
    me = {**server.answers["GET", "/api/me"], "permissions": list(permissions), "organization": org}
    server.answers.update({
        ("GET", "/api/me"): me, ("GET", f"/api/orgs/{ORG['id']}"): detail(role=role),
        ("GET", MEMBERS): {"data": members()},
        ("GET", INVITATIONS): {"data": [invitation(1, "ines@nordwind.example", "viewer", 5 * DAY), invitation(2, "karl@nordwind.example", "editor", -DAY)]},
        ("GET", MEMBERS + "/([^/]+)/permissions"): explained, ("GET", MEMBERS + "/([^/]+)/roles"): {"role": "editor", "roleIds": []},
        ("GET", "/api/admin/roles"): {"data": roles(), "permissions": PERMISSIONS},
        ("GET", "/api/admin/roles/([^/]+)"): lambda match, query, body: next((one for one in roles() if one["id"] == match[1]), problem(404, "role-not-found", "No such role")),
        ("GET", "/api/security/tokens"): {"data": tokens(), "scopes": SCOPES}, ("GET", "/api/sites"): {"data": sites()},
        ("GET", "/api/agents/enrollment-tokens"): {"data": [
            {"id": "n1", "name": "rack 12", "createdAt": ago(3_000), "expiresAt": iso(time.time() + DAY), "uses": 20, "usedCount": 7, "tags": ["production"], "siteId": FRANKFURT},
            {"id": "n2", "name": None, "createdAt": ago(2 * DAY), "expiresAt": ago(DAY), "uses": 1, "usedCount": 1, "usedAt": ago(2 * DAY), "tags": []}]},
        ("GET", "/api/audit"): {"data": entries(), "nextCursor": "next"}, ("GET", "/api/audit/summary"): summary(),
        ("GET", "/api/audit/actions"): {"data": ["agent.enroll", "agent.revoke", "member.update", "role.update", "session.create"]},
        ("GET", "/api/audit/checkpoints"): {"data": [{"seq": 48_212, "hash": "ab" * 32, "at": ago(6_800), "keyId": "k7", "publicKey": "", "signature": "", "isSeal": False}]},
        ("GET", "/api/audit/verify"): {"verified": True, "entries": 48_216, "firstSeq": 1, "seq": 48_216, "message": "All 48,216 entries and 483 signatures fit", "checkpoints": 483},
        ("GET", "/api/audit/streams"): {"data": [{"id": "s1", "name": "splunk", "kind": "webhook", "address": "https://hec.nordwind.example", "secretSet": True, "enabled": True, "seq": 48_216, "behind": 0, "lastSentAt": ago(12)}]},
        ("GET", "/api/security/keys"): keys(), ("GET", "/api/security/sign-in-policy"): {"zeroKnowledge": False},
        ("GET", "/api/security/trusted-issuers"): {"data": [issuer()]},
        ("GET", f"/api/orgs/{ORG['id']}/shares"): {"data": shares()}, ("GET", f"/api/orgs/{ORG['id']}/shares/incoming"): {"data": received()},
        ("GET", f"/api/orgs/{ORG['id']}/support-access"): {"data": [asked(), asked("revoked", id="sa0", reason="Mails were late", requestedAt=ago(30 * DAY), endedAt=ago(29 * DAY))]},
        ("GET", "/api/provider/customers"): overview(customers()),
        ("GET", "/api/provider/grants"): {"data": [{"id": "g9", "customer": {"orgId": "c9", "slug": "grube", "displayName": "Feinkost Grube"}, "role": "editor", "status": "offered", "createdAt": ago(3_600), "expiresAt": iso(time.time() + 90 * DAY)}]},
        ("GET", "/api/provider-grants"): {"data": grants()}, ("GET", "/api/security/account"): account(), ("GET", "/api/org-invitations"): {"data": []},
        ("GET", "/api/sessions"): {"data": [{"id": "s1", "createdAt": ago(3_000), "lastSeenAt": ago(2), "expiresAt": iso(time.time() + DAY), "userAgent": "Firefox/128.0 Linux", "address": "203.0.113.24", "current": True}]},
    })
    return server


def said(server, method, path):
    """The bodies sent with this method to this path, in order."""
    return [body for how, where, body in server.asked if how == method and where.split("?")[0] == path]


def needs_fresh(then):
    """Refuses until the person has confirmed, then answers as `then`."""
    state = {"fresh": False}

    def confirm(match, query, body):
        if body not in ({"password": "a long enough password 7"}, {"code": "123456"}):
            return problem(403, "wrong-password", "Wrong password")
        state["fresh"] = True
        return {"freshUntil": iso(time.time() + 600)}

    def guarded(match, query, body):
        if not state["fresh"]:
            refused = problem(403, "fresh-session-required", "Confirm it is you")
            return Answer(403, {**refused.body, "methods": "password"})
        return then(match, query, body) if callable(then) else then

    return confirm, guarded
