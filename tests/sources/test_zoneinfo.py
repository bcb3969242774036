from pathlib import Path

from brimful.evidence.frame import Frame
from brimful.evidence.origin import Unread
from brimful.roots.base import Document
from brimful.sources.zoneinfo import zoneinfo

CAPTURES = Path(__file__).parents[1] / "captures" / "zoneinfo"
ZONE = "Node {}, zone   {}\n  pages free     3962\n      nr_free_pages 3962\n  pagesets\n    cpu: 0\n              count: {}\n    cpu: 1\n              count: {}\n"


def read(data):
    items = list(zoneinfo(Document("/proc/zoneinfo", "file", data)))
    return [value for item in items if isinstance(item, Frame) for value in item.values], items


def test_pages_of_all_zones_and_cpus_are_added_up():
    assert read((ZONE.format(0, "DMA", 1, 20) + ZONE.format(1, "DMA", 300, 4000)).encode())[0] == [4321 * 4096]


def test_captures_are_read():
    assert read((CAPTURES / "sosreport" / "proc_zoneinfo").read_bytes())[0] == [917 * 4096]
    assert read((CAPTURES / "procfs" / "proc_zoneinfo").read_bytes())[0] == [4706 * 4096]


def test_the_same_zone_again_is_a_later_sample():
    assert read(2 * ZONE.format(0, "Normal", 1, 2).encode())[0] == [12288, 12288]


def test_a_file_without_lists_says_nothing():
    assert read(b"Node 0, zone   DMA\n  pages free 1\n") == ([], [])


def test_a_count_that_is_none_costs_its_line():
    values, items = read(ZONE.format(0, "DMA", "-1", 2).encode())
    assert values == [8192]
    assert [item.origin.line for item in items if isinstance(item, Unread)] == [6]
