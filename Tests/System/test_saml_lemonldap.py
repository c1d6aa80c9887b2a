"""Sign-ins by SAML against LemonLDAP::NG, whose signatures show a bare key instead of a certificate."""
import uuid

import pytest
import requests

from harness.providers import saml_provider
from harness.server import Server
from harness.visitor import Visitor
from Peers.lemonldap import why_no_lemonldap
from Peers.lemonldap_saml import LemonLDAPSAML


@pytest.fixture(scope="module")
def server(cluster):
    server = Server(cluster.database(), "saml-lemonldap", PULSE_OUTBOUND_ALLOW="127.0.0.0/8")
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def lemonldap():
    reason = why_no_lemonldap()
    if reason:
        pytest.skip(f"SKIPPED ({reason})")
    provider = LemonLDAPSAML().start()
    yield provider
    provider.stop()


@pytest.fixture
def owner(server):
    return server.sign_up(f"SAML {uuid.uuid4().hex[:6]}")


def test_lemonldap_with_its_bare_keys_says_who_somebody_is(server, owner, lemonldap):
    made = saml_provider(server, owner, lemonldap)
    lemonldap.trust(f"pulse-{owner.org[-6:]}", requests.get(made["addresses"]["metadata"], timeout=30).text)
    lemonldap.groups(**{"pulse-editors": "$uid eq 'dwho'", "staff": "1"})

    def signed_in():
        return Visitor(server).open(f"{made['addresses']['login']}?returnTo=/resources").fill("dwho", "dwho")

    first = signed_in()
    assert first.came_to == "/resources?saml=success" and first.role_in(owner.org) == "editor"
    lemonldap.groups(**{"pulse-admins": "$uid eq 'dwho'"})
    assert signed_in().role_in(owner.org) == "admin"
    lemonldap.rotate_saml_key()
    assert signed_in().came_to == "/resources?saml=success"
