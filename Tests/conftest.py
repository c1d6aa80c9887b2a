"""What every test in Python may borrow. One server runs for the whole session with two organisations in it; tests that
kill or stop things start their own."""
import signal

import pytest

from harness.database import Cluster
from harness.server import Server


def pytest_sessionstart(session):
    # ops/test ends its stages with SIGTERM; as an interrupt it tears the fixtures down.
    signal.signal(signal.SIGTERM, signal.default_int_handler)


# What takes longest as one piece begins first, so that nobody works on it alone in the end.
LONGEST = ["test_docker.py", "test_workers.py", "test_isolation_prover.py", "test_platforms.py", "test_gateways.py", "test_swarm.py",
           "test_estate.py", "test_audit.py", "test_story.py", "test_company_story.py"]


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(items):
    """Several workers share the tests (`-n`). What talks to the shared server stays together, file by file and in its order;
    the rest goes to whoever is free."""
    items.sort(key=lambda item: LONGEST.index(item.path.name) if item.path.name in LONGEST else len(LONGEST))
    for item in items:
        if "server" in item.fixturenames:
            item.add_marker(pytest.mark.xdist_group(item.path.name))
    yield
    # xdist 3.8 writes the group where pytest 9.2 no longer looks, and every group was scattered.
    for item in items:
        grouped = getattr(item, "_nodeid", item.nodeid)
        if grouped != item.nodeid:
            item._id = type(item._id).parse(grouped)


@pytest.fixture(scope="session")
def cluster():
    cluster = Cluster.shared()
    yield cluster
    cluster.remove()


@pytest.fixture(scope="session")
def server(cluster):
    server = Server(cluster.database(), "pulse", operators=True)
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def ours(server):
    """The owner of the first organisation."""
    return server.sign_up("Acme Works")


@pytest.fixture(scope="session")
def theirs(server):
    """The owner of a second organisation, who must see nothing of the first."""
    return server.sign_up("Other Works")
