from pathlib import Path

import pytest

from brimful.evidence.frame import Frame
from brimful.evidence.origin import Unread
from brimful.roots.base import Document
from brimful.sources.packet_sockets import packet_sockets

CAPTURE = Path(__file__).parents[1] / "captures" / "packet_sockets" / "namespace" / "proc_net_packet"


def read(data):
    items = list(packet_sockets(Document("/proc/net/packet", "file", data)))
    frames = [item for item in items if isinstance(item, Frame)]
    return {(s.meaning, s.place): v for f in frames for s, v in zip(f.layout.series, f.values, strict=True)}, items


def test_the_queue_of_each_packet_socket_is_a_level():
    values, items = read(CAPTURE.read_bytes())
    assert values == {("capture.ring.queued", "packet 917348"): 212992, ("capture.ring.queued", "packet 917349"): 0}
    assert [s.width_bits for s in items[0].layout.series] == [0, 0]
    assert len(items) == 1


@pytest.mark.parametrize("line", ["0 3 3 0003 1 1 5 0", "0 3 3 0003 1 1 -5 0 7", "0 3 3 0003 1 1 5 0 x"])
def test_a_line_that_cannot_be_read_costs_itself(line):
    values, items = read(f"\n{line}\n0 3 3 0003 1 1 6 0 7\n".encode())
    assert values == {("capture.ring.queued", "packet 7"): 6}
    assert [item.origin.line for item in items if isinstance(item, Unread)] == [2]
