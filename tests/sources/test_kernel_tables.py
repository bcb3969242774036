from pathlib import Path

import pytest

from brimful.evidence.frame import Frame
from brimful.evidence.origin import Unread
from brimful.roots.base import Document
from brimful.sources.kernel_tables import kernel_tables

CAPTURES = Path(__file__).parents[1] / "captures" / "kernel_tables"
CONNECTIONS = "/proc/net/stat/nf_conntrack"
NEIGHBOURS = "/proc/net/stat/arp_cache"


def read(name, data):
    items = list(kernel_tables(Document(name, "file", data)))
    frames = [item for item in items if isinstance(item, Frame)]
    numbers = [{(s.meaning, s.place): v for s, v in zip(f.layout.series, f.values, strict=True)} for f in frames]
    return numbers, [item for item in items if isinstance(item, Unread)], frames


def test_neighbours_of_a_host_of_two_processors():
    (numbers,), unread, (frame,) = read(NEIGHBOURS, (CAPTURES / "linux-6.18" / "proc_net_stat_arp_cache").read_bytes())
    assert unread == []
    assert numbers == {
        ("kernel.table.neighbour_used", "arp"): 4,
        ("kernel.table.neighbour_dropped", "arp/cpu 0"): 1016,
        ("kernel.table.neighbour_failed", "arp/cpu 0"): 2,
        ("kernel.table.neighbour_overflowed", "arp/cpu 0"): 0,
        ("kernel.table.neighbour_dropped", "arp/cpu 1"): 1524,
        ("kernel.table.neighbour_failed", "arp/cpu 1"): 3,
        ("kernel.table.neighbour_overflowed", "arp/cpu 1"): 0,
    }
    assert {s.meaning: s.width_bits for s in frame.layout.series}["kernel.table.neighbour_dropped"] == 64


def test_connections_by_the_names_of_an_older_kernel():
    text = b"""entries  searched found new invalid ignore delete delete_list insert insert_failed drop early_drop
00000a0b  00000001 00000002 00000003 00000004 00000005 00000006 00000007 00000008 00000009 0000000a ffffffff
00000a0b  00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000010 00000000
"""
    (numbers,), unread, (frame,) = read(CONNECTIONS, text)
    assert unread == []
    assert numbers == {
        ("kernel.table.conntrack_used", "conntrack"): 0xA0B,
        ("kernel.table.conntrack_dropped", "conntrack/cpu 0"): 10,
        ("kernel.table.conntrack_evicted", "conntrack/cpu 0"): 0xFFFFFFFF,
        ("kernel.table.conntrack_failed", "conntrack/cpu 0"): 9,
        ("kernel.table.conntrack_dropped", "conntrack/cpu 1"): 16,
        ("kernel.table.conntrack_evicted", "conntrack/cpu 1"): 0,
        ("kernel.table.conntrack_failed", "conntrack/cpu 1"): 0,
    }
    widths = {s.meaning: s.width_bits for s in frame.layout.series}
    assert (widths["kernel.table.conntrack_used"], widths["kernel.table.conntrack_dropped"]) == (0, 32)


def test_connections_by_the_names_of_a_newer_kernel():
    data = (CAPTURES / "linux-6.18" / "proc_net_stat_nf_conntrack").read_bytes()
    (numbers,), unread, _ = read(CONNECTIONS, data)
    assert unread == []
    assert numbers["kernel.table.conntrack_used", "conntrack"] == 0
    assert len(numbers) == 7


def test_a_second_sample_in_one_file_is_a_second_frame():
    numbers, unread, _ = read(NEIGHBOURS, 2 * b"entries unresolved_discards\n00000001 00000002\n00000001 00000003\n")
    assert len(numbers) == 2
    assert numbers[0] == numbers[1]
    assert unread == []


@pytest.mark.parametrize("line", ["00000001", "00000001 x", "00000001 -0000001", "1 2", "00000001 00000002 00000003"])
def test_a_line_that_cannot_be_read_is_still_a_processor(line):
    text = f"entries unresolved_discards\n00000001 00000002\n{line}\n\n00000001 00000005\n"
    (numbers,), unread, _ = read(NEIGHBOURS, text.encode())
    assert numbers == {
        ("kernel.table.neighbour_used", "arp"): 1,
        ("kernel.table.neighbour_dropped", "arp/cpu 0"): 2,
        ("kernel.table.neighbour_dropped", "arp/cpu 2"): 5,
    }
    assert [item.origin.line for item in unread] == [3]


def test_numbers_without_names_are_not_guessed():
    assert read(CONNECTIONS, b"00000001 00000002\n")[0] == []
