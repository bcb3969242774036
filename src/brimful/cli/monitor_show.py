"""`brimful monitor show`: what snapshots show, as a report, tables or a picture."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from brimful.cli.options import catalog, refuse, screen
from brimful.collect import gather
from brimful.evidence.clock import stamp
from brimful.evidence.evidence import Evidence
from brimful.evidence.moment import Moment
from brimful.evidence.origin import Blind
from brimful.roots.base import Document, Root, Unusable
from brimful.roots.compressed import Bounds

if TYPE_CHECKING:
    from brimful.monitor.view import View

UNDECIDED = 3
LOOKED_AT = 1 << 20
"""Snapshots that a folder may hold."""
MOST_NAMED = 6
DASH = "-"


class When(click.ParamType[Moment]):
    """A time, as `2017-04-26T20:14:41Z` or `2017-04-26 20:14`; without a zone it is UTC."""

    name = "time"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Moment:
        """Return the moment; a usage error for anything else."""
        found = stamp(str(value).strip())
        if found is None:
            self.fail(f"{value!r} is not a time such as 2017-04-26T20:14:41Z", param, ctx)
        return found


class Together:
    """Roots that are all of one machine, as one. `tick` is called for each document that is read."""

    kind = "folder"

    def __init__(self, roots: list[Root], tick: Callable[[], None]) -> None:
        self.name = self.path = roots[0].name
        self.identity = next((root.identity for root in roots if root.identity), "")
        self._roots = roots
        self._tick = tick

    def documents(self, request: str) -> Iterator[Document]:
        """Yield what any of them answers."""
        for root in self._roots:
            for document in root.documents(request):
                self._tick()
                yield document

    def blind(self) -> list[Blind]:
        """Return what could not be seen in any of them."""
        return [blind for root in self._roots for blind in root.blind()]


@click.command(name="show")
@click.argument("snapshots", nargs=-1, required=True, metavar="SNAPSHOT...")
@click.option("--queue", "queues", multiple=True, metavar="GLOB", help="Show only these queues: `swp1`, `swp*/tc 0`.")
@click.option("--from", "begin", type=When(), help="Leave out what ended before this time.")
@click.option("--until", type=When(), help="Leave out what began at this time or later.")
@click.option("--json", "as_object", is_flag=True, help="Print one JSON object and nothing else.")
@click.option(
    "--csv", "table", metavar="FILE", help="Write each range of each histogram as CSV; - prints nothing else."
)
@click.option("--parquet", metavar="FILE", help="Write the same as Parquet.")
@click.option("--svg", metavar="FILE", help="Write heat maps of the worst queues as SVG.")
@click.option("--png", metavar="FILE", help="Write heat maps of the worst queues as PNG.")
def command(
    snapshots: tuple[str, ...],
    queues: tuple[str, ...],
    begin: Moment | None,
    until: Moment | None,
    as_object: bool,
    table: str | None,
    parquet: str | None,
    svg: str | None,
    png: str | None,
) -> None:
    """Say what snapshots show: which queue was how deep for how long, when, and what may have been missed.

    SNAPSHOT is a file or a folder of asic-monitor or `brimful monitor`, their common prefix, an archive, or `-`. The times
    inside put them in order.

    Exit status: 0 shown, 2 unusable input, 3 nothing to show.
    """
    from brimful.monitor.view import view

    if as_object and table == DASH:
        raise click.UsageError("--json and --csv - cannot both have the standard output")
    try:
        evidence, skipped = _read(snapshots, quiet=as_object or table == DASH)
    except Unusable as why:
        refuse(why)
    seen = view(evidence, queues, begin, until)
    if not seen.queues and not seen.bursts:
        _nothing(seen, evidence, skipped)
    _write(seen, {"csv": table, "parquet": parquet, "svg": svg, "png": png})
    if as_object:
        from brimful.monitor.summary import as_json

        click.echo(as_json(seen, evidence, skipped))
    elif table != DASH:
        from brimful.cli.monitor_tables import Sheet

        console = screen()
        shades = (sys.stdout.encoding or "").lower().startswith("utf")
        with console.capture() as drawn:
            Sheet(console, shades=shades, asked=bool(queues)).draw(seen, evidence, skipped)
        click.echo(drawn.get(), nl=False)


def _read(given: tuple[str, ...], *, quiet: bool) -> tuple[Evidence, list[str]]:
    """Return what the paths hold, and those that are empty, as a switch leaves files when its disk is full."""
    from brimful.roots.detect import open_roots

    known, bounds = catalog(), Bounds(looked_at=LOOKED_AT)
    roots: list[Root] = []
    paths = [path for one in dict.fromkeys(given) for path in _ring(one)]
    empty = [path for path in paths if Path(path).is_file() and not Path(path).stat().st_size]
    with _progress(quiet=quiet) as tick:
        for path in paths:
            if path not in empty:
                roots += open_roots(path, known, bounds=bounds)
        if not roots:
            raise Unusable(f"{paths[0]}: is empty")
        names = dict.fromkeys(root.identity for root in roots if root.identity)
        if len(names) > 1:
            raise Unusable(f"of different machines ({', '.join(names)}): show one at a time")
        return gather([Together(roots, tick)]), [f"{path}: is empty" for path in empty]


def _ring(path: str) -> list[str]:
    """Return the files of a ring whose prefix was given; else the path itself."""
    where = Path(path)
    if path == DASH or where.exists():
        return [path]
    try:
        files = [one for one in where.parent.iterdir() if one.name.startswith(f"{where.name}_")]
    except OSError:
        return [path]
    numbered = {int(number): one for one in files if (number := one.name[len(where.name) + 1 :]).isdecimal()}
    return [str(numbered[number]) for number in sorted(numbered)] or [path]


@contextmanager
def _progress(*, quiet: bool) -> Iterator[Callable[[], None]]:
    """Count on standard error what is read, where that is a terminal."""
    if quiet or not sys.stderr.isatty():
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn

    columns = (SpinnerColumn(), TextColumn("reading snapshots {task.completed:,.0f}"))
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        yield partial(bar.advance, bar.add_task("reading", total=None))


def _nothing(seen: "View", evidence: Evidence, skipped: list[str]) -> None:
    """End with one line that says why: status 2 where the files could not be read, else 3."""
    if seen.places:
        named = ", ".join(seen.places[:MOST_NAMED]) + (", ..." if len(seen.places) > MOST_NAMED else "")
        click.echo(f"brimful: no such queue at that time: there are {named}", err=True)
        sys.exit(UNDECIDED)
    for unread in evidence.unread[:1]:
        refuse(f"{unread.origin}: {unread.why}")
    for why in skipped[:1]:
        refuse(why)
    click.echo("brimful: nothing to show: no histograms and no bursts", err=True)
    sys.exit(UNDECIDED)


def _write(seen: "View", files: dict[str, str | None]) -> None:
    """Write the files that were asked for; a usage error or one line where that cannot be."""
    from brimful.monitor import export

    for form, path in files.items():
        if path is None:
            continue
        if form in {"svg", "png"} and not seen.queues:
            refuse(f"--{form}: no histograms to draw, only bursts")
        try:
            _written(seen, form, path)
        except export.Missing as why:
            refuse(f"--{form}: {why}")
        except OSError as error:
            if path == DASH:
                raise
            refuse(f"{path}: {error.strerror or error}")


def _written(seen: "View", form: str, path: str) -> None:
    from brimful.monitor import export, picture

    if form == "parquet":
        export.write_parquet(seen, path)
    elif form in {"svg", "png"}:
        picture.draw(seen, path, form)
    elif path == DASH:
        export.write_csv(seen, sys.stdout)
    else:
        with Path(path).open("w", encoding="utf-8", errors="replace", newline="") as file:
            export.write_csv(seen, file)
