"""The real console on the real server: a domain is proven in the DNS, a provider set up, both enforced; an owner's code opens the
door once."""
import base64
import re
import urllib.parse

from playwright.sync_api import expect

from harness.providers import Key
from harness.zones import zone


def test_a_domain_is_proven_and_a_code_opens_the_door_once(server, visit):
    owner = server.sign_up("Console Works")
    slug = owner.browser.get(f"/api/orgs/{owner.org}").json["slug"]
    page = visit(server, "/sso/domains", cookies=owner.browser.cookies, allow=["409"])
    page.get_by_role("button", name="Add a domain").first.click()
    page.get_by_role("dialog").get_by_label("Domain").fill("Console-Works.example")
    page.get_by_role("button", name="Add it").click()
    name = page.get_by_label("Name of the TXT record")
    expect(name).to_have_text("_pulse-challenge.console-works.example")
    page.get_by_role("button", name="Verify now").click()
    expect(page.get_by_text("The record was not found")).to_be_visible()
    zone().publish(name.inner_text(), page.get_by_label("Its value").inner_text())
    page.get_by_role("button", name="Verify now").click()
    expect(page.get_by_role("status").filter(has_text="is yours").first).to_be_visible()
    expect(page.get_by_text("Needs a provider that is switched on and a break-glass code that an owner holds first.")).to_be_visible()

    page.get_by_role("link", name="Break-glass").click()
    page.get_by_role("button", name="Make my code").click()
    code = page.get_by_role("dialog").get_by_label("Code").inner_text()
    page.get_by_role("button", name="I have written it down").click()
    expect(page.get_by_text("Holds a code")).to_be_visible()

    page.get_by_role("link", name="Providers").click()
    page.get_by_role("button", name="Add a provider").first.click()
    page.get_by_role("link", name="Keycloak").click()
    expect(page.get_by_label("Redirect URL")).to_have_text(f"{server.url}/api/oidc/{slug}/keycloak/callback")
    page.get_by_label("Issuer").fill("https://login.console-works.example/realms/works")
    page.get_by_label("Client ID").fill("pulse")
    page.get_by_label("Client secret").fill("a secret of the client")
    page.get_by_role("button", name="Map a group").click()
    page.get_by_label("Group 1", exact=True).fill("admins")
    page.get_by_label("Role of group 1").select_option("admin")
    page.get_by_role("button", name="Save and try it").click()
    expect(page.get_by_role("button", name="Try a sign-in")).to_be_visible()
    kept = owner.browser.get("/api/security/sso/providers/keycloak").json
    assert kept["groupRoleMappings"] == {"admins": "admin"} and kept["oidc"]["clientSecretSet"] is True
    assert kept["addresses"]["redirectUrl"] == f"{server.url}/api/oidc/{slug}/keycloak/callback"

    page.get_by_role("link", name="Domains").click()
    page.get_by_role("switch", name="Single sign-on alone for console-works.example").click()
    page.get_by_role("button", name="Enforce it").click()
    expect(page.get_by_role("switch", name="Single sign-on alone for console-works.example")).to_be_checked()
    for tab, words in (("Directory", "Your directory, by SCIM 2.0"), ("Log", "Nobody has tried yet")):
        page.get_by_role("link", name=tab, exact=True).click()
        expect(page.get_by_text(words)).to_be_visible()

    stranger = visit(server, "/login", cookies={})
    stranger.get_by_role("button", name="Single sign-on").click()
    stranger.get_by_label("E-mail or organisation").fill("ana@console-works.example")
    stranger.get_by_role("button", name="Continue").click()
    expect(stranger.get_by_role("link", name="Keycloak")).to_have_attribute(
        "href", f"/api/oidc/{slug}/keycloak/login?returnTo=%2Fdashboard&loginHint=ana%40console-works.example")

    door = visit(server, "/login/break-glass", cookies={}, allow=["401"])
    door.get_by_label("Organisation").fill(slug)
    door.get_by_label("E-mail").fill(owner.address)
    door.get_by_label("Password").fill(owner.password)
    door.get_by_label("Code").fill(code)
    door.get_by_role("button", name="Come in").click()
    expect(door.get_by_label("Your next code")).to_have_text(re.compile(r"^(\w{5}-){3}\w{5}$"))
    door.get_by_role("button", name="I have written it down").click()
    expect(door.get_by_role("heading", name="console-works.example")).to_be_visible()


def test_a_provider_that_takes_forms_alone_is_sent_one(server, visit):
    owner = server.sign_up("Form Works")
    made = owner.browser.post("/api/security/sso/providers", {"id": "forms", "name": "Forms", "type": "saml", "saml": {
        "idpEntityId": "https://login.form-works.example", "idpSsoUrl": "https://login.form-works.example/sso",
        "idpCertificate": Key().certificate, "requestBinding": "post"}})
    assert made.status == 201, made.text
    page = visit(server, "/sso/forms", cookies=owner.browser.cookies)
    posted = []

    def there(route):
        posted.append((route.request.method, dict(urllib.parse.parse_qsl(route.request.post_data))))
        route.fulfill(status=200, content_type="text/html", body="<title>Over there</title>")

    page.route("https://login.form-works.example/**", there)
    page.get_by_role("button", name="Try a sign-in").click()
    page.wait_for_url("https://login.form-works.example/sso")
    [(method, fields)] = posted
    assert method == "POST" and set(fields) == {"SAMLRequest", "RelayState"}
    assert "AuthnRequest" in base64.b64decode(fields["SAMLRequest"]).decode()
