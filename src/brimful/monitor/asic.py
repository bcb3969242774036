"""What a switch makes of a configuration: the cells of its ASIC, the ranges of its histograms, and its limits.

Figures are those of the documentation of NVIDIA Cumulus Linux ("Buffer Monitoring" of 3.x, "ASIC Monitoring" of 5.x).
"""

from collections.abc import Iterable

from brimful.evidence.histogram import RANGES, asic_lows
from brimful.monitor.group import Group, Range
from brimful.monitor.keys import COUNTS

CHIPS = {96: "Spectrum-1", 144: "Spectrum-2 and Spectrum-3", 192: "Spectrum-4"}
"""By bytes of a cell."""

MOST_QUEUES = 64
"""Egress queues with a histogram that Cumulus Linux 3.x allows."""

PORTS_A_SECOND = 13
"""Ports whose packet and buffer statistics can be read: 13 each second, 128 every 10 seconds."""

COUNTERS_A_PORT = 2
"""Counter histograms that a physical port has at most."""

QUEUE_KINDS = ("histogram", "histogram_tc", "histogram_pg")
"""Kinds whose ranges are bytes of a queue, which an ASIC counts in cells."""

LEAST_SAMPLE_NS, MOST_SAMPLE_NS = 128, 1_000_000_000

SPECTRUM_2 = 144
SPECTRUM_4 = 192


def needs_cell(group: Group) -> int:
    """Return the cell of the oldest ASIC that can measure a group."""
    if any(counter.startswith("l1-") for counter in group.counter_types):
        return SPECTRUM_4
    return SPECTRUM_2 if group.stat_type in {"histogram_pg", "histogram_counter", "histogram_latency"} else 96


def counted(group: Group) -> bool:
    """Tell whether a group is of packet or buffer statistics, which are slow to read."""
    return group.stat_type in COUNTS


def width(one: Range, cell: int) -> int:
    """Return the width of ranges 1 to 8; 0 where it is less than a cell."""
    return one.size // cell // RANGES * cell


def lows(group: Group, cell: int) -> list[tuple[int, ...]]:
    """Return the lower bounds of each histogram of a queue; those that have no width are left out."""
    step = cell if group.stat_type in QUEUE_KINDS else 1
    return [asic_lows(one.minimum, one.size, step) for one in group.ranges if width(one, step)]


def named(cells: Iterable[int]) -> str:
    """Return ASICs as words."""
    return ", ".join(f"{CHIPS[cell]} (cells of {cell} bytes)" for cell in cells)
