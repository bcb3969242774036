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
from brimful.evidence.origin import Blind
from brimful.kernel.bpf import BpfError
from brimful.kernel.drops import Cost, Drop, Full, Poll, Traced
from brimful.kernel.tracing import TracingError
from brimful.roots.answers import drops as answers
from brimful.roots.answers.drops import COMMAND, Reader, costs, told
from brimful.roots.live import LiveRoot
from brimful.sources.drops import drops

OWN = 4026531840
DROP = Drop("SOCKET_RCVBUFF", "udp_queue_rcv_one_skb+0x437", 2, OWN, 0x0800, 5)
POLL = Poll("eth0", 2, OWN, 10, 100, 1)
TRACED = Traced((DROP,), (POLL,), Full(3, 2304), (), ())
NAMES = {1: "lo", 2: "eth0"}


def lines(traced, **more):
    return [line for _, line in told(traced, OWN, NAMES, **more)]


def test_drops_polls_and_full_queues_are_told():
    assert lines(TRACED) == [
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
    (line,) = lines(Traced((drop,), (), None, (), ()))
    assert line == {"traced": "drop", "reason": "X", "location": "", **shown, "packets": 1}


def test_a_poll_in_another_namespace_says_so():
    (line,) = lines(Traced((), (Poll("eth0", 2, 77, 1, 1, 0),), None, (), ()))
    assert (line["interface"], line["netns"]) == ("eth0", 77)


def test_a_namespace_is_told_its_own_only():
    foreign = Traced((DROP, Drop("X", "", 2, 77, 0, 1)), (POLL, Poll("b", 1, 77, 1, 1, 0)), Full(3, 4), (), ())
    assert lines(foreign, alone=True) == lines(Traced((DROP,), (POLL,), None, (), ()))


def test_costs_and_gaps_are_told():
    cost = Cost("kfree_skb", 1, 4096, 0, None, 5, 600)
    assert list(costs(Traced((), (), None, (cost,), ("no types",)))) == [
        {
            "traced": "cost",
            "tracepoint": "kfree_skb",
            "entries": 1,
            "capacity": 4096,
            "lost": 0,
            "runs": 5,
            "nanoseconds": 600,
        },
        {"traced": "without", "why": "no types"},
    ]


def test_what_was_not_told_before_is_new_whatever_it_is_called():
    reader = Reader(None)
    since, *first = reader.fresh(told(TRACED, OWN, NAMES))
    assert since["traced"] == "since"
    assert [line["new"] for line in first] == [True] * 3
    renamed = Traced((DROP, Drop("X", "", 2, OWN, 0, 1)), (POLL,), Full(3, 4), (), ())
    _, *second = reader.fresh(told(renamed, OWN, {}))
    assert [line.get("new", False) for line in second] == [False, True, False, False]


def test_what_was_counted_before_a_root_was_there_is_not_new():
    reader = Reader(None, [thing for thing, _ in told(TRACED, 0, {})])
    assert not any("new" in line for line in reader.fresh(told(TRACED, OWN, NAMES)))


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
def test_a_root_of_a_namespace_is_told_of_its_own_interfaces_only():
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
        return [json.loads(line) for line in document.lines()]

    rows = [line for line in in_namespace(body) if line["traced"] == "drop" and line["reason"] == "NO_SOCKET"]
    assert [(row["interface"], row["packets"], row["new"]) for row in rows] == [("lo", 5, True)]
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
def test_a_refusal_is_said_once_with_the_right_that_would_help(monkeypatch, error, blind):
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
