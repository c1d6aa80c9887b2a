"""Workers that are killed, stopped and sent away under load: nobody is forgotten for longer than a lease and two cadences,
nobody writes what is no longer theirs, nothing that was acknowledged is lost or there twice."""
import signal
import time

import pytest

from harness.processes import eventually
from harness.reporters import assert_history_equals_what_was_acknowledged, reporters
from harness.workers import CADENCE, WatchedPool

pytestmark = pytest.mark.xdist_group("workers")


@pytest.fixture(scope="module")
def watched():
    watched = WatchedPool("workers", organisations=4)
    try:
        yield watched.start()
    finally:
        watched.remove()


@pytest.mark.timeout(400)
def test_ten_workers_killed_under_load(watched):
    senders = watched.report(4)
    for number in range(10):
        watched.kill_one(number)
    for sender in senders:
        sender.end()
    watched.assert_nobody_was_forgotten()
    watched.assert_no_write_of_a_stale_epoch()
    assert_history_equals_what_was_acknowledged(watched.owners[0], senders)


def test_a_worker_that_slept_past_its_lease_writes_nothing(watched):
    sleeper, other = watched.pool.workers[:2]
    watched.pool.settle()
    senders = watched.report(4)
    eventually(lambda: all(len(s.acknowledged) >= 5 for s in senders), 30, "reports are coming in")
    sleeper.process.child.send_signal(signal.SIGSTOP)
    try:
        eventually(lambda: watched.pool.held(other) == 256, 30, "the other one has everything")
        watched.hear_more(senders, 5)
    finally:
        sleeper.process.child.send_signal(signal.SIGCONT)
    # Both believe for a moment that they own a half; what the one that slept holds unwritten is refused.
    watched.pool.settle()
    watched.hear_more(senders, 5)
    for sender in senders:
        sender.end()
    watched.assert_no_write_of_a_stale_epoch()
    assert_history_equals_what_was_acknowledged(watched.owners[0], senders)


def test_a_worker_that_is_sent_away_hands_over_without_a_pause(watched):
    leaver, other = watched.pool.workers[:2]
    watched.pool.settle()
    watched.estate.count_polls_anew()
    assert leaver.stop() == 0, leaver.process.tail()
    eventually(lambda: watched.pool.held(other) == 256, 2, "the other one has everything at once")
    time.sleep(2 * CADENCE)  # long enough for a gap to show
    gaps = watched.gaps()
    leaver.start()
    assert max(gaps.values()) <= 2 * CADENCE + 2, gaps
    watched.assert_no_write_of_a_stale_epoch()


def test_a_moved_organisation_goes_on_at_its_new_worker(watched):
    senders = watched.report(2)
    eventually(lambda: all(len(s.acknowledged) >= 3 for s in senders), 30, "reports are coming in")
    org = watched.owners[0].org
    for shard in (3, 200, 101):
        watched.pool.database.rows(f"SELECT pulse.pulse_move_org('{org}', {shard})", role="worker")
        before = watched.epoch_writes(org)
        watched.hear_more(senders, 5)
        eventually(lambda: watched.epoch_writes(org) > before, 20, "it is written again")
    for sender in senders:
        sender.end()
    watched.assert_nobody_was_forgotten()
    watched.assert_no_write_of_a_stale_epoch()
    assert_history_equals_what_was_acknowledged(watched.owners[0], senders)


def test_postgresql_restarted_under_workers_loses_nothing(watched):
    senders = watched.report(2)
    eventually(lambda: all(len(s.acknowledged) >= 3 for s in senders), 30, "reports are coming in")
    watched.pool.cluster.restart("immediate")
    watched.hear_more(senders, 5, seconds=60)
    watched.pool.settle()
    for sender in senders:
        sender.end()
    watched.assert_no_write_of_a_stale_epoch()
    assert_history_equals_what_was_acknowledged(watched.owners[0], senders)
