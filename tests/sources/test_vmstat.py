from pathlib import Path

import pytest

from brimful.evidence.frame import Frame
from brimful.evidence.origin import Unread
from brimful.roots.base import Document
from brimful.sources.vmstat import vmstat

CAPTURES = Path(__file__).parents[1] / "captures" / "vmstat"


def read(data):
    items = list(vmstat(Document("/proc/vmstat", "file", data)))
    frames = [item for item in items if isinstance(item, Frame)]
    return {(s.meaning, s.raw): v for f in frames for s, v in zip(f.layout.series, f.values, strict=True)}, items


def test_an_old_kernel_has_one_counter_of_stalls():
    values, items = read((CAPTURES / "exporter" / "proc_vmstat").read_bytes())
    assert values == {
        ("host.memory.alloc_stalled", "allocstall"): 83165,
        ("host.memory.compact_failed", "compact_fail"): 164840,
        ("host.memory.killed", "oom_kill"): 0,
    }
    assert len(items) == 1


def test_a_newer_one_has_them_by_zone():
    values, _ = read((CAPTURES / "sosreport" / "proc_vmstat").read_bytes())
    stalls = {raw for meaning, raw in values if meaning == "host.memory.alloc_stalled"}
    assert stalls == {"allocstall_dma", "allocstall_dma32", "allocstall_normal", "allocstall_movable"}


def test_counters_again_are_a_later_sample():
    assert [list(item.values) for item in read(b"allocstall 1\noom_kill 2\nallocstall 3\noom_kill 4\n")[1]] == [
        [1, 2],
        [3, 4],
    ]


@pytest.mark.parametrize("line", ["oom_kill -1", "oom_kill ²", "oom_kill", "= 5"])
def test_a_line_that_cannot_be_read_costs_itself(line):
    values, items = read(f"compact_fail 7\n{line}\n".encode())
    assert values == {("host.memory.compact_failed", "compact_fail"): 7}
    assert [item.origin.line for item in items if isinstance(item, Unread)] == [2]
