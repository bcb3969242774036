from pathlib import Path

import pytest

from brimful.evidence.frame import Frame
from brimful.evidence.origin import Unread
from brimful.roots.base import Document
from brimful.sources.sctp_associations import sctp_associations

CAPTURES = Path(__file__).parents[1] / "captures" / "sctp_associations"
MEASURED = (CAPTURES / "measured" / "proc_net_sctp_assocs").read_bytes()


def read(data):
    items = list(sctp_associations(Document("/proc/net/sctp/assocs", "file", data)))
    frames = [item for item in items if isinstance(item, Frame)]
    return {(s.meaning, s.place): v for f in frames for s, v in zip(f.layout.series, f.values, strict=True)}, items


def test_an_association_shows_both_queues_and_their_limits():
    values, items = read(MEASURED)
    place = "sctp 127.0.0.1:6001 from 127.0.0.1:6000/10244"
    assert values == {
        ("socket.send.queued", place): 212992,
        ("socket.send.limit", place): 212992,
        ("socket.receive.queued", place): 0,
        ("socket.receive.limit", place): 212992,
    }
    assert {s.width_bits for s in items[0].layout.series} == {0}


def test_a_reader_that_is_stopped_holds_more_than_it_may():
    values, _ = read((CAPTURES / "guest" / "proc_net_sctp_assocs").read_bytes())
    place = "sctp 127.0.0.1:6000 from 127.0.0.1:6001/9938"
    assert values["socket.receive.queued", place] == 213195
    assert values["socket.receive.limit", place] == 212992


def test_the_limits_are_the_last_two_columns():
    values, items = read((CAPTURES / "insights" / "limits").read_bytes())
    place = "sctp 10.131.222.8:3868 from 10.131.160.81:3868/582963"
    assert values["socket.send.limit", place] == 5000000
    assert values["socket.receive.limit", place] == 6000000
    assert len(values) == 20
    assert len(items) == 1


def test_without_columns_for_them_there_are_no_limits():
    values, items = read((CAPTURES / "insights" / "several_addresses").read_bytes())
    assert values["socket.receive.queued", "sctp 10.0.200.114:37379 from 10.0.100.94:3868/90293"] == 0
    assert {meaning for meaning, _ in values} == {"socket.send.queued", "socket.receive.queued"}
    assert not [item for item in items if isinstance(item, Unread)]


def test_the_peer_is_the_primary_address_and_ipv6_is_written_short():
    row = MEASURED.replace(b"127.0.0.1 <-> *127.0.0.1", b"2001:0db8:0:0:0:0:0:1 <-> 192.0.2.1 *2001:0db8:0:0:0:0:0:2")
    values, _ = read(row)
    assert {place for _, place in values} == {"sctp [2001:db8::1]:6001 from [2001:db8::2]:6000/10244"}


def test_two_rows_of_one_place_are_two_associations():
    values, _ = read(MEASURED + MEASURED.splitlines()[-1])
    assert {place for _, place in values} == {
        "sctp 127.0.0.1:6001 from 127.0.0.1:6000/10244",
        "sctp 127.0.0.1:6001 from 127.0.0.1:6000/10244/2",
    }


@pytest.mark.parametrize(
    "line", ["7fab6758 bb5ecbd5 0 7 3 0", "a b 0 7 3 0 3 -1 0 0 1 2 3 h", "a b 0 7 3 0 3 1 x 0 1 2 3 h"]
)
def test_a_line_that_cannot_be_read_costs_itself(line):
    values, items = read(f"\n{line}\n".encode() + MEASURED)
    assert len(values) == 4
    assert [item.origin.line for item in items if isinstance(item, Unread)] == [2]
