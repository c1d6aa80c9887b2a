"""Engines that are not what they should be."""
import pytest

from harness.agents import RealAgent
from harness.engines import SEEN, FalseEngine, endless, garbage, half_a_gigabyte, host_of, named
from harness.processes import eventually

pytestmark = pytest.mark.timeout(420)


def container(number, **more):
    return {"Id": f"{number:064x}", "Names": [f"/c{number}"], "Image": "x/y:1", "ImageID": "sha256:aa", "Created": 1_795_282_381,
            "State": "running", "Status": "Up 5 minutes", "Labels": {"team": "a"}, "Ports": [], **more}


def false_engine(**answers):
    return FalseEngine({
        "/version": {"ApiVersion": "1.41", "Version": "20.10.24", "MinAPIVersion": "1.12"}, "/info": {"NCPU": 4},
        "/containers/json": [container(number) for number in range(200)], "/images/json": [], "/volumes": {"Volumes": []},
        "/networks": [], "/system/df": {}, **{"/" + path.replace("_", "/"): answer for path, answer in answers.items()}})


def resident_bytes(agent):
    with open(f"/proc/{agent.process.pid}/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))


def look(server, engine, name):
    owner = server.sign_up(name)
    agent = RealAgent(server, name.lower().replace(" ", "-"), PULSE_AGENT_DOCKER_SOCKET=engine.socket,
                      PULSE_AGENT_INTERVAL_SECONDS="1")
    agent.enroll(owner.enrollment_token()["token"])
    return owner, agent.start()


def test_two_hundred_containers_with_odd_words_are_all_told(server):
    odd = [container(number, Names=[f"/odd-{number}"], Labels={"l": "\x1b[2J\u202e" + "ä" * 2000, "api_key": "k"},
                     Image="x" * 5000) for number in range(200)]
    engine = false_engine(containers_json=odd)
    owner, agent = look(server, engine, "Odd Words")
    try:
        seen = eventually(lambda: len(named(owner, "app-container")) == 200 and named(owner, "app-container"), SEEN,
                          "all of them are told")
        assert seen["odd-7"]["docker"]["labels"]["api_key"] == "<redacted>"
        assert "\x1b" not in seen["odd-7"]["docker"]["labels"]["l"]
    finally:
        agent.stop()
        engine.stop()


@pytest.mark.parametrize("answer", [half_a_gigabyte, endless, garbage])
def test_an_answer_without_measure_costs_a_list_and_not_the_host(server, answer):
    engine = false_engine(images_json=answer)
    owner, agent = look(server, engine, f"Hostile {answer.__name__.replace('_', ' ').title()}")
    try:
        def told():
            host = host_of(owner)
            parts = [one["part"] for one in host["dockerStatus"].get("degraded", [])]
            return host["status"] == "online" and "images" in parts and len(named(owner, "app-container")) == 200
        eventually(told, SEEN, "the rest is told, and what is missing")
        # Debug builds are some 20 MB larger than what `ops/bench agent` holds to 30 MB.
        assert resident_bytes(agent) < 96 << 20
    finally:
        agent.stop()
        engine.stop()
