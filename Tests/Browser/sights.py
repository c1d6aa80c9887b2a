"""Every page of the console as somebody may come to see it: where, among what, and what is opened there."""
import re
import time
from typing import Callable, NamedTuple

from playwright.sync_api import expect

from canned import ORG, Answer, iso, problem
from company import QR, SITE_EDITOR, account, detail, furnish
from conftest import drawn, rows
from directory import attempt, single_sign_on
from machines import changes, cluster, estate, ledger, machine, machine_id
from operators import operations
from platforms import CERTIFICATE, FOUND, GUEST_AGENT, ago, ident, platforms
from test_gateways import gateway
from test_organisation import IMPORTED
from test_states import enrolling


def sessions(server):
    now = time.time()
    agents = ["Mozilla/5.0 (X11; Linux x86_64) Chrome/120.0 Safari/537.36", "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0) Version/17 Safari/604.1"]
    server.answers["GET", "/api/sessions"] = {"data": [
        {"id": f"s{number}", "createdAt": iso(now - 9000 * number), "lastSeenAt": iso(now - 60 * number), "expiresAt": iso(now + 86400),
         "userAgent": agent, "address": "203.0.113.24", "current": number == 0} for number, agent in enumerate(agents)]}


def signed_out(server):
    server.answers["POST", "/api/public/signup"] = Answer(202, {"message": "ok"})
    server.answers["POST", "/api/public/signup/check"] = lambda match, query, body: (
        problem(400, "invalid-link", "This link does not work") if body["token"] == "dead"
        else {"email": "mara@nordwind.example", "organizationName": "Nordwind Logistik", "existingAccount": body["token"] == "known"})
    server.answers["POST", "/api/public/invitations/check"] = lambda match, query, body: (
        problem(400, "invitation-link-expired", "Expired") if body["token"] == "dead"
        else {"organizationName": "Nordwind Logistik", "email": "lin@nordwind.example", "role": "editor", "invitedByName": "Mara", "expiresAt": iso(1_900_000_000), "existingAccount": False})
    server.answers["POST", "/api/public/password-reset/check"] = {"email": "mara@nordwind.example"}
    server.answers["POST", "/api/login"] = problem(401, "second-factor-required", "A second factor is needed")
    server.answers["GET", "/api/public/sso/nordwind"] = {"required": True, "providers": [
        {"organization": "nordwind", "id": id, "type": "oidc", "displayName": name, "loginUrl": f"/api/oidc/nordwind/{id}/login"} for id, name in (("entra", "Nordwind sign-in"), ("old", "Old portal"))]}


def fill_wrong(page):
    page.get_by_label("Work e-mail").fill("mara@nordwind")
    page.get_by_role("button", name="Send sign-in link").click()
    expect(page.get_by_text("This address has no ending such as .com.")).to_be_visible()


def ask_for_mail(page):
    page.get_by_label("Work e-mail").fill("mara@nordwind.example")
    page.get_by_label("Organisation").fill("Nordwind Logistik")
    page.get_by_role("button", name="Send sign-in link").click()
    expect(page.get_by_role("heading", name="Check your mail")).to_be_visible()


def palette(page):
    expect(rows(page).first).to_be_visible()
    page.keyboard.press("Control+k")
    expect(page.get_by_role("combobox")).to_be_focused()
    page.keyboard.type("dns")
    expect(page.get_by_role("option", name=re.compile("dns-01"))).to_be_visible()


def organisation_menu(page):
    expect(rows(page).first).to_be_visible()
    page.locator(".org-switch:visible").click()
    expect(page.get_by_role("menu")).to_be_visible()


def new_organisation(page):
    organisation_menu(page)
    page.get_by_role("menuitem", name="New organisation").click()
    page.get_by_role("button", name="Create organisation").click()


def second_step(page):
    page.get_by_label("E-mail").fill("mara@nordwind.example")
    page.get_by_label("Password").fill("a long enough password 7")
    page.get_by_role("button", name="Log in", exact=True).click()
    expect(page.get_by_role("heading", name="One more step")).to_be_visible()


def pressed(name, then, menu=None):
    """Presses a button, or an item of its menu, and waits for what comes."""
    def press(page):
        page.get_by_role("button", name=name).first.click()
        if menu:
            page.get_by_role("menuitem", name=menu).click()
        expect(page.get_by_text(then).first).to_be_visible()
    return press


def read_in(page):
    page.get_by_label("Archive", exact=True).set_input_files({"name": "alt.tar.gz", "mimeType": "application/gzip", "buffer": b"x"})
    expect(page.get_by_role("dialog", name="Nordwind Alt is here")).to_be_visible()


def cell_changed(page):
    page.get_by_role("button", name="Read, Audit log: not granted").click()
    expect(page.get_by_text("1 change")).to_be_visible()


def shown(text):
    return lambda page: expect(page.get_by_text(text).first).to_be_visible()


MACHINE = f"/infrastructure/{machine_id(5)}"
SIGNED_OUT = [
    ("login", "/login?error=magic_link_invalid", shown("That link no longer works")),
    ("signup", "/signup", fill_wrong),
    ("check-mail", "/signup", ask_for_mail),
    ("set-password", "/set-password?token=su1_fresh", shown("owner of Nordwind Logistik")),
    ("set-password-known", "/set-password?token=known", shown("has an account already")),
    ("second-step", "/login", second_step),
    ("forgot-password", "/forgot-password", shown("We send you a link")),
    ("reset-password", "/reset-password?token=rp1", shown("Set a new password")),
    ("magic-link", "/magic-link?token=ml1", shown("Log in here?")),
    ("accept-invitation", "/accept-invitation?token=inv", shown("Mara invited")),
    ("accept-invitation-dead", "/accept-invitation?token=dead", shown("has expired")),
    ("set-password-dead", "/set-password?token=dead", shown("This link does not work")),
    ("login-refused", "/login?oidc=error&oidc_error=nonce_mismatch", shown("did not belong to this sign-in")),
    ("login-by-provider", "/login?organization=nordwind", shown("Nordwind sign-in")),
    ("login-discover", "/login", lambda page: (page.get_by_role("button", name="Single sign-on").click(), shown("or the organisation's short name")(page))),
    ("break-glass", "/login/break-glass", shown("Every owner of the organisation is told")),
]
SIGNED_IN = [
    ("infrastructure", "/infrastructure", lambda page: expect(page.locator(".page .table tr[data-row]").first).to_be_visible()),
    ("empty", "/infrastructure", shown("Nothing is watched yet")),
    ("nothing-found", "/infrastructure?q=zzz", shown("No machine matches")),
    ("machine", MACHINE, drawn),
    ("machine-table", MACHINE + "?show=table", lambda page: expect(page.get_by_role("region", name="CPU, as a table")).to_be_visible()),
    ("palette", "/infrastructure", palette),
    ("organisation-menu", "/infrastructure", organisation_menu),
    ("new-organisation", "/infrastructure", new_organisation),
    ("onboarding", "/onboarding", shown("--token")),
    ("profile", "/profile", shown("Safari on iOS")),
    ("not-found", "/nowhere", shown("There is no such page")),
]


COMPANY = [
    ("members", "/members", shown("Tariq Benali")),
    ("member-menu", "/members", pressed("Actions for Tariq Benali", "Change role")),
    ("member-role", "/members", pressed("Actions for Tariq Benali", "Custom roles besides", menu="Change role")),
    ("member-remove", "/members", pressed("Actions for Tariq Benali", "They lose access at once", menu="Remove")),
    ("member-explained", "/members/u3", shown("because role Everyone")),
    ("invite", "/members", pressed("Invite", "Send invitation")),
    ("roles", f"/members/roles/{SITE_EDITOR}", shown("Only in some places")),
    ("roles-changed", f"/members/roles/{SITE_EDITOR}", cell_changed),
    ("role-built-in", "/members/roles/admin", shown("Built in, cannot be changed")),
    ("role-new", "/members/roles/new", shown("Nothing is allowed until you allow it")),
    ("tokens", "/members/tokens", shown("nightly-report")),
    ("token-new", "/members/tokens", pressed("New token", "Only what is chosen here")),
    ("enrolment-tokens", "/members/enrolment", shown("rack 12")),
    ("sites", "/sites", shown("Kleyerstraße")),
    ("settings", "/settings", shown("Delete this organisation")),
    ("settings-delete", "/settings", pressed("Delete", "Type the organisation's name")),
    ("keys", "/settings/security", shown("Data keys")),
    ("own-key", "/settings/security", pressed("Bring a key", "Try and use it")),
    ("providers", "/settings/providers", shown("Fjordline")),
    ("issuer", "/settings/security", pressed("Trust an issuer", "Exactly as in iss")),
    ("sharing", "/settings/sharing", shown("kasse-01")),
    ("share", "/settings/sharing", pressed("Show a machine", "Their short name")),
    ("support-access", "/settings/support-access", shown("ticket 8821")),
    ("support-approve", "/settings/support-access", pressed("Let them look", "They see what a viewer sees and change nothing")),
    ("retention", "/audit", pressed("change", "How long entries are kept")),
    ("passkey", "/profile/security", pressed("Add a passkey", "What it reads of you stays")),
    ("import", "/settings", read_in),
    ("security", "/profile/security", shown("Known devices")),
    ("second-factor", "/profile/security", pressed("Set up", "Scan this")),
    ("recovery-codes", "/profile/security", lambda page: (pressed("Set up", "Scan this")(page), page.get_by_label("The code").fill("123456"), pressed("Switch on", "Keep these recovery codes")(page))),
    ("audit", "/audit", shown("changed role")),
    ("audit-dates", "/audit", pressed("Dates…", "changed role")),
    ("audit-entry", "/audit/e48215", shown("of the chain")),
    ("audit-streams", "/audit", pressed("Stream to", "splunk")),
    ("customers", "/customers", shown("Bäckerei Kranz")),
    ("more", "/more", shown("Password and second factor")),
]


OPERATOR = [
    ("operator-orgs", "/orgs", shown("Feinkost Grube")),
    ("operator-nothing", "/orgs?q=zzz", shown("No organisation matches")),
    ("operator-org", f"/orgs/{ORG['id']}", shown("Mara Lindqvist")),
    ("operator-suspend", f"/orgs/{ORG['id']}", pressed("Suspend", "Watching stops now")),
    ("operator-ask", f"/orgs/{ORG['id']}", pressed("Ask for access", "They read exactly this")),
    ("operator-view", f"/orgs/{ORG['id']}/view", shown("db-primary")),
    ("operator-support", "/support", shown("Charts of db-primary")),
    ("operator-log", "/audit", shown("third reminder")),
    ("operator-operators", "/operators", shown("Noor Haddad")),
    ("operator-sign-in", "/login", lambda page: (page.get_by_role("button", name="Sign in").click(), shown("Type the six digits")(page))),
    ("operator-set-up", "/setup#token=osu_good", shown("Welcome, Lea Sommer")),
    ("operator-set-up-dead", "/setup#token=osu_old", shown("This link does not work")),
]


def found_platform(page):
    try_platform(page)
    page.get_by_role("button", name="Trust and continue").click()
    expect(page.get_by_label("Name")).to_be_visible()


def try_platform(page):
    page.get_by_label("Address").fill("pve-fra-01.nordwind.example")
    page.get_by_label("Token secret").fill("s3cret")
    page.get_by_role("button", name="Test").click()
    expect(page.get_by_text("Nobody vouches for its certificate")).to_be_visible()


def delete_connection(page):
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("dialog", name="Delete changed?")).to_be_visible()


ESTATE = [
    ("dashboard", "/dashboard", shown("moved from pve-fra-01")),
    ("dashboard-empty", "/dashboard", shown("Nothing is watched yet")),
    ("workloads", "/workloads", shown("ct-00")),
    ("storage", "/storage", shown("nfs-backup")),
    ("disks", "/disks", shown("WD80")),
    ("holds", f"/infrastructure/{machine_id(18)}?tab=holds", shown("WD80")),
    ("thing-timeline", f"/workloads/{machine_id(203)}?tab=timeline", shown("Moved from pve-fra-01")),
    ("timeline", "/timeline", shown("was restarted after 24 h")),
    ("systems", "/systems", shown("seen by proxmox and agent")),
    ("gateways", "/connections/gateways", shown("Allows 192.168.1.0/24:8006")),
]


SSO = [
    ("sso-providers", "/sso", shown("Nordwind sign-in")),
    ("sso-none", "/sso", shown("No provider yet")),
    ("sso-vendors", "/sso/new", shown("Microsoft Entra ID")),
    ("sso-set-up", "/sso/new/keycloak", shown("Clients, Create client")),
    ("sso-saml", "/sso/new/saml", shown("ACS URL (reply URL)")),
    ("sso-provider", "/sso/entra", shown("Set, and never shown")),
    ("sso-test", f"/sso/entra?sso_test={attempt(4)['id']}", shown("This person would come in.")),
    ("sso-domains", "/sso/domains", shown("Waiting for the record")),
    ("sso-domain-new", "/sso/domains", pressed("Add a domain", "You then publish a TXT record")),
    ("sso-break-glass", "/sso/break-glass", shown("Holds a code")),
    ("sso-directory", "/sso/directory", shown("Entra provisioning")),
    ("sso-log", "/sso/log", shown("group_restricted")),
    ("sso-log-entry", "/sso/log", lambda page: (page.get_by_role("row").filter(has_text="group_restricted").get_by_role("button").click(), expect(page.get_by_role("dialog")).to_be_visible())),
]


CONNECTING = [
    ("connections", "/connections", lambda page: expect(page.get_by_text("12 tries")).to_be_visible()),
    ("connections-empty", "/connections?none", lambda page: expect(page.get_by_text("Nothing is asked yet")).to_be_visible()),
    ("connection", f"/connections/{ident(3)}", lambda page: expect(page.get_by_text("What cannot be read")).to_be_visible()),
    ("connection-delete", f"/connections/{ident(7)}", delete_connection),
    ("connection-platforms", "/connections/new", lambda page: expect(page.get_by_role("link", name="Proxmox VE")).to_be_visible()),
    ("connection-address", "/connections/new/pve", lambda page: expect(page.get_by_text("Make the token")).to_be_visible()),
    ("connection-certificate", "/connections/new/pve", try_platform),
    ("connection-found", "/connections/new/pve", found_platform),
    ("connection-edit", f"/connections/{ident(7)}/edit", lambda page: expect(page.get_by_label("Name")).to_be_visible()),
]


def among_operators(canned, name):
    return operations(canned()), {"cookies": {} if "sign-in" in name else None, "allow": ["400"]}


def in_a_company(canned, name):
    server = furnish(canned())
    server.answers["POST", "/api/security/totp"] = Answer(201, {"secret": "JBSWY3DPEHPK3PXP", "uri": "", "qrSvg": QR, "expiresAt": iso(1_900_000_000)})
    server.answers["POST", "/api/security/totp/confirm"] = {"recoveryCodes": [f"abcd{number}-fghij" for number in range(10)]}
    server.answers["GET", "/api/security/account"] = account(freshUntil=iso(1_900_000_000))
    server.answers["POST", f"/api/orgs/{ORG['id']}/import"] = IMPORTED
    if name == "import":
        server.answers["GET", f"/api/orgs/{ORG['id']}"] = detail(memberCount=1, pendingInvitationCount=0)
    return server, {}


def with_providers(canned, name):
    server = single_sign_on(furnish(canned()))
    if name == "sso-none":
        server.answers["GET", "/api/security/sso/providers"] = {"data": []}
    return server, {}


def among_machines(canned, name):
    server = canned([] if name == "dashboard-empty" else cluster())
    server.answers["GET", "/api/resources/timeline"] = {"data": changes()}
    server.answers["GET", "/api/resources/([^/]+)/timeline"] = {"data": changes()[1:2]}
    server.answers["GET", "/api/license/monitored-system-ledger"] = ledger()
    server.answers["GET", "/api/gateways"] = {"data": [gateway(1, "door-1"), gateway(2, "door-2", "offline", disconnectedAt=ago(600))]}
    server.answers["GET", "/api/me"]["permissions"] += ["read:connections", "manage:connections"]
    return server, {}


def among_platforms(canned, name):
    server = platforms(furnish(canned()), [] if name == "connections-empty" else None)
    known = {"connectionId": ident(4), "name": "fra", "why": "same-platform"}
    stranger = {"ok": False, "reason": "untrusted-certificate", "detail": "The certificate is self-signed.", "degraded": [], "certificate": CERTIFICATE}
    server.trial = lambda body: {**FOUND, "degraded": [GUEST_AGENT], "existing": [known]} if body["trust"]["mode"] == "pinned" else stranger
    return server, {}


def at_the_door(canned, name):
    server = canned([])
    signed_out(server)
    return server, {"cookies": {}, "allow": ["400", "401"]}


def at_home(canned, name):
    # Each state there is: axe looks at every word of every row.
    server = canned([] if name == "empty" else [*estate(9), machine(20, "unknown")])
    server.readings = 16 if name == "machine-table" else 240
    sessions(server)
    enrolling(server)
    return server, {}


class Sight(NamedTuple):
    name: str
    path: str
    prepare: Callable  # what a person does there, and waiting for what comes of it
    world: Callable    # (canned, name) to a server and what `visit` has to be told


SIGHTS = [Sight(*page, world) for pages, world in (
    (OPERATOR, among_operators), (COMPANY, in_a_company), (SSO, with_providers), (ESTATE, among_machines), (CONNECTING, among_platforms),
    (SIGNED_OUT, at_the_door), (SIGNED_IN, at_home)) for page in pages]
