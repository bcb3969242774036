from pathlib import Path

import pytest

from brimful.evidence.event import Fact
from brimful.evidence.evidence import Evidence
from brimful.evidence.frame import Frame
from brimful.evidence.moment import SECOND, Moment
from brimful.evidence.origin import Unread
from brimful.roots.base import Document
from brimful.sources.sockets import ALIKE, sockets

CAPTURES = Path(__file__).parents[1] / "captures" / "sockets"
FULL = CAPTURES / "full-socket"
LIVE = (FULL / "ss_-OHtuanmpe").read_bytes()
READER = "python3 (pid 10760)"


def read(data, options=""):
    items = list(sockets(Document("ss", "file", data, of={"options": options})))
    frames = [item for item in items if isinstance(item, Frame)]
    assert len(frames) <= 1
    values = {(s.meaning, s.place): v for f in frames for s, v in zip(f.layout.series, f.values, strict=True)}
    return values, {item.place: item.value for item in items if isinstance(item, Fact)}, items


def lost(items):
    return [item.origin.line for item in items if isinstance(item, Unread)]


def test_a_full_udp_socket_shows_its_level_limit_drops_and_reader():
    values, owners, items = read(LIVE)
    place = "udp 127.0.0.1:5998/31700"
    assert values["socket.receive.queued", place] == 212992
    assert values["socket.receive.limit", place] == 212992
    assert values["socket.receive.dropped", place] == 344
    assert owners[place] == READER
    widths = {s.meaning: s.width_bits for s in items[-1].layout.series}
    assert widths == {
        "socket.receive.queued": 0,
        "socket.receive.limit": 0,
        "socket.receive.dropped": 32,
        "socket.listen.queued": 0,
        "socket.listen.limit": 0,
        "socket.listen.dropped": 32,
    }
    assert not lost(items)


def test_a_listener_shows_its_accept_queue_and_backlog():
    values, owners, _ = read(LIVE)
    place = "tcp 127.0.0.1:5996/31704"
    assert values["socket.listen.queued", place] == 3
    assert values["socket.listen.limit", place] == 5
    assert values["socket.listen.dropped", place] == 0
    assert owners[place] == READER


def test_two_sockets_of_one_address_are_told_apart_by_their_inodes():
    values, _, _ = read(LIVE)
    shared = {place for _, place in values if place.startswith("udp 127.0.0.1:5995")}
    assert shared == {"udp 127.0.0.1:5995/31702", "udp 127.0.0.1:5995/31703"}


def test_a_socket_of_both_families_is_where_proc_shows_it():
    assert ("socket.receive.queued", "udp [::]:5999/31699") in read(LIVE)[0]
    assert set(read(b"udp UNCONN 0 0 *:53 *:* ino:7 v6only:1\n")[0]) == {("socket.receive.queued", "udp *:53/7")}


def test_of_connections_only_those_with_something_queued_are_kept():
    values, _, items = read(LIVE)
    queued = {
        place: v for (meaning, place), v in values.items() if meaning == "socket.receive.queued" and place[:3] == "tcp"
    }
    # not yet accepted, hence without an inode
    assert queued == dict.fromkeys(["tcp 127.0.0.1:5996", "tcp 127.0.0.1:5996/2", "tcp 127.0.0.1:5996/3"], 1832)
    doubts = {s.place: s.doubt for s in items[-1].layout.series if s.place in queued}
    assert doubts == {"tcp 127.0.0.1:5996": "", "tcp 127.0.0.1:5996/2": ALIKE, "tcp 127.0.0.1:5996/3": ALIKE}


@pytest.mark.parametrize(("file", "protocols"), [("ss_-peaonmi", "tu"), ("ss_-uanmpe", "u")])
def test_memory_on_a_second_line_is_the_same(file, protocols):
    values, owners, items = read((FULL / file).read_bytes(), file.removeprefix("ss_"))
    live, live_owners, _ = read(LIVE)
    kept = {key: value for key, value in live.items() if key[1][0] in protocols}
    assert values == kept
    assert owners == {place: owner for place, owner in live_owners.items() if place[0] in protocols}
    assert not lost(items)


def test_without_a_column_for_it_the_options_or_the_state_tell_the_protocol():
    listeners = (FULL / "ss_-ltnp").read_bytes()
    expected = {("socket.listen.queued", "tcp 127.0.0.1:5996"): 3, ("socket.listen.limit", "tcp 127.0.0.1:5996"): 5}
    assert read(listeners, "-ltnp")[0] == expected
    assert read(listeners)[0] == expected
    connected = b"ESTAB 7 0 10.0.0.1:53 10.0.0.2:53\n"
    assert read(connected, "-u -an")[0] == {("socket.receive.queued", "udp 10.0.0.1:53"): 7}
    assert read(connected, "--tcp")[0] == {("socket.receive.queued", "tcp 10.0.0.1:53"): 7}
    assert read(connected, "-tu") == ({}, {}, [])


def test_packets_that_wait_for_a_busy_socket_are_charged_too():
    values, _, _ = read(b"udp UNCONN 0 0 *:53 *:* ino:7 skmem:(r1000,rb5000,t0,tb9,f4294967288,w0,o0,bl230,d4)\n")
    assert values == {
        ("socket.receive.queued", "udp *:53/7"): 1230,
        ("socket.receive.limit", "udp *:53/7"): 5000,
        ("socket.receive.dropped", "udp *:53/7"): 4,
    }


def test_the_old_form_is_read():
    values, owners, items = read((CAPTURES / "old-form" / "ss_-tupna").read_bytes())
    assert values["socket.receive.queued", "udp [::]:37968"] == 0
    assert values["socket.listen.limit", "tcp *:111"] == 128
    assert owners["tcp *:111"] == "rpcbind (pid 1139)"
    assert {(s.raw, s.width_bits) for s in items[-1].layout.series} == {("Recv-Q", 0), ("Send-Q", 0)}
    assert {meaning for meaning, _ in values} == {
        "socket.receive.queued",
        "socket.listen.queued",
        "socket.listen.limit",
    }
    assert not lost(items)
    assert read(b'udp UNCONN 0 0 *:68 *:* users:(("dhclient",1171,6))\n')[1] == {"udp *:68": "dhclient (pid 1171)"}


@pytest.mark.parametrize(
    "line",
    [
        "u_str ESTAB 0 0 * 1671 * 1672 skmem:(r0,rb212992)",
        "nl UNCONN 832 0 4:0 * skmem:(r832,rb212992)",
        "ESTAB 0 0 * 1671 * 1672",
        "Netid State  Recv-Q Send-Q Local Address:Port Peer Address:PortProcess",
        "  skmem:(r7,rb7)",
        " skmem:(r7,rb7)",
        "",
    ],
)
def test_other_sockets_and_headings_are_passed_over(line):
    assert read(f"{line}\n".encode()) == ({}, {}, [])


@pytest.mark.parametrize(
    "line",
    [
        "udp UNCONN x 0 *:53 *:*",
        "udp UNCONN 0 ² *:53 *:*",
        "udp UNCONN 18446744073709551616 0 *:53 *:*",
        "udp UNCONN 0 0 nothing *:*",
        "udp UNCONN 0 0 *:53",
        "udp UNCONN 0 0 *:53 *:* skmem:(r-1,rb5)",
        "udp UNCONN 0 0 *:53 *:* skmem:(r4294967296,rb5)",
        "udp WRONG 0 0 *:53 *:*",
        "Cannot open netlink socket: Protocol not supported",
    ],
)
def test_a_line_that_cannot_be_read_costs_itself(line):
    values, _, items = read(f"udp UNCONN 5 0 *:52 *:*\n{line}\nudp UNCONN 6 0 *:54 *:*\n".encode())
    assert values == {("socket.receive.queued", "udp *:52"): 5, ("socket.receive.queued", "udp *:54"): 6}
    assert lost(items) == [2]


def test_memory_below_a_line_that_cannot_be_read_is_nobody_s():
    values, _, items = read(b"udp UNCONN 5 0 *:52 *:*\nudp WRONG 0 0 *:53 *:*\n\tskmem:(r9,rb9)\n")
    assert values == {("socket.receive.queued", "udp *:52"): 5}
    assert lost(items) == [2]


def test_memory_without_a_backlog_is_what_the_queue_holds():
    values, _, items = read(b"udp UNCONN 5 0 *:52 *:*\n\tmem:(r9,w0,f0,t0)\n")
    assert values == {("socket.receive.queued", "udp *:52"): 9}
    assert items[0].layout.series[0].raw == "skmem r + bl"


def test_a_raw_socket_is_read_like_one_of_udp():
    line = b"raw UNCONN 832 0 0.0.0.0:1 0.0.0.0:* ino:7 sk:1 skmem:(r832,rb9000,t0,tb9000,f0,w0,o0,bl1,d5)\n"
    values, _, _ = read(line)
    assert values == {
        ("socket.receive.queued", "raw 0.0.0.0:1/7"): 833,
        ("socket.receive.limit", "raw 0.0.0.0:1/7"): 9000,
        ("socket.receive.dropped", "raw 0.0.0.0:1/7"): 5,
    }
    assert read(b"UNCONN 3 0 0.0.0.0:1 0.0.0.0:*\n", "-wan")[0] == {("socket.receive.queued", "raw 0.0.0.0:1"): 3}


def test_send_queues_are_read_where_something_is_in_them():
    tail = b"10.0.0.1:80 10.0.0.2:99 ino:7 sk:1 skmem:(r0,rb9,t3,tb87040,f0,w5000,o0,bl0,d0)\n"
    sent = {
        ("socket.send.unsent", "tcp 10.0.0.1:80/7"): 2896,
        ("socket.send.queued", "tcp 10.0.0.1:80/7"): 5000,
        ("socket.send.limit", "tcp 10.0.0.1:80/7"): 87040,
    }
    assert read(b"tcp ESTAB 0 2896 " + tail)[0] == sent
    udp = read(b"udp ESTAB 0 0 " + tail)[0]
    assert udp["socket.send.queued", "udp 10.0.0.1:80/7"] == 3
    idle = tail.replace(b"t3", b"t0").replace(b"w5000", b"w0")
    assert read(b"tcp ESTAB 0 0 " + idle)[0] == {}
    assert {meaning for meaning, _ in read(b"udp ESTAB 0 0 " + idle)[0]} == {
        "socket.receive.queued",
        "socket.receive.limit",
        "socket.receive.dropped",
    }


def test_idle_sockets_that_are_not_listed_are_counted():
    _, _, items = read(b"# idle, not listed: tcp 50004, udp6 7\n")
    assert [(item.name, item.place, item.value) for item in items] == [
        ("socket.idle", "tcp", 50004),
        ("socket.idle", "udp6", 7),
    ]
    assert lost(read(b"# idle, not listed: tcp x\n")[2]) == [1]


def test_what_a_socket_has_dropped_since_it_was_idle_is_known():
    line = b"udp UNCONN 9 0 0.0.0.0:53 0.0.0.0:* ino:7 sk:1 skmem:(r9,rb9,t0,tb9,f0,w0,o0,bl0,d70) idle:2.500000\n"
    at = Moment(100 * SECOND, "host", monotonic_ns=50 * SECOND)
    evidence = Evidence(sockets(Document("ss", "file", line, at=at)))
    (dropped,) = evidence.readings("socket.receive.dropped")
    assert (dropped.delta, dropped.seconds, dropped.first) == (70, 2.5, 0)
    (queued,) = evidence.readings("socket.receive.queued")
    assert queued.samples == 1


def test_how_long_the_reader_waited_for_a_cpu():
    line = b"udp UNCONN 9 0 0.0.0.0:53 0.0.0.0:* ino:7 sk:1 skmem:(r9,rb9,t0,tb9,f0,w0,o0,bl0,d70) rundelay:2500\n"
    evidence = Evidence(sockets(Document("ss", "file", line)))
    (waited,) = evidence.readings("socket.receive.reader_waited")
    assert (waited.series.place, waited.series.raw, waited.last) == ("udp 0.0.0.0:53/7", "schedstat rundelay", 2500)
    for damaged in (line.replace(b"rundelay:2500", b"rundelay:25x"), line.replace(b"UNCONN", b"LISTEN")):
        assert not Evidence(sockets(Document("ss", "file", damaged))).readings("socket.receive.reader_waited")


STOPPED = "sctp 127.0.0.1:6000 from 127.0.0.1:6001/9938"
SENDER = "sctp 127.0.0.1:6001 from 127.0.0.1:6000/9935"


@pytest.mark.parametrize(("file", "options"), [("ss_-Sanmpe", "-Sanmpe"), ("ss_-OHtuwSanmpe", "-OHtuwSanmpe")])
def test_of_sctp_the_associations_are_read_and_not_their_endpoints(file, options):
    values, owners, items = read((CAPTURES / "sctp" / file).read_bytes(), options)
    assert values == {
        ("socket.receive.queued", STOPPED): 213195,
        ("socket.receive.limit", STOPPED): 212992,
        ("socket.receive.queued", SENDER): 0,
        ("socket.receive.limit", SENDER): 212992,
        ("socket.send.queued", SENDER): 212992,
        ("socket.send.limit", SENDER): 212992,
    }
    assert owners == {STOPPED: "reader (pid 106)", SENDER: "python3.11 (pid 101)"}
    assert not lost(items)


def test_an_association_without_memory_shows_what_it_has_queued():
    values, _, items = read(b"`- SHUTDOWN_PENDING 233 0 [::1]%lo:6000 [::1]:6001 ino:7 sk:2\n", "-S")
    assert values == {("socket.receive.queued", "sctp [::1]:6000 from [::1]:6001/7"): 233}
    assert not lost(items)
