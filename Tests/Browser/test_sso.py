"""Single sign-on on the screen: providers and their test, domains, codes, the directory, the log, and the way in."""
import json
import re

from playwright.sync_api import expect

from canned import Answer, problem
from company import furnish, needs_fresh, said
from directory import LAB, NORDWIND, attempt, domain, provider, single_sign_on
from test_doors import PASSWORD, let_in, stranger

PROVIDERS, DOMAINS, GLASS, SCIM = "/api/security/sso/providers", "/api/security/domains", "/api/security/sso/break-glass", "/api/security/scim"
OFFER = {"organization": "nordwind", "id": "entra", "type": "oidc", "displayName": "Nordwind sign-in", "loginUrl": "/api/oidc/nordwind/entra/login"}


def world(canned):
    return single_sign_on(furnish(canned()))


def confirm(page):
    page.get_by_role("dialog", name="Confirm it is you").get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Confirm", exact=True).click()


def test_a_provider_is_set_up_with_the_exact_values_to_paste_and_saved(canned, visit):
    server = world(canned)
    server.answers["GET", PROVIDERS] = {"data": []}
    server.answers["POST", "/api/security/step-up"], server.answers["POST", PROVIDERS] = needs_fresh(provider("okta", displayName="Okta"))
    server.answers["POST", PROVIDERS + "/test"] = {"success": True, "details": {"issuer": "https://nordwind.okta.com"}}
    page = visit(server, "/sso", allow=["403"])
    page.get_by_role("button", name="Add a provider").first.click()
    page.get_by_role("link", name="Okta").click()
    expect(page.get_by_label("Redirect URL")).to_have_text(f"{server.url}/api/oidc/nordwind/okta/callback")
    expect(page.get_by_label("URL after signing out")).to_have_text(f"{server.url}/api/oidc/nordwind/okta/logout")
    page.get_by_role("button", name="Save and try it").click()
    expect(page.get_by_text("Put your own in the place of the capitals.")).to_be_visible()
    page.get_by_label("Issuer").fill("https://nordwind.okta.com")
    page.get_by_label("Client ID").fill("0oa1b2c3")
    page.get_by_label("Client secret").fill("s3cret")
    page.get_by_role("button", name="Does it answer?").click()
    expect(page.get_by_text("It answers as https://nordwind.okta.com")).to_be_visible()
    page.get_by_role("button", name="Map a group").click()
    page.get_by_label("Group 1", exact=True).fill("pulse-admins")
    page.get_by_label("Role of group 1").select_option("admin")
    server.answers["GET", PROVIDERS] = {"data": [provider("okta", displayName="Okta")]}
    page.get_by_role("button", name="Save and try it").click()
    confirm(page)
    expect(page).to_have_url(re.compile("/sso/okta$"))
    expect(page.get_by_role("button", name="Try a sign-in")).to_be_visible()
    sent = said(server, "POST", PROVIDERS)[-1]
    assert sent["id"] == "okta" and sent["type"] == "oidc" and sent["groupRoleMappings"] == {"pulse-admins": "admin"} and sent["jit"] is True
    assert sent["oidc"]["issuerUrl"] == "https://nordwind.okta.com" and sent["oidc"]["clientSecret"] == "s3cret" and sent["oidc"]["groupsClaim"] == "groups"


def test_a_secret_that_is_not_typed_stays_and_a_refusal_stands_at_its_field(canned, visit):
    server = world(canned)
    refused = problem(400, "invalid-field", "A field is not valid", "an https address is wanted")
    server.answers["PUT", PROVIDERS + "/entra"] = Answer(400, {**refused.body, "field": "oidc.issuerUrl"})
    page = visit(server, "/sso/entra", allow=["400"])
    expect(page.get_by_text("Set, and never shown. Empty: it stays.")).to_be_visible()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("an https address is wanted")).to_be_visible()
    assert "clientSecret" not in said(server, "PUT", PROVIDERS + "/entra")[-1]["oidc"]


def test_a_saml_provider_has_its_own_values(canned, visit):
    page = visit(world(canned), "/sso/new/saml")
    for label, end in (("ACS URL (reply URL)", "acs"), ("Entity ID (audience)", "metadata"), ("Metadata URL", "metadata"), ("Single logout URL", "slo")):
        expect(page.get_by_label(label)).to_have_text(re.compile(rf"/api/saml/nordwind/saml-2/{end}$"))
    page.get_by_label("Name on the button").fill("Portal")
    page.get_by_role("button", name="Save and try it").click()
    expect(page.get_by_text("Its address, or the metadata itself below.")).to_be_visible()


def test_a_live_test_shows_every_claim_and_what_became_of_it(canned, visit):
    server = world(canned)
    server.answers["POST", PROVIDERS + "/entra/test"] = {"url": f"/sso/entra?sso_test={attempt(4)['id']}"}
    page = visit(server, "/sso/entra")
    page.get_by_role("button", name="Try a sign-in").click()
    expect(page.get_by_text("This person would come in.")).to_be_visible()
    claims = page.get_by_role("table", name="Claims")
    expect(claims.get_by_role("row").filter(has_text="AAAAAJ3kZw8")).to_contain_text("Identity of this person")
    expect(claims.get_by_role("row").filter(has_text="all-staff")).to_contain_text("1 of 2 mapped to a role")
    expect(claims.get_by_role("row").filter(has_text="upn")).to_contain_text("Not used")
    assert said(server, "POST", PROVIDERS + "/entra/test") == [{"returnTo": "/sso/entra"}]


FORM = {"action": "https://login.nordwind.example/sso", "fields": [{"name": "SAMLRequest", "value": "PHNhbWxwOg=="}]}


def left_with(page, button):
    """What the page that posts forms finds, once this button was pressed."""
    page.route("**/api/sso/leave", lambda route: route.fulfill(status=200, content_type="text/html", body="<title>Leaving</title>"))
    button.click()
    page.wait_for_url("**/api/sso/leave")
    return json.loads(page.evaluate("sessionStorage.getItem('pulse-departure')"))


def test_a_provider_that_wants_forms_gets_one_for_a_test_and_at_the_end(canned, visit):
    server = world(canned)
    server.answers["POST", PROVIDERS + "/entra/test"] = {"form": FORM}
    page = visit(server, "/sso/entra")
    assert left_with(page, page.get_by_role("button", name="Try a sign-in")) == FORM

    server = world(canned)
    me = server.answers["GET", "/api/me"]
    server.answers["GET", "/api/me"] = {**me, "session": {**me["session"], "method": "saml", "boundTo": me["organization"]["id"]}}
    server.answers["POST", "/api/sso/logout"] = {"form": FORM}
    page = visit(server, "/more")
    assert left_with(page, page.get_by_role("button", name="Log out")) == FORM
    assert said(server, "POST", "/api/logout") == []


def test_a_domain_is_added_proven_and_enforced(canned, visit):
    server = world(canned)
    shown = [domain(LAB, "pending")]
    server.answers["GET", DOMAINS] = lambda match, query, body: {"data": shown}
    server.answers["POST", f"{DOMAINS}/{LAB}/verify"] = problem(409, "domain-not-proven", "The record was not found", "Publish the TXT record as it is shown and try again.")
    page = visit(server, "/sso/domains", allow=["409"])
    expect(page.get_by_label("Name of the TXT record")).to_have_text(f"_pulse-challenge.{LAB}")
    expect(page.get_by_label("Its value")).to_have_text("pulse-domain-verification=vJ9Qm3c0Tt2XkV5bq1uYwA")
    page.get_by_role("button", name="Verify now").click()
    expect(page.get_by_text("The record was not found")).to_be_visible()

    def verify(match, query, body):
        shown[:] = [domain(LAB, lacks=["provider"])]
        return shown[0]

    server.answers["POST", f"{DOMAINS}/{LAB}/verify"] = verify
    page.get_by_role("button", name="Verify now").click()
    enforce = page.get_by_role("switch", name=f"Single sign-on alone for {LAB}")
    expect(enforce).to_be_disabled()
    expect(page.get_by_text("Needs a provider that is switched on first.")).to_be_visible()

    shown[:] = [domain(NORDWIND)]

    def change(match, query, body):
        shown[:] = [domain(NORDWIND, isEnforced=body["isEnforced"])]
        return shown[0]

    server.answers["PATCH", f"{DOMAINS}/{NORDWIND}"] = change
    page.reload()
    page.get_by_role("switch", name=f"Single sign-on alone for {NORDWIND}").click()
    page.get_by_role("button", name="Enforce it").click()
    expect(page.get_by_role("switch", name=f"Single sign-on alone for {NORDWIND}")).to_be_checked()
    assert said(server, "PATCH", f"{DOMAINS}/{NORDWIND}") == [{"isEnforced": True}]


def test_an_owner_makes_a_code_that_is_shown_once(canned, visit):
    server = world(canned)
    server.answers["GET", GLASS]["data"][0]["holdsCode"] = False
    server.answers["POST", "/api/security/step-up"], server.answers["POST", GLASS] = needs_fresh({"code": "9x4mk-2vbn7-qw0ej-fhs3t", "createdAt": "2026-11-21T09:30:00.000Z"})
    page = visit(server, "/sso/break-glass", allow=["403"])
    page.get_by_role("button", name="Make my code").click()
    confirm(page)
    dialog = page.get_by_role("dialog", name="Your break-glass code")
    expect(dialog.get_by_label("Code")).to_have_text("9x4mk-2vbn7-qw0ej-fhs3t")
    dialog.get_by_role("button", name="I have written it down").click()
    expect(page.get_by_text("9x4mk")).to_have_count(0)


def test_a_directory_gets_a_token_and_its_groups_roles(canned, visit):
    server = world(canned)
    server.answers["POST", SCIM + "/tokens"] = Answer(201, {"token": "psc_secret", "record": {}})
    server.answers["PUT", SCIM] = server.answers["GET", SCIM]
    page = visit(server, "/sso/directory")
    expect(page.get_by_label("Tenant URL, SCIM base URL")).to_have_text("https://pulse.example/scim/v2")
    page.get_by_role("button", name="New token").click()
    page.get_by_role("dialog").get_by_label("Name").fill("Okta")
    page.get_by_role("button", name="Create token").click()
    expect(page.get_by_label("Secret token")).to_have_text("psc_secret")
    page.get_by_role("button", name="I have copied it").click()
    page.get_by_role("button", name="Map a group").click()
    page.get_by_label("Group 2", exact=True).fill("Berlin")
    page.get_by_role("button", name="Save roles").click()
    expect(page.get_by_text("Everybody's role was worked out anew.")).to_be_visible()
    assert said(server, "PUT", SCIM) == [{"defaultRole": "viewer", "mappings": [{"group": "Pulse Admins", "role": "admin"}, {"group": "Berlin", "role": "viewer"}]}]


def test_the_log_says_why_somebody_was_refused(canned, visit):
    page = visit(world(canned), "/sso/log")
    expect(page.get_by_role("row").filter(has_text="group_restricted")).to_contain_text("jonas@nordwind.example")
    page.get_by_role("row").filter(has_text="group_restricted").get_by_role("button").click()
    expect(page.get_by_role("dialog").get_by_text("None of the groups may come in by this provider.")).to_be_visible()
    expect(page.get_by_role("dialog").get_by_role("table", name="Claims")).to_be_visible()


def test_the_address_leads_to_the_provider_and_back_to_where_one_wanted_to_go(canned, visit):
    server = stranger(canned)
    server.answers["POST", "/api/public/sso/discover"] = {"required": True, "providers": [OFFER]}
    page = visit(server, "/login?next=%2Fmembers")
    page.get_by_label("E-mail").fill("jonas@nordwind.example")
    page.get_by_role("button", name="Single sign-on").click()
    page.get_by_role("button", name="Continue").click()
    link = page.get_by_role("link", name="Nordwind sign-in")
    expect(link).to_have_attribute("href", "/api/oidc/nordwind/entra/login?returnTo=%2Fmembers&loginHint=jonas%40nordwind.example")
    expect(page.get_by_text("lets you in by single sign-on alone")).to_be_visible()
    assert said(server, "POST", "/api/public/sso/discover") == [{"email": "jonas@nordwind.example"}]


def test_the_short_name_of_the_organisation_leads_there_too(canned, visit):
    server = stranger(canned)
    server.answers["GET", "/api/public/sso/nordwind"] = {"required": False, "providers": [OFFER, {**OFFER, "id": "saml", "displayName": "Old portal"}]}
    server.answers["GET", "/api/public/sso/nobody"] = {"required": False, "providers": []}
    page = visit(server, "/login")
    page.get_by_role("button", name="Single sign-on").click()
    page.get_by_label("E-mail or organisation").fill("nobody")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_text("No single sign-on was found for this.")).to_be_visible()
    page.get_by_label("E-mail or organisation").fill("Nordwind")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("link", name="Old portal")).to_be_visible()
    named = visit(server, "/login?organization=nordwind")
    expect(named.get_by_role("heading", name="Choose your sign-in")).to_be_visible()


def test_a_password_that_does_not_count_any_more_leads_to_the_provider(canned, visit):
    server = stranger(canned)
    server.answers["POST", "/api/login"] = problem(403, "sso-required", "Sign in through your organisation")
    server.answers["POST", "/api/public/sso/discover"] = {"required": True, "providers": [OFFER]}
    page = visit(server, "/login", allow=["403"])
    page.get_by_label("E-mail").fill("jonas@nordwind.example")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in", exact=True).click()
    expect(page.get_by_role("heading", name="Continue to Nordwind sign-in")).to_be_visible()


def test_a_refusal_of_the_provider_is_told_in_plain_words(canned, visit):
    for address, words in (("oidc=error&oidc_error=nonce_mismatch", "did not belong to this sign-in"), ("saml=error&saml_error=group_restricted", "None of your groups"),
                           ("oidc=error&oidc_error=%3Cscript%3E", "The sign-in did not work.")):
        page = visit(stranger(canned), f"/login?{address}")
        expect(page.get_by_role("status").filter(has_text=words)).to_be_visible()


def test_an_owner_comes_in_with_a_code_and_is_shown_the_next(canned, visit):
    server = stranger(canned)
    single_sign_on(server)
    server.answers["POST", "/api/public/sso/break-glass"] = problem(401, "invalid-credentials", "Wrong")
    page = visit(server, "/login/break-glass", allow=["401"])
    page.get_by_label("Organisation").fill("nordwind")
    page.get_by_label("E-mail").fill("mara@nordwind.example")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_label("Code").fill("9x4mk-2vbn7-qw0ej-fhs3t")
    page.get_by_role("button", name="Come in").click()
    expect(page.get_by_text("These four do not fit together.")).to_be_visible()
    page.get_by_label("Code").fill("aaaaa-2vbn7-qw0ej-fhs3t")
    server.answers["POST", "/api/public/sso/break-glass"] = let_in(server, {"userId": "u1", "orgId": "o", "csrfToken": "canned", "nextCode": "aaaaa-bbbbb-ccccc-ddddd"})
    page.get_by_role("button", name="Come in").click()
    expect(page.get_by_label("Your next code")).to_have_text("aaaaa-bbbbb-ccccc-ddddd")
    page.get_by_role("button", name="I have written it down").click()
    expect(page).to_have_url(re.compile("/sso/domains$"))


def test_a_session_of_a_provider_is_confirmed_by_the_provider(canned, visit):
    server = world(canned)
    me = server.answers["GET", "/api/me"]
    server.answers["GET", "/api/me"] = {**me, "session": {**me["session"], "method": "oidc", "boundTo": me["organization"]["id"]}}
    server.answers["DELETE", f"{DOMAINS}/{LAB}"] = problem(403, "fresh-session-required", "Confirm it is you")
    server.answers["POST", "/api/sso/step-up"] = {"url": "/sso/domains?sso=confirmed"}
    page = visit(server, "/sso/domains", allow=["403"])
    page.get_by_role("region", name=LAB).get_by_role("button", name="Give it up").click()
    page.get_by_role("dialog").get_by_role("button", name="Give it up").click()
    page.get_by_role("button", name="Confirm at my provider").click()
    expect(page).to_have_url(re.compile(r"/sso/domains\?sso=confirmed$"))
    assert said(server, "POST", "/api/sso/step-up") == [{"returnTo": "/sso/domains"}]
