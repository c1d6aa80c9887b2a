"""One call of every route that changes something, so that it can be tried whether it leaves its audit entry. A recipe
prepares what the call needs and returns the call itself; a route without one fails the completeness test."""
import secrets
import time

from harness import passkeys, srp
from harness.agents import ScriptedAgent
from harness.gateways import ScriptedGateway
from harness.operators import Operator
from harness.processes import eventually
from harness.providers import FORM, SAMLProvider
from harness.seconds import time_code

RECIPES = {}

PASSWORD = "a long enough password 7"
SRP_KEY = 0x5EC3E7
ANOTHER = "nine calm grey herons 8"


def recipe(method, path):
    def keep(function):
        RECIPES[(method, path)] = function
        return function
    return keep


class Scene:
    """An owner of an organisation of their own, made when it is first needed."""

    def __init__(self, server):
        self.server = server
        self._owner = None

    @property
    def owner(self):
        self._owner = self._owner or self.server.sign_up("Trail Works")
        return self._owner

    @property
    def browser(self):
        return self.owner.browser

    def call(self, method, path, body=None, **rest):
        """The call of an owner's browser, to be made later."""
        browser = self.browser
        return lambda: browser.request(method, path, body, **rest)

    def stranger(self, path, body, token=None):
        client = self.server.client(token)
        return lambda: client.post(path, body)

    def mailed(self, prefix, ask):
        """The token of the link that `ask` had mailed to the owner."""
        address = self.owner.address
        before = len(self.server.mails(address))
        ask(address)
        return self.server.mailed_token(address, prefix, after=before)

    def second_session(self):
        """Another sign-in of the owner; its session's id."""
        other = self.server.client()
        other.login(self.owner.address, PASSWORD)
        return next(s["id"] for s in other.get("/api/sessions").json["data"] if s["current"])

    def agent(self):
        agent = ScriptedAgent(self.server)
        assert agent.enroll(self.owner.enrollment_token()["token"]).status == 200
        return agent

    def created(self, path, body, **rest):
        """What a creating call answers."""
        answer = self.browser.post(path, body, **rest)
        assert 200 <= answer.status < 300, answer
        return answer.json


# --- signing in and up ---

@recipe("POST", "/api/login")
def login(scene):
    return scene.stranger("/api/login", {"username": scene.owner.address, "password": PASSWORD})


@recipe("POST", "/api/logout")
def logout(scene):
    return scene.call("POST", "/api/logout", {})


@recipe("POST", "/api/public/signup/complete")
def complete_signup(scene):
    address = "trail-new@example.com"
    asked = scene.server.client().post("/api/public/signup", {"email": address, "organizationName": "New Works"})
    assert asked.status == 202, asked
    token = scene.server.mailed_token(address, "su1")
    return scene.stranger("/api/public/signup/complete", {"token": token, "password": PASSWORD, "displayName": "New"})


def _magic_link(scene):
    return scene.mailed("ml1", lambda address: scene.browser.post("/api/public/magic-link/request", {"email": address}))


@recipe("POST", "/api/public/magic-link/verify")
def magic_link(scene):
    return scene.stranger("/api/public/magic-link/verify", {"token": _magic_link(scene)})


@recipe("GET", "/api/public/magic-link/verify")
def magic_link_opened(scene):
    return scene.call("GET", f"/api/public/magic-link/verify?token={_magic_link(scene)}")


@recipe("POST", "/api/public/password-reset/complete")
def reset_password(scene):
    token = scene.mailed(
        "rp1", lambda address: scene.server.client().post("/api/public/password-reset/request", {"email": address}))
    return scene.stranger("/api/public/password-reset/complete", {"token": token, "password": ANOTHER})


# --- oneself ---

@recipe("PATCH", "/api/me")
def rename(scene):
    return scene.call("PATCH", "/api/me", {"displayName": "Somebody Else"})


@recipe("POST", "/api/security/change-password")
def change_password(scene):
    return scene.call("POST", "/api/security/change-password", {"currentPassword": PASSWORD, "newPassword": ANOTHER})


@recipe("POST", "/api/security/step-up")
def step_up(scene):
    return scene.call("POST", "/api/security/step-up", {"password": PASSWORD})


@recipe("DELETE", "/api/security/devices/{id}")
def forget_device(scene):
    scene.second_session()
    device = scene.browser.get("/api/security/account").json["devices"][0]["id"]
    return scene.call("DELETE", f"/api/security/devices/{device}")


@recipe("POST", "/api/security/totp")
def begin_totp(scene):
    return scene.call("POST", "/api/security/totp")


@recipe("POST", "/api/security/totp/confirm")
def confirm_totp(scene):
    secret = scene.created("/api/security/totp", None)["secret"]
    return scene.call("POST", "/api/security/totp/confirm", {"code": time_code(secret)})


def _enrolled(scene):
    """The owner with an authenticator; its secret."""
    secret = scene.created("/api/security/totp", None)["secret"]
    scene.created("/api/security/totp/confirm", {"code": time_code(secret)})
    return secret


@recipe("DELETE", "/api/security/totp")
def disable_totp(scene):
    _enrolled(scene)
    return scene.call("DELETE", "/api/security/totp")


@recipe("POST", "/api/security/recovery-codes")
def renew_recovery_codes(scene):
    _enrolled(scene)
    return scene.call("POST", "/api/security/recovery-codes")


@recipe("POST", "/api/login/second-factor")
def second_step(scene):
    secret = _enrolled(scene)
    first = scene.server.client().post("/api/login", {"username": scene.owner.address, "password": PASSWORD})
    # The present code is used up; that of the next half minute is right already.
    body = {"challenge": first.json["challenge"], "code": time_code(secret, ahead=1)}
    return scene.stranger("/api/login/second-factor", body)


def _authenticator(scene):
    return passkeys.Authenticator(scene.server.url)


def _with_passkey(scene):
    """The owner's authenticator, its passkey added; and the passkey's id."""
    authenticator = _authenticator(scene)
    begun = scene.created("/api/security/passkeys/begin", None)
    return authenticator, scene.created("/api/security/passkeys", authenticator.addition(begun["challenge"]))["id"]


@recipe("POST", "/api/security/passkeys")
def add_passkey(scene):
    begun = scene.created("/api/security/passkeys/begin", None)
    return scene.call("POST", "/api/security/passkeys", _authenticator(scene).addition(begun["challenge"]))


@recipe("DELETE", "/api/security/passkeys/{id}")
def remove_passkey(scene):
    return scene.call("DELETE", f"/api/security/passkeys/{_with_passkey(scene)[1]}")


@recipe("POST", "/api/login/passkey")
def login_by_passkey(scene):
    authenticator, _ = _with_passkey(scene)
    begun = scene.server.client().post("/api/login/passkey/begin").json
    return scene.stranger("/api/login/passkey", authenticator.login(begun["challenge"]))


@recipe("PUT", "/api/security/sign-in-policy")
def sign_in_policy(scene):
    return scene.call("PUT", "/api/security/sign-in-policy", {"zeroKnowledge": True})


def _registration(scene):
    """A verifier of the owner's, and the number it was made from."""
    assert scene.browser.request("PUT", "/api/security/sign-in-policy", {"zeroKnowledge": True}).status == 200
    return {"salt": "00" * 16, "kdfSalt": "11" * 16, "verifier": srp.number(srp.verifier(SRP_KEY)).hex()}


@recipe("POST", "/api/auth/register-srp")
def register_verifier(scene):
    return scene.call("POST", "/api/auth/register-srp", _registration(scene))


@recipe("POST", "/api/auth/srp/verify")
def verify_proof(scene):
    address = scene.owner.address
    scene.created("/api/auth/register-srp", _registration(scene))
    begun = scene.server.client().post("/api/auth/srp/init", {"email": address}).json
    public, proof = srp.answer(begun, address.lower(), SRP_KEY)
    body = {"email": address, "sessionId": begun["sessionId"], "clientPublic": public, "clientProof": proof}
    return scene.stranger("/api/auth/srp/verify", body)


@recipe("POST", "/api/sessions/revoke-others")
def revoke_others(scene):
    scene.owner
    scene.second_session()
    return scene.call("POST", "/api/sessions/revoke-others", {})


@recipe("DELETE", "/api/sessions/{id}")
def revoke_session(scene):
    scene.owner
    return scene.call("DELETE", f"/api/sessions/{scene.second_session()}")


# --- the organisation ---

@recipe("POST", "/api/orgs")
def create_organisation(scene):
    return scene.call("POST", "/api/orgs", {"displayName": "Second Works"})


@recipe("GET", "/api/orgs/{id}/export")
def export_organisation(scene):
    return scene.call("GET", f"/api/orgs/{scene.owner.org}/export")


@recipe("POST", "/api/orgs/{id}/import")
def import_organisation(scene):
    """Into a fresh organisation, which is the one whose trail tells of it."""
    archive = scene.browser.get(f"/api/orgs/{scene.owner.org}/export")
    assert archive.status == 200, archive
    target = scene.server.sign_up("Import Works")
    return lambda: target.browser.request(
        "POST", f"/api/orgs/{target.org}/import", archive.body, headers={"Content-Type": "application/gzip"})


@recipe("POST", "/api/orgs/{id}/switch")
def switch(scene):
    second = scene.created("/api/orgs", {"displayName": "Second Works"})
    return scene.call("POST", f"/api/orgs/{second['id']}/switch", {})


@recipe("PATCH", "/api/orgs/{id}")
def rename_organisation(scene):
    return scene.call("PATCH", f"/api/orgs/{scene.owner.org}", {"displayName": "Trail Works Ltd"})


@recipe("DELETE", "/api/orgs/{id}")
def delete_organisation(scene):
    return scene.call("DELETE", f"/api/orgs/{scene.owner.org}")


@recipe("POST", "/api/orgs/{id}/restore")
def restore_organisation(scene):
    deleted = scene.browser.delete(f"/api/orgs/{scene.owner.org}")
    assert deleted.json["status"] == "pending_deletion", deleted
    return scene.call("POST", f"/api/orgs/{scene.owner.org}/restore")


# --- identity ---

def _machines(scene, *names):
    """Machines with an agent each, as soon as they are in the inventory; their ids."""
    for name in names:
        agent = ScriptedAgent(scene.server, hostname=name)
        assert agent.enroll(scene.owner.enrollment_token()["token"]).status == 200
        assert agent.send().status == 200

    def listed():
        found = {one["name"]: one["id"] for one in scene.browser.get("/api/resources?limit=100").json["data"]}
        return [found[name] for name in names] if set(names) <= set(found) else None
    return eventually(listed, 20, "the machines are listed")


def _linked(scene, *names):
    """Two machines that were said to be one, as soon as they are."""
    one, other = _machines(scene, *names)
    assert scene.browser.post(f"/api/resources/{one}/link", {"targetId": other}).status == 202
    path = f"/api/resources/{one}/identity"
    eventually(lambda: len((scene.browser.get(path).json or {}).get("claims", [])) == 2, 20, "the two are one")
    return one


@recipe("POST", "/api/resources/{id}/link")
def link_resources(scene):
    one, other = _machines(scene, "link-a", "link-b")
    return scene.call("POST", f"/api/resources/{one}/link", {"targetId": other, "reason": "moved"})


@recipe("POST", "/api/resources/{id}/unlink")
def unlink_resources(scene):
    one = _linked(scene, "unlink-a", "unlink-b")
    first = scene.browser.get(f"/api/resources/{one}/identity").json["claims"][0]["connectionId"]
    return scene.call("POST", f"/api/resources/{one}/unlink", {"connectionId": first})


@recipe("POST", "/api/resources/{id}/report-merge")
def report_merge(scene):
    one = _linked(scene, "merge-a", "merge-b")
    return scene.call("POST", f"/api/resources/{one}/report-merge", {"sources": ["agent"], "notes": "two machines"})


@recipe("DELETE", "/api/resources/identity-rules/{id}")
def take_back_rule(scene):
    one, other = _machines(scene, "rule-a", "rule-b")
    rule = scene.browser.post(f"/api/resources/{one}/link", {"targetId": other}).json["id"]
    return scene.call("DELETE", f"/api/resources/identity-rules/{rule}")


# --- connections ---

PLATFORM = {"kind": "pve", "name": "fra", "host": "pve.invalid", "tokenId": "pulse@pve!monitor", "secret": "a-secret"}


def _connection(scene, name):
    return "/api/connections/" + scene.created("/api/connections", {**PLATFORM, "name": name})["id"]


@recipe("POST", "/api/connections")
def create_connection(scene):
    return scene.call("POST", "/api/connections", PLATFORM)


@recipe("PATCH", "/api/connections/{id}")
def change_connection(scene):
    return scene.call("PATCH", _connection(scene, "ams"), {"cadenceSeconds": 30})


@recipe("DELETE", "/api/connections/{id}")
def delete_connection(scene):
    return scene.call("DELETE", _connection(scene, "ber"))


@recipe("POST", "/api/connections/{id}/poll")
def poll_connection(scene):
    return scene.call("POST", _connection(scene, "par") + "/poll")


@recipe("POST", "/api/connections/{id}/test")
def test_connection(scene):
    return scene.call("POST", _connection(scene, "lon") + "/test", {})


@recipe("POST", "/api/connections/test")
def test_new_connection(scene):
    return scene.call("POST", "/api/connections/test", PLATFORM)


@recipe("POST", "/api/connections/preview")
def preview_connection(scene):
    return scene.call("POST", "/api/connections/preview", PLATFORM)


@recipe("POST", "/api/connections/certificate")
def show_certificate(scene):
    return scene.call("POST", "/api/connections/certificate", {"kind": "pve", "host": "pve.invalid"})


def _metadata(method, path):
    @recipe(method, path)
    def write(scene):
        agent = scene.agent()
        assert agent.send().status == 200
        place = path.replace("{id}", scene.owner.resource(agent.hostname)["id"])
        if method == "DELETE":
            assert scene.browser.put(place, {"tags": ["kept"]}).status == 200
        return scene.call(method, place, {"notes": "Ask Ada."} if method == "PUT" else None)


for _path in ("/api/resources/{id}/metadata", "/api/docker/metadata/{id}", "/api/guests/metadata/{id}"):
    _metadata("PUT", _path)
    _metadata("DELETE", _path)


@recipe("POST", "/api/sites")
def new_site(scene):
    return scene.call("POST", "/api/sites", {"name": "Bremen"})


@recipe("PATCH", "/api/sites/{id}")
def change_site(scene):
    return scene.call("PATCH", f"/api/sites/{scene.created('/api/sites', {'name': 'Kiel'})['id']}", {"name": "Bonn"})


@recipe("DELETE", "/api/sites/{id}")
def remove_site(scene):
    return scene.call("DELETE", f"/api/sites/{scene.created('/api/sites', {'name': 'Kiel'})['id']}")


# --- providers ---

def _offer(scene, provider="good-hands"):
    until = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 86_400))
    return {"provider": provider, "role": "viewer", "expiresAt": until}


def _offered(scene):
    """A provider's owner, and the grant that the scene's organisation offers it."""
    provider = scene.server.sign_up("Good Hands")
    slug = provider.browser.get(f"/api/orgs/{provider.org}").json["slug"]
    return provider, scene.created("/api/provider-grants", _offer(scene, slug))["id"]


@recipe("POST", "/api/provider-grants")
def offer_grant(scene):
    return scene.call("POST", "/api/provider-grants", _offer(scene))


@recipe("DELETE", "/api/provider-grants/{id}")
def revoke_grant(scene):
    grant = scene.created("/api/provider-grants", _offer(scene))["id"]
    return scene.call("DELETE", f"/api/provider-grants/{grant}")


@recipe("POST", "/api/provider/grants/{id}/accept")
def accept_grant(scene):
    provider, grant = _offered(scene)
    return lambda: provider.browser.post(f"/api/provider/grants/{grant}/accept")


@recipe("DELETE", "/api/provider/grants/{id}")
def decline_grant(scene):
    provider, grant = _offered(scene)
    return lambda: provider.browser.delete(f"/api/provider/grants/{grant}")


# --- support access ---

def _asked(scene):
    """The address of a request that an operator made to the scene's organisation."""
    return f"/api/orgs/{scene.owner.org}/support-access/{Operator(scene.server).ask(scene.owner.org)}"


@recipe("POST", "/api/orgs/{id}/support-access/{accessId}/approve")
def approve_support(scene):
    return scene.call("POST", f"{_asked(scene)}/approve", {})


@recipe("POST", "/api/orgs/{id}/support-access/{accessId}/decline")
def decline_support(scene):
    return scene.call("POST", f"{_asked(scene)}/decline")


@recipe("DELETE", "/api/orgs/{id}/support-access/{accessId}")
def revoke_support(scene):
    return scene.call("DELETE", _asked(scene))


# --- shares ---

def _shared(scene, target="somebody-else"):
    """A share of a machine that the scene's organisation offers."""
    agent = scene.agent()
    assert agent.send().status == 200
    return {"target": target, "resourceId": scene.owner.resource(agent.hostname)["id"]}


def _incoming(scene):
    """Another organisation's owner, and the address of a share offered to it."""
    other = scene.server.sign_up("Other Works")
    slug = other.browser.get(f"/api/orgs/{other.org}").json["slug"]
    share = scene.created(f"/api/orgs/{scene.owner.org}/shares", _shared(scene, slug))["id"]
    return other, f"/api/orgs/{other.org}/shares/incoming/{share}"


@recipe("POST", "/api/orgs/{id}/shares")
def offer_share(scene):
    return scene.call("POST", f"/api/orgs/{scene.owner.org}/shares", _shared(scene))


@recipe("DELETE", "/api/orgs/{id}/shares/{shareId}")
def revoke_share(scene):
    share = scene.created(f"/api/orgs/{scene.owner.org}/shares", _shared(scene))["id"]
    return scene.call("DELETE", f"/api/orgs/{scene.owner.org}/shares/{share}")


@recipe("POST", "/api/orgs/{id}/shares/incoming/{shareId}/accept")
def accept_share(scene):
    other, address = _incoming(scene)
    return lambda: other.browser.post(f"{address}/accept")


@recipe("DELETE", "/api/orgs/{id}/shares/incoming/{shareId}")
def decline_share(scene):
    other, address = _incoming(scene)
    return lambda: other.browser.delete(address)


# --- members and invitations ---

def _member(scene, role="viewer"):
    """Another member; a person with an organisation of their own besides."""
    other = scene.server.sign_up("Other Works")
    scene.server.database.rows(
        f"INSERT INTO pulse.members (org_id, user_id, role, display_name, email, joined_at)"
        f" VALUES ('{scene.owner.org}', '{other.user}', '{role}', 'Other', '{other.address}', now())")
    return other


def _invited(scene, address="trail-invited@example.com"):
    return scene.created(f"/api/orgs/{scene.owner.org}/invitations", {"email": address, "role": "viewer"})


@recipe("POST", "/api/orgs/{id}/members")
def add_member(scene):
    body = {"userId": _member(scene).user, "role": "editor"}
    return scene.call("POST", f"/api/orgs/{scene.owner.org}/members", body)


@recipe("PATCH", "/api/orgs/{id}/members/{userId}")
def change_member(scene):
    return scene.call("PATCH", f"/api/orgs/{scene.owner.org}/members/{_member(scene).user}", {"role": "editor"})


@recipe("DELETE", "/api/orgs/{id}/members/{userId}")
def remove_member(scene):
    return scene.call("DELETE", f"/api/orgs/{scene.owner.org}/members/{_member(scene).user}")


@recipe("POST", "/api/orgs/{id}/leave")
def leave(scene):
    member = _member(scene)
    return lambda: member.browser.post(f"/api/orgs/{scene.owner.org}/leave")


@recipe("POST", "/api/orgs/{id}/transfer-ownership")
def transfer_ownership(scene):
    body = {"userId": _member(scene).user}
    return scene.call("POST", f"/api/orgs/{scene.owner.org}/transfer-ownership", body)


@recipe("POST", "/api/orgs/{id}/invitations")
def invite(scene):
    body = {"email": "trail-invited@example.com", "role": "viewer"}
    return scene.call("POST", f"/api/orgs/{scene.owner.org}/invitations", body)


@recipe("DELETE", "/api/orgs/{id}/invitations/{invitationId}")
def revoke_invitation(scene):
    return scene.call("DELETE", f"/api/orgs/{scene.owner.org}/invitations/{_invited(scene)['id']}")


@recipe("POST", "/api/public/invitations/accept")
def accept_by_link(scene):
    address = "trail-accepts@example.com"
    _invited(scene, address)
    token = scene.server.mailed_token(address, "inv")
    return scene.stranger("/api/public/invitations/accept", {"token": token, "password": PASSWORD})


@recipe("POST", "/api/org-invitations/{id}/accept")
def accept_signed_in(scene):
    other = scene.server.sign_up("Other Works")
    invitation = _invited(scene, other.address)
    return lambda: other.browser.post(f"/api/org-invitations/{invitation['id']}/accept")


@recipe("DELETE", "/api/org-invitations/{id}")
def decline(scene):
    other = scene.server.sign_up("Other Works")
    invitation = _invited(scene, other.address)
    return lambda: other.browser.delete(f"/api/org-invitations/{invitation['id']}")


# --- roles and tokens ---

ROLE = {"name": "On call", "rules": [{"action": "read", "resource": "monitoring", "effect": "allow"}]}


@recipe("POST", "/api/admin/roles")
def new_role(scene):
    return scene.call("POST", "/api/admin/roles", ROLE)


@recipe("PUT", "/api/admin/roles/{id}")
def change_role(scene):
    role = scene.created("/api/admin/roles", ROLE)["id"]
    return scene.call("PUT", f"/api/admin/roles/{role}", {"name": "Nobody", "rules": []})


@recipe("DELETE", "/api/admin/roles/{id}")
def delete_role(scene):
    return scene.call("DELETE", f"/api/admin/roles/{scene.created('/api/admin/roles', ROLE)['id']}")


@recipe("PUT", "/api/orgs/{id}/members/{userId}/roles")
def assign_roles(scene):
    other = _member(scene, "custom")
    role = scene.created("/api/admin/roles", ROLE)["id"]
    return scene.call("PUT", f"/api/orgs/{scene.owner.org}/members/{other.user}/roles", {"roleIds": [role]})


def _token(scene):
    return scene.created("/api/security/tokens", {"name": "report"})["record"]["id"]


@recipe("POST", "/api/security/tokens")
def new_token(scene):
    return scene.call("POST", "/api/security/tokens", {"name": "report", "scopes": ["monitoring:read"]})


@recipe("PATCH", "/api/security/tokens/{id}")
def change_token(scene):
    return scene.call("PATCH", f"/api/security/tokens/{_token(scene)}", {"name": "weekly report"})


@recipe("POST", "/api/security/tokens/{id}/rotate")
def rotate_token(scene):
    return scene.call("POST", f"/api/security/tokens/{_token(scene)}/rotate", {})


@recipe("DELETE", "/api/security/tokens/{id}")
def revoke_token(scene):
    return scene.call("DELETE", f"/api/security/tokens/{_token(scene)}")


# --- machines ---

@recipe("POST", "/api/agents/enrollment-tokens")
def new_enrollment_token(scene):
    return scene.call("POST", "/api/agents/enrollment-tokens", {"name": "web"})


@recipe("DELETE", "/api/agents/enrollment-tokens/{id}")
def revoke_enrollment_token(scene):
    return scene.call("DELETE", f"/api/agents/enrollment-tokens/{scene.owner.enrollment_token()['id']}")


@recipe("POST", "/api/agents/agent/enroll")
def enroll(scene):
    agent, token = ScriptedAgent(scene.server), scene.owner.enrollment_token()["token"]
    return lambda: agent.enroll(token)


@recipe("PATCH", "/api/agents/{id}")
def place_agent(scene):
    return scene.call("PATCH", f"/api/agents/{scene.agent().agent_id}", {"tags": ["berlin"]})


@recipe("DELETE", "/api/agents/{id}")
def revoke_agent(scene):
    return scene.call("DELETE", f"/api/agents/{scene.agent().agent_id}")


@recipe("PATCH", "/api/gateways/{id}")
def switch_gateway(scene):
    agent = scene.agent()
    with ScriptedGateway(agent, ["192.168.1.0/24:8006"]):
        pass

    def has_left():
        return next(g["state"] for g in scene.browser.get("/api/gateways").json["data"] if g["agentId"] == agent.agent_id) == "offline"
    eventually(has_left, 30, "its leaving is written down")
    return scene.call("PATCH", f"/api/gateways/{agent.agent_id}", {"enabled": False})


@recipe("GET", "/api/agents/gateway")
def be_gateway(scene):
    gateway = ScriptedGateway(scene.agent(), ["192.168.1.0/24:8006"])

    def connect():
        # It stays to the end: its leaving would be another entry.
        scene.server.kept_gateways = [*getattr(scene.server, "kept_gateways", []), gateway.__enter__()]
        return gateway.answer
    return connect


# --- the trail itself ---

@recipe("GET", "/api/audit/export")
def export_trail(scene):
    return scene.call("GET", "/api/audit/export")


@recipe("PUT", "/api/audit/settings")
def audit_settings(scene):
    return scene.call("PUT", "/api/audit/settings", {"retentionDays": 365})


@recipe("DELETE", "/api/audit/people/{userId}")
def forget_person(scene):
    gone = scene.server.sign_up("Gone Works")
    scene.server.database.rows(
        f"INSERT INTO pulse.members (org_id, user_id, role, display_name, email, joined_at)"
        f" VALUES ('{scene.owner.org}', '{gone.user}', 'viewer', 'Gone', 'gone@example.com', now());"
        f" DELETE FROM pulse.members WHERE org_id = '{scene.owner.org}' AND user_id = '{gone.user}'")
    return scene.call("DELETE", f"/api/audit/people/{gone.user}")


STREAM = {"name": "SIEM", "kind": "webhook", "address": "https://siem.example.com/pulse"}


@recipe("POST", "/api/audit/streams")
def new_stream(scene):
    return scene.call("POST", "/api/audit/streams", STREAM)


@recipe("PATCH", "/api/audit/streams/{id}")
def change_stream(scene):
    stream = scene.created("/api/audit/streams", {**STREAM, "address": "https://other.example.com/pulse"})["stream"]
    return scene.call("PATCH", f"/api/audit/streams/{stream['id']}", {"name": "Archive", "enabled": False})


@recipe("DELETE", "/api/audit/streams/{id}")
def delete_stream(scene):
    return scene.call("DELETE", f"/api/audit/streams/{scene.created('/api/audit/streams', STREAM)['stream']['id']}")


# --- mail domains and break-glass codes ---

DOMAINS = "/api/security/domains"
BREAK_GLASS = "/api/security/sso/break-glass"


@recipe("POST", DOMAINS)
def claim_domain(scene):
    return scene.call("POST", DOMAINS, {"domain": f"{secrets.token_hex(6)}.example.com"})


def _claimed(scene, state="pending", enforceable=False):
    """A domain of the owner's organisation in this state; with a provider and a code beside it when it is to be enforced."""
    domain = scene.created(DOMAINS, {"domain": f"{secrets.token_hex(6)}.example.com"})["domain"]
    scene.server.database.rows(
        f"UPDATE pulse.sso_domains SET state = '{state}', verified_at = now() WHERE domain = '{domain}'")
    if enforceable:
        scene.created(BREAK_GLASS, None)
        scene.server.database.rows(
            "INSERT INTO pulse.sso_providers (org_id, id, type, name, display_name, priority, is_enabled, settings,"
            " allowed_domains, allowed_emails, allowed_groups, group_roles, is_open, default_role, created_at, updated_at)"
            f" VALUES ('{scene.owner.org}', 'enforced', 'oidc', 'Login', '', 0, true, '{{}}', '{{}}', '{{}}', '{{}}', '{{}}',"
            " true, 'viewer', now(), now())")
    return domain


@recipe("POST", DOMAINS + "/{domain}/verify")
def verify_domain(scene):
    made = scene.created(DOMAINS, {"domain": f"{secrets.token_hex(6)}.example.com"})
    scene.server.zone.publish(made["record"]["name"], made["record"]["value"])
    return scene.call("POST", f"{DOMAINS}/{made['domain']}/verify")


@recipe("PATCH", DOMAINS + "/{domain}")
def enforce_domain(scene):
    return scene.call("PATCH", f"{DOMAINS}/{_claimed(scene, 'verified', enforceable=True)}", {"isEnforced": True})


@recipe("DELETE", DOMAINS + "/{domain}")
def give_domain_up(scene):
    return scene.call("DELETE", f"{DOMAINS}/{_claimed(scene)}")


@recipe("POST", BREAK_GLASS)
def new_break_glass_code(scene):
    return scene.call("POST", BREAK_GLASS)


@recipe("DELETE", BREAK_GLASS)
def end_break_glass_code(scene):
    scene.created(BREAK_GLASS, None)
    return scene.call("DELETE", BREAK_GLASS)


@recipe("POST", "/api/public/sso/break-glass")
def use_break_glass_code(scene):
    code = scene.created(BREAK_GLASS, None)["code"]
    slug = scene.browser.get(f"/api/orgs/{scene.owner.org}").json["slug"]
    return scene.stranger("/api/public/sso/break-glass", {
        "organization": slug, "username": scene.owner.address, "password": PASSWORD, "code": code})


# --- trusted issuers ---

PUBLIC_KEYS = ('{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"key-1","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}')
ISSUER = {"name": "Sign-in", "issuer": "https://login.example.com", "audience": "pulse", "jwks": PUBLIC_KEYS,
          "algorithms": ["EdDSA"], "roleMappings": [{"value": "pulse", "role": "viewer"}]}
ISSUERS = "/api/security/trusted-issuers"


@recipe("POST", ISSUERS)
def new_trusted_issuer(scene):
    return scene.call("POST", ISSUERS, ISSUER)


@recipe("PATCH", ISSUERS + "/{id}")
def change_trusted_issuer(scene):
    issuer = scene.created(ISSUERS, {**ISSUER, "audience": "changed"})
    return scene.call("PATCH", f"{ISSUERS}/{issuer['id']}", {"enabled": False})


@recipe("DELETE", ISSUERS + "/{id}")
def delete_trusted_issuer(scene):
    issuer = scene.created(ISSUERS, {**ISSUER, "audience": "deleted"})
    return scene.call("DELETE", f"{ISSUERS}/{issuer['id']}")


# --- the directory ---

SCIM = "/api/security/scim"
SCIM_USER = {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "ana@directory.example"}
SCIM_GROUP = {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "Tools"}
SCIM_CHANGE = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
               "Operations": [{"op": "replace", "path": "externalId", "value": "changed"}]}


class Directory:
    """Speaks SCIM for the scene's organisation."""

    def __init__(self, scene):
        self.client = scene.server.client(scene.created(SCIM + "/tokens", {"name": "Entra ID"})["token"])

    def call(self, method, path, body=None):
        return lambda: self.client.request(method, "/scim/v2" + path, body)

    def made(self, collection, body):
        answer = self.client.post("/scim/v2/" + collection, body)
        assert answer.status == 201, answer
        return f"/{collection}/{answer.json['id']}"


@recipe("PUT", SCIM)
def directory_settings(scene):
    return scene.call("PUT", SCIM, {"defaultRole": "auditor", "mappings": [{"group": "Admins", "role": "admin"}]})


@recipe("POST", SCIM + "/tokens")
def new_directory_token(scene):
    return scene.call("POST", SCIM + "/tokens", {"name": "Okta"})


@recipe("POST", SCIM + "/tokens/{id}/rotate")
def rotate_directory_token(scene):
    token = scene.created(SCIM + "/tokens", {"name": "Okta"})["record"]["id"]
    return scene.call("POST", f"{SCIM}/tokens/{token}/rotate", {})


@recipe("DELETE", SCIM + "/tokens/{id}")
def revoke_directory_token(scene):
    token = scene.created(SCIM + "/tokens", {"name": "Okta"})["record"]["id"]
    return scene.call("DELETE", f"{SCIM}/tokens/{token}")


def _directory_recipes(collection, body):
    root = "/scim/v2/" + collection
    one = root + "/{id}"

    @recipe("POST", root)
    def make(scene):
        return Directory(scene).call("POST", "/" + collection, body)

    @recipe("PUT", one)
    def replace(scene):
        directory = Directory(scene)
        return directory.call("PUT", directory.made(collection, body), {**body, "externalId": "replaced"})

    @recipe("PATCH", one)
    def change(scene):
        directory = Directory(scene)
        return directory.call("PATCH", directory.made(collection, body), SCIM_CHANGE)

    @recipe("DELETE", one)
    def remove(scene):
        directory = Directory(scene)
        return directory.call("DELETE", directory.made(collection, body))


_directory_recipes("Users", SCIM_USER)
_directory_recipes("Groups", SCIM_GROUP)


# --- single sign-on ---

PROVIDERS = "/api/security/sso/providers"


@recipe("POST", PROVIDERS)
def new_provider(scene):
    return scene.call("POST", PROVIDERS, SAMLProvider().settings())


@recipe("PUT", PROVIDERS + "/{id}")
def change_provider(scene):
    scene.created(PROVIDERS, SAMLProvider().settings(id="changed"))
    return scene.call("PUT", f"{PROVIDERS}/changed", {"displayName": "Another name"})


@recipe("DELETE", PROVIDERS + "/{id}")
def delete_provider(scene):
    scene.created(PROVIDERS, SAMLProvider().settings(id="deleted"))
    return scene.call("DELETE", f"{PROVIDERS}/deleted")


@recipe("PATCH", "/api/security/sso/policy")
def change_sso_policy(scene):
    return scene.call("PATCH", "/api/security/sso/policy", {"sessionMaxSeconds": 43200})


def _slug(scene):
    return scene.browser.get("/api/me").json["organization"]["slug"]


def _openid(scene):
    """A provider, and a browser in which somebody has come in by it who is a member since."""
    provider = scene.server.openid
    scene.created(PROVIDERS, provider.settings())
    place, browser = f"/api/oidc/{_slug(scene)}/openid", scene.server.client()
    answer = provider.sign_in(browser, place)
    assert answer.header("location") == "/?oidc=success", answer
    browser.csrf = browser.get("/api/me").json["csrfToken"]
    return provider, place, browser


@recipe("GET", "/api/oidc/{org}/{provider}/callback")
def openid_callback(scene):
    provider, place, _ = _openid(scene)
    browser = scene.server.client()
    query = provider.agree(browser.get(f"{place}/login").header("location"))
    return lambda: browser.get(f"{place}/callback?{query}")


@recipe("POST", "/api/oidc/{org}/{provider}/backchannel-logout")
def openid_backchannel(scene):
    provider, place, _ = _openid(scene)
    form = f"logout_token={provider.logout_token()}".encode()
    return lambda: scene.server.client().request("POST", f"{place}/backchannel-logout", form, FORM)


@recipe("POST", "/api/sso/logout")
def sso_logout(scene):
    _, _, browser = _openid(scene)
    return lambda: browser.post("/api/sso/logout", {})


@recipe("DELETE", "/api/sso/links/{provider}")
def unlink(scene):
    _, _, browser = _openid(scene)
    return lambda: browser.request("DELETE", "/api/sso/links/openid")


def _saml(scene):
    """The same with SAML; answers the provider, the path of its doors and their address as others write it."""
    provider = SAMLProvider()
    scene.created(PROVIDERS, provider.settings())
    place = f"/api/saml/{_slug(scene)}/saml"
    base, browser = scene.server.environment["PULSE_PUBLIC_URL"] + place, scene.server.client()
    answer = browser.request("POST", f"{place}/acs", provider.answer(browser, place, base), FORM)
    assert answer.header("location") == "/?saml=success", answer
    return provider, place, base


@recipe("POST", "/api/saml/{org}/{provider}/acs")
def saml_answer(scene):
    provider, place, base = _saml(scene)
    browser = scene.server.client()
    form = provider.answer(browser, place, base)
    return lambda: browser.request("POST", f"{place}/acs", form, FORM)


@recipe("GET", "/api/saml/{org}/{provider}/complete")
def saml_ticket(scene):
    provider, place, base = _saml(scene)
    browser = scene.server.client()
    form = provider.answer(browser, place, base)
    # As browsers do with a form of another site: without cookies.
    waiting = scene.server.client().request("POST", f"{place}/acs", form, FORM)
    path = waiting.header("location").removeprefix(scene.server.environment["PULSE_PUBLIC_URL"])
    return lambda: browser.get(path)


@recipe("GET", "/api/saml/{org}/{provider}/slo")
def saml_logout_link(scene):
    provider, place, base = _saml(scene)
    query = provider.logout_query(base)
    return lambda: scene.server.client().get(f"{place}/slo?{query}")


@recipe("POST", "/api/saml/{org}/{provider}/slo")
def saml_logout_form(scene):
    provider, place, base = _saml(scene)
    form = provider.logout_form(base)
    return lambda: scene.server.client().request("POST", f"{place}/slo", form, FORM)


# --- encryption keys ---

@recipe("POST", "/api/security/keys/rotations")
def rotate_keys(scene):
    return scene.call("POST", "/api/security/keys/rotations", {"kind": "data"})


@recipe("PUT", "/api/security/keys/own")
def bring_own_key(scene):
    scene.server.transit.create("trail-works")
    return scene.call("PUT", "/api/security/keys/own", {"provider": "transit", "reference": "trail-works"})


@recipe("DELETE", "/api/security/keys/own")
def remove_own_key(scene):
    return scene.call("DELETE", "/api/security/keys/own")
