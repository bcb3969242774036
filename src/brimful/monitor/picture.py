"""Heat maps as SVG and PNG: time from left to right, depth from bottom to top, colour for the share of the time."""

import io
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, Any

from brimful.chain.meaning import MEANINGS
from brimful.evidence.burst import Burst
from brimful.monitor.export import Missing
from brimful.monitor.heatmap import Grid, axis, grid
from brimful.monitor.telling import answer, duration, percent
from brimful.monitor.view import Measure, Queue, View

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INSTALL = "needs matplotlib: pip install 'brimful[plots]'"
MOST_QUEUES = 4
"""Queues in one picture: the worst ones."""
MOST_COLUMNS = 400
TICKS = (1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0)
"""Shares on the scale of colours; what is less than the first has the faintest."""
DPI = 150
TITLE = 120
"""Characters in a line of the title."""
SETTINGS: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "brimful",
    "font.size": 9,
    "text.parse_math": False,
}
"""Words of an SVG stay words, a name with a $ too, and the same numbers make the same file."""
SHARES = {
    Measure.DEPTH: "share of the time",
    Measure.ARRIVALS: "share of the packets",
    Measure.LATENCY: "share of the packets",
    Measure.SAMPLED: "share of the time",
}


def draw(view: View, path: str, form: str) -> None:
    """Write the picture as `svg` or `png`; `Missing` without matplotlib, `OSError` as usual."""
    try:
        from matplotlib import rc_context  # noqa: PLC0415 - an extra, and slow to import
        from matplotlib.figure import Figure  # noqa: PLC0415
    except ImportError as error:
        raise Missing(INSTALL) from error
    image = io.BytesIO()
    with rc_context(SETTINGS):
        figure = Figure(figsize=(11, 1.6 + 2.6 * len(_shown(view))), layout="constrained")
        _fill(figure, view)
        figure.savefig(image, format=form, dpi=DPI, metadata={"Date": None} if form == "svg" else None)
    Path(path).write_bytes(image.getvalue())


def _shown(view: View) -> tuple[Queue, ...]:
    """Return the queues that are drawn: those that were ever filled, of one measure, so that one colour means one thing."""
    first, *others = view.queues
    return (first, *(queue for queue in others if queue.measure is first.measure and queue.deepest))[:MOST_QUEUES]


def _fill(figure: "Figure", view: View) -> None:
    from matplotlib.colors import LogNorm  # noqa: PLC0415
    from matplotlib.patches import Patch  # noqa: PLC0415

    queues = _shown(view)
    over = axis(queues, MOST_COLUMNS)
    panels = list(figure.subplots(len(queues), 1, sharex=True, squeeze=False)[:, 0])
    norm = LogNorm(TICKS[0], TICKS[-1], clip=True)
    marked, drawn = False, None
    for panel, queue in zip(panels, queues, strict=True):
        picture = grid(queue, over, MOST_COLUMNS)
        drawn = _panel(panel, queue, picture, norm)
        if over is not None:
            marked = _bursts(panel, view.bursts, queue, picture) or marked
    _time(panels[-1], timed=over is not None)
    figure.suptitle(fill(answer(view), TITLE), fontsize=10)
    legend: list[Any] = [
        Patch(facecolor="white", edgecolor="0.6", label="never there"),
        Patch(facecolor="0.85", edgecolor="0.6", hatch="///", label="nobody looked"),
    ]
    if marked:
        from matplotlib.lines import Line2D  # noqa: PLC0415

        legend.append(Line2D([], [], color="black", marker="v", linestyle="none", label="burst that was recorded"))
    figure.legend(handles=legend, loc="outside lower right", ncols=3, frameon=False)
    if drawn is not None:
        label = f"{SHARES[queues[0].measure]}, from each depth to the next"
        bar = figure.colorbar(drawn, ax=panels, label=label, pad=0.01, aspect=16 * len(panels))
        bar.set_ticks(list(TICKS), labels=[percent(tick) for tick in TICKS])


def _panel(panel: "Axes", queue: Queue, picture: Grid, norm: Any) -> Any:
    """Draw one queue; every range is as high as the others, for the last one has no end."""
    edges = _edges(picture)
    rows = range(len(picture.lows))
    shares = [[float("nan") if cell is None or not cell[row] else cell[row] for cell in picture.cells] for row in rows]
    panel.set_facecolor("white")
    for column, cell in enumerate(picture.cells):
        if cell is None:
            panel.axvspan(edges[column], edges[column + 1], facecolor="0.85", edgecolor="0.6", hatch="///", linewidth=0)
    drawn = panel.pcolormesh(edges, list(range(len(picture.lows) + 1)), shares, cmap="viridis_r", norm=norm)
    panel.set_yticks(list(rows), [_tick(queue, low) for low in picture.lows])
    panel.set_ylabel(f"{queue.unit}, from" if queue.unit != "ns" else "time, from")
    panel.set_title(f"{queue.place}: {MEANINGS[queue.meaning].text}", loc="left", fontsize=9)
    return drawn


def _tick(queue: Queue, low: int) -> str:
    return duration(low) if queue.unit == "ns" else f"{low:,}"


def _bursts(panel: "Axes", bursts: tuple[Burst, ...], queue: Queue, picture: Grid) -> bool:
    """Mark the bursts of a queue at the moment of their peak."""
    marks: list[tuple[Any, float]] = [
        (_date(at.ns), sum(low <= one.peak for low in picture.lows) - 0.5)
        for one in bursts
        if (one.place, one.meaning) == (queue.place, queue.meaning) and (at := one.peak_at or one.start)
    ]
    if marks:
        panel.scatter([x for x, _ in marks], [y for _, y in marks], marker="v", color="black", s=18, zorder=3)
    return bool(marks)


def _edges(picture: Grid) -> list[Any]:
    count = len(picture.cells)
    if picture.begin_ns is None or picture.end_ns is None:
        return list(range(count + 1))
    width = (picture.end_ns - picture.begin_ns) / count
    return [_date(picture.begin_ns + round(column * width)) for column in range(count + 1)]


def _date(ns: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=ns // 1000)


def _time(panel: "Axes", *, timed: bool) -> None:
    if not timed:
        panel.set_xlabel("reading, in the order of the files")
        return
    dates: Any = import_module("matplotlib.dates")  # which has no types
    locator = dates.AutoDateLocator(tz=UTC)
    panel.xaxis.set_major_locator(locator)
    panel.xaxis.set_major_formatter(dates.ConciseDateFormatter(locator, tz=UTC))
    panel.set_xlabel("time, UTC")
