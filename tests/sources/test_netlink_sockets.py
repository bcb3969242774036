from pathlib import Path

import pytest

from brimful.evidence.frame import Frame
from brimful.evidence.origin import Unread
from brimful.roots.base import Document
from brimful.sources.netlink_sockets import netlink_sockets

CAPTURES = Path(__file__).parents[1] / "captures" / "netlink_sockets"


def read(data):
    items = list(netlink_sockets(Document("/proc/net/netlink", "file", data)))
    frames = [item for item in items if isinstance(item, Frame)]
    return [{(s.meaning, s.place): v for s, v in zip(f.layout.series, f.values, strict=True)} for f in frames], items


def test_two_listeners_of_a_sosreport_have_lost_a_message_each():
    (values,), items = read((CAPTURES / "hotsos" / "proc_net_netlink").read_bytes())
    lost = {place: v for (meaning, place), v in values.items() if meaning == "netlink.socket.dropped" and v}
    assert lost == {"netlink rtnl 186014": 1, "netlink rtnl 2199": 1}
    assert len(values) == 20
    assert len(items) == 1


def test_the_queue_is_a_level_and_the_kernel_is_left_out():
    (values,), items = read((CAPTURES / "namespace" / "proc_net_netlink").read_bytes())
    assert values["netlink.socket.queued", "netlink rtnl 4242"] == 7488
    assert values["netlink.socket.dropped", "netlink rtnl 4242"] == 31
    assert {place for _, place in values} == {"netlink rtnl 4242", "netlink rtnl 11062", "netlink tcpdiag 11062"}
    assert {s.meaning: s.width_bits for s in items[0].layout.series} == {
        "netlink.socket.queued": 0,
        "netlink.socket.dropped": 32,
    }


def test_a_file_saved_twice_has_two_frames():
    data = (CAPTURES / "hotsos" / "proc_net_netlink").read_bytes()
    assert len(read(data + data.replace(b"1        33580", b"5        33580"))[0]) == 2


@pytest.mark.parametrize("line", ["0 0 7 0 0 0 0 2", "0 0 7 0 0 0 0 2 -1 8", "0 \N{SUPERSCRIPT TWO} 7 0 0 0 0 2 1 8"])
def test_a_line_that_cannot_be_read_costs_itself(line):
    frames, items = read(f"\n{line}\n0 16 9 0 3 0 0 2 4 8\n".encode())
    assert frames == [{("netlink.socket.queued", "netlink genl 9"): 3, ("netlink.socket.dropped", "netlink genl 9"): 4}]
    assert [item.origin.line for item in items if isinstance(item, Unread)] == [2]
