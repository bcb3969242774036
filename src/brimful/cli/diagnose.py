"""`brimful diagnose`: from roots to verdicts."""

import math
import sys

import click

from brimful.cli.options import Duration, Offset, catalog, refuse, requests, screen
from brimful.cli.report import Machine, as_json, outcome
from brimful.collect import gather
from brimful.evidence.origin import Blind
from brimful.judge import Outcome, judge
from brimful.roots.base import Root, Unusable
from brimful.roots.capture import Recording, collect

STATUS = {Outcome.HEALTHY: 0, Outcome.VERDICT: 1, Outcome.UNDECIDED: 3}
MOST_SAMPLES = 60
"""Samples of one watch: enough to see a queue fill, few enough to cost nothing."""


@click.command(name="diagnose")
@click.argument("roots", nargs=-1, metavar="[ROOT]...")
@click.option(
    "--for", "seconds", type=Duration(), default="10s", show_default=True, help="How long to watch this host."
)
@click.option("--json", "as_object", is_flag=True, help="Print one JSON object and nothing else.")
@click.option("--unread", "show_unread", is_flag=True, help="Show the lines that could not be read, and why.")
@click.option("--zone", type=Offset(), help="Offset from UTC of clocks whose zone a capture does not tell, as -05:00.")
@click.option(
    "--same-machine", is_flag=True, help="Take all ROOTs as samples of one machine, though they do not say so."
)
def command(
    roots: tuple[str, ...],
    seconds: float,
    as_object: bool,
    show_unread: bool,
    zone: int | None,
    same_machine: bool,
) -> None:
    """Say which buffer overflowed, whose fault it is and what to do.

    ROOT is a file, a folder or an archive: a StarOS capture or syslog, a sosreport, a folder of proc files and command
    outputs, a file that `brimful capture` wrote; `-` is standard input. What it is, its content tells. No ROOT is this
    host, watched for a while.

    Exit status: 0 healthy, 1 verdict, 3 undecided, 2 unusable input.
    """
    try:
        machines = diagnose(roots, seconds=seconds, zone=zone, same_machine=same_machine, quiet=as_object)
    except Unusable as why:
        refuse(why)
    if as_object:
        click.echo(as_json(machines))
    else:
        from brimful.cli.render import draw

        console = screen()
        with console.capture() as drawn:  # rich ends with status 1 where its reader has gone
            draw(console, machines, show_unread=show_unread)
        click.echo(drawn.get(), nl=False)
    sys.exit(STATUS[outcome(machines)])


def diagnose(
    paths: tuple[str, ...],
    *,
    seconds: float = 10.0,
    zone: int | None = None,
    same_machine: bool = False,
    quiet: bool = True,
) -> list[Machine]:
    """Return what is concluded of each machine that the paths (or, without any, this host) hold."""
    groups: list[list[Root]] = (
        _saved(paths, zone, same_machine=same_machine) if paths else [[watch(seconds, quiet=quiet)]]
    )
    return [_machine(group) for group in groups]


def _saved(paths: tuple[str, ...], zone: int | None, *, same_machine: bool) -> list[list[Root]]:
    from brimful.roots.detect import group, open_roots

    known = catalog()
    roots = [root for path in dict.fromkeys(paths) for root in open_roots(path, known, zone)]
    return group(roots, same_machine=same_machine)


def _machine(roots: list[Root]) -> Machine:
    evidence = gather(roots)
    named = list(dict.fromkeys(root.identity for root in roots if root.identity))
    if len(named) > 1:
        evidence.add(Blind(", ".join(named), "say they are different machines: taken as one, as --same-machine asks"))
    return Machine(roots[0].name, tuple(roots), evidence, judge(evidence))


def watch(seconds: float, *, quiet: bool, samples: int | None = None) -> Recording:
    """Watch this host and return what its buffers said, kept in memory."""
    from brimful.roots.live import LiveRoot

    root = LiveRoot()
    asked = requests(root.answers)
    count = samples or 1 + max(1, min(MOST_SAMPLES, math.ceil(seconds)))
    interval = seconds / (count - 1)
    if quiet or not sys.stderr.isatty():
        return collect(root, asked, samples=count, interval_s=interval)
    return _with_progress(root, asked, count, interval)


def _with_progress(root: Root, asked: tuple[str, ...], count: int, interval: float) -> Recording:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    title = f"watching this host for {interval * (count - 1):g} s"
    columns = (TextColumn(title), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=count)
        return collect(
            root, asked, samples=count, interval_s=interval, progress=lambda done, _: bar.update(task, completed=done)
        )
