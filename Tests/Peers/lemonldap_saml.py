"""LemonLDAP::NG as a SAML identity provider. Its signatures show a bare RSA key instead of a certificate, with its numbers in
lines. Its people are `dwho`, `rtyler` and `msmith`; each one's password is their name."""
import urllib.request

from harness.processes import eventually, run
from Peers.lemonldap import LemonLDAP


class LemonLDAPSAML(LemonLDAP):
    def __init__(self, name="lemonldap-saml"):
        super().__init__(name)
        self.metadata = f"{self.issuer}saml/metadata"
        self.entity_id = self.metadata
        self.keys = 0
        self.configure(lambda settings: settings.update(
            issuerDBSAMLActivation=1, samlEntityID="#PORTAL#/saml/metadata", samlServiceSignatureMethod="RSA_SHA256",
            samlOrganizationDisplayName="tests", samlOrganizationURL=self.issuer,
            samlSPMetaDataXML={}, samlSPMetaDataOptions={}, samlSPMetaDataExportedAttributes={}, **self._signing()))

    def _signing(self):
        """A key of its own for SAML; the metadata tells its certificate."""
        self.keys += 1
        key, certificate = (self.directory / f"saml{self.keys}.{ending}" for ending in ("key", "pem"))
        run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-sha256", "-nodes", "-days", "30", "-subj", "/CN=lemonldap",
            "-keyout", key, "-out", certificate)
        return {"samlServicePrivateKeySig": key.read_text(), "samlServicePublicKeySig": certificate.read_text()}

    def configure(self, change):
        """Returns when the metadata tells that the running portal has it: it looks for a new configuration now and then."""
        settings = self.configuration()
        mark = f"tests {int(settings['cfgNum']) + 1}"
        super().configure(lambda settings: (change(settings), settings.update(samlOrganizationName=mark)))
        if self.process:
            eventually(lambda: mark in self._published(), 30, "the portal reads its configuration")

    def _published(self):
        with urllib.request.urlopen(self.metadata, timeout=10) as answer:
            return answer.read().decode()

    def trust(self, name, metadata):
        """:param metadata: of the service, as it publishes it."""
        def change(settings):
            settings["samlSPMetaDataXML"][name] = {"samlSPMetaDataXML": metadata}
            settings["samlSPMetaDataExportedAttributes"][name] = {
                "mail": "1;mail;;", "cn": "0;displayName;;", "groups": "0;groups;;"}
            settings["samlSPMetaDataOptions"][name] = {
                f"samlSPMetaDataOptions{option}": value for option, value in {
                    "NameIDFormat": "email", "SignSSOMessage": 1, "CheckSSOMessageSignature": 0, "SignSLOMessage": 1,
                    "CheckSLOMessageSignature": 1, "EncryptionMode": "none", "EnableIDPInitiatedURL": 0,
                    "NotOnOrAfterTimeout": 600, "SessionNotOnOrAfterTimeout": 72_000}.items()}
        self.configure(change)

    def rotate_saml_key(self):
        """The old key is gone at once."""
        signing = self._signing()
        self.configure(lambda settings: settings.update(signing))
