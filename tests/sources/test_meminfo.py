from pathlib import Path

import pytest

from brimful.evidence.frame import Frame
from brimful.evidence.origin import Unread
from brimful.roots.base import Document
from brimful.sources.meminfo import meminfo

CAPTURES = Path(__file__).parents[1] / "captures" / "meminfo"
SMALL = "MemTotal: 1000 kB\nMemFree: 100 kB\nBuffers: 50 kB\nCached: 200 kB\nAnonPages: 300 kB\nSlab: 80 kB\n"


def read(data):
    items = list(meminfo(Document("/proc/meminfo", "file", data)))
    frames = [item for item in items if isinstance(item, Frame)]
    return {s.meaning: v for f in frames for s, v in zip(f.layout.series, f.values, strict=True)}, items


def test_kilobytes_become_bytes():
    values, items = read((CAPTURES / "sosreport" / "proc_meminfo").read_bytes())
    assert values["host.memory.total"] == 4026036 * 1024
    assert values["host.memory.free"] == 129248 * 1024
    assert values["host.memory.available"] == 2775844 * 1024
    assert values["host.memory.slab_unreclaimable"] == 85876 * 1024
    named = 129248 + 102024 + 2658200 + 814448 + 259632 + 5280 + 7208 + 29668 + 2184
    assert values["host.memory.unaccounted"] == (4026036 - named) * 1024
    assert len(items) == 1


def test_an_old_kernel_has_no_memavailable_and_an_address_space_is_no_memory():
    values, _ = read((CAPTURES / "procfs" / "proc_meminfo").read_bytes())
    assert "host.memory.available" not in values
    assert 0 < values["host.memory.unaccounted"] < values["host.memory.total"]
    whole, _ = read(f"{SMALL}VmallocUsed: 34359738367 kB\n".encode())
    assert whole["host.memory.unaccounted"] == 270 * 1024


def test_a_part_has_no_remainder():
    values, _ = read((CAPTURES / "part" / "proc_meminfo").read_bytes())
    assert values == {"host.memory.total": 8009912 * 1024, "host.memory.available": 6820236 * 1024}


@pytest.mark.parametrize("line", SMALL.splitlines(keepends=True))
def test_without_one_of_its_lines_there_is_no_remainder(line):
    assert "host.memory.unaccounted" not in read(SMALL.replace(line, "").encode())[0]
    assert read(SMALL.encode())[0]["host.memory.unaccounted"] == 270 * 1024


@pytest.mark.parametrize("name", ["SwapCached", "KernelStack", "PageTables", "SecPageTables", "Percpu", "Hugetlb"])
def test_what_has_a_name_is_not_unaccounted(name):
    assert read(f"{SMALL}{name}: 70 kB\n".encode())[0]["host.memory.unaccounted"] == 200 * 1024


@pytest.mark.parametrize("name", ["Mapped", "Shmem", "Active(anon)", "SReclaimable", "CommitLimit", "HugePages_Total"])
def test_what_is_part_of_another_line_is_not_taken_twice(name):
    assert read(f"{SMALL}{name}: 70 kB\n".encode())[0]["host.memory.unaccounted"] == 270 * 1024


def test_huge_pages_are_counted_once_whatever_the_kernel_calls_them():
    pages = "HugePages_Total: 2\nHugepagesize: 50 kB\n"
    assert read(f"{SMALL}{pages}".encode())[0]["host.memory.unaccounted"] == 170 * 1024
    assert read(f"{SMALL}{pages}Hugetlb: 120 kB\n".encode())[0]["host.memory.unaccounted"] == 150 * 1024


def test_more_named_than_there_is_leaves_nothing():
    assert read(f"{SMALL}VmallocUsed: 5000 kB\n".encode())[0]["host.memory.unaccounted"] == 0


def test_the_same_lines_again_are_a_later_sample():
    _, items = read((SMALL + SMALL.replace("100 kB", "90 kB")).encode())
    assert [item.values[-1] for item in items] == [270 * 1024, 280 * 1024]


@pytest.mark.parametrize(
    "line", ["MemFree: -1 kB", "MemFree: ² kB", "MemFree 5 kB", "MemFree: 99999999999999999999 kB"]
)
def test_a_line_that_cannot_be_read_costs_itself(line):
    values, items = read(f"MemTotal: 10 kB\n{line}\n".encode())
    assert values == {"host.memory.total": 10240}
    assert [item.origin.line for item in items if isinstance(item, Unread)] == [2]
