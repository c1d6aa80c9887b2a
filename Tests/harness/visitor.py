"""A person with a browser that runs no scripts: follows where it is sent, fills in the forms of identity providers, and
keeps the cookies of each server apart as the ports of one machine are not."""
import html.parser
import http.cookiejar
import json
import urllib.parse

import requests


class Form(html.parser.HTMLParser):
    """The forms of a page: where each goes, and what its fields hold already."""

    def __init__(self, text):
        super().__init__()
        self.forms = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        told = dict(attributes)
        if tag == "form":
            self.forms.append({
                "action": told.get("action") or "", "method": (told.get("method") or "get").upper(), "fields": {},
                "kinds": {}, "buttons": []})
        elif tag in ("input", "button") and self.forms and told.get("name"):
            form, name = self.forms[-1], told["name"]
            if tag == "button" or told.get("type") == "submit":
                form["buttons"].append((name, told.get("value") or ""))
            else:
                form["fields"][name] = told.get("value") or ""
                form["kinds"][name] = told.get("type") or "text"


class Visitor:
    def __init__(self, server, csrf="pulse_csrf"):
        """`csrf`: the cookie of that door that scripts may read."""
        self.server, self.session, self.csrf = server, requests.Session(), csrf
        self.jars = {}
        self.page = None

    def _ask(self, method, url, **more):
        """One request, with the cookies of that server alone."""
        place = urllib.parse.urlsplit(url).netloc
        jar = self.jars.setdefault(place, requests.cookies.RequestsCookieJar(http.cookiejar.DefaultCookiePolicy()))
        self.session.cookies = jar
        return self.session.request(method, url, allow_redirects=False, timeout=30, **more)

    def open(self, url, method="GET", **more):
        """Follows to where it ends: a page of somebody else's, or an address of Pulse that is no route of the API."""
        page = self._ask(method, url, **more)
        for _ in range(20):
            if page.status_code not in (301, 302, 303, 307, 308):
                break
            url = urllib.parse.urljoin(page.url, page.headers["location"])
            if url.startswith(self.server.url) and not url.startswith(self.server.url + "/api/"):
                self.page, self.address = None, url
                return self
            page = self._ask("GET", url)
        self.page, self.address = page, page.url
        return self

    @property
    def is_back(self):
        return self.page is None

    @property
    def came_to(self):
        """Path and query of where it ended."""
        parts = urllib.parse.urlsplit(self.address)
        return parts.path + (f"?{parts.query}" if parts.query else "")

    def told(self, name):
        """A parameter of the address that Pulse sent it to."""
        return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.address).query)).get(name)

    def fill(self, name, password):
        """Signs in with whatever forms the provider shows, and agrees to what it asks, until Pulse has the browser back."""
        for _ in range(6):
            if self.is_back:
                return self
            assert self.page.status_code == 200, f"{self.page.status_code} {self.address}: {self.page.text[:500]}"
            self.send(name, password)
        raise AssertionError(f"the provider does not send the browser back from {self.address}: {self.page.text[:2000]}")

    def send(self, name="", password=""):
        """The form of this page, be it one that a script would send by itself."""
        forms = Form(self.page.text).forms
        form = next((one for one in forms if "password" in one["kinds"].values()), None) or next(
            (one for one in forms if one["fields"] or one["buttons"]), None)
        assert form, f"nothing to fill in at {self.address}: {self.page.text[:1000]}"
        fields = dict(form["fields"])
        for field, kind in form["kinds"].items():
            if kind == "password":
                fields[field] = password
            elif kind in ("text", "email") and field in ("user", "login", "username", "name"):
                fields[field] = name
        agreed = next((button for button in form["buttons"] if button[1] in ("accept", "yes", "1")), None)
        if agreed := agreed or next(iter(form["buttons"]), None):
            fields[agreed[0]] = agreed[1]
        action = "" if form["action"] == "#" else form["action"]
        return self.open(
            urllib.parse.urljoin(self.address, action), form["method"],
            **{"data" if form["method"] == "POST" else "params": fields})

    # --- at Pulse ---

    def get(self, path):
        return self._ask("GET", self.server.url + path, headers={"Accept": "application/json"})

    def post(self, path, body=None):
        token = self.jars.get(urllib.parse.urlsplit(self.server.url).netloc, {}).get(self.csrf, "")
        return self._ask("POST", self.server.url + path, data=json.dumps(body or {}),
                         headers={"Accept": "application/json", "Content-Type": "application/json", "X-CSRF-Token": token})

    def me(self):
        answer = self.get("/api/me")
        return answer.json() if answer.status_code == 200 else None

    def role_in(self, org):
        return next(one["role"] for one in self.me()["organizations"] if one["id"] == org)
