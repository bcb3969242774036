from pathlib import Path

import pytest

from brimful.evidence.evidence import Evidence
from brimful.evidence.frame import Frame
from brimful.evidence.origin import Unread
from brimful.roots.base import Document
from brimful.sources.softnet import softnet

CAPTURES = Path(__file__).parents[1] / "captures" / "softnet"


def read(data):
    items = list(softnet(Document("/proc/net/softnet_stat", "file", data)))
    frames = [item for item in items if isinstance(item, Frame)]
    return {(s.place, s.raw): v for f in frames for s, v in zip(f.layout.series, f.values, strict=True)}, items


def lost(items):
    return [item.origin.line for item in items if isinstance(item, Unread)]


def test_columns_are_read_by_the_length_of_their_line():
    values, items = read((CAPTURES / "all-columns" / "proc_net_softnet_stat").read_bytes())
    assert values["cpu 0", "processed"] == 0x00358FE3
    assert values["cpu 0", "dropped"] == 0x6283
    assert values["cpu 1", "time_squeeze"] == 0xB1
    assert values["cpu 1", "received_rps"] == 0x008EEB9A
    assert values["cpu 1", "flow_limit_count"] == 0x2B
    assert values["cpu 1", "backlog_len"] == 0xDC
    # 11 columns, 9 columns, 10 columns: no number of the CPU in them
    assert values["cpu 2", "received_rps"] == 3
    assert values["cpu 2", "flow_limit_count"] == 2
    assert {raw for cpu, raw in values if cpu == "cpu 3"} == {"processed", "dropped", "time_squeeze"}
    assert values["cpu 4", "received_rps"] == 0x10
    assert not lost(items)


def test_a_cpu_s_own_number_counts_not_its_line():
    row = "00000001 00000002 00000003" + " 00000000" * 9
    values, items = read(f"{row} 00000007\n{row} 0000000b 00000000 00000000\n".encode())
    assert {place for place, _ in values} == {"cpu 7", "cpu 11"}
    assert {s.doubt for s in items[0].layout.series} == {""}


def test_without_a_number_the_line_stands_for_it_and_that_is_doubted():
    values, items = read((CAPTURES / "ten-columns" / "softnet_stat1").read_bytes())
    assert {place for place, _ in values} == {f"cpu {n}" for n in range(8)}
    assert values["cpu 7", "processed"] == 0x7C0F3F79
    assert all("lines" in s.doubt for s in items[0].layout.series)


def test_counters_wrap_at_32_bits_and_a_length_does_not():
    _, items = read((CAPTURES / "fifteen-columns" / "proc_net_softnet_stat").read_bytes())
    widths = {s.raw: s.width_bits for s in items[0].layout.series}
    assert widths.pop("backlog_len") == 0
    assert set(widths.values()) == {32}
    before, after = b"fffffff0" + b" 00000000" * 8, b"0000000f" + b" 00000000" * 8
    evidence = Evidence([*read(before)[1], *read(after)[1]])
    assert evidence.readings("softnet.backlog.passed")[0].delta == 31


def test_a_backlog_length_without_a_cpu_number_is_still_one():
    values, _ = read(b"00000001" + b" 00000000" * 10 + b" 00000009\n")
    assert values["cpu 0", "backlog_len"] == 9


def test_the_same_cpu_again_is_a_later_sample():
    data = (CAPTURES / "thirteen-columns" / "softnet_stat").read_bytes()
    _, items = read(data + b"\n" + data)
    assert [len(item.layout) for item in items] == [30, 30]


def test_too_few_columns_cost_the_line():
    assert lost(read((CAPTURES / "four-columns" / "proc_net_softnet_stat").read_bytes())[1]) == [1]


@pytest.mark.parametrize("word", [b"0000000g", b"000000001", b"-0000001", "²0000000".encode(), b"1"])
def test_a_line_that_cannot_be_read_is_a_cpu_all_the_same(word):
    row = b"00000005" + b" 00000000" * 8
    values, items = read(row + b"\n" + word + b" 00000000" * 8 + b"\n" + row)
    assert {place for place, _ in values} == {"cpu 0", "cpu 2"}
    assert lost(items) == [2]


ROW = "{:08x} " + "00000000 " * 11 + "{:08x}\n"


def of_cpus(*cpus):
    return "".join(ROW.format(10 + number, cpu) for number, cpu in enumerate(cpus)).encode()


@pytest.mark.parametrize(
    ("cpus", "frames", "twice"),
    [
        ((0, 1, 2), 1, 0),
        ((0, 1, 0, 1), 2, 0),
        ((0, 1, 0, 1, 0, 1), 3, 0),
        ((0, 1, 2, 0, 1), 1, 2),
        ((0, 1, 2, 3, 0), 1, 1),
        ((0, 1, 2, 2), 1, 1),
        ((0, 1, 2, 1, 0), 1, 2),
    ],
)
def test_a_cpu_again_is_a_later_sample_only_where_all_come_again_in_order(cpus, frames, twice):
    items = list(softnet(Document("/proc/net/softnet_stat", "file", of_cpus(*cpus))))
    assert sum(isinstance(item, Frame) for item in items) == frames
    wrong = [item for item in items if isinstance(item, Unread)]
    assert len(wrong) == twice
    assert all("twice" in item.why for item in wrong)
