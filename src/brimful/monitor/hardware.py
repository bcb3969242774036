"""What a switch cannot do of a configuration: ranges without width, thresholds it cannot see, too many queues."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from brimful.evidence.histogram import RANGES
from brimful.monitor import asic, collecting, ports
from brimful.monitor.conf import Written
from brimful.monitor.cost import queues
from brimful.monitor.finding import Finding, problem, remark
from brimful.monitor.group import Group, Range
from brimful.monitor.keys import HISTOGRAMS

MINIMUM = "histogram.minimum_bytes_boundary"
SIZE = "histogram.histogram_size_bytes"
SAMPLE = "histogram.sample_time_ns"


def ranges(written: Written, group: Group, cells: Sequence[int]) -> Iterator[Finding]:
    """Yield ranges that are not what is written, for they are counted in cells."""
    if group.stat_type not in HISTOGRAMS:
        return
    if group.stat_type not in asic.QUEUE_KINDS:
        cells = (1,)
    for one in group.ranges:
        flat = [cell for cell in cells if not asic.width(one, cell)]
        if flat:
            what = f"{one.size:,} bytes are less than {RANGES} cells: ranges 1 to 8 have no width"
            yield problem(written, group.name, SIZE, f"{what}{_on(flat)}")
        below = [cell for cell in cells if one.minimum < cell]
        if below:
            yield problem(written, group.name, MINIMUM, f"range 0 has no width{_on(below)}")
        yield from _rounded(written, group, one, [cell for cell in cells if cell not in flat + below])


def _rounded(written: Written, group: Group, one: Range, cells: Sequence[int]) -> Iterator[Finding]:
    """Yield what becomes of a boundary and of a size that are no multiples."""
    low = [(cell, f"{one.minimum // cell * cell:,}") for cell in cells if one.minimum % cell]
    if low:
        what = f"{one.minimum:,} bytes are no multiple of a cell: range 1 begins at"
        yield remark(written, group.name, MINIMUM, f"{what} {_each(low)}")
    size = [
        (
            cell,
            f"{asic.width(one, cell):,} bytes, range 9 begins at {one.minimum // cell * cell + RANGES * asic.width(one, cell):,}",
        )
        for cell in cells
        if one.size % (cell * RANGES)
    ]
    if size:
        what = f"{one.size:,} bytes are no multiple of {RANGES} cells: each range is"
        yield remark(written, group.name, SIZE, f"{what} {_each(size)}")


def thresholds(written: Written, group: Group, cells: Sequence[int]) -> Iterator[Finding]:
    """Yield thresholds that lie inside a range: a histogram does not tell on which side of them a queue was."""
    if group.stat_type not in HISTOGRAMS:
        return
    if group.stat_type not in asic.QUEUE_KINDS:
        cells = (1,)
    bounds = [(cell, sorted({low for one in asic.lows(group, cell) for low in one})) for cell in cells]
    bounds = [(cell, known) for cell, known in bounds if known]
    for action in group.actions:
        level = action.when.rise
        if level is not None and not level.of_limit:
            key = f"{action.deed}.{action.when.statistic}"
            key = key if key in written.settings[group.name] else f"{action.deed}.rise"
            yield from _threshold(written, group, key, level.value, bounds)


def _threshold(
    written: Written, group: Group, key: str, value: float, bounds: Sequence[tuple[int, list[int]]]
) -> Iterator[Finding]:
    zero = [(cell, f"0 to {known[1] - 1:,}") for cell, known in bounds if 0 < value < known[1]]
    if zero:
        first = ", ".join(dict.fromkeys(f"{known[1]:,}" for cell, known in bounds if 0 < value < known[1]))
        what = f"{value:,.15g} lies inside range 0, {_each(zero)}: it tells no such queue from an empty one"
        yield problem(written, group.name, key, f"{what}, and is taken for {first}")
    above = [(cell, f"{known[-1]:,}") for cell, known in bounds if value > known[-1]]
    if above:
        what = f"{value:,.15g} lies above the last bound, {_each(above)}: nothing is ever seen to reach it"
        yield problem(written, group.name, key, what)
    inside = [
        (cell, f"{next(low for low in known if low > value):,}")
        for cell, known in bounds
        if known[1] < value < known[-1] and value not in known
    ]
    if inside:
        yield remark(written, group.name, key, f"{value:,.15g} lies inside a range, and is taken for {_each(inside)}")


def support(written: Written, group: Group, cells: Sequence[int]) -> Iterator[Finding]:
    """Yield what the ASIC does not have, or not so much of."""
    unable = [cell for cell in cells if cell < asic.needs_cell(group)]
    if unable:
        tell = remark if len(unable) < len(cells) else problem
        name = "counter_type" if asic.needs_cell(group) == asic.SPECTRUM_4 else "stat_type"
        yield tell(written, group.name, name, f"is not measured by {asic.named(unable)}")
    counters = len(group.counter_types)
    if group.stat_type == "histogram_counter" and counters > asic.COUNTERS_A_PORT:
        what = f"{counters} counters of each port: a switch has histograms of {asic.COUNTERS_A_PORT} at most"
        yield problem(written, group.name, "counter_type", what)
    if group.stat_type in HISTOGRAMS and not asic.LEAST_SAMPLE_NS <= group.sample_ns <= asic.MOST_SAMPLE_NS:
        what = f"{group.sample_ns:,} ns: a switch takes {asic.LEAST_SAMPLE_NS} to {asic.MOST_SAMPLE_NS:,}"
        yield remark(written, group.name, SAMPLE, what)


def too_fast(written: Written, group: Group, every_s: float | None) -> Iterator[Finding]:
    """Yield a timer that is too fast for the ports it reads."""
    named = ports.count(group.ports)
    if every_s is None or named is None or not asic.counted(group) or named <= asic.PORTS_A_SECOND * every_s:
        return
    what = f"{named} ports every {every_s:g} s: a switch reads {asic.PORTS_A_SECOND} ports each second, 128 every 10 s"
    if group.timer_s == every_s:
        yield problem(written, group.name, "timer", what)
    else:
        yield remark(written, group.name, "port_set", f"when each reading collects it, {what}")


def queue_limit(written: Written) -> Iterator[Finding]:
    """Yield more histograms than the hardware has: 64 egress queues in 3.x, one for each port on average since."""
    config = written.config
    running = [config.groups[name] for name in collecting.periods(config)]
    measured = [group for group in running if group.stat_type in asic.QUEUE_KINDS]
    for group in measured:
        each = len(group.cos)
        if not group.ports and each > 1:
            what = f"{each} histograms of every port: a switch has one for each port on average"
            yield problem(written, group.name, "cos_list", what)
    counts = [(group, queues(group)) for group in measured]
    old = [(group, count) for group, count in counts if group.stat_type == "histogram" and count]
    total = sum(count for _, count in old)
    if total > asic.MOST_QUEUES:
        what = f"{total} egress queues are measured: Cumulus Linux 3.x allows {asic.MOST_QUEUES}"
        yield problem(written, old[-1][0].name, "port_set", what)
    new = [(group, count) for group, count in counts if group.stat_type != "histogram" and count and len(group.cos) > 1]
    for group, count in new:
        what = f"{count} histograms: a switch has one for each port on average, so {count} ports or more are needed"
        yield remark(written, group.name, "cos_list", what)


CHECKS: tuple[Callable[[Written, Group, Sequence[int]], Iterable[Finding]], ...] = (ranges, thresholds, support)


def _each(found: Sequence[tuple[int, str]]) -> str:
    """Return what holds on each ASIC; once where it holds on all alike."""
    if {cell for cell, _ in found} == {1}:
        return found[0][1]
    return ", ".join(f"{text} on {asic.CHIPS[cell]}" for cell, text in found)


def _on(cells: Sequence[int]) -> str:
    return "" if list(cells) == [1] else f" on {asic.named(cells)}"
