"""Draws what a simulation gave for a person: who lost first, losses with intervals, the ledger, levels over time, a sweep."""

from collections.abc import Iterator, Sequence

from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from brimful.chain.meaning import MEANINGS
from brimful.monitor.telling import duration, percent
from brimful.simulate.assembly import limits
from brimful.simulate.counters import counters
from brimful.simulate.experiment import Result
from brimful.simulate.levels import Levels, highest
from brimful.simulate.replications import Interval
from brimful.simulate.scenario import Scenario
from brimful.simulate.stage import Account
from brimful.simulate.summary import Fill, First, Loss, Summary

EIGHTHS = " ▁▂▃▄▅▆▇█"
ASCII_EIGHTHS = " .-=#"
SHADES = " ░▒▓█"
ASCII_SHADES = " .-+#"
HEIGHT = 4
"""Lines of a buffer's curve."""
MOST_COLUMNS = 100
NARROW = 84
SHARES = (("on blue", 1e-4), ("on cyan", 1e-3), ("on yellow", 1e-2), ("on red", 1e-1))
"""Colours of a heat map's cells from these shares of loss on."""
AXES = 2
FILLED = 0.1
"""Share of its limit that a buffer must have reached to be drawn, where any did."""


class Sheet:
    """One report. `blocks`: whether the output can show block characters."""

    def __init__(self, console: Console, *, blocks: bool) -> None:
        self._console = console
        self._eighths = EIGHTHS if blocks else ASCII_EIGHTHS
        self._shades = SHADES if blocks else ASCII_SHADES
        self._unknown = "·" if blocks else ","
        self._narrow = console.width < NARROW

    def draw(self, scenario: Scenario, results: Sequence[Result], seen: Levels | None) -> None:
        """Print it."""
        parts = self._sweep(scenario, results) if scenario.sweep else self._one(results[0], seen)
        for part in parts:
            self._console.print(part, soft_wrap=isinstance(part, Text))

    def _one(self, result: Result, seen: Levels | None) -> Iterator[RenderableType]:
        scenario, found = result.point.scenario, result.summary
        yield Text(f"{answer(found)}.", style="bold red" if found.lost else "bold green")
        if found.overflows_ns:
            low, high = min(found.overflows_ns), max(found.overflows_ns)
            yield Text(f"from when other work took the CPU to the first loss: {_between(low, high)}.")
        yield Text(_of(scenario, f"{found.arrived // found.replications:,} packets each"), style="dim")
        yield Text("")
        if found.losses:
            yield _losses(found)
            yield Text("")
            yield from _counters(scenario, found)
        yield _ledger(found)
        yield Text("")
        yield self._fills(scenario, found)
        if seen is not None and seen.count:
            yield Text("")
            yield from self._levels(scenario, seen)

    def _fills(self, scenario: Scenario, found: Summary) -> Table:
        table = _table("buffer", "highest", "of", "")
        table.columns[-1].header = "seen by arrivals: 0, 1, 2-3, 4-7, ..."
        table.columns[-1].justify = "left"
        most = limits(scenario)
        for fill in found.fills:
            limit = most.get(fill.buffer)
            of = "no limit" if limit is None else f"{limit:,} ({percent(fill.highest / limit)})"
            table.add_row(fill.buffer, f"{fill.highest:,}", of, self._histogram(fill))
        return table

    def _histogram(self, fill: Fill) -> str:
        """Draw how often a packet found so many: a shade for each power of two."""
        whole = sum(fill.seen) or 1
        return "".join(self._shade(count / whole) for count in fill.seen).rstrip()

    def _shade(self, part: float) -> str:
        return self._shades[sum(part >= least for least in (1e-9, 1e-3, 1e-2, 1e-1))]

    def _levels(self, scenario: Scenario, seen: Levels) -> Iterator[Text]:
        """Draw a curve for each buffer, and below them when packets were lost."""
        most = limits(scenario)
        label = max(
            (len(f"{max(most.get(name, 0), highest(row) or 0):,}") for name, row in seen.levels.items()), default=1
        )
        drawn = shown(seen, most).columns(max(8, min(MOST_COLUMNS, self._console.width - label - 2)))
        for name, row in drawn.levels.items():
            top = max(most.get(name, 0), highest(row) or 0, 1)
            yield Text(f"{name} over time (the first run)", style="bold")
            for number, line in enumerate(self._curve(row, top)):
                mark = f"{top:,}" if not number else "0" if number == HEIGHT - 1 else ""
                yield Text.assemble((f"{mark:>{label}} ", "dim"), (line, "cyan"))
        for name, counts in drawn.lost.items():
            marks = "".join("x" if lost else "." for lost in counts)
            yield Text(f"{name}, lost at x", style="bold")
            yield Text.assemble(" " * (label + 1), (marks, "red"))
        end = duration(round(seen.step_ns * seen.count))
        gap = " " * max(2, drawn.count - 1 - len(end))
        blank = f"; {self._unknown} no packet came" if any(None in row for row in drawn.levels.values()) else ""
        yield Text(f"{' ' * label} 0{gap}{end}; each column {duration(round(drawn.step_ns))}{blank}", style="dim")

    def _curve(self, row: Sequence[int | None], top: int) -> Iterator[str]:
        steps = len(self._eighths) - 1
        heights = [None if level is None else min(HEIGHT * steps, -(-level * HEIGHT * steps // top)) for level in row]
        for line in reversed(range(HEIGHT)):
            unknown = " " if line else self._unknown
            yield "".join(
                unknown if height is None else self._eighths[max(0, min(steps, height - line * steps))]
                for height in heights
            )

    def _sweep(self, scenario: Scenario, results: Sequence[Result]) -> Iterator[RenderableType]:
        keys = tuple(scenario.sweep)
        table = _table(*keys, "lost of all, 95 %", "lost first", "after")
        for result in results:
            found = result.summary
            first = found.firsts[0] if found.firsts else None
            values = [_value(value) for _, value in result.point.set]
            table.add_row(*values, share(found.total), first.meaning if first else "", _after(first) if first else "")
        yield table
        if len(keys) == AXES:
            yield Text("")
            yield self._heat(keys, scenario, results)
        yield Text("")
        yield Text(_of(scenario, "at each point"), style="dim")

    def _heat(self, keys: tuple[str, ...], scenario: Scenario, results: Sequence[Result]) -> Table:
        """Draw the share that is lost: the first key from top to bottom, the second from left to right."""
        across = scenario.sweep[keys[1]]
        table = _table(f"{keys[0]} / {keys[1]}", *(_value(value) for value in across))
        for number, value in enumerate(scenario.sweep[keys[0]]):
            row = results[number * len(across) : (number + 1) * len(across)]
            table.add_row(_value(value), *(_cell(result.summary.total) for result in row))
        return table


def shown(seen: Levels, most: dict[str, int]) -> Levels:
    """Return the levels that are worth a curve: in the unit of the limit, and of those that filled, if any did."""
    known = set(seen.levels)
    rows = {name: row for name, row in seen.levels.items() if not {f"{name}.bytes", f"{name}.charged"} & known}
    parts = {name: (highest(row) or 0) / most[name] if name in most else 1.0 for name, row in rows.items()}
    least = min(FILLED, max(parts.values(), default=0.0))
    return Levels(seen.step_ns, seen.count, {name: rows[name] for name in rows if parts[name] >= least}, seen.lost)


def answer(found: Summary) -> str:
    """Return the answer in one sentence: how much of all is lost, and what was lost first and when."""
    if not found.lost:
        waited = [loss.packets for loss in found.losses if _of_packets(loss.meaning)]
        near = f"; {_count(waited[0])} a run had to wait" if waited else ""
        return (
            f"no packet is lost in {found.replications} runs of {found.arrived // found.replications:,} packets{near}"
        )
    first = found.firsts[0]
    runs = (
        f"all {first.runs} runs" if first.runs == found.replications else f"{first.runs} of {found.replications} runs"
    )
    what = MEANINGS[first.meaning].text if first.meaning in MEANINGS else first.meaning
    return f"lost of all packets: {share(found.total)}; first, after {_after(first)} in {runs}: {what}"


def _of_packets(meaning: str) -> bool:
    return meaning in MEANINGS and MEANINGS[meaning].unit in {"packets", "frames"}


def share(interval: Interval) -> str:
    """Return a share of the packets with its interval: `3.8 % (3.6 to 4 %)` without blanks before the sign."""
    if interval.high is None:
        return f"none in {interval.runs} runs"
    if interval.low == interval.high:
        return f"{percent(interval.mean)} in every run"
    rough = ", rough" if interval.rough else ""
    return f"{percent(interval.mean)} ({percent(interval.low)} to {percent(min(1.0, interval.high))}{rough})"


def _of(scenario: Scenario, more: str) -> str:
    run = scenario.run
    name = f"{scenario.name}: " if scenario.name else ""
    runs = f"{run.replications} runs of {duration(round(run.seconds * 1e9))}"
    return f"{name}{runs}, {more}, seeds {run.seed} to {run.seed + run.replications - 1}"


def _losses(found: Summary) -> Table:
    table = _table("lost, or nearly (near)", "packets a run", "of all, 95 %", "in runs", "first lost after")
    for loss in found.losses:
        name = Text(f"{loss.meaning} (near)" if loss.near else loss.meaning, style="yellow" if loss.near else "red")
        table.add_row(
            name,
            _count(loss.packets),
            share(loss.share) if _of_packets(loss.meaning) else "",
            f"{loss.runs} of {found.replications}",
            _first(loss),
        )
    return table


def counters_of(loss: Loss, driver: str) -> list[str]:
    """Return the counters that count these, of the driver or of the kernel."""
    return [one.name for one in counters([Account(lost={loss.meaning: 1})], driver).moved]


def _counters(scenario: Scenario, found: Summary) -> Iterator[RenderableType]:
    """Say which counters would move, and what none would show."""
    driver = scenario.nic.driver
    table = _table(f"counters that move ({driver})", "")
    table.columns[-1].justify = "left"
    for loss in found.losses:
        names = counters_of(loss, driver)
        table.add_row(loss.meaning, ", ".join(names) if names else Text("no counter of this host", style="dim"))
    yield from (table, Text(""))


def _ledger(found: Summary) -> Table:
    table = _table("stage", "arrived", "delivered", "lost", "still inside")
    for line in found.ledger:
        table.add_row(line.stage, *(f"{one:,}" for one in (line.arrived, line.delivered, line.lost, line.inside)))
    return table


def _table(first: str, *others: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column(first)
    for name in others:
        table.add_column(name, justify="right")
    return table


def _count(packets: Interval) -> str:
    if packets.high is None or packets.low == packets.high:
        return f"{packets.mean:,.0f}"
    return f"{packets.mean:,.0f} ({packets.low:,.0f} to {packets.high:,.0f})"


def _first(loss: Loss) -> str:
    return _between(min(loss.first_ns), max(loss.first_ns)) if loss.first_ns else ""


def _after(first: First) -> str:
    return _between(first.earliest_ns, first.latest_ns)


def _between(low: float, high: float) -> str:
    texts = duration(round(low)), duration(round(high))
    return texts[0] if texts[0] == texts[1] else f"{texts[0]} to {texts[1]}"


def _value(value: object) -> str:
    return f"{value:,}" if isinstance(value, int | float) and not isinstance(value, bool) else str(value)


def _cell(total: Interval) -> Text:
    style = next((colour for colour, least in reversed(SHARES) if total.mean >= least), "")
    return Text(percent(total.mean) if total.mean else "0", style=style)
