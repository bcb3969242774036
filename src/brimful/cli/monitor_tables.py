"""Draws what snapshots show for a person: the answer first, the worst queues, heat maps, times, bursts, what was missed."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from brimful.evidence.burst import Burst
from brimful.evidence.evidence import Evidence
from brimful.evidence.moment import SECOND, Moment
from brimful.monitor.dwell import Level
from brimful.monitor.heatmap import Grid, axis, grid
from brimful.monitor.telling import amount, answer, burst, clock, depth_of, duration, missed, of_what, percent
from brimful.monitor.view import Measure, Queue, View

SHADES = "·░▒▓█"
ASCII_SHADES = ".-+*#"
COLOURS = ("dim", "blue", "cyan", "yellow", "red")
PARTS = (0.001, 0.01, 0.1)
"""Shares of the time at which a heat map's shade changes."""
FILLED = (0.25, 0.5, 1.0)
"""Shares of the limit or range at which the shade of a queue over time changes."""
MOST_QUEUES = 10
MOST_DETAILED = 4
MOST_BURSTS = 20
MOST_REMARKS = 8
NARROW = 84
"""Columns below which the tables leave out what is least needed."""
WIDEST_CELL = 8
WIDEST_NAME = 28


class Sheet:
    """One report. `shades`: whether the output can show them; `asked`: queues were asked for, so each is shown in full."""

    def __init__(self, console: Console, *, shades: bool, asked: bool) -> None:
        self._console = console
        self._shades = SHADES if shades else ASCII_SHADES
        self._asked = asked
        self._narrow = console.width < NARROW

    def draw(self, view: View, evidence: Evidence, skipped: Sequence[str] = ()) -> None:
        """Print it."""
        for part in self._parts(view, evidence, skipped):
            self._console.print(part, soft_wrap=isinstance(part, Text))

    def _parts(self, view: View, evidence: Evidence, skipped: Sequence[str]) -> Iterator[RenderableType]:
        calm = not view.bursts and not view.queues[0].deepest
        yield Text(f"{answer(view)}.", style="bold green" if calm else "bold red")
        yield Text("")
        if len(view.queues) > 1:
            yield from self._queues(view)
            yield from self._over_time(view)
        for queue in view.queues[: MOST_DETAILED if self._asked else 1]:
            yield from self._heat(queue)
            yield from self._dwell(queue)
        if view.bursts:
            yield from self._bursts(view.bursts)
        yield from self._foot(view, evidence, skipped)

    def _queues(self, view: View) -> Iterator[RenderableType]:
        table = Table(box=None, pad_edge=False, header_style="bold")
        table.add_column("worst queues", overflow="fold")
        for name in ("depth", "there for", "of"):
            table.add_column(name, justify="right")
        if not self._narrow:
            table.add_column("of limit or range")
            table.add_column("worst at", no_wrap=True)
        one_day = _one_day(view.span)
        for queue in view.queues[:MOST_QUEUES]:
            table.add_row(*self._row(queue, one_day=one_day))
        yield table
        if len(view.queues) > MOST_QUEUES:
            yield Text(f"and {len(view.queues) - MOST_QUEUES:,} more (--json has all)", style="dim")
        yield Text("")

    def _row(self, queue: Queue, *, one_day: bool) -> list[str]:
        name = _name(queue)
        if not queue.deepest:
            cells = [name, "first range", "", amount(queue, queue.total)]
            return cells if self._narrow else [*cells, "never above it", ""]
        at = queue.worst.end or queue.worst.begin
        there = amount(queue, queue.peak.least)
        if queue.peak.most > queue.peak.least:
            there = f"{there} to {amount(queue, queue.peak.most)}"
        cells = [name, depth_of(queue, queue.deepest), there, amount(queue, queue.total)]
        what = "its last range" if queue.deepest == queue.top and not queue.limit else of_what(queue)
        return cells if self._narrow else [*cells, what, clock(at, of_day=one_day) if at else ""]

    def _over_time(self, view: View) -> Iterator[RenderableType]:
        """Draw how deep each queue was over time, a line for each."""
        shown = [queue for queue in view.queues[:MOST_QUEUES] if queue.deepest]
        label = min(WIDEST_NAME, max((len(_name(queue)) for queue in shown), default=0))
        over = axis(tuple(shown), self._columns(label))
        if len(shown) < 2 or over is None or over.columns < 2:  # noqa: PLR2004 - of one, the heat map shows more
            return
        yield Text("deepest over time", style="bold")
        for queue in shown:
            picture = grid(queue, over, over.columns)
            whole = queue.limit or queue.top or 1
            shares = [None if low is None else low / whole for low in picture.deepest()]
            yield self._line(_name(queue).rjust(label)[-label:], shares, FILLED)
        yield from self._axis(picture, label)
        yield self._legend("of its limit or range", "first range", FILLED, "all")
        yield Text("")

    def _heat(self, queue: Queue) -> Iterator[RenderableType]:
        most = max(len(_depth(queue, level.depth)) for level in queue.levels)
        picture = grid(queue, axis((queue,), self._columns(most)), self._columns(most))
        label = max(len(_depth(queue, low)) for low in picture.lows)
        unit = "time" if queue.unit == "ns" else queue.unit
        yield Text.assemble((f"{queue.place}: {unit} over time", "bold"))
        for row in reversed(range(len(picture.lows))):
            shares = [None if cell is None else cell[row] for cell in picture.cells]
            yield self._line(_depth(queue, picture.lows[row]).rjust(label), shares, PARTS)
        yield from self._axis(picture, label)
        yield self._legend("of the time" if queue.timed else "of the packets", "none", PARTS, "more")
        yield Text("")

    def _columns(self, label: int) -> int:
        return max(8, self._console.width - min(WIDEST_NAME, label) - 2)

    def _line(self, label: str, shares: list[float | None], steps: tuple[float, ...]) -> Text:
        line = Text(f"{label} ", no_wrap=True)
        wide = self._wide(len(shares), len(label))
        shades = [None if share is None else _shade(share, steps) for share in shares]
        for shade, same in groupby(shades):
            cells = wide * sum(1 for _ in same)
            if shade is None:
                line.append(" " * cells)
            else:
                line.append(self._shades[shade] * cells, style=COLOURS[shade])
        return line

    def _wide(self, columns: int, label: int) -> int:
        return max(1, min(WIDEST_CELL, self._columns(label) // max(1, columns)))

    def _axis(self, picture: Grid, label: int) -> Iterator[Text]:
        drawn = len(picture.cells) * self._wide(len(picture.cells), label)
        if picture.begin_ns is None or picture.end_ns is None:
            yield Text(f"{' ' * label} a column for each reading: the files tell no times", style="dim")
            return
        begin, end = str(Moment(picture.begin_ns)), str(Moment(picture.end_ns))
        blanks = " " * max(2, drawn - len(begin) - len(end))
        each = duration(round((picture.end_ns - picture.begin_ns) / len(picture.cells)))
        yield Text(f"{' ' * label} {begin}{blanks}{end}", style="dim")
        yield Text(f"{' ' * label} each column {each}", style="dim")

    def _legend(self, what: str, least: str, steps: tuple[float, ...], most: str) -> Text:
        words = (least, *(f"<{percent(step)}" for step in steps), most)
        line = Text(f"{what}: ", style="dim")
        for shade, colour, word in zip(self._shades, COLOURS, words, strict=True):
            line.append(f"{shade} ", style=f"not dim {colour}" if colour != "dim" else "").append(f"{word}  ")
        return line.append("blank: nobody looked")

    def _dwell(self, queue: Queue) -> Iterator[RenderableType]:
        exact = all(level.least == level.most for level in queue.levels)
        unit = "us" if queue.timed else "packets"
        table = Table(box=None, pad_edge=False, header_style="bold")
        table.add_column(f"{queue.place} at or above", justify="right")
        for name in (unit,) if exact else (f"{unit}, at least", f"{unit}, at most"):
            table.add_column(name, justify="right")
        table.add_column("share", justify="right")
        for level in queue.levels:
            table.add_row(_depth(queue, level.depth), *_numbers(queue, level, exact=exact), _shares(queue, level))
        yield table
        counted = len(queue.windows)
        window = f"{duration(queue.total)} in" if queue.timed else f"{queue.total:,} packets in"
        yield Text(f"counted: {window} {counted:,} reading{'s' * (counted > 1)}", style="dim")
        yield Text("")

    def _bursts(self, bursts: tuple[Burst, ...]) -> Iterator[RenderableType]:
        yield Text(f"bursts: {len(bursts):,}", style="bold")
        worst = sorted(bursts, key=lambda one: (one.share or 0.0, one.peak), reverse=True)[:MOST_BURSTS]
        for one in bursts:
            if one in worst:
                yield Padding(Text(burst(one)), (0, 0, 0, 2))
        if len(bursts) > MOST_BURSTS:
            yield Text(f"the {MOST_BURSTS} largest of them (--json has all)", style="dim")
        yield Text("")

    def _foot(self, view: View, evidence: Evidence, skipped: Sequence[str]) -> Iterator[RenderableType]:
        for line in missed(view):
            yield Text(f"what may have been missed: {line}")
        notes = [*(f"doubt: {remark}" for remark in view.remarks), *(f"not read: {why}" for why in skipped)]
        notes += [f"not read: {one.origin.short}: {one.why}" for one in evidence.unread]
        notes += [f"not seen: {blind}" for blind in evidence.blind]
        for note in notes[:MOST_REMARKS]:
            yield Text(note, style="dim")
        if len(notes) > MOST_REMARKS:
            yield Text(f"and {len(notes) - MOST_REMARKS:,} more of these (--json has all)", style="dim")


def _shade(share: float, steps: tuple[float, ...]) -> int:
    return 1 + sum(share >= step for step in steps) if share else 0


def _name(queue: Queue) -> str:
    if queue.measure is Measure.DEPTH:
        return queue.place if queue.unit == "bytes" else f"{queue.place} ({queue.unit})"
    return f"{queue.place} ({queue.measure})"


def _depth(queue: Queue, depth: int) -> str:
    return duration(depth) if queue.unit == "ns" else f"{depth:,}"


def _numbers(queue: Queue, level: Level, *, exact: bool) -> list[str]:
    numbers = (level.least,) if exact else (level.least, level.most)
    return [f"{number * 1_000_000 / SECOND:,.1f}" if queue.timed else f"{number:,}" for number in numbers]


def _shares(queue: Queue, level: Level) -> str:
    least, most = percent(level.least / queue.total), percent(level.most / queue.total)
    return least if least == most else f"{least} to {most}"


def _one_day(span: tuple[Moment, Moment] | None) -> bool:
    return span is not None and str(span[0])[:10] == str(span[1])[:10]
