from pathlib import Path

import pytest

from brimful.evidence.frame import Frame
from brimful.evidence.origin import Unread
from brimful.roots.base import Document
from brimful.sources.cpu import cpu

CAPTURES = Path(__file__).parents[1] / "captures" / "cpu"


def read(data, name="/proc/stat"):
    items = list(cpu(Document(name, "file", data)))
    frames = [item for item in items if isinstance(item, Frame)]
    return {
        (s.place, s.meaning.rpartition(".")[2]): v
        for f in frames
        for s, v in zip(f.layout.series, f.values, strict=True)
    }, items


def test_each_cpu_has_its_times_and_their_sum_has_none():
    values, items = read((CAPTURES / "sosreport" / "proc_stat").read_bytes())
    assert values == {
        ("cpu 0", "softirq_time"): 361,
        ("cpu 0", "idle_time"): 100219 + 6601,
        ("cpu 0", "stolen_time"): 113,
        ("cpu 0", "total_time"): 34101 + 414 + 11344 + 100219 + 6601 + 0 + 361 + 113,
        ("cpu 1", "softirq_time"): 215,
        ("cpu 1", "idle_time"): 100303 + 4841,
        ("cpu 1", "stolen_time"): 116,
        ("cpu 1", "total_time"): 35384 + 482 + 11520 + 100303 + 4841 + 0 + 215 + 116,
    }
    assert len(items) == 1


def test_guest_time_is_part_of_user_time():
    assert read(b"cpu3 10 1 2 3 4 5 6 7 9 1\n")[0]["cpu 3", "total_time"] == 38


def test_an_old_kernel_knows_of_no_stolen_time():
    values, _ = read(b"cpu0 1 2 3 4 5 6 7\n")
    assert ("cpu 0", "stolen_time") not in values
    assert values["cpu 0", "total_time"] == 28


def test_ksoftirqd_is_told_by_its_name():
    text = (CAPTURES / "ksoftirqd" / "stat").read_bytes()
    assert read(text, "/proc/22/stat")[0] == {("cpu 1", "ksoftirqd_time"): 79}
    assert read(text.replace(b"ksoftirqd/1", b"migration/1"), "/proc/22/stat") == ({}, [])


def test_cpus_again_are_a_later_sample():
    assert len(read(b"cpu0 1 2 3 4 5 6 7 8\ncpu0 2 2 3 4 5 6 7 8\n")[1]) == 2


@pytest.mark.parametrize(
    "line",
    ["cpu0 1 2 3 4 5 6", "cpu0 1 2 3 -4 5 6 7", "cpu0 1 2 3 4 5 6 99999999999999999999", "cpux 1", "what is this", "²"],
)
def test_a_line_that_cannot_be_read_costs_itself(line):
    values, items = read(f"cpu 9 9 9 9\n{line}\ncpu1 1 2 3 4 5 6 7 8\nctxt 5\n".encode())
    assert {place for place, _ in values} == {"cpu 1"}
    assert [item.origin.line for item in items if isinstance(item, Unread)] == [2]


def test_a_sum_wider_than_64_bits_costs_its_line():
    _, items = read(b"cpu0" + b" 18446744073709551615" * 8)
    assert [type(item) for item in items] == [Unread]
