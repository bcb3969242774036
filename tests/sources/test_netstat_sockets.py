from pathlib import Path

import pytest

from brimful.evidence.event import Fact
from brimful.evidence.frame import Frame
from brimful.evidence.origin import Unread
from brimful.roots.base import Document
from brimful.sources.netstat_sockets import ALIKE, netstat_sockets

CAPTURES = Path(__file__).parents[1] / "captures" / "netstat_sockets"
HEADING = b"Proto Recv-Q Send-Q Local Address  Foreign Address  State  User  Inode  PID/Program name  Timer\n"


def read(data):
    items = list(netstat_sockets(Document("netstat", "file", data)))
    frames = [item for item in items if isinstance(item, Frame)]
    values = {(s.meaning, s.place): v for f in frames for s, v in zip(f.layout.series, f.values, strict=True)}
    return values, {item.place: item.value for item in items if isinstance(item, Fact)}, items


def lost(items):
    return [item.origin.line for item in items if isinstance(item, Unread)]


def test_a_queue_nobody_reads_is_seen_in_any_language():
    values, owners, items = read((CAPTURES / "german" / "netstat_-unlp").read_bytes())
    assert values["socket.receive.queued", "udp 0.0.0.0:1900"] == 8390400
    assert len(values) == 7
    assert owners["udp 0.0.0.0:1900"] == "perl"
    assert owners["udp 0.0.0.0:68"] == "dhclient (pid 2580)"
    assert {s.width_bits for s in items[-1].layout.series} == {0}
    assert not lost(items)


def test_inodes_tell_sockets_apart_where_they_are_shown():
    values, owners, items = read((CAPTURES / "extended" / "netstat_-neopa").read_bytes())
    assert values == dict.fromkeys(
        [
            ("socket.listen.queued", "tcp 0.0.0.0:5672/19422"),
            ("socket.listen.queued", "tcp 127.0.0.1:27017/20380"),
            ("socket.listen.queued", "tcp 127.0.0.1:53644/1154674"),
            ("socket.listen.queued", "tcp 0.0.0.0:5646/20182"),
        ],
        0,
    )
    assert owners["tcp 127.0.0.1:53644/1154674"] == "Passenger Rac (pid 12387)"
    assert not lost(items)


def test_without_inodes_they_are_numbered_and_doubted():
    values, _, items = read(b"udp 1 0 0.0.0.0:53 0.0.0.0:*\nudp 2 0 0.0.0.0:53 0.0.0.0:*\n")
    assert values == {("socket.receive.queued", "udp 0.0.0.0:53"): 1, ("socket.receive.queued", "udp 0.0.0.0:53/2"): 2}
    assert [s.doubt for s in items[-1].layout.series] == ["", ALIKE]


def test_a_number_is_an_inode_only_under_a_heading_that_says_so():
    row = b"udp  9  0 0.0.0.0:5999  0.0.0.0:*   0  13044  -\n"
    assert list(read(HEADING + row)[0]) == [("socket.receive.queued", "udp 0.0.0.0:5999/13044")]
    assert list(read(HEADING.replace(b"Inode", b"Other") + row)[0]) == [("socket.receive.queued", "udp 0.0.0.0:5999")]


def test_ipv6_is_written_as_ss_writes_it():
    values, owners, _ = read(HEADING + b"udp6  9  0 :::5999  :::*   0  13044  8950/a_program_of_14 off (0.00/0/0)\n")
    assert values == {("socket.receive.queued", "udp [::]:5999/13044"): 9}
    assert owners == {"udp [::]:5999/13044": "a_program_of_14 (pid 8950)"}


@pytest.mark.parametrize(
    "text",
    [
        "eth0 1500 0 845265 0 0 0 1753 0 0 0 BMmRU",
        "    4901 packets received",
        "unix  3      [ ]         STREAM     CONNECTED     1671     -",
        "tcp  5  0 10.0.0.1:80  10.0.0.2:9  ESTABLISHED -",
    ],
)
def test_other_tables_of_netstat_are_passed_over(text):
    assert read(text.encode()) == ({}, {}, [])


@pytest.mark.parametrize(
    "line",
    ["udp x 0 0.0.0.0:53 0.0.0.0:*", "udp ² 0 0.0.0.0:53 0.0.0.0:*", "udp 0 0 nothing 0.0.0.0:*", "udp 0 0 0.0.0.0:53"],
)
def test_a_line_that_cannot_be_read_costs_itself(line):
    values, _, items = read(f"udp 5 0 *:52 *:*\n{line}\n".encode())
    assert values == {("socket.receive.queued", "udp *:52"): 5}
    assert lost(items) == [2]
