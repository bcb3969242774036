"""What a simulation gave as SVG and PNG: levels over time, or a sweep as curve or heat map."""

import io
from collections.abc import Sequence
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, Any

from brimful.cli.simulate_tables import AXES, answer, shown
from brimful.monitor.export import Missing
from brimful.monitor.picture import DPI, INSTALL, SETTINGS, TICKS, TITLE
from brimful.monitor.telling import percent
from brimful.simulate.assembly import limits
from brimful.simulate.experiment import Result
from brimful.simulate.levels import Levels
from brimful.simulate.scenario import Scenario

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_COLUMNS = 1024


def draw(scenario: Scenario, results: Sequence[Result], seen: Levels | None, path: str, form: str) -> None:
    """Write the picture as `svg` or `png`; `Missing` without matplotlib, `OSError` as usual."""
    try:
        from matplotlib import rc_context
        from matplotlib.figure import Figure
    except ImportError as error:
        raise Missing(INSTALL) from error
    image = io.BytesIO()
    seen = None if seen is None else shown(seen, limits(scenario))
    panels = 1 if seen is None else max(1, len(seen.levels))
    with rc_context(SETTINGS):
        figure = Figure(figsize=(11, 1.8 + 2.2 * panels + 2 * (seen is None)), layout="constrained")
        if seen is not None:
            _levels(figure, scenario, results[0], seen)
        elif len(scenario.sweep) == AXES:
            _heat(figure, scenario, results)
        else:
            _curve(figure, scenario, results)
        figure.savefig(image, format=form, dpi=DPI, metadata={"Date": None} if form == "svg" else None)
    Path(path).write_bytes(image.getvalue())


def _levels(figure: "Figure", scenario: Scenario, result: Result, seen: Levels) -> None:
    drawn = seen.columns(MOST_COLUMNS)
    most = limits(scenario)
    times = [(number + 1) * drawn.step_ns / 1e6 for number in range(drawn.count)]
    panels = figure.subplots(max(1, len(drawn.levels)), 1, sharex=True, squeeze=False)[:, 0].tolist()
    marked = False
    for panel, (name, row) in zip(panels, drawn.levels.items(), strict=False):
        known = [(time, level) for time, level in zip(times, row, strict=True) if level is not None]
        panel.vlines([time for time, _ in known], 0, [level for _, level in known], linewidth=1, color="tab:blue")
        if name in most:
            panel.axhline(most[name], color="0.4", linestyle="--", linewidth=1, label="its size")
        for meaning, lost in drawn.lost.items():
            marked = _marks(panel, name, meaning, list(zip(times, row, lost, strict=True))) or marked
        panel.set_ylim(bottom=0)
        panel.set_xlim(0, times[-1])
        panel.set_title(name, loc="left", fontsize=9)
    panels[-1].set_xlabel("time, ms (the first run)")
    figure.suptitle(fill(answer(result.summary), TITLE), fontsize=10)
    _legend(figure, panels)


def _marks(panel: "Axes", name: str, meaning: str, rows: list[tuple[float, int | None, int]]) -> bool:
    """Mark when a buffer lost packets; whether it did."""
    if not name.startswith(meaning.rpartition(".")[0]):
        return False
    lossy = [(time, level) for time, level, lost in rows if lost and level is not None]
    if lossy:
        times, levels = zip(*lossy, strict=True)
        panel.scatter(times, levels, marker="x", color="tab:red", s=14, zorder=3, label="packets lost")
    return bool(lossy)


def _legend(figure: "Figure", panels: Sequence["Axes"]) -> None:
    found: dict[str, Any] = {}
    for panel in panels:
        handles, labels = panel.get_legend_handles_labels()
        found |= dict(zip(labels, handles, strict=True))
    if found:
        figure.legend(list(found.values()), list(found), loc="outside lower right", ncols=len(found), frameon=False)


def _heat(figure: "Figure", scenario: Scenario, results: Sequence[Result]) -> None:
    """Draw the share that is lost: the first key from top to bottom, the second from left to right."""
    from matplotlib.colors import LogNorm

    (first, rows), (second, columns) = scenario.sweep.items()
    shares = [result.summary.total.mean for result in results]
    cells = [
        [share or float("nan") for share in shares[at : at + len(columns)]]
        for at in range(0, len(shares), len(columns))
    ]
    panel = figure.subplots()
    drawn = panel.imshow(cells, aspect="auto", cmap="viridis_r", norm=LogNorm(TICKS[0], TICKS[-1], clip=True))
    for row, line in enumerate(cells):
        for column, share in enumerate(line):
            text = percent(share) if share == share else "none"  # noqa: PLR0124 - not a number
            panel.text(column, row, text, ha="center", va="center", color="white" if share > 0.01 else "black")  # noqa: PLR2004 - dark from here
    panel.set_yticks(range(len(rows)), [str(one) for one in rows])
    panel.set_xticks(range(len(columns)), [str(one) for one in columns])
    panel.set_ylabel(first)
    panel.set_xlabel(second)
    figure.suptitle(scenario.name or "packets lost", fontsize=10)
    bar = figure.colorbar(drawn, ax=panel, label="share of the packets that is lost, mean of the runs")
    bar.set_ticks(list(TICKS), labels=[percent(tick) for tick in TICKS])


def _curve(figure: "Figure", scenario: Scenario, results: Sequence[Result]) -> None:
    """Draw the share that is lost at each point, with its interval."""
    names = [", ".join(str(value) for _, value in result.point.set) for result in results]
    totals = [result.summary.total for result in results]
    below = [max(0.0, one.mean - max(0.0, one.low)) for one in totals]
    above = [max(0.0, min(1.0, one.high or 0.0) - one.mean) for one in totals]
    panel = figure.subplots()
    panel.errorbar(range(len(names)), [one.mean for one in totals], yerr=[below, above], marker="o", capsize=3)
    panel.set_xticks(range(len(names)), names)
    panel.set_xlabel(", ".join(scenario.sweep))
    panel.set_ylabel("share of the packets that is lost, 95 %")
    panel.set_ylim(bottom=0)
    figure.suptitle(scenario.name or "packets lost", fontsize=10)
