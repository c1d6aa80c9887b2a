"""A small HTTP client that hides nothing: no redirects followed, no retries, any bytes as body, any text as path."""
import http.client
import json
import urllib.parse

from harness import canaries

PROBLEM = "urn:pulse:problem:"


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def header(self, name):
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def slug(self):
        """The problem's slug; None for an answer that is no problem."""
        if (self.header("content-type") or "").split(";")[0] != "application/problem+json":
            return None
        return self.json["type"].removeprefix(PROBLEM)

    def __repr__(self):
        return f"{self.status} {self.body[:300]!r}"


class Client:
    """One caller: its cookies, its token, the CSRF header that a browser's script would add."""

    def __init__(self, url, token=None):
        parts = urllib.parse.urlsplit(url)
        self.host, self.port = parts.hostname, parts.port or 80
        self.url = url
        self.token = token
        self.cookies = {}
        self.csrf = None

    def request(self, method, path, body=None, headers=None, timeout=20):
        """`body`: bytes as they stand, else anything JSON can say."""
        sent = {"Accept": "application/json"}
        if self.cookies:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        if self.token:
            sent["Authorization"] = f"Bearer {self.token}"
        if self.csrf and method not in ("GET", "HEAD", "OPTIONS"):
            sent["X-CSRF-Token"] = self.csrf
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        if body is not None:
            sent["Content-Type"] = "application/json"
        sent.update(headers or {})
        connection = http.client.HTTPConnection(self.host, self.port, timeout=timeout)
        try:
            # http.client refuses odd paths; a hostile one must go out as it is.
            connection._validate_path = lambda url: None
            try:
                connection.request(method, path, body=body, headers=sent)
            except (BrokenPipeError, ConnectionResetError):
                pass  # refused before all of the body was read: the answer is there to be read
            response = connection.getresponse()
            answer = Answer(response.status, response.getheaders(), response.read())
        finally:
            connection.close()
        self._keep_cookies(answer)
        canaries.watch(self, method, body, answer)
        return answer

    def get(self, path, **rest):
        return self.request("GET", path, **rest)

    def post(self, path, body=None, **rest):
        return self.request("POST", path, body if body is not None else {}, **rest)

    def put(self, path, body=None, **rest):
        return self.request("PUT", path, body, **rest)

    def patch(self, path, body, **rest):
        return self.request("PATCH", path, body, **rest)

    def delete(self, path, **rest):
        return self.request("DELETE", path, **rest)

    def login(self, email, password):
        answer = self.post("/api/login", {"username": email, "password": password})
        assert answer.status == 200, answer
        self.csrf = answer.json["csrfToken"]
        return answer

    def _keep_cookies(self, answer):
        for name, value in answer.headers:
            if name.lower() != "set-cookie":
                continue
            pair, *attributes = [part.strip() for part in value.split(";")]
            cookie, _, content = pair.partition("=")
            if content == "" or any(attribute.lower() == "max-age=0" for attribute in attributes):
                self.cookies.pop(cookie, None)
            else:
                self.cookies[cookie] = content
