from pathlib import Path

import pytest

from brimful.evidence.frame import Frame
from brimful.evidence.origin import Unread
from brimful.roots.base import Document
from brimful.sources.pressure import pressure

CAPTURES = Path(__file__).parents[1] / "captures" / "pressure" / "procfs"
LINE = "some avg10=0.10 avg60=2.00 avg300=3.85 total={}\n"


def read(resource, data):
    items = list(pressure(Document(f"/proc/pressure/{resource}", "file", data)))
    frames = [item for item in items if isinstance(item, Frame)]
    return [(s.meaning, v) for f in frames for s, v in zip(f.layout.series, f.values, strict=True)], items


def test_what_waited_is_told_by_the_file():
    memory, _ = read("memory", (CAPTURES / "proc_pressure_memory").read_bytes())
    cpu, _ = read("cpu", (CAPTURES / "proc_pressure_cpu").read_bytes())
    assert memory == [("host.memory.stalled", 15)]
    assert cpu == [("socket.receive.cpu_waited", 15)]


def test_lines_again_are_later_samples():
    assert read("cpu", (LINE.format(5) + LINE.format(9)).encode())[0] == [
        ("socket.receive.cpu_waited", 5),
        ("socket.receive.cpu_waited", 9),
    ]


@pytest.mark.parametrize("text", [LINE.format("-1"), LINE.format("9" * 30), "some avg10=0.00\n", "none\n"])
def test_a_line_that_cannot_be_read_costs_itself(text):
    values, items = read("memory", (text + LINE.format(3)).encode())
    assert values == [("host.memory.stalled", 3)]
    assert [item.origin.line for item in items if isinstance(item, Unread)] == [1]
