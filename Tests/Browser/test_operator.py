"""The console of those who run the installation: another place, and every look is meant."""
import re

from playwright.sync_api import expect

from canned import ORG, Answer, iso, problem
from company import said
from operators import API, COMPANY, KIM, LEA, NORDWIND, detail, operations, orgs, support

PASSWORD = "a long enough password 7"


def signed_out(server):
    me = server.answers["GET", f"{API}/me"]
    server.entered = False
    server.cookies = {}
    server.answers["GET", f"{API}/me"] = lambda match, query, body: me if server.entered else problem(401, "unauthenticated", "Sign in first")

    def enter(match, query, body):
        if body != {"email": "lea@pulse.example", "password": PASSWORD, "code": "123456"}:
            return Answer(401, {**problem(401, "invalid-credentials", "Wrong").body, "remaining": 4})
        server.entered = True
        return Answer(200, {"operator": LEA, "csrfToken": "canned", "expiresAt": iso(1_900_000_000)}, {"Set_Cookie": "pulse_operator_csrf=canned; Path=/"})

    server.answers["POST", f"{API}/login"] = enter
    return server


def sign_in(page, code="123 456"):
    page.get_by_label("E-mail").fill("lea@pulse.example")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_label("Code").fill(code)
    page.get_by_role("button", name="Sign in").click()


def test_all_three_proofs_are_sent_at_once_and_lead_where_one_wanted_to_go(canned, visit):
    server = signed_out(operations(canned()))
    page = visit(server, "/operators", allow=["401"])
    expect(page).to_have_url(re.compile(r"/login\?next=%2Foperators$"))
    sign_in(page, "111111")
    expect(page.get_by_text("These three do not fit together. 4 tries left.")).to_be_visible()
    sign_in(page)
    expect(page.get_by_role("row", name=re.compile("Kim Aalto"))).to_be_visible()
    expect(page).to_have_url(re.compile("/operators$"))
    assert not any(path.startswith("/api/") and not path.startswith(API) for _, path, _ in server.asked)


def test_the_companys_provider_is_a_way_in_and_may_be_the_only_one(canned, visit):
    server = signed_out(operations(canned()))
    page = visit(server, "/operators", allow=["401"])
    way = page.get_by_role("link", name="Company sign-in")
    expect(way).to_have_attribute("href", f"{API}/oidc/company/login?returnTo=%2Foperators")
    expect(page.get_by_label("Password")).to_be_visible()
    server.answers["GET", f"{API}/sign-in"] = {"passwordLogin": False, "providers": [COMPANY]}
    page.goto(server.url + "/login?sso=error&sso_error=not_linked")
    expect(page.get_by_text("No operator's account is linked to you there.")).to_be_visible()
    expect(way).to_be_visible()
    expect(page.get_by_label("Password")).to_have_count(0)


def test_a_provider_that_asked_for_no_second_factor_leads_to_the_code(canned, visit):
    server = signed_out(operations(canned()))

    def enter(match, query, body):
        if body != {"code": "123456"}:
            return Answer(401, {**problem(401, "invalid-credentials", "Wrong").body, "remaining": 4})
        server.entered = True
        return Answer(200, {"csrfToken": "canned", "expiresAt": iso(1_900_000_000), "returnTo": "/operators"},
                      {"Set_Cookie": "pulse_operator_csrf=canned; Path=/"})

    server.answers["POST", f"{API}/sso/code"] = enter
    page = visit(server, "/login?sso=code", allow=["401"])
    expect(page.get_by_label("Password")).to_have_count(0)
    page.get_by_label("Code").fill("111111")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_text("This code does not fit. 4 tries left.")).to_be_visible()
    page.get_by_label("Code").fill("123 456")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("row", name=re.compile("Kim Aalto"))).to_be_visible()
    expect(page).to_have_url(re.compile("/operators$"))


def test_the_first_time_sets_up_password_and_app(canned, visit):
    server = signed_out(operations(canned()))
    path = f"{API}/setup/complete"
    server.answers["POST", path] = lambda match, query, body: Answer(204) if body["code"] == "123456" else problem(403, "second-factor-wrong", "Wrong code")
    page = visit(server, "/setup#token=osu_good", allow=["403"])
    expect(page.get_by_role("heading", name="Welcome, Lea Sommer")).to_be_visible()
    assert page.get_by_role("img", name="QR code").evaluate("(image) => image.decode().then(() => image.naturalWidth > 0)")
    page.get_by_label("Password").fill("short")
    page.get_by_label("The code it shows now").fill("000000")
    page.get_by_role("button", name="Finish").click()
    expect(page.get_by_text("it needs at least 12")).to_be_visible()
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Finish").click()
    expect(page.get_by_text("This code does not fit.")).to_be_visible()
    page.get_by_label("The code it shows now").fill("123 456")
    page.get_by_role("button", name="Finish").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    expect(page.get_by_text("Sign in with the next code")).to_be_visible()
    assert said(server, "POST", path)[-1] == {"token": "osu_good", "password": PASSWORD, "code": "123456"}


def test_a_dead_set_up_link_says_so(canned, visit):
    page = visit(signed_out(operations(canned())), "/setup#token=osu_old", allow=["400"])
    expect(page.get_by_role("heading", name="This link does not work")).to_be_visible()


def searches(server):
    return [path for how, path, _ in server.asked if how == "GET" and path.partition("?")[0] == f"{API}/orgs"]


def test_organisations_are_searched_when_it_is_meant(canned, visit):
    server = operations(canned())
    page = visit(server, "/")
    table = page.get_by_role("table", name="Organisations")
    expect(table.get_by_role("row")).to_have_count(len(orgs()) + 1)
    expect(page.get_by_text("Whatever you open about a customer is written into their own log.")).to_be_visible()
    page.get_by_role("searchbox", name="Search organisations").press_sequentially("nord")
    expect(table.get_by_role("row")).to_have_count(len(orgs()) + 1)
    assert len(searches(server)) == 1                   # looking is written down: not letter by letter
    page.keyboard.press("Enter")
    expect(table.get_by_role("row")).to_have_count(2)
    expect(page).to_have_url(re.compile(r"/orgs\?q=nord$"))
    page.get_by_role("button", name="Suspended").click()
    expect(page.get_by_role("heading", name="No organisation matches “nord”")).to_be_visible()
    page.get_by_role("button", name="Show all").click()
    expect(table.get_by_role("row")).to_have_count(len(orgs()) + 1)
    table.get_by_role("link", name="Nordwind Logistik").click()
    expect(page.get_by_role("heading", name="Nordwind Logistik")).to_be_visible()
    expect(page.get_by_role("region", name="Usage")).to_contain_text("3.54GiB")


def test_suspending_wants_a_reason_and_a_note_and_can_be_taken_back(canned, visit):
    server = operations(canned())
    server.answers["POST", f"{NORDWIND}/suspend"] = detail(status="suspended", suspendReason="abuse", suspendedAt=iso(1_700_000_000))
    server.answers["POST", f"{NORDWIND}/restore"] = detail()
    page = visit(server, f"/orgs/{ORG['id']}")
    page.get_by_role("button", name="Suspend").click()
    dialog = page.get_by_role("dialog", name="Suspend Nordwind Logistik?")
    expect(dialog).to_contain_text("for 40 machines and 6 members")
    dialog.get_by_role("button", name="Suspend").click()
    expect(dialog.get_by_text("Say why, for whoever reads the log.")).to_be_visible()
    dialog.get_by_label("Reason").select_option("abuse")
    dialog.get_by_label("Note").fill("Ticket 12")
    dialog.get_by_role("button", name="Suspend").click()
    expect(page.get_by_text("Nordwind Logistik is suspended")).to_be_visible()
    page.get_by_role("button", name="Restore").click()
    page.get_by_role("dialog").get_by_label("Note").fill("Settled")
    page.get_by_role("dialog").get_by_role("button", name="Restore").click()
    expect(page.get_by_text("Nordwind Logistik is back")).to_be_visible()
    assert said(server, "POST", f"{NORDWIND}/suspend") == [{"reason": "abuse", "note": "Ticket 12"}]
    assert said(server, "POST", f"{NORDWIND}/restore") == [{"note": "Settled"}]


def test_access_is_asked_for_and_waits_for_an_owner(canned, visit):
    server = operations(canned())
    server.answers["POST", f"{NORDWIND}/support-access"] = Answer(201, support())
    server.answers["DELETE", f"{API}/support-access/sa1"] = Answer(204)
    page = visit(server, f"/orgs/{ORG['id']}")
    page.get_by_role("button", name="Ask for access").click()
    page.get_by_label("Reason").fill("Charts of db-primary stay empty")
    page.get_by_label("For", exact=True).select_option("240")
    page.get_by_role("button", name="Ask", exact=True).click()
    card = page.get_by_role("region", name="Support access")
    expect(card).to_contain_text("Waiting")
    expect(card.get_by_role("link", name="Open, to read")).to_have_count(0)
    assert said(server, "POST", f"{NORDWIND}/support-access") == [{"reason": "Charts of db-primary stay empty", "minutes": 240}]
    card.get_by_role("button", name="Withdraw").click()
    page.get_by_role("dialog").get_by_role("button", name="Withdraw").click()
    expect(card.get_by_role("button", name="Ask for access")).to_be_visible()


def test_with_consent_one_reads_and_its_end_is_said(canned, visit):
    server = operations(canned())
    server.answers["GET", NORDWIND] = detail(supportAccess=support("active"))
    page = visit(server, f"/orgs/{ORG['id']}", allow=["403"])
    page.get_by_role("link", name="Open, to read").click()
    machines = page.get_by_role("table", name="Machines")
    expect(machines.get_by_role("row", name=re.compile("db-primary"))).to_contain_text("Warning")
    expect(page.get_by_text("Nothing can be changed from here.")).to_be_visible()
    page.get_by_role("link", name="Members").click()
    expect(page.get_by_role("row", name=re.compile("Tariq Benali"))).to_contain_text("Editor")
    server.answers["GET", f"{NORDWIND}/view/sites"] = problem(403, "support-access-required", "No consent")
    page.get_by_role("link", name="Sites").click()
    expect(page.get_by_role("heading", name="Not open to you")).to_be_visible()


def test_all_that_was_asked_for_is_one_list(canned, visit):
    page = visit(operations(canned()), "/support")
    expect(page.get_by_role("row", name=re.compile("Feinkost Grube"))).to_contain_text("Declined")
    page.get_by_role("button", name="Active").click()
    expect(page.get_by_role("row", name=re.compile("Feinkost Grube"))).to_have_count(0)
    page.get_by_role("link", name="Open Nordwind Logistik, to read").click()
    expect(page).to_have_url(re.compile("/view$"))


def test_the_log_of_all_operators_is_filtered_and_verified(canned, visit):
    server = operations(canned())
    page = visit(server, "/audit")
    expect(page.get_by_role("row", name=re.compile("looked inside, with consent"))).to_be_visible()
    page.get_by_label("Did what").select_option("organisation.suspend")
    expect(page.get_by_role("row", name=re.compile("suspended the organisation"))).to_contain_text("third reminder")
    expect(page.get_by_role("table").get_by_role("row")).to_have_count(2)
    expect(page).to_have_url(re.compile(r"action=organisation\.suspend$"))
    page.get_by_role("button", name="Verify now").click()
    expect(page.get_by_text("9 entries, unbroken, signed up to 8")).to_be_visible()
    server.answers["GET", f"{API}/audit/verify"] = {"intact": False, "entries": 9, "brokenSeq": 4}
    page.get_by_role("button", name="Verify now").click()
    expect(page.get_by_text("Broken at 4")).to_be_visible()


def test_an_operator_is_shut_out_and_another_begins_anew(canned, visit):
    server = operations(canned())
    server.answers["POST", f"{API}/operators/o2/disable"] = Answer(204)
    server.answers["POST", f"{API}/operators/o3/reset"] = {"setupUrl": "https://ops.example/setup#token=osu_new", "expiresAt": iso(1_900_000_000)}
    page = visit(server, "/operators")
    expect(page.get_by_role("button", name="Actions for Lea Sommer")).to_have_count(0)      # nobody shuts themselves out
    page.get_by_role("button", name="Actions for Kim Aalto").click()
    page.get_by_role("menuitem", name="Shut out").click()
    page.get_by_role("dialog").get_by_role("button", name="Shut out").click()
    expect(page.get_by_text("Kim Aalto is shut out")).to_be_visible()
    page.get_by_role("button", name="Actions for Noor Haddad").click()
    page.get_by_role("menuitem", name="Begin anew").click()
    page.get_by_role("dialog").get_by_role("button", name="Begin anew").click()
    expect(page.get_by_label("Set-up link", exact=True)).to_have_text("https://ops.example/setup#token=osu_new")
    page.get_by_role("button", name="I have copied it").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert "osu_new" not in page.content()


def test_an_operator_who_is_no_admin_is_not_offered_what_is_not_theirs(canned, visit):
    server = operations(canned(), KIM)
    page = visit(server, f"/orgs/{ORG['id']}")
    expect(page.get_by_text("An operator admin can do this.")).to_be_visible()
    expect(page.get_by_role("button", name="Suspend")).to_have_count(0)
    main = page.get_by_role("navigation", name="Main", exact=True)
    expect(main.get_by_role("link", name="Support access")).to_be_visible()
    expect(main.get_by_role("link", name="Operators")).to_have_count(0)
    page.goto(server.url + "/operators")
    expect(page.get_by_role("heading", name="Operators are for operator admins")).to_be_visible()
    assert not any(path.startswith(f"{API}/operators") for _, path, _ in server.asked)


def test_a_session_that_ended_leads_to_the_door_and_back(canned, visit):
    server = signed_out(operations(canned()))
    server.entered, server.cookies = True, {"pulse_operator_csrf": "canned"}
    page = visit(server, "/orgs", allow=["401"])
    expect(page.get_by_role("table", name="Organisations")).to_be_visible()
    server.entered = False
    server.answers["GET", NORDWIND] = problem(401, "unauthenticated", "Sign in first")
    page.get_by_role("link", name="Nordwind Logistik").click()
    expect(page).to_have_url(re.compile(r"/login\?next=%2Forgs%2F"))


def test_an_organisation_that_is_not_there_says_so(canned, visit):
    page = visit(operations(canned()), "/orgs/0190f5b2-0000-7000-8000-00000000dead", allow=["404"])
    expect(page.get_by_role("heading", name="No such organisation")).to_be_visible()
