from pathlib import Path

import pytest

from brimful.evidence.event import Fact
from brimful.evidence.frame import Frame
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
