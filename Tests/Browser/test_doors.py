"""The ways in: second factor, forgotten password, links from mails, invitations; and what a person does about their own safety."""
import re
import urllib.parse

from playwright.sync_api import expect

from canned import ORG, Answer, iso, problem
from company import QR, account, furnish, needs_fresh, said

PASSWORD = "a long enough password 7"
ACCOUNT = "/api/security/account"
CODES = [f"abcd{n}-fghij" for n in range(10)]


def stranger(canned):
    """A server whose person is not signed in yet; a good answer to a login lets them in."""
    server = furnish(canned([]))
    me = server.answers["GET", "/api/me"]
    server.answers["GET", "/api/me"] = lambda match, query, body: me if server.entered else problem(401, "authentication-required", "Sign in first")
    server.entered = False
    server.cookies = {}
    return server


def let_in(server, answer=None):
    def enter(match, query, body):
        server.entered = True
        return Answer(200, answer or {"userId": "u1", "email": "mara@nordwind.example", "csrfToken": "canned", "organizations": [ORG]}, {"Set_Cookie": "pulse_csrf=canned; Path=/"})
    return enter


def asks_for_second_factor(match=None, query=None, body=None):
    refused = problem(401, "second-factor-required", "A second factor is needed")
    return Answer(401, {**refused.body, "challenge": "p2f_x", "methods": "totp,recovery", "expiresAt": iso(1_900_000_000)})


def log_in(page):
    page.get_by_label("E-mail").fill("mara@nordwind.example")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in", exact=True).click()


def test_the_second_step_takes_a_code_and_leads_where_one_wanted_to_go(canned, visit):
    server = stranger(canned)
    server.answers["POST", "/api/login"] = asks_for_second_factor
    wrong = problem(401, "second-factor-wrong", "Wrong code")
    server.answers["POST", "/api/login/second-factor"] = Answer(401, {**wrong.body, "remaining": "4"})
    page = visit(server, "/login?next=%2Fmembers", allow=["401"])
    log_in(page)
    expect(page.get_by_role("heading", name="One more step")).to_be_visible()
    page.get_by_label("Code").fill("111 111")
    page.get_by_role("button", name="Log in", exact=True).click()
    expect(page.get_by_text("This code does not fit. 4 tries left.")).to_be_visible()
    server.answers["POST", "/api/login/second-factor"] = let_in(server)
    page.get_by_label("Code").fill("123 456")
    page.get_by_role("button", name="Log in", exact=True).click()
    expect(page).to_have_url(re.compile("/members$"))
    assert said(server, "POST", "/api/login/second-factor")[-1] == {"challenge": "p2f_x", "code": "123456"}


def test_a_second_step_that_took_too_long_starts_over_with_a_reason(canned, visit):
    server = stranger(canned)
    server.answers["POST", "/api/login"] = asks_for_second_factor
    server.answers["POST", "/api/login/second-factor"] = problem(400, "second-factor-expired", "Too late")
    page = visit(server, "/login", allow=["401", "400"])
    log_in(page)
    page.get_by_label("Code").fill("123456")
    page.get_by_role("button", name="Log in", exact=True).click()
    expect(page.get_by_text("That took too long. Log in again; nothing else is lost.")).to_be_visible()
    expect(page.get_by_label("E-mail")).to_have_value("mara@nordwind.example")
    expect(page.get_by_label("Password")).to_have_value("")


def test_a_forgotten_password_is_asked_for_and_set_anew(canned, visit):
    server = stranger(canned)
    server.answers["POST", "/api/public/password-reset/request"] = {"success": True, "message": "ok"}
    server.answers["POST", "/api/public/password-reset/check"] = {"email": "mara@nordwind.example"}
    page = visit(server, "/login", allow=["400"])
    page.get_by_role("link", name="Forgot your password?").click()
    page.get_by_label("E-mail").fill("mara@nordwind.example")
    page.get_by_role("button", name="Send link").click()
    expect(page.get_by_text("If mara@nordwind.example has an account, a link is on its way.")).to_be_visible()
    page.goto(server.url + "/reset-password?token=rp1_x")
    page.get_by_label("New password").fill("short")
    page.get_by_role("button", name="Set password").click()
    expect(page.get_by_text("it needs at least 12")).to_be_visible()
    server.answers["POST", "/api/public/password-reset/complete"] = Answer(400, {**problem(400, "invalid-field", "Invalid field", "It is based on a dictionary word.").body, "field": "password"})
    page.get_by_label("New password").fill("passwordpassword")
    page.get_by_role("button", name="Set password").click()
    expect(page.get_by_text("It is based on a dictionary word.")).to_be_visible()
    server.answers["POST", "/api/public/password-reset/complete"] = {"success": True}
    page.get_by_label("New password").fill(PASSWORD)
    page.get_by_role("button", name="Set password").click()
    expect(page.get_by_role("heading", name="Log in")).to_be_visible()
    expect(page.get_by_text("New password set")).to_be_visible()
    assert said(server, "POST", "/api/public/password-reset/complete")[-1] == {"token": "rp1_x", "password": PASSWORD}


def test_a_dead_reset_link_offers_a_new_one(canned, visit):
    server = stranger(canned)
    server.answers["POST", "/api/public/password-reset/check"] = problem(400, "reset-link-invalid", "Invalid link")
    page = visit(server, "/reset-password?token=old", allow=["400"])
    expect(page.get_by_role("heading", name="This link does not work")).to_be_visible()
    page.get_by_role("link", name="Send a new link").click()
    expect(page).to_have_url(re.compile("/forgot-password$"))


def test_a_mailed_link_is_used_by_a_press_and_not_by_looking(canned, visit):
    server = stranger(canned)
    verify = "/api/public/magic-link/verify"
    server.answers["POST", verify] = let_in(server)
    page = visit(server, "/magic-link?token=ml1_x")
    expect(page.get_by_role("heading", name="Log in here?")).to_be_visible()
    page.wait_for_timeout(200)
    assert said(server, "POST", verify) == [] == said(server, "GET", verify)
    page.get_by_role("button", name="Log in", exact=True).click()
    expect(page).to_have_url(re.compile("/dashboard$"))
    assert said(server, "POST", verify) == [{"token": "ml1_x"}]


def test_a_used_link_leads_to_the_login_with_its_reason(canned, visit):
    server = stranger(canned)
    server.answers["POST", "/api/public/magic-link/verify"] = problem(400, "invalid-magic-link", "Invalid link")
    page = visit(server, "/magic-link?token=ml1_old", allow=["400"])
    page.get_by_role("button", name="Log in", exact=True).click()
    expect(page.get_by_text("That link no longer works.")).to_be_visible()


INVITED = {"organizationName": "Nordwind Logistik", "email": "lin@nordwind.example", "role": "editor", "invitedByName": "Mara Lindqvist", "expiresAt": iso(1_900_000_000)}


def test_someone_new_joins_with_a_password_and_is_in(canned, visit):
    server = stranger(canned)
    server.answers["POST", "/api/public/invitations/check"] = {**INVITED, "existingAccount": False}
    server.answers["POST", "/api/public/invitations/accept"] = let_in(server, {"userId": "u9", "orgId": ORG["id"], "role": "editor", "signedIn": True, "csrfToken": "canned"})
    page = visit(server, "/accept-invitation?token=inv_x")
    expect(page.get_by_text("Mara Lindqvist invited lin@nordwind.example as Editor.")).to_be_visible()
    page.get_by_label("Your name").fill("Lin")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Join Nordwind Logistik").click()
    expect(page).to_have_url(re.compile("/dashboard$"))
    expect(page.get_by_text("You are in Nordwind Logistik")).to_be_visible()
    assert said(server, "POST", "/api/public/invitations/accept") == [{"token": "inv_x", "password": PASSWORD, "displayName": "Lin"}]


def test_someone_known_joins_without_a_password_and_logs_in_next(canned, visit):
    server = stranger(canned)
    server.answers["POST", "/api/public/invitations/check"] = {**INVITED, "existingAccount": True}
    server.answers["POST", "/api/public/invitations/accept"] = {"userId": "u9", "orgId": ORG["id"], "role": "editor", "signedIn": False}
    page = visit(server, "/accept-invitation?token=inv_x")
    expect(page.get_by_label("Password")).to_have_count(0)
    page.get_by_role("button", name="Join Nordwind Logistik").click()
    expect(page.get_by_role("heading", name="Log in")).to_be_visible()
    assert said(server, "POST", "/api/public/invitations/accept") == [{"token": "inv_x"}]


def test_each_dead_invitation_says_which_death_it_died(canned, visit):
    server = stranger(canned)
    for slug, words in {"invitation-link-used": "was used already", "invitation-link-expired": "has expired", "invitation-link-revoked": "was taken back", "invitation-link-invalid": "does not work"}.items():
        server.answers["POST", "/api/public/invitations/check"] = problem(400, slug, "No")
        page = visit(server, f"/accept-invitation?token={slug}", allow=["400"])
        expect(page.get_by_role("heading", name=re.compile(words))).to_be_visible()


def test_an_invitation_of_someone_signed_in_is_joined_from_the_profile(canned, visit):
    server = furnish(canned())
    server.answers["GET", "/api/org-invitations"] = {"data": [
        {"id": "i7", "orgId": ORG["id"], "displayName": "Feinkost Grube", "slug": "grube", "role": "viewer", "invitedByName": "Gero", "createdAt": iso(1_700_000_000), "expiresAt": iso(1_900_000_000)}]}
    server.answers["POST", "/api/org-invitations/i7/accept"] = ORG
    server.answers["POST", f"/api/orgs/{ORG['id']}/switch"] = ORG
    page = visit(server, "/profile")
    page.get_by_role("button", name="Join Feinkost Grube").click()
    expect(page.get_by_text("You are in Feinkost Grube")).to_be_visible()


# --- the person's own safety ---

def test_the_password_is_changed_and_the_others_are_signed_out(canned, visit):
    server = furnish(canned())
    path = "/api/security/change-password"
    server.answers["POST", path] = problem(403, "wrong-password", "Wrong password")
    page = visit(server, "/profile/security", allow=["403"])
    page.get_by_label("Current password").fill("not mine")
    page.get_by_label("New password").fill(PASSWORD)
    page.get_by_role("button", name="Change password").click()
    expect(page.get_by_text("This is not the password you have now.")).to_be_visible()
    expect(page.get_by_label("Current password")).to_be_focused()
    server.answers["POST", path] = {"success": True, "revokedSessions": 2}
    page.get_by_label("Current password").fill("the old password 1")
    page.get_by_role("button", name="Change password").click()
    expect(page.get_by_text("2 other sessions were ended.")).to_be_visible()
    expect(page.get_by_label("New password")).to_have_value("")


def test_the_second_factor_is_set_up_after_a_fresh_sign_in_with_one_good_code(canned, visit):
    server = furnish(canned())
    secret = {"secret": "JBSWY3DPEHPK3PXP", "uri": "otpauth://totp/Pulse", "qrSvg": QR, "expiresAt": iso(1_900_000_000)}
    server.answers["POST", "/api/security/step-up"], server.answers["POST", "/api/security/totp"] = needs_fresh(Answer(201, secret))
    server.answers["POST", "/api/security/totp/confirm"] = lambda match, query, body: (
        {"recoveryCodes": CODES} if body == {"code": "123456"} else problem(403, "second-factor-wrong", "Wrong code"))
    page = visit(server, "/profile/security", allow=["403"])
    page.get_by_role("button", name="Set up").click()
    page.get_by_role("dialog", name="Confirm it is you").get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Confirm").click()
    dialog = page.get_by_role("dialog", name="Set up the authenticator app")
    picture = dialog.get_by_role("img", name="QR code for your authenticator app")
    expect(picture).to_be_visible()
    assert picture.evaluate("(image) => image.decode().then(() => image.naturalWidth > 0)")
    assert urllib.parse.unquote(picture.get_attribute("src")).endswith(QR)
    expect(dialog.get_by_text("JBSW Y3DP EHPK 3PXP")).to_be_visible()
    dialog.get_by_label("The code it shows now").fill("000000")
    dialog.get_by_role("button", name="Switch on").click()
    expect(dialog.get_by_text("This code does not fit.")).to_be_visible()
    server.answers["GET", ACCOUNT] = account(totp={"enabled": True, "enabledAt": iso(1_700_000_000)}, recoveryCodesLeft=10)
    dialog.get_by_label("The code it shows now").fill("123 456")
    dialog.get_by_role("button", name="Switch on").click()
    codes = page.get_by_role("dialog", name="Keep these recovery codes")
    expect(codes.get_by_role("listitem")).to_have_count(10)
    page.keyboard.press("Escape")
    expect(codes).to_be_visible()
    with page.expect_download() as download:
        codes.get_by_role("button", name="Download").click()
    assert all(code in open(download.value.path()).read() for code in CODES)
    codes.get_by_role("button", name="I have kept them").click()
    expect(page.get_by_text("10 of 10 left")).to_be_visible()


def test_few_recovery_codes_are_said_and_replaced_and_the_factor_switched_off(canned, visit):
    server = furnish(canned())
    server.answers["GET", ACCOUNT] = account(totp={"enabled": True}, recoveryCodesLeft=2, stepUpMethods=["totp"])
    server.answers["POST", "/api/security/recovery-codes"] = {"recoveryCodes": CODES}
    server.answers["DELETE", "/api/security/totp"] = Answer(204)
    page = visit(server, "/profile/security")
    expect(page.get_by_text("2 of 10 left")).to_be_visible()
    page.get_by_role("button", name="Make new ones").click()
    page.get_by_role("dialog").get_by_role("button", name="Make new ones").click()
    page.get_by_role("button", name="I have kept them").click()
    page.get_by_role("button", name="Switch off").click()
    server.answers["GET", ACCOUNT] = account()
    page.get_by_role("dialog").get_by_role("button", name="Switch off").click()
    expect(page.get_by_role("button", name="Set up")).to_be_visible()


def test_a_known_device_can_be_forgotten(canned, visit):
    server = furnish(canned())
    server.answers["DELETE", "/api/security/devices/d1"] = Answer(204)
    page = visit(server, "/profile/security")
    page.get_by_role("button", name="Forget Safari on iOS").click()
    expect(page.get_by_text("Safari on iOS is forgotten")).to_be_visible()
    expect(page.get_by_role("button", name="Forget Safari on iOS")).to_have_count(0)


# --- passkeys ---

CEREMONY = {"challenge": "cGsxX2E", "rpId": "localhost", "userHandle": "AZNcHn0AcACAAAAAAAAAAg", "userName": "mara@nordwind.example", "excludeCredentials": []}


def with_an_authenticator(page):
    """A device that says yes: what the browser would ask a finger for."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True, "isUserVerified": True, "automaticPresenceSimulation": True}})


def on_localhost(server):
    """Browsers keep passkeys for names, not for addresses."""
    server.url = server.url.replace("127.0.0.1", "localhost")
    return server


def test_a_passkey_is_made_on_this_device_and_opens_the_door(canned, visit):
    server = on_localhost(stranger(canned))
    server.entered, server.cookies = True, {"pulse_csrf": "canned"}
    path = "/api/security/passkeys"
    server.answers["POST", "/api/security/step-up"], server.answers["POST", path + "/begin"] = needs_fresh(CEREMONY)

    def keep(match, query, body):
        known = account()
        server.answers["GET", ACCOUNT] = {**known, "passkeys": [*known["passkeys"], {"id": "pk2", "name": body["name"], "createdAt": iso(1_700_000_000)}]}
        return Answer(201, {"id": "pk2", "name": body["name"]})

    server.answers["POST", path] = keep
    page = visit(server, "/profile/security", allow=["401", "403", "pubKeyCredParams"])  # the server takes one kind of key, and says so
    with_an_authenticator(page)
    page.get_by_role("button", name="Add a passkey").click()
    page.get_by_role("dialog").get_by_label("Name").fill("Work laptop")
    page.get_by_role("button", name="Go on").click()
    page.get_by_role("dialog", name="Confirm it is you").get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_role("region", name="Passkeys").get_by_text("Work laptop")).to_be_visible()
    [made] = said(server, "POST", path)
    assert made["name"] == "Work laptop" and made["clientData"] and made["authenticatorData"]

    server.entered = False
    server.answers["POST", "/api/login/passkey/begin"] = {"challenge": "cGsxX2I", "rpId": "localhost"}
    server.answers["POST", "/api/login/passkey"] = let_in(server)
    page.goto(server.url + "/login")
    page.get_by_role("button", name="Log in with a passkey").click()
    expect(page).to_have_url(re.compile("/dashboard$"))
    [used] = said(server, "POST", "/api/login/passkey")
    assert all(used[name] for name in ["credentialId", "clientData", "authenticatorData", "signature"]) and used["rememberMe"] is False


def test_a_passkey_that_no_one_confirms_says_what_else_there_is(canned, visit):
    server = on_localhost(stranger(canned))
    server.answers["POST", "/api/login/passkey/begin"] = {"challenge": "cGsxX2I", "rpId": "another.example"}
    page = visit(server, "/login")
    page.get_by_role("button", name="Log in with a passkey").click()
    expect(page.get_by_text("No passkey was used. Log in another way, or try again.")).to_be_visible()


def test_a_passkey_is_removed(canned, visit):
    server = furnish(canned())
    server.answers["DELETE", "/api/security/passkeys/pk1"] = Answer(204)
    page = visit(server, "/profile/security")
    page.get_by_role("button", name="Remove Laptop").click()
    server.answers["GET", ACCOUNT] = {**account(), "passkeys": []}
    page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(page.get_by_text("Laptop no longer signs you in")).to_be_visible()
    expect(page.get_by_role("button", name="Remove Laptop")).to_have_count(0)
