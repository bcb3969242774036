"""The live answer `brimful drops`: what of the programs' counters a root is told, and in which words."""

import errno
import gc
import json
import socket
from contextlib import suppress
from pathlib import Path
from weakref import WeakKeyDictionary, WeakValueDictionary

import pytest
from tests.namespaces import in_namespace, ip, needs

from brimful.evidence.evidence import Evidence
from brimful.evidence.moment import SECOND
from brimful.evidence.origin import Blind
from brimful.kernel.bpf import BpfError
from brimful.kernel.counter import Cost
from brimful.kernel.drops import Drop, Full, Poll, Traced
from brimful.kernel.tracing import TracingError
from brimful.roots.answers import drops as answers
from brimful.roots.answers.drops import COMMAND, QUIET_S, Reader, costs, seen, told
from brimful.roots.live import LiveRoot
from brimful.sources.drops import drops

OWN = 4026531840
DROP = Drop("SOCKET_RCVBUFF", "udp_queue_rcv_one_skb+0x437", 2, OWN, 0x0800, 5)
POLL = Poll("eth0", 2, OWN, 10, 100, 1)
NAMES = {1: "lo", 2: "eth0"}
BEGAN = 5 * SECOND


def traced(*drops, polls=(), full=None, costs=(), without=()):
    """What was counted, each thing under its number."""
    return Traced({("drop", at): one for at, one in enumerate(drops)}, dict(enumerate(polls)), full, costs, without)


def lines(counted, **more):
    return [told(one, OWN, NAMES) for one in seen(counted, OWN, **more).values()]


def test_drops_polls_and_full_queues_are_told():
    assert lines(traced(DROP, polls=[POLL], full=Full(3, 2304))) == [
        {
            "traced": "drop",
            "reason": "SOCKET_RCVBUFF",
            "location": "udp_queue_rcv_one_skb+0x437",
            "interface": "eth0",
            "protocol": "ip",
            "packets": 5,
        },
        {"traced": "poll", "interface": "eth0", "polls": 10, "packets": 100, "exhausted": 1},
        {"traced": "receive_queue_full", "packets": 3, "truesize": 2304},
    ]


@pytest.mark.parametrize(
    ("drop", "shown"),
    [
        (Drop("X", "", 2, 77, 0x86DD, 1), {"interface": "", "index": 2, "netns": 77, "protocol": "ipv6"}),
        (Drop("X", "", 9, OWN, 0x88CC, 1), {"interface": "", "index": 9, "protocol": "0x88cc"}),
        (Drop("X", "", 1, 0, 0, 1), {"interface": "", "index": 1, "protocol": ""}),
        (Drop("X", "", 0, 0, 0x0806, 1), {"interface": "", "protocol": "arp"}),
    ],
)
def test_an_interface_is_named_only_where_it_is_known(drop, shown):
    (line,) = lines(traced(drop))
    assert line == {"traced": "drop", "reason": "X", "location": "", **shown, "packets": 1}


def test_a_poll_in_another_namespace_says_so():
    (line,) = lines(traced(polls=[Poll("eth0", 2, 77, 1, 1, 0)]))
    assert (line["interface"], line["netns"]) == ("eth0", 77)


def test_a_namespace_is_told_its_own_only():
    foreign = traced(DROP, Drop("X", "", 2, 77, 0, 1), polls=[POLL, Poll("b", 1, 77, 1, 1, 0)], full=Full(3, 4))
    assert lines(foreign, alone=True) == lines(traced(DROP, polls=[POLL]))


def test_costs_and_gaps_are_told():
    cost = Cost("kfree_skb", 1, 4096, 7, 0, None, 5, 600)
    assert list(costs(traced(costs=(cost,), without=("no types",)))) == [
        {
            "traced": "cost",
            "tracepoint": "kfree_skb",
            "entries": 1,
            "capacity": 4096,
            "given_back": 7,
            "lost": 0,
            "runs": 5,
            "nanoseconds": 600,
        },
        {"traced": "without", "why": "no types"},
    ]


def fresh(reader, things, seconds):
    return list(reader.fresh(things, BEGAN + int(seconds * SECOND)))


def test_what_was_not_told_before_was_nothing_whatever_it_is_called():
    reader = Reader(None, {}, BEGAN)
    full = Full(3, 2304)
    things = seen(traced(DROP, polls=[POLL], full=full), OWN)
    nothing = Drop("SOCKET_RCVBUFF", "udp_queue_rcv_one_skb+0x437", 2, OWN, 0x0800, 0)
    unpolled = Poll("eth0", 2, OWN, 0, 0, 0)
    pairs = [(nothing, True), (DROP, False), (unpolled, True), (POLL, False), (Full(0, 0), True), (full, False)]
    assert fresh(reader, things, 1) == pairs
    other = Drop("X", "", 2, OWN, 0, 1)
    second = fresh(reader, {**things, "X": other}, 2)
    assert second == [*((one, False) for one in (DROP, POLL, full)), (other.none(), True), (other, False)]
    assert told(other.none(), OWN, NAMES, earlier=True) == {
        "traced": "drop",
        "reason": "X",
        "location": "",
        "interface": "eth0",
        "protocol": "",
        "packets": 0,
        "earlier": True,
    }


def test_what_was_counted_before_a_root_was_there_is_told_without_an_earlier_time():
    reader = Reader(None, {1: DROP}, BEGAN)
    assert fresh(reader, {1: DROP}, 0) == [(DROP, False)]


def test_what_no_longer_changes_is_left_out_until_it_does():
    reader = Reader(None, {}, BEGAN)
    quiet, busy, more = DROP, POLL, Drop("SOCKET_RCVBUFF", "udp_queue_rcv_one_skb+0x437", 2, OWN, 0x0800, 9)
    fresh(reader, {1: quiet, 2: busy}, 0)
    busier = Poll("eth0", 2, OWN, 11, 100, 1)
    assert fresh(reader, {1: quiet, 2: busier}, QUIET_S) == [(quiet, False), (busier, False)]
    assert fresh(reader, {1: quiet, 2: busier}, QUIET_S + 1) == [(busier, False)]
    assert fresh(reader, {1: more, 2: busier}, QUIET_S + 2) == [(busier, False), (quiet, True), (more, False)]
    assert reader.age_ns(BEGAN + (QUIET_S + 5) * SECOND) == 3 * SECOND


def test_what_is_gone_is_told_no_more():
    reader = Reader(None, {}, BEGAN)
    fresh(reader, {1: DROP, 2: POLL}, 0)
    assert fresh(reader, {2: POLL}, 1) == [(POLL, False)]
    assert fresh(reader, {1: DROP, 2: POLL}, 2) == [(POLL, False), (DROP.none(), True), (DROP, False)]


def test_interfaces_are_named_anew_when_there_are_others():
    reader = Reader(None, {}, BEGAN)
    one = [(1, "lo")]
    assert reader.names(one) is reader.names(one)
    assert reader.names([(1, "lo"), (2, "a\udcff")]) == {1: "lo", 2: "a\N{REPLACEMENT CHARACTER}"}


@pytest.fixture
def counted_anew(monkeypatch):
    """No programs of other tests."""
    monkeypatch.setattr(answers, "_SHARED", WeakValueDictionary())
    monkeypatch.setattr(answers, "_READERS", WeakKeyDictionary())


@pytest.mark.kernel
@pytest.mark.usefixtures("counted_anew")
def test_a_live_root_counts_from_when_it_was_first_asked():
    def body():
        root = LiveRoot()
        evidence = Evidence()
        for count in (0, 30, 12):
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as source:
                for _ in range(count):
                    with suppress(OSError):
                        source.sendto(b"x", ("127.0.0.1", 9))
            (document,) = root.documents(COMMAND)
            for item in drops(document):
                evidence.add(item)
        return evidence

    evidence = in_namespace(body)
    (reading,) = [r for r in evidence.readings("protocol.input.traced", place="lo") if "NO_SOCKET" in r.series.raw]
    assert (reading.delta, reading.first, reading.last) == (42, 0, 42)
    assert reading.seconds > 0
    assert not evidence.unread


@pytest.mark.kernel
@pytest.mark.usefixtures("counted_anew")
def test_one_set_of_programs_serves_all_roots_and_goes_with_the_last():
    needs()
    gc.collect()
    before = len(list(Path("/proc/self/fd").iterdir()))
    one, two = LiveRoot(), LiveRoot()
    for root in (one, two):
        (document,) = root.documents(COMMAND)
        assert json.loads(document.lines()[0]).keys() == {"traced", "age_ns"}
    assert len(answers._SHARED) == 1  # noqa: SLF001
    del one, root, document
    gc.collect()
    assert len(answers._SHARED) == 1  # noqa: SLF001
    del two
    gc.collect()
    assert len(answers._SHARED) == 0  # noqa: SLF001
    assert len(list(Path("/proc/self/fd").iterdir())) <= before


@pytest.mark.kernel
@pytest.mark.usefixtures("counted_anew")
def test_a_root_of_a_namespace_is_told_of_its_own_interfaces_only_and_of_nothing_when_nothing_changes(monkeypatch):
    needs("ip")
    host = LiveRoot()
    list(host.documents(COMMAND))

    def body():
        root = LiveRoot(namespace="/proc/thread-self/ns/net", label="test")
        list(root.documents(COMMAND))
        ip("link set lo mtu 1400")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as source:
            for _ in range(5):
                with suppress(OSError):
                    source.sendto(b"x", ("127.0.0.1", 9))
        (document,) = root.documents(COMMAND)
        monkeypatch.setattr(answers, "QUIET_S", 0)
        (quiet,) = root.documents(COMMAND)
        return [[json.loads(line) for line in one.lines()] for one in (document, quiet)]

    told, quiet = in_namespace(body)
    assert [line["traced"] for line in quiet] == ["since", "cost", "cost", "cost"]
    rows = [line for line in told if line["traced"] == "drop" and line["reason"] == "NO_SOCKET"]
    assert [(row["interface"], row["packets"], "earlier" in row) for row in rows] == [("lo", 0, True), ("lo", 5, False)]
    (document,) = host.documents(COMMAND)
    foreign = [json.loads(line) for line in document.lines() if "NO_SOCKET" in line]
    assert any(row["interface"] == "" and row["packets"] == 5 and "netns" in row for row in foreign)


@pytest.mark.parametrize(
    ("error", "blind"),
    [
        (
            TracingError("tracefs cannot be had", errno.EPERM),
            Blind(
                "drops by reason",
                "tracefs cannot be had: Operation not permitted",
                "run as root, or with CAP_BPF and CAP_PERFMON and with tracefs readable",
            ),
        ),
        (
            BpfError("this kernel has no BPF", errno.ENOSYS),
            Blind("drops by reason", "this kernel has no BPF: Function not implemented", ""),
        ),
    ],
)
@pytest.mark.usefixtures("counted_anew")
def test_a_refusal_is_said_each_time_with_the_right_that_would_help_and_nothing_tried_again(monkeypatch, error, blind):
    calls = []

    def refuse():
        calls.append(1)
        raise error

    monkeypatch.setattr(answers, "Drops", refuse)
    root = LiveRoot()
    assert list(root.documents(COMMAND)) == []
    assert list(root.documents(COMMAND)) == []
    assert root.blind() == [blind]
    assert calls == [1]
