from pathlib import Path

import pytest

from brimful.evidence.evidence import Evidence
from brimful.evidence.frame import Frame
from brimful.evidence.origin import Unread
from brimful.roots.base import Document
from brimful.sources.softirqs import softirqs

CAPTURES = Path(__file__).parents[1] / "captures" / "softirqs"
HEAD = b"                    CPU0       CPU2       \n"


def read(data):
    items = list(softirqs(Document("/proc/softirqs", "file", data)))
    frames = [item for item in items if isinstance(item, Frame)]
    return {s.place: v for f in frames for s, v in zip(f.layout.series, f.values, strict=True)}, items


def test_receive_softirqs_of_each_cpu():
    assert read((CAPTURES / "sosreport" / "proc_softirqs").read_bytes())[0] == {"cpu 0": 157189, "cpu 1": 251696}
    assert read((CAPTURES / "procfs" / "proc_softirqs").read_bytes())[0] == {"cpu 0": 55919, "cpu 1": 28694}
    values, items = read((CAPTURES / "jc" / "proc_softirqs").read_bytes())
    assert len(values) == 128
    assert (values["cpu 0"], values["cpu 1"]) == (61, 128016)
    assert len(items) == 1


def test_cpus_are_named_by_the_first_line():
    assert read(HEAD + b"NET_RX: 5 6\n")[0] == {"cpu 0": 5, "cpu 2": 6}


def test_counters_wrap_at_32_bits():
    items = [item for count in (4294967290, 4) for item in read(HEAD + f"NET_RX: {count} 0\n".encode())[1]]
    assert Evidence(items).readings("softnet.backlog.receive_softirqs")[0].delta == 10


@pytest.mark.parametrize("row", [b"NET_RX: 5", b"NET_RX: 5 6 7", b"NET_RX: 5 -6", b"NET_RX: 5 \xc2\xb2", b"NET RX 5 6"])
def test_a_row_that_does_not_fit_costs_itself(row):
    values, items = read(HEAD + row + b"\n")
    assert values == {}
    assert [item.origin.line for item in items if isinstance(item, Unread)] == [2]
    assert len(read(b"NET_RX: 5\n")[1]) == 1
