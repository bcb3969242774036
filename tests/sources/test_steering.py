import pytest

from brimful.evidence.event import Fact
from brimful.evidence.origin import Unread
from brimful.roots.base import Document
from brimful.sources.steering import steering


def read(data, **of):
    items = list(steering(Document("/sys/class/net/x/queues/y/rps_cpus", "file", data, of=of)))
    return [(item.name, item.place, item.value) for item in items if isinstance(item, Fact)], items


@pytest.mark.parametrize(
    ("text", "cpus"),
    [
        (b"0\n", "off"),
        (b"3\n", "0-1"),
        (b"00000000,00000000\n", "off"),
        (b"ff,0000010b\n", "0-1,3,8,32-39"),
        (b"8", "3"),
    ],
)
def test_a_mask_is_told_as_cpus(text, cpus):
    assert read(text, interface="eth0", queue="rx-3")[0] == [("nic.rps", "eth0/rx-3", cpus)]


@pytest.mark.parametrize("text", [b"-1", b"0x3", b"3,1", b"many", b"\xb2"])
def test_what_is_no_mask_is_unread(text):
    found, items = read(text, interface="eth0", queue="rx-3")
    assert (found, [type(item) for item in items]) == ([], [Unread])


def test_without_a_place_or_a_text_there_is_nothing():
    assert read(b"3\n", interface="eth0") == ([], [])
    assert read(b"", interface="eth0", queue="rx-0") == ([], [])
