import pytest
from tests.simulate.steady import steady, through

from brimful.simulate.pauses import Pauses
from brimful.simulate.stages.backlog import backlog
from brimful.simulate.stages.reading import Reader


def test_holds_one_more_than_its_limit():
    work = backlog(packets=100, cpu=Reader(pauses=Pauses((0.0,), (1e12,))))
    work.advance(next(steady(500)))
    account = work.account()
    assert account.level == {"softnet.backlog": 101, "softnet.backlog.charged": 101}
    assert account.lost == {"softnet.backlog.dropped": 399}


def test_what_the_softirq_took_over_makes_room():
    """All 101 move at 100 us: 101 more come in while the CPU works, one each 10 us."""
    work = backlog(packets=100, cpu=Reader(packet_ns=10_000.0, pauses=Pauses((0.0,), (100_000.0,))))
    work.advance(next(steady(800, gap=900.0)))
    account = work.account()
    assert account.highest["softnet.backlog.charged"] == 101
    # until 100 us 112 have come; the 101 that moved take until 1.11 ms
    assert account.first_lost_ns == {"softnet.backlog.dropped": 101 * 900.0}
    assert account.delivered == 62
    assert account.highest["softnet.backlog"] == 101 + 101 - 10
    assert account.lost == {"softnet.backlog.dropped": 11 + (800 - 112 - 101)}


@pytest.mark.parametrize("each", [1, 10, 333])
def test_does_not_matter_how_packets_are_cut(each):
    whole, cut = (
        through(backlog(packets=100, cpu=Reader(packet_ns=1_000.0)), steady(3_000, each=size)) for size in (3_000, each)
    )
    assert whole == cut
    assert whole[1].lost["softnet.backlog.dropped"] > 500


def test_keeps_up():
    left, account = through(backlog(), steady(10_000))
    assert account.lost == {}
    assert left[:2] == [0.0, 672.0]
