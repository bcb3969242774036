from pathlib import Path

import pytest

from brimful.evidence.event import Fact
from brimful.evidence.evidence import Evidence
from brimful.evidence.frame import Frame
from brimful.evidence.moment import SECOND, Moment
from brimful.evidence.origin import Blind, Unread
from brimful.roots.base import Document
from brimful.sources.local_sockets import local_sockets
from brimful.sources.sockets import sockets

CAPTURES = Path(__file__).parents[1] / "captures" / "local_sockets" / "namespace"
LIVE = (CAPTURES / "ss_-OHanmpe_-A_unix_packet_netlink").read_bytes()
SAVED = (CAPTURES / "ss_-anmpe_-A_unix_packet_netlink").read_bytes()
WHO = "python (pid 11062)"


def read(data, at=None):
    items = list(local_sockets(Document("ss", "file", data, at=at)))
    frames = [item for item in items if isinstance(item, Frame)]
    values = {(s.meaning, s.place): v for f in frames for s, v in zip(f.layout.series, f.values, strict=True)}
    facts = {(item.name, item.place): item.value for item in items if isinstance(item, Fact)}
    return values, facts, items


def of(values, place):
    return {meaning: value for (meaning, where), value in values.items() if where == place}


def test_a_stream_that_nobody_reads_is_charged_to_its_sender():
    values, facts, _ = read(LIVE)
    assert of(values, "unix 917346") == {
        "socket.receive.unread": 0,
        "socket.send.queued": 214272,
        "socket.send.limit": 212992,
    }
    assert of(values, "unix 917347")["socket.receive.unread"] == 93000
    assert facts["socket.peer", "unix 917346"] == "unix 917347"
    assert facts["socket.owner", "unix 917346"] == WHO


def test_a_sender_of_datagrams_that_sleeps_is_seen():
    values, facts, items = read(LIVE)
    assert of(values, "unix 917345") == {
        "socket.receive.unread": 0,
        "socket.send.queued": 9216,
        "socket.send.limit": 212992,
        "socket.receive.sender_blocked": 1,
    }
    assert facts["socket.name", "unix 917344"] == "@a log"
    assert of(values, "unix 917344")["socket.receive.unread"] == 70
    raws = {s.place: s.raw for i in items if isinstance(i, Frame) for s in i.layout.series if "unread" in s.meaning}
    assert (raws["unix 917344"], raws["unix 917347"]) == ("Recv-Q, the first message", "Recv-Q")
    assert of(read(SAVED)[0], "unix 917345")["socket.receive.sender_blocked"] == 0


def test_a_listener_counts_connections():
    values, facts, _ = read(LIVE)
    assert of(values, "unix 917341") == {"socket.receive.messages": 2, "socket.receive.messages_limit": 1}
    assert facts["socket.name", "unix 917341"] == "/tmp/app.sock"  # noqa: S108 - as captured


def test_a_packet_socket_shows_what_it_dropped_and_one_with_a_ring_cannot():
    values, facts, items = read(LIVE)
    assert of(values, "packet 917348") == {
        "capture.ring.queued": 212992,
        "capture.ring.limit": 212992,
        "capture.ring.dropped": 1744,
    }
    assert facts["socket.name", "packet 917348"] == "lo"
    assert of(values, "packet 917349") == {}
    (blind,) = [item for item in items if isinstance(item, Blind)]
    assert blind == Blind(
        f"what the capture ring of {WHO} has lost",
        "only the program itself can read that",
        "see what it prints when it ends",
    )


def test_a_netlink_socket_shows_what_it_lost_and_the_end_of_the_kernel_is_left_out():
    values, facts, items = read(LIVE)
    assert of(values, "netlink rtnl 4242") == {
        "netlink.socket.queued": 7488,
        "netlink.socket.limit": 8192,
        "netlink.socket.dropped": 31,
    }
    assert facts["socket.owner", "netlink rtnl 4242"] == WHO
    assert {place for _, place in values if place.startswith("netlink")} == {
        "netlink rtnl 4242",
        "netlink rtnl 11062",
        "netlink tcpdiag 11062",
    }
    widths = {s.meaning: s.width_bits for i in items if isinstance(i, Frame) for s in i.layout.series}
    assert {meaning for meaning, width in widths.items() if width} == {
        "netlink.socket.dropped",
        "capture.ring.dropped",
    }
    assert set(widths.values()) == {0, 32}


def test_what_ss_itself_prints_says_the_same():
    live, facts, _ = read(LIVE)
    saved, saved_facts, items = read(SAVED)
    changed = {"socket.receive.sender_blocked"}
    for (meaning, place), value in live.items():
        if "tcpdiag" not in place and meaning not in changed:
            assert saved[meaning, place] == value
    assert {k: v for k, v in facts.items() if "netlink" not in k[1]} == {
        k: v for k, v in saved_facts.items() if "netlink" not in k[1]
    }
    assert not [item for item in items if isinstance(item, Unread)]
    # those that listen to groups are there twice: one frame all the same
    assert sum(isinstance(item, Frame) for item in items) == 1


def test_netlink_alone_has_no_column_for_it():
    alone = (CAPTURES / "ss_-anmpe_-f_netlink").read_bytes()
    assert of(read(alone)[0], "netlink rtnl 4242")["netlink.socket.dropped"] == 31
    assert list(sockets(Document("ss", "file", alone))) == []


def test_the_form_with_names_has_the_same_places():
    line = b"nl UNCONN 0 0 rtnl:zebra/512 * \nnl UNCONN 0 0 rtnl:-203449062 *\nnl UNCONN 0 0 genl:kernel *\n"
    _, _, items = read(line.replace(b"*", b"* skmem:(r0,rb1,d7)"))
    (frame,) = [item for item in items if isinstance(item, Frame)]
    assert {s.place for s in frame.layout.series} == {"netlink rtnl 512", "netlink rtnl 4091518234"}


def test_a_socket_that_was_idle_before_has_an_earlier_zero():
    line = b"p_raw UNCONN 0 0 *:eth0 * ino:7 sk:1 skmem:(r5,rb9,t0,tb9,f0,w0,o0,bl1,d70) idle:2.500000\n"
    _, _, items = read(line, Moment(100 * SECOND, "host", monotonic_ns=50 * SECOND))
    (dropped,) = Evidence(items).readings("capture.ring.dropped")
    assert (dropped.delta, dropped.seconds, dropped.first) == (70, 2.5, 0)
    (queued,) = Evidence(items).readings("capture.ring.queued")
    assert (queued.samples, queued.last) == (1, 6)


def test_sockets_that_nothing_tells_apart_are_numbered():
    two = b"p_raw UNCONN 0 0 *:lo * skmem:(r0,rb9,d1)\np_raw UNCONN 0 0 *:lo * skmem:(r0,rb9,d2)\n"
    values, _, _ = read(two)
    assert {place: of(values, place)["capture.ring.dropped"] for _, place in values} == {
        "packet lo": 1,
        "packet lo/2": 2,
    }


@pytest.mark.parametrize(
    "line",
    [
        "nl UNCONN 0 0 16 *",
        "nl UNCONN 0 x 0:7 *",
        "nl UNCONN",
        "p_raw UNCONN 0 0 lo *",
        "u_str ESTAB 0 0 * *",
        "u_str ESTAB 0 0 * 7 * 8 skmem:(r0,rb4294967296)",
        "u_str ESTAB -1 0 * 7 * 8",
    ],
)
def test_a_line_that_cannot_be_read_costs_itself(line):
    values, _, items = read(f"u_str ESTAB 5 0 * 1 * 2\n{line}\nu_str ESTAB 6 0 * 3 * 4\n".encode())
    assert values == {("socket.receive.unread", "unix 1"): 5, ("socket.receive.unread", "unix 3"): 6}
    assert [item.origin.line for item in items if isinstance(item, Unread)] == [2]
