"""What replications say together: accounts whose sums are known beforehand."""

import pytest

from brimful.simulate.stage import Account
from brimful.simulate.summary import Fill, First, Passage, Replication, summary


def run(overruns, drops, waits=0, *, first=None, overflow=None):
    nic = Account(
        arrived=1000,
        delivered=1000 - overruns,
        lost={"nic.fifo.overrun": overruns} if overruns else {},
        near={"nic.ring.waited": waits} if waits else {},
        first_lost_ns={"nic.fifo.overrun": first or 70.0} if overruns else {},
        highest={"nic.ring": 10 + waits},
        seen={"nic.ring": [900, 100] if not waits else [500, 300, 200]},
    )
    socket = Account(
        arrived=1000 - overruns,
        delivered=999 - overruns - drops,
        inside=1,
        lost={"socket.receive.dropped": drops} if drops else {},
        first_lost_ns={"socket.receive.dropped": 90.0} if drops else {},
    )
    return Replication((("nic", nic), ("socket.receive", socket)), overflow)


RUNS = [run(10, 0, 5, first=50.0, overflow=30.0), run(30, 20, first=95.0, overflow=31.0), run(0, 0, 7)]


def test_losses_have_intervals_from_the_spread_between_runs():
    overrun, waited, dropped = summary(RUNS).losses
    assert (overrun.stage, overrun.meaning, overrun.near, overrun.runs) == ("nic", "nic.fifo.overrun", False, 2)
    assert overrun.packets.mean == pytest.approx(40 / 3)
    assert overrun.share.mean == pytest.approx(0.04 / 3)
    # 15.28 is the standard deviation of 10, 30, 0, and 4.303 is Student's t at 97.5 % with two degrees of freedom
    assert overrun.packets.high == pytest.approx(40 / 3 + 4.303 * 15.2753 / 3**0.5, rel=1e-3)
    assert overrun.first_ns == (50.0, 95.0)
    assert (waited.meaning, waited.near, waited.runs, waited.packets.mean) == ("nic.ring.waited", True, 2, 4.0)
    assert (dropped.stage, dropped.runs, dropped.first_ns) == ("socket.receive", 1, (90.0,))


def test_what_was_lost_at_all():
    found = summary(RUNS)
    assert found.arrived == 3000
    assert found.total.mean == pytest.approx(0.02)
    assert [loss.meaning for loss in found.lost] == ["nic.fifo.overrun", "socket.receive.dropped"]


def test_who_lost_first():
    assert summary(RUNS).firsts == (
        First("nic.fifo.overrun", 1, 50.0, 50.0),
        First("socket.receive.dropped", 1, 90.0, 90.0),
    )
    again = summary([run(1, 0, first=5.0), run(1, 1, first=8.0), run(1, 1, first=99.0)])
    assert again.firsts == (First("nic.fifo.overrun", 2, 5.0, 8.0), First("socket.receive.dropped", 1, 90.0, 90.0))
    assert summary([run(0, 0), run(0, 0)]).firsts == ()


def test_the_ledger_is_the_sum():
    assert summary(RUNS).ledger == (
        Passage("nic", 3000, 2960, 40, 0),
        Passage("socket.receive", 2960, 2937, 20, 3),
    )


def test_how_full():
    assert summary(RUNS).fills == (Fill("nic", "nic.ring", 17, (1900, 700, 400)),)


def test_times_to_overflow():
    assert summary(RUNS).overflows_ns == (30.0, 31.0)
