from pathlib import Path

import pytest

from brimful.evidence.frame import Frame
from brimful.evidence.origin import Unread
from brimful.roots.base import Document
from brimful.sources.sockstat import sockstat

CAPTURES = Path(__file__).parents[1] / "captures" / "sockstat" / "exporter"


def read(data):
    items = list(sockstat(Document("/proc/net/sockstat", "file", data)))
    frames = [item for item in items if isinstance(item, Frame)]
    return {(s.meaning, s.place): v for f in frames for s, v in zip(f.layout.series, f.values, strict=True)}, items


def test_pages_of_tcp_and_udp_are_levels():
    values, items = read((CAPTURES / "proc_net_sockstat").read_bytes())
    assert values == {("protocol.memory.used", "tcp"): 22, ("protocol.memory.used", "udp"): 62}
    assert {s.width_bits for s in items[0].layout.series} == {0}
    assert len(items) == 1


def test_the_file_of_ipv6_has_no_memory():
    assert read((CAPTURES / "proc_net_sockstat6").read_bytes()) == ({}, [])


def test_a_protocol_without_memory_is_not_at_zero():
    assert read(b"sockets: used 7\nUDP: inuse 1\n") == ({}, [])


@pytest.mark.parametrize(
    "line",
    ["TCP: inuse 1 mem -5", "TCP: inuse 1 mem ²", "TCP: inuse", "TCP inuse 1 mem 5", "TCP: a 1\N{LINE SEPARATOR}b"],
)
def test_a_line_that_cannot_be_read_costs_itself(line):
    values, items = read(f"sockets: used 7\n{line}\n\nUDP: inuse 1 mem 9\n".encode())
    assert values == {("protocol.memory.used", "udp"): 9}
    assert [item.origin.line for item in items if isinstance(item, Unread)] == [2]
