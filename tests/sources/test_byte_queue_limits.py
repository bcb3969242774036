import pytest

from brimful.evidence.frame import Frame
from brimful.evidence.origin import Unread
from brimful.roots.base import Document
from brimful.sources.byte_queue_limits import byte_queue_limits

PATH = "/sys/class/net/eth0/queues/tx-1/byte_queue_limits/"


def read(file, data, **of):
    items = list(byte_queue_limits(Document(PATH + file, "file", data, of=of)))
    frames = [item for item in items if isinstance(item, Frame)]
    return {
        (s.place, s.meaning, s.raw, s.width_bits): v
        for f in frames
        for s, v in zip(f.layout.series, f.values, strict=True)
    }, items


@pytest.mark.parametrize(("file", "meaning"), [("limit", "nic.tx_ring.limit"), ("inflight", "nic.tx_ring.used")])
def test_bytes_are_a_level_at_the_queue(file, meaning):
    found, _ = read(file, b"11676\n", interface="eth0", queue="tx-1")
    assert found == {("eth0/tx-1", meaning, f"BQL {file}", 0): 11676}


@pytest.mark.parametrize("text", [b"-1", b"many", b"99999999999999999999"])
def test_what_is_no_number_is_unread(text):
    found, items = read("limit", text, interface="eth0", queue="tx-1")
    assert (found, [type(item) for item in items]) == ({}, [Unread])


@pytest.mark.parametrize(
    ("file", "of"), [("limit", {"interface": "eth0"}), ("hold_time", {"interface": "eth0", "queue": "tx-1"})]
)
def test_what_has_no_place_or_no_meaning_is_nothing(file, of):
    assert read(file, b"5\n", **of) == ({}, [])
    assert read("limit", b"", interface="eth0", queue="tx-1") == ({}, [])
