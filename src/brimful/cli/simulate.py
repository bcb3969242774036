"""`brimful simulate`: what a chain of buffers does with a scenario."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

import click

from brimful.cli.options import refuse, screen

if TYPE_CHECKING:
    from brimful.simulate.experiment import Result
    from brimful.simulate.levels import Levels
    from brimful.simulate.scenario import Scenario


@click.command(name="simulate")
@click.argument("path", metavar="SCENARIO")
@click.option("--json", "as_object", is_flag=True, help="Print one JSON object and nothing else.")
@click.option("--svg", metavar="FILE", help="Write levels over time, or a sweep's heat map, as SVG.")
@click.option("--png", metavar="FILE", help="Write the same as PNG.")
def command(path: str, as_object: bool, svg: str | None, png: str | None) -> None:
    """Simulate a chain of packet buffers: how many packets each loses, who loses first, and how full they are.

    SCENARIO is a TOML file: what arrives, how large and how fast each buffer is, and how often to try. With `[sweep]` it
    is a table of its points.

    Exit status: 0 simulated, 2 unusable input.
    """
    from brimful.simulate.experiment import experiment, levels
    from brimful.simulate.scenario import Bad
    from brimful.simulate.scenario_file import points, read

    try:
        scenario = read(path)
        runs = points(scenario) * scenario.run.replications
        with _progress(runs, quiet=as_object) as tick:
            results = experiment(scenario, tick)
        seen = None if scenario.sweep else levels(scenario)
    except Bad as why:
        refuse(why)
    for form, file in (("svg", svg), ("png", png)):
        if file is not None:
            _picture(scenario, results, seen, file, form)
    if as_object:
        from brimful.cli.simulate_report import as_json

        click.echo(as_json(scenario, results, seen))
    else:
        from brimful.cli.simulate_tables import Sheet

        console = screen()
        with console.capture() as drawn:
            Sheet(console, blocks=(sys.stdout.encoding or "").lower().startswith("utf")).draw(scenario, results, seen)
        click.echo(drawn.get(), nl=False)


@contextmanager
def _progress(runs: int, *, quiet: bool) -> Iterator[Callable[[], None]]:
    """Show on standard error how many runs are done, where that is a terminal."""
    if quiet or not sys.stderr.isatty():
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("simulating"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        yield partial(bar.advance, bar.add_task("simulating", total=runs))


def _picture(scenario: "Scenario", results: "list[Result]", seen: "Levels | None", file: str, form: str) -> None:
    from brimful.cli.simulate_picture import draw
    from brimful.monitor.export import Missing

    try:
        draw(scenario, results, seen, file, form)
    except Missing as why:
        refuse(f"--{form}: {why}")
    except OSError as error:
        refuse(f"{file}: {error.strerror or error}")
