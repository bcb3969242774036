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
    assert values == {
        ("protocol.memory.used", "tcp"): 22,
        ("protocol.memory.used", "udp"): 62,
        ("protocol.memory.sockets", "tcp"): 35,
        ("protocol.memory.sockets", "udp"): 12,
        ("protocol.memory.orphans", "tcp"): 0,
        ("kernel.table.fragments_used", "ip"): 0,
    }
    assert {s.width_bits for s in items[0].layout.series} == {0}
    assert len(items) == 1


def test_the_file_of_ipv6_has_sockets_and_the_memory_of_fragments():
    values, items = read((CAPTURES / "proc_net_sockstat6").read_bytes())
    assert values == {
        ("protocol.memory.sockets", "tcp6"): 17,
        ("protocol.memory.sockets", "udp6"): 9,
        ("kernel.table.fragments_used", "ip6"): 0,
    }
    assert len(items) == 1


def test_fragments_are_in_bytes():
    values, items = read(b"sockets: used 7\nFRAG: inuse 3 memory 4194304\n")
    assert values == {("kernel.table.fragments_used", "ip"): 4194304}
    assert [s.raw for s in items[0].layout.series] == ["sockstat FRAG memory"]


def test_a_protocol_without_memory_is_not_at_zero():
    values, _ = read(b"sockets: used 7\nUDP: inuse 1\nTCP: orphan 3\n")
    assert values == {("protocol.memory.sockets", "udp"): 1, ("protocol.memory.orphans", "tcp"): 3}


@pytest.mark.parametrize(
    "line",
    ["TCP: tw 1 mem -5", "TCP: tw 1 mem ²", "TCP: inuse", "TCP inuse 1 mem 5", "TCP: a 1\N{LINE SEPARATOR}b"],
)
def test_a_line_that_cannot_be_read_costs_itself(line):
    values, items = read(f"sockets: used 7\n{line}\n\nUDP: mem 9\n".encode())
    assert values == {("protocol.memory.used", "udp"): 9}
    assert [item.origin.line for item in items if isinstance(item, Unread)] == [2]
