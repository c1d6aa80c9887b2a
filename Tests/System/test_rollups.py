"""Roll-ups equal brute force, however often whoever makes them is killed. `ops/prove rollups` does it a hundred times."""
import random

from harness.rollups import check, migrated, play


def test_roll_ups_equal_brute_force_after_kills_at_random_moments(cluster):
    environment = migrated(cluster.database())
    seed, minutes = 11, 700
    kills, resumed = play(environment, seed, minutes, kills=5, chance=random.Random(seed), life=(0.1, 0.5))
    assert kills >= 3 and resumed == sorted(resumed) and resumed[-1] > 0, resumed
    equal, figures, told = check(environment, seed, minutes)
    assert equal, told[-3000:]
    assert figures["samples"] > 40_000 and figures["points_compared"] > figures["samples"]
    # The comparison would notice: with another feed's truth everything differs.
    other, _, _ = check(environment, seed + 1, minutes)
    assert not other
