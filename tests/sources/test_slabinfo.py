from pathlib import Path

import pytest

from brimful.evidence.frame import Frame
from brimful.evidence.origin import Unread
from brimful.roots.base import Document
from brimful.sources.slabinfo import slabinfo

CAPTURES = Path(__file__).parents[1] / "captures" / "slabinfo"
ROW = "{} 10 20 {} {} {} : tunables    0    0    0 : slabdata      2      {}      0\n"


def read(data):
    items = list(slabinfo(Document("/proc/slabinfo", "file", data)))
    frames = [item for item in items if isinstance(item, Frame)]
    return {s.place: v for f in frames for s, v in zip(f.layout.series, f.values, strict=True)}, items


def lost(items):
    return [item.origin.line for item in items if isinstance(item, Unread)]


def row(name, size=256, objects=16, pages=1, slabs=3):
    return ROW.format(name, size, objects, pages, slabs).encode()


def test_bytes_are_those_of_whole_slabs():
    values, items = read((CAPTURES / "sosreport" / "proc_slabinfo").read_bytes())
    assert values["slab skbuff_head_cache"] == 133 * 4096
    assert values["slab skbuff_fclone_cache"] == 14 * 2 * 4096
    assert values["slab TCPv6"] == 17 * 8 * 4096
    assert values["slab kmalloc-4k"] == 345 * 8 * 4096
    assert {s.width_bits for s in items[0].layout.series} == {0}
    assert not lost(items)


def test_of_other_caches_only_large_ones_are_kept():
    values, _ = read((CAPTURES / "procfs" / "proc_slabinfo").read_bytes())
    assert values["slab nvidia_pte_cache"] == 416 * 2 * 4096
    assert "slab nvidia_stack_cache" in values
    assert "slab pid_2" not in values
    assert values["slab skbuff_head_cache"] > 0


def test_a_cache_of_a_network_namespace_is_one_of_packets():
    values, items = read((CAPTURES / "insights" / "proc_slabinfo").read_bytes())
    assert values["slab nf_conntrack_ffffffffaf313a40"] == 4096
    assert not lost(items)


def test_rows_with_more_numbers_cost_themselves():
    values, items = read((CAPTURES / "mismatch" / "proc_slabinfo").read_bytes() + row("TCP"))
    assert values == {"slab TCP": 3 * 4096}
    assert lost(items) == [3, 4]


def test_a_truncated_line_costs_itself():
    _, items = read(row("TCP") + row("UDP")[:40])
    assert [len(item.layout) for item in items if isinstance(item, Frame)] == [1]
    assert lost(items) == [2]


def test_the_copies_of_a_kmalloc_cache_are_added_up():
    values, _ = read(row("kmalloc-rnd-01-64") + row("kmalloc-rnd-15-64", slabs=4) + row("kmalloc-64"))
    assert values == {"slab kmalloc-rnd-64": 7 * 4096, "slab kmalloc-64": 3 * 4096}


def test_other_caches_are_kept_from_one_mebibyte_on():
    assert read(row("dentry", slabs=256) + row("inode_cache", slabs=255))[0] == {"slab dentry": 1 << 20}


def test_the_copies_of_a_later_sample_are_added_up_apart():
    copies = row("kmalloc-rnd-01-64") + row("kmalloc-rnd-15-64", slabs=4)
    assert [list(item.values) for item in read(copies + copies)[1]] == [[28672], [28672]]


@pytest.mark.parametrize(("objects", "page"), [(512, 4096), (2048, 16384), (8192, 65536)])
def test_the_page_size_is_the_smallest_that_the_objects_fit_into(objects, page):
    values, _ = read(row("kmalloc-8", size=8, objects=objects) + row("UDP"))
    assert values == {"slab kmalloc-8": 3 * page, "slab UDP": 3 * page}


def test_a_cache_that_comes_again_is_a_later_sample():
    _, items = read(row("TCP") + row("UDP") + row("TCP", slabs=5) + row("UDP"))
    assert [list(item.values) for item in items] == [[12288, 12288], [20480, 12288]]


def test_a_cache_named_with_a_digit_of_another_script_costs_its_line():
    assert lost(read(row("TCP").replace(b"256", "²56".encode()))[1]) == [1]
    assert lost(read(row("TCP", slabs=10**18, pages=10**3))[1]) == [1]
