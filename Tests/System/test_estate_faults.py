"""What pulse-estate does when it is told to misbehave: each knob, seen from a plain socket."""
import hashlib
import http.client
import json
import socket
import ssl
import time
import zlib

import pytest

from harness.estate import Estate

MEGABYTE = 1 << 20


@pytest.fixture(scope="module")
def estate():
    estate = Estate("--calm", organisations=2, nodes=2, guests=30, seed=3, fault="o2c1:errorRate=1,errorStatus=503")
    yield estate
    estate.stop()


@pytest.fixture(autouse=True)
def healed(estate):
    yield
    estate.heal()


def line(connection, node=0, timeout=10):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return http.client.HTTPSConnection(connection["nodes"][node]["host"], connection["port"], timeout=timeout, context=context)


def ask(connection, path="/cluster/resources", node=0, wire=None):
    wire = wire or line(connection, node)
    wire.request("GET", f"/api2/json{path}", headers={
        "Authorization": f"PVEAPIToken={connection['tokenId']}={connection['secret']}"})
    return wire.getresponse()


def fingerprint(connection):
    wire = line(connection)
    wire.connect()
    with wire.sock as sock:
        return ssl.DER_cert_to_PEM_cert(sock.getpeercert(binary_form=True))


def test_a_fault_of_the_command_line_is_one_clusters_alone(estate):
    first, second = estate.connections
    assert ask(second).status == 503 and ask(first).status == 200


def test_latency_and_error_rate(estate):
    first = estate.connections[0]
    estate.fault("o1c1", latencyMs=300)
    began = time.monotonic()
    assert ask(first).status == 200 and time.monotonic() - began >= 0.3
    estate.fault("o1c1", errorRate=0.5, errorStatus=502)
    wire = line(first)
    answers = []
    for _ in range(60):
        answer = ask(first, "/version", wire=wire)
        answer.read()
        answers.append(answer.status)
    assert set(answers) == {200, 502}


def test_a_partial_answer_is_a_fault_of_some_paths(estate):
    estate.fault("o1c1", only="/storage", errorRate=1, errorStatus=500)
    first = estate.connections[0]
    node = first["nodes"][0]["name"]
    assert ask(first).status == 200 and ask(first, f"/nodes/{node}/storage").status == 500


def test_a_nodes_fault_leaves_the_other_node_alone(estate):
    first = estate.connections[0]
    estate.fault(f"o1c1/{first['nodes'][1]['name']}", mode="refuse")
    assert ask(first).status == 200
    with pytest.raises(OSError):
        ask(first, node=1)


def test_garbage_redirect_and_a_body_that_breaks_off(estate):
    first = estate.connections[0]
    estate.fault("o1c1", mode="garbage")
    answer = ask(first)
    with pytest.raises(ValueError):
        json.loads(answer.read().decode("latin-1"))
    estate.fault("o1c1", mode="redirect", location="http://10.0.0.1/secret")
    answer = ask(first)
    assert (answer.status, answer.getheader("Location")) == (302, "http://10.0.0.1/secret")
    estate.fault("o1c1", mode="truncate")
    with pytest.raises((http.client.IncompleteRead, OSError)):
        ask(first).read()


def test_silence_is_a_connection_that_never_says_anything(estate):
    first = estate.connections[0]
    estate.fault("o1c1", mode="silent")
    with socket.create_connection((first["host"], first["port"]), timeout=1) as sock:
        sock.sendall(b"\x16\x03\x01 anything")
        with pytest.raises(TimeoutError):
            sock.recv(1)


def test_connections_that_were_open_meet_the_fault_too(estate):
    first = estate.connections[0]
    wires = [line(first) for _ in range(3)]
    for wire in wires:
        ask(first, "/version", wire=wire).read()
    wires[0].sock.settimeout(1)
    estate.fault("o1c1", mode="silent")
    with pytest.raises(TimeoutError):
        ask(first, "/version", wire=wires[0])
    estate.fault("o1c1", mode="refuse")
    with pytest.raises((http.client.RemoteDisconnected, OSError)):
        ask(first, "/version", wire=wires[1])
    estate.heal()
    estate.force("o1c1", "stopNode", node=first["nodes"][0]["name"])
    with pytest.raises((http.client.RemoteDisconnected, OSError)):
        ask(first, "/version", wire=wires[2])
    estate.force("o1c1", "startNode", node=first["nodes"][0]["name"])
    assert ask(first, "/version").status == 200


@pytest.mark.parametrize("mode", ["endlessBody", "hugeBody", "manyGuests", "deepJSON"])
def test_bodies_without_end(estate, mode):
    estate.fault("o1c1", mode=mode, depth=8 * MEGABYTE)
    answer = ask(estate.connections[0])
    read = 0
    while read < 8 * MEGABYTE:
        piece = answer.read(MEGABYTE)
        assert piece, "it ended"
        read += len(piece)
    answer.close()


def test_a_slow_body_is_a_true_one_that_takes_its_time(estate):
    first = estate.connections[0]
    estate.fault("o1c1", mode="slowBody", bytesPerSecond=4000)
    began = time.monotonic()
    body = ask(first, "/nodes").read()
    assert len(json.loads(body)["data"]) == 2 and time.monotonic() - began >= len(body) / 4000 - 0.2


def test_endless_chunks_are_a_byte_each(estate):
    estate.fault("o1c1", mode="endlessChunks")
    answer = ask(estate.connections[0])
    answer.read(len('{"data":['))
    assert [answer.fp.readline().strip() for _ in range(20)][1::2] == [b"1"] * 10


def test_small_ones_are_well_formed(estate):
    first = estate.connections[0]
    estate.fault("o1c1", mode="manyGuests", count=1234)
    guests = json.loads(ask(first).read())["data"]
    assert len(guests) == 1234 and {guest["node"] for guest in guests} == {node["name"] for node in first["nodes"]}
    estate.fault("o1c1", mode="hugeBody", bytes=100_000)
    body = ask(first).read()
    assert len(body) == 100_000 and json.loads(body)["data"]
    estate.fault("o1c1", mode="deepJSON", depth=100)
    assert json.loads(ask(first).read())["data"] is not None


def test_the_gzip_bomb_unfolds_to_ten_gigabytes_of_blanks(estate):
    estate.fault("o1c1", mode="gzipBomb")
    answer = ask(estate.connections[0])
    assert answer.getheader("Content-Encoding") == "gzip"
    packed = answer.read()
    assert len(packed) < 12 * MEGABYTE
    unpack = zlib.decompressobj(31)
    assert unpack.decompress(packed, 100 * MEGABYTE).startswith(b'{"data":[   ')
    # Sixteen megabytes each: what is left would be that much again, six hundred times.
    assert len(packed) - len(unpack.unconsumed_tail) < len(packed) / 50


def test_another_certificate_is_shown_to_new_connections(estate):
    first = estate.connections[0]
    before = fingerprint(first)
    estate.fault("o1c1", certificate=1)
    changed = fingerprint(first)
    assert changed != before and fingerprint(first) == changed and fingerprint(estate.connections[1]) == before
    estate.heal()
    assert fingerprint(first) == before


def test_a_skewed_clock_shows_in_every_time(estate):
    first = estate.connections[0]
    node = first["nodes"][0]["name"]
    estate.fault("o1c1", skewSeconds=-7200)
    answer = ask(first, f"/nodes/{node}/time")
    assert abs(json.loads(answer.read())["data"]["time"] - (time.time() - 7200)) < 30


def test_bad_knobs_are_explained(estate):
    for body, what in [({"select": "*", "mode": "odd"}, "mode"), ({"mode": "garbage"}, "select"),
                       ({"select": "o1c1", "errorRate": 3}, "errorRate"), ({"select": "o1c1", "wobble": 1}, "wobble")]:
        status, answer = estate.admin("POST", "/faults", body)
        assert status == 400 and what in answer["error"]
    assert estate.admin("POST", "/faults", {"select": "o9c9", "mode": "garbage"})[0] == 404
    assert estate.admin("POST", "/faults", {"select": "o1c1/nowhere", "mode": "garbage"})[0] == 404


def test_certificates_of_clusters_outlive_a_restart(tmp_path):
    shown = []
    for _ in range(2):
        estate = Estate("--calm", organisations=2, nodes=1, guests=3, certificates="cluster", tls_store=tmp_path)
        try:
            shown.append([one["fingerprint"] for one in estate.connections])
            for one in estate.connections:
                der = ssl.PEM_cert_to_DER_cert(fingerprint(one))
                assert hashlib.sha256(der).hexdigest().upper() == one["fingerprint"].replace(":", "")
        finally:
            estate.stop()
    assert shown[0] == shown[1] and shown[0][0] != shown[0][1]


def test_a_port_for_each_cluster_and_time_that_jumps():
    estate = Estate("--port-per-cluster", "--calm", organisations=2, nodes=1, guests=3)
    try:
        for connection in estate.connections:
            behind = {**connection, "port": connection["clusterPort"], "nodes": [{"host": "127.0.0.1"}]}
            names = [row["node"] for row in json.loads(ask(behind, "/nodes").read())["data"]]
            assert names == [node["name"] for node in connection["nodes"]]
        before = json.loads(ask(behind, "/nodes").read())["data"][0]["uptime"]
        assert estate.admin("POST", "/clock", {"advanceSeconds": 3600})[0] == 200
        assert json.loads(ask(behind, "/nodes").read())["data"][0]["uptime"] - before >= 3600
    finally:
        estate.stop()
