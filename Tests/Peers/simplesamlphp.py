"""SimpleSAMLphp of Debian as an identity provider, behind PHP's own server. PHP reads its configuration at every request, so
what its administrator does here holds at once."""
import json
import os
import pathlib
import shutil
import urllib.request

from harness.processes import Process, eventually, free_port, plain_environment, run, work_directory

WWW = pathlib.Path("/usr/share/simplesamlphp/www")
EMAIL = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
REDIRECT = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
ROUTER = r"""<?php
// PHP's server knows no PATH_INFO behind a script; the package's addresses have one.
$path = parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH);
if (!preg_match('#^/simplesaml(/.+?\.php)(/.*)?$#', $path, $parts)) return false;
$script = '%s' . $parts[1];
if (!is_file($script)) return false;
$_SERVER['SCRIPT_NAME'] = '/simplesaml' . $parts[1];
$_SERVER['SCRIPT_FILENAME'] = $script;
$_SERVER['PHP_SELF'] = $_SERVER['SCRIPT_NAME'] . ($parts[2] ?? '');
if (!empty($parts[2])) $_SERVER['PATH_INFO'] = $parts[2];
chdir(dirname($script));
require $script;
""" % WWW


def why_no_simplesamlphp():
    """What is missing to run it; nothing when it can be tried."""
    if not WWW.exists():
        return "needs simplesamlphp"
    return None if shutil.which("php") else "needs php-cli"


class SimpleSAMLphp:
    """Its people sign in with their name and "NAME-pw"."""

    def __init__(self, name="simplesamlphp"):
        self.name, self.root, self.port = name, work_directory(name), free_port()
        self.base = f"http://127.0.0.1:{self.port}/simplesaml/"
        self.entity_id = f"http://127.0.0.1:{self.port}/idp"
        self.metadata = f"{self.base}saml2/idp/metadata.php"
        self.people, self.services, self.keys, self.process = {}, {}, [], None
        for part in ("config", "metadata", "cert", "log", "tmp", "data", "www"):
            (self.root / part).mkdir()
        (self.root / "router.php").write_text(ROUTER)
        (self.root / "www/simplesaml").symlink_to(WWW)  # scripts of its pages, one of which sends the response
        self._make_key()
        self.published = [0]
        self._write()

    def _make_key(self):
        name = f"key{len(self.keys)}"
        run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-sha256", "-nodes", "-days", "30", "-subj", f"/CN={name}",
            "-keyout", self.root / f"cert/{name}.key", "-out", self.root / f"cert/{name}.pem")
        self.keys.append(name)

    def _php(self, path, variable, value):
        text = json.dumps(value).replace("\\", "\\\\").replace("'", "\\'")
        temporary = self.root / f"{path}.new"
        temporary.write_text(f"<?php\n${variable} = json_decode('{text}', true);\n")
        os.replace(temporary, self.root / path)

    def _write(self):
        root = str(self.root)
        self._php("config/config.php", "config", {
            "baseurlpath": self.base, "certdir": f"{root}/cert/", "loggingdir": f"{root}/log/", "datadir": f"{root}/data/",
            "tempdir": f"{root}/tmp", "metadatadir": f"{root}/metadata/", "timezone": "UTC", "secretsalt": "of these tests",
            "auth.adminpassword": "nobody", "technicalcontact_email": "nobody@example.com", "technicalcontact_name": "nobody",
            "enable.saml20-idp": True, "logging.handler": "file", "logging.level": 6, "logging.logfile": "ssp.log",
            "logging.processname": "ssp", "showerrors": True, "errorreporting": False,
            "session.cookie.secure": False, "session.cookie.samesite": None, "session.phpsession.savepath": None,
            "store.type": "sql", "store.sql.dsn": f"sqlite:{root}/data/sessions.sqlite", "store.sql.username": None,
            "store.sql.password": None, "store.sql.prefix": "ssp", "language.default": "en", "language.available": ["en"],
            "theme.use": "default", "production": False, "trusted.url.domains": None, "authproc.idp": [],
            "module.enable": {"exampleauth": True, "core": True, "saml": True}, "metadata.sources": [{"type": "flatfile"}]})
        self._php("config/authsources.php", "config", {
            "people": {0: "exampleauth:UserPass", **{f"{name}:{name}-pw": told for name, told in self.people.items()}}})
        names = ["", "new_"]
        keys = {f"{name}{kind}": f"{self.keys[number]}.{ending}" for name, number in zip(names, self.published)
                for kind, ending in (("privatekey", "key"), ("certificate", "pem"))}
        self._php("metadata/saml20-idp-hosted.php", "metadata", {self.entity_id: {
            "host": "__DEFAULT__", "auth": "people", "saml20.sign.response": True, "saml20.sign.assertion": True,
            "sign.logout": True, "redirect.sign": True, "NameIDFormat": EMAIL, "simplesaml.nameidattribute": "mail",
            "signature.algorithm": "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", **keys}})
        self._php("metadata/saml20-sp-remote.php", "metadata", self.services)

    def start(self):
        self.process = Process(
            self.name, "php", "-d", "error_reporting=E_ALL & ~E_DEPRECATED", "-d", "display_errors=0", "-S",
            f"127.0.0.1:{self.port}", "-t", self.root / "www", self.root / "router.php",
            env=plain_environment(SIMPLESAMLPHP_CONFIG_DIR=self.root / "config"))

        def ready():
            assert self.process.lives, f"it ended:\n{self.process.tail()}"
            with urllib.request.urlopen(self.metadata, timeout=10) as answer:
                return b"IDPSSODescriptor" in answer.read()
        eventually(ready, 60, "SimpleSAMLphp answers")
        return self

    def stop(self):
        if self.process:
            self.process.end()

    # --- what its administrator does ---

    def trust(self, addresses, certificate=None, is_sealed=False):
        """:param addresses: entityId, acs and slo of a service.
        :param certificate: of the service, base64 of DER; what it says about logouts is then believed."""
        service = {
            "AssertionConsumerService": addresses["acs"], "NameIDFormat": EMAIL, "simplesaml.nameidattribute": "mail",
            "SingleLogoutService": [{"Binding": REDIRECT, "Location": addresses["slo"]}]}
        if certificate:
            service |= {"certData": certificate, "validate.logout": True, "assertion.encryption": is_sealed}
        self.services[addresses["entityId"]] = service
        self._write()

    def person(self, name, mail, groups, display=None):
        self.people[name] = {"uid": [name], "mail": [mail], "displayName": [display or name.title()], "groups": groups}
        self._write()

    def announce_key(self):
        """The next key stands in the metadata beside the one that signs."""
        self._make_key()
        self.published = [self.published[0], len(self.keys) - 1]
        self._write()

    def rotate_key(self):
        """The next key signs. One that was never announced is in the metadata from now on, alone."""
        if len(self.published) == 1:
            self._make_key()
            self.published = [len(self.keys) - 1]
        else:
            self.published.reverse()
        self._write()
