from pathlib import Path

import pytest

from brimful.evidence.frame import Frame
from brimful.evidence.origin import Unread
from brimful.roots.base import Document
from brimful.sources.sockets import sockets
from brimful.sources.udp_sockets import udp_sockets

CAPTURES = Path(__file__).parents[1] / "captures"
FULL = CAPTURES / "udp_sockets" / "full-socket"
HEADING, ROW = (FULL / "proc_net_udp").read_text().splitlines()[:2]


def values_of(items):
    return {
        (s.meaning, s.place): v
        for f in items
        if isinstance(f, Frame)
        for s, v in zip(f.layout.series, f.values, strict=True)
    }


def read(data):
    items = list(udp_sockets(Document("/proc/net/udp", "file", data)))
    return values_of(items), items


def test_it_says_what_ss_says_of_the_same_sockets():
    own, items = read((FULL / "proc_net_udp").read_bytes())
    other = values_of(sockets(Document("ss", "file", (CAPTURES / "sockets/full-socket/ss_-OHtuanmpe").read_bytes())))
    assert own == {key: other[key] for key in own}
    assert own["socket.receive.dropped", "udp 127.0.0.1:5998/31700"] == 344
    assert {(s.raw, s.width_bits, s.source) for s in items[0].layout.series} == {
        ("udp rx_queue", 0, "udp_sockets"),
        ("udp drops", 32, "udp_sockets"),
    }
    assert len(items) == 1


def test_addresses_of_ipv6_are_put_in_order():
    values, items = read((FULL / "proc_net_udp6").read_bytes())
    assert {place for _, place in values} == {"udp [::1]:5997/31701", "udp [::]:5999/31699"}
    assert len(items) == 1
    other = values_of(sockets(Document("ss", "file", (CAPTURES / "sockets/full-socket/ss_-OHtuanmpe").read_bytes())))
    assert values.keys() <= other.keys()
    mapped = f"{HEADING}\n{ROW.replace('0100007F:', '0000000000000000FFFF00000100007F:')}\n"
    assert {place for _, place in read(mapped.encode())[0]} == {"udp [::ffff:127.0.0.1]:5995/31703"}


def test_an_old_kernel_shows_no_drops():
    values, items = read((CAPTURES / "udp_sockets/without-drops/proc_net_udp").read_bytes())
    assert values["socket.receive.queued", "udp 10.0.0.5:22/2740"] == 1
    assert {meaning for meaning, _ in values} == {"socket.receive.queued"}
    assert len(items) == 1


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        ("0100007F", "0100007G"),
        ("0100007F", "7F"),
        ("0100007F:176B", "0100007F"),
        (":00000000 00:", ":0000000x 00:"),
        (" 31703 ", " x "),
        (" 0         ", " -1 "),
        (" 0         ", " ² "),
        (" 31703 2 0000000069ca10c2 0", ""),
    ],
)
def test_a_line_that_cannot_be_read_costs_itself(good, bad):
    assert good in ROW
    values, items = read(f"{HEADING}\n{ROW[::-1].replace(good[::-1], bad[::-1], 1)[::-1]}\n{ROW}\n".encode())
    assert {place for _, place in values} == {"udp 127.0.0.1:5995/31703"}
    assert [item.origin.line for item in items if isinstance(item, Unread)] == [2]
