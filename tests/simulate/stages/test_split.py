import pytest
from tests.simulate.steady import block, steady, through

from brimful.simulate.stages.backlog import backlog
from brimful.simulate.stages.queue import Queue
from brimful.simulate.stages.reading import Reader
from brimful.simulate.stages.service import Service
from brimful.simulate.stages.socket import socket
from brimful.simulate.stages.split import Split


def chain(packet_ns: float):
    return (
        backlog(packets=50, cpu=Reader(packet_ns=packet_ns)),
        socket(receive_buffer=20_000, reader=Reader(packet_ns=packet_ns * 1.1)),
    )


@pytest.mark.parametrize("each", [1, 7, 500, 5_000])
def test_each_packet_goes_its_way(each):
    """A packet leaves when its chain alone would have let it."""
    left, account = through(Split([chain(1_000.0), chain(3_000.0)], (0, 1, 0)), steady(5_000, each=each))
    alone = []
    lost = {}
    for number, packet_ns in ((0, 1_000.0), (1, 3_000.0)):
        times = [at * 672.0 for at in range(5_000) if (0, 1, 0)[at % 3] == number]
        first, second = chain(packet_ns)
        out = list(through(first, iter([block(times, [64] * len(times))]))[0])
        alone += through(second, iter([block(out, [64] * len(out))]))[0]
        for stage in (first, second):
            for name, count in stage.account().lost.items():
                lost[name] = lost.get(name, 0) + count
    assert left == sorted(alone)
    assert account.lost == lost
    assert account.lost["softnet.backlog.dropped"] > 0
    assert account.lost["socket.receive.dropped"] > 0
    assert sum(account.seen["softnet.backlog"]) == 5_000


def test_waits_for_the_slower():
    slow = Queue("slow", 10, Service(fixed_ns=10_000.0))
    fast = Queue("fast", 10, Service(fixed_ns=1.0))
    split = Split([[slow], [fast]], (0, 1, 1, 1))
    assert list(split.advance(block([0.0, 1.0, 2.0, 3.0], [64] * 4)).times) == []
    assert split.account().inside == 4
    assert list(split.finish().times) == [2.0, 3.0, 4.0, 10_000.0]


def test_unknown_chain():
    with pytest.raises(ValueError, match="2 chains"):
        Split([chain(1.0), chain(1.0)], (0, 2))
    with pytest.raises(ValueError, match="1 chains"):
        Split([chain(1.0)], ())
