"""How full buffers are: which limit a level has, and what is said of it."""

import pytest

from brimful.evidence.evidence import Evidence
from brimful.evidence.fill import filled, most_held
from brimful.evidence.frame import Sheet
from brimful.evidence.moment import SECOND, Moment
from brimful.evidence.origin import Origin
from brimful.evidence.series import Series


def level(meaning, place, raw="q", source="sockets"):
    return Series(meaning, place, raw, source, width_bits=0)


def evidence(*samples):
    made = Evidence()
    for second, values in enumerate(samples):
        sheet = Sheet(lambda line: Origin("x", line), Moment(second * SECOND))
        for series, value in values.items():
            sheet.add(series, value, 1)
        made.add(sheet.frame())
    return made


LIMITS = {"eth0/rx-1": 10, "eth0": 20, "": 30}


@pytest.mark.parametrize(
    ("place", "told", "limit"),
    [
        ("eth0/rx-1", ("eth0/rx-1", "eth0", ""), 10),
        ("eth0/rx-1", ("eth0", ""), 20),
        ("eth0/rx-1", ("",), 30),
        ("eth0/rx-2", ("eth0/rx-1", "eth0"), 20),
        ("eth0", ("eth0/rx-1",), None),
        ("eth0", ("eth1", "eth10"), None),
    ],
)
def test_the_nearest_limit_is_taken(place, told, limit):
    limits = {level("nic.ring.size", one): LIMITS.get(one, 99) for one in told}
    found = [top for _, top in filled(evidence({level("nic.ring.used", place): 5, **limits}))]
    assert found == ([limit] if limit else [])


def test_a_limit_of_zero_is_none():
    assert list(filled(evidence({level("nic.ring.used", "eth0"): 5, level("nic.ring.size", "eth0"): 0}))) == []


@pytest.mark.parametrize(("protocol", "found"), [("tcp", []), ("udp", [(5, 10)])])
def test_tcp_receive_queues_do_not_overflow_when_they_fill(protocol, found):
    place = f"{protocol} 127.0.0.1:80/7"
    queue = {level("socket.receive.queued", place): 5, level("socket.receive.limit", place): 10}
    assert [(reading.last, limit) for reading, limit in filled(evidence(queue))] == found


def test_the_most_that_was_held_is_said_once_and_beside_its_own_limit():
    place = "netlink rtnl 12"
    queued, limit = level("netlink.socket.queued", place, "skmem r"), level("netlink.socket.limit", place)
    again = level("netlink.socket.queued", place, "Rmem", "netlink_sockets")
    other = level("netlink.socket.queued", "netlink rtnl 13")
    made = evidence(*({queued: value, again: value, other: 9, limit: 4096} for value in (10, 3000, 20)))
    (said,) = most_held(made, "netlink.socket.queued", place)
    assert said.text == "it held up to 3,000 of 4,096 bytes"
    assert list(most_held(made, "netlink.socket.queued", "netlink rtnl 13")) == []


def test_only_the_levels_that_are_asked_for_are_told():
    backlog = level("softnet.backlog.length", "cpu 3")
    limit = level("softnet.backlog.limit", "")
    watched = evidence({backlog: 500, limit: 1000})
    assert list(filled(watched, "qdisc.queue.length")) == []
    assert len(list(filled(watched, "qdisc.queue.length", "softnet.backlog.length"))) == 1
