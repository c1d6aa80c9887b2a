"""Ten thousand probes over the whole router: the short form of `ops/prove isolation`. Times are told there, not here."""
import pytest

from harness.prover import run_isolation


@pytest.mark.timeout(600)
def test_ten_thousand_probes_find_nothing_and_an_opened_policy_is_found(cluster):
    code, figures, told = run_isolation(cluster.database(), probes=10_000, pairs=20, seed=1)
    assert code == 0, told
    assert figures["probes"] >= 10_000 and figures["leaks"] == 0 and figures["server_errors"] == 0
    assert figures["routes_covered"] == 1 and figures["reached_a_handler"] >= 0.99
    assert figures["operator_routes"] > 50 and figures["control_changes"] >= 0.7
    assert figures["control_routes"] > 0 and figures["control_missing"] == 0 and figures["control_leaks"] > 0
