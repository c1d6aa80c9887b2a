"""LemonLDAP::NG as an OpenID provider: the real portal under a server of its own, with a configuration and keys of its own.
Its people are `dwho`, `rtyler` and `msmith`; each one's password is their name."""
import json
import pathlib
import re
import secrets
import shutil
import urllib.request

from harness.processes import Process, eventually, free_port, plain_environment, run, work_directory

PACKAGED = pathlib.Path("/var/lib/lemonldap-ng/conf/lmConf-1.json")
SHARE = pathlib.Path("/usr/share/lemonldap-ng")

INI = """\
[all]
logLevel = warn
localSessionStorage =
checkTime = 1
[configuration]
type = File
dirName = {conf}
localStorage = Cache::FileCache
localStorageOptions = {{ 'namespace' => 'c', 'default_expires_in' => 1, 'directory_umask' => '007', 'cache_root' => '{cache}', 'cache_depth' => 3 }}
[portal]
staticPrefix = /static
templateDir = {share}/portal/templates
languages = en
"""

APPLICATION = """\
use Lemonldap::NG::Portal::Main;
use Plack::Builder;
builder {{
    enable 'Static', path => qr{{^/(static|javascript)/}}, root => '{share}/portal/htdocs/';
    Lemonldap::NG::Portal::Main->run({{}});
}};
"""


def why_no_lemonldap():
    """What is missing to run it; nothing when it can be tried."""
    if not PACKAGED.exists():
        return "needs lemonldap-ng"
    return None if shutil.which("plackup") else "needs plackup"


class LemonLDAP:
    """`clients`: of each its redirect address and where it may send people who sign out; `{"pulse": ("http://…", ["http://…"])}`."""

    def __init__(self, name="lemonldap"):
        self.name, self.directory, self.port = name, work_directory(name), free_port()
        self.issuer = f"http://127.0.0.1:{self.port}/"
        self.conf, self.secrets, self.process = self.directory / "conf", {}, None
        for part in ("conf", "cache", "sessions/lock", "psessions/lock", "notifications"):
            (self.directory / part).mkdir(parents=True)
        self.environment = plain_environment(
            LLNG_DEFAULTCONFFILE=self.directory / "lemonldap-ng.ini", LLNG_DEFAULTLOGGER="Lemonldap::NG::Common::Logger::Std")
        (self.directory / "lemonldap-ng.ini").write_text(
            INI.format(conf=self.conf, cache=self.directory / "cache", share=SHARE))
        (self.directory / "portal.psgi").write_text(APPLICATION.format(share=SHARE))
        (self.conf / "lmConf-1.json").write_text(json.dumps({**json.loads(PACKAGED.read_text()), **self._settings()}))

    def _settings(self):
        private, public = self._key()
        stores = {
            option: {"Directory": str(self.directory / part), "LockDirectory": str(self.directory / part / "lock"),
                     "generateModule": "Lemonldap::NG::Common::Apache::Session::Generate::SHA256"}
            for option, part in (("globalStorageOptions", "sessions"), ("persistentStorageOptions", "psessions"))}
        return {
            **stores, "cfgNum": 1, "portal": self.issuer, "domain": "127.0.0.1", "securedCookie": 0, "requireToken": 0,
            "localSessionStorageOptions": {
                "namespace": "s", "default_expires_in": 600, "directory_umask": "007",
                "cache_root": str(self.directory / "cache"), "cache_depth": 3},
            "notificationStorageOptions": {"dirName": str(self.directory / "notifications")}, "applicationList": {},
            "exportedVars": {"uid": "uid", "mail": "mail", "cn": "cn"}, "groups": {"staff": "1"},
            "issuerDBOpenIDConnectActivation": 1, "oidcServiceMetaDataIssuer": self.issuer,
            "oidcServicePrivateKeySig": private, "oidcServicePublicKeySig": public, "oidcServiceKeyIdSig": "first",
            "oidcServiceAllowAuthorizationCodeFlow": 1, "oidcServiceAllowImplicitFlow": 0,
            "oidcServiceAllowHybridFlow": 0, "oidcServiceAllowDynamicRegistration": 0,
            "oidcRPMetaDataOptions": {}, "oidcRPMetaDataExportedVars": {}, "oidcRPMetaDataOptionsExtraClaims": {},
        }

    def _key(self):
        path = self.directory / "key.pem"
        run("openssl", "genrsa", "-out", path, "2048")
        return path.read_text(), run("openssl", "rsa", "-in", path, "-pubout").stdout

    def start(self):
        self.process = Process(self.name, "plackup", "-s", "HTTP::Server::PSGI", "--host", "127.0.0.1", "--port", self.port,
                               "-E", "deployment", self.directory / "portal.psgi", env=self.environment)

        def ready():
            assert self.process.lives, f"it ended:\n{self.process.tail()}"
            return self.get(".well-known/openid-configuration")["issuer"] == self.issuer
        eventually(ready, 60, "LemonLDAP::NG answers")
        return self

    def stop(self):
        if self.process:
            self.process.end()

    def get(self, path):
        with urllib.request.urlopen(self.issuer + path, timeout=10) as answer:
            return json.load(answer)

    # --- what its administrator does ---

    def configuration(self):
        newest = max(self.conf.glob("lmConf-*.json"), key=lambda path: int(re.search(r"(\d+)\.json$", path.name).group(1)))
        return json.loads(newest.read_text())

    def configure(self, change):
        """Saves what `change` makes of the configuration, and waits until no answer can come from the one before."""
        settings = self.configuration()
        change(settings)
        settings["cfgNum"] = int(settings["cfgNum"]) + 1
        (self.conf / f"lmConf-{settings['cfgNum']}.json").write_text(json.dumps(settings))

    def groups(self, **rules):
        """Who is in which group, as rules in Perl: `admins="$uid eq 'dwho'"`. Takes effect with the next sign-in there."""
        self.configure(lambda settings: settings.update(groups=rules))

    def client(self, name, redirect_url, logout_url):
        """Lets a client in.
        :return: its secret"""
        self.secrets[name] = secrets.token_hex(16)

        def change(settings):
            settings["oidcRPMetaDataOptions"][name] = {
                f"oidcRPMetaDataOptions{option}": value for option, value in {
                    "ClientID": name, "ClientSecret": self.secrets[name], "RedirectUris": redirect_url,
                    "PostLogoutRedirectUris": logout_url, "IDTokenSignAlg": "RS256", "RequirePKCE": 1,
                    "BypassConsent": 1, "Public": 0, "RefreshToken": 1, "IDTokenForceClaims": 1,
                    "LogoutBypassConfirm": 1}.items()}
            settings["oidcRPMetaDataExportedVars"][name] = {
                "email": "mail", "name": "cn", "preferred_username": "uid", "groups": "groups;string;always"}
            settings["oidcRPMetaDataOptionsExtraClaims"][name] = {"groups": "groups"}
        self.configure(change)
        return self.secrets[name]

    def rotate_key(self):
        """As its cron job does: the old key is gone at once.
        :return: the name of the new one"""
        old = self.get("oauth2/jwks")["keys"][0]["kid"]
        run("perl", SHARE / "bin/rotateOidcKeys", env=self.environment)
        return eventually(lambda: next(
            (key["kid"] for key in self.get("oauth2/jwks")["keys"] if key["kid"] != old), None), 30, "a new key is published")
