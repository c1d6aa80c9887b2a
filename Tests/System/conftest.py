"""A real engine and an organisation that sees it, for the files that want them: each file gets its own."""
import pytest

from harness.agents import RealAgent
from harness.engines import Dockerd


@pytest.fixture(scope="module")
def engine():
    engine = Dockerd()
    try:
        engine.start()
        engine.build_image()
        yield engine
    finally:
        engine.remove()


@pytest.fixture(scope="module")
def watched(server, engine):
    """An organisation of its own whose one host is this machine with that engine."""
    owner = server.sign_up("Docker Works")
    agent = RealAgent(server, "docker-agent", PULSE_AGENT_DOCKER_SOCKET=engine.socket, PULSE_AGENT_INTERVAL_SECONDS="1")
    agent.enroll(owner.enrollment_token()["token"])
    agent.start()
    yield owner
    agent.stop()
