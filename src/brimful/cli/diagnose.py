"""`brimful diagnose`: from roots to verdicts."""

import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from brimful.chain.meaning import MEANINGS
from brimful.chain.word import Kind
from brimful.cli.live import beats, live_roots
from brimful.cli.options import Duration, Offset, catalog, refuse, screen
from brimful.cli.report import Machine, as_json, outcome
from brimful.collect import gather
from brimful.compare import BadReport, Earlier, earlier, effects
from brimful.evidence.evidence import Evidence
from brimful.evidence.origin import Blind
from brimful.judge import Outcome, judge
from brimful.roots.base import Root, Unusable
from brimful.roots.redis import REDIS, RedisRoot, is_redis

if TYPE_CHECKING:
    from brimful.sampler import Tabular

STATUS = {Outcome.HEALTHY: 0, Outcome.VERDICT: 1, Outcome.UNDECIDED: 3}
SCENARIO = ".toml"
"""How the name of a scenario ends: no machine is saved in such a file."""
MOST_SAMPLES = 60
"""Samples of one watch: enough to see a queue fill, few enough to cost nothing."""


@click.command(name="diagnose")
@click.argument("roots", nargs=-1, metavar="[ROOT]...")
@click.option(
    "--for", "seconds", type=Duration(), default="10s", show_default=True, help="How long to watch this host."
)
@click.option(
    "--after",
    metavar="FILE",
    help="Say whether a treatment worked: FILE is what --json printed before it; - is standard input.",
)
@click.option("--json", "as_object", is_flag=True, help="Print one JSON object and nothing else.")
@click.option("--unread", "show_unread", is_flag=True, help="Show the lines that could not be read, and why.")
@click.option("--zone", type=Offset(), help="Offset from UTC of clocks whose zone a capture does not tell, as -05:00.")
@click.option(
    "--netns",
    "namespaces",
    multiple=True,
    metavar="NAME",
    help="Watch this network namespace too: a name of `ip netns`, a process number, a path, or `all`.",
)
@click.option(
    "--same-machine", is_flag=True, help="Take all ROOTs as samples of one machine, though they do not say so."
)
def command(
    roots: tuple[str, ...],
    seconds: float,
    after: str | None,
    as_object: bool,
    show_unread: bool,
    zone: int | None,
    namespaces: tuple[str, ...],
    same_machine: bool,
) -> None:
    """Say which buffer overflowed, whose fault it is and what to do.

    ROOT is a file, a folder or an archive: a StarOS capture or syslog, a sosreport, a folder of proc files and command
    outputs, a file that `brimful capture` wrote; `-` is standard input. What it is, its content tells. No ROOT is this
    host, watched for a while; so is a SONiC switch by its databases, `redis:/var/run/redis/redis.sock` or
    `redis://host:6379`. A scenario of `brimful simulate` (`.toml`) is simulated once, and its machines are read.

    Exit status: 0 healthy, 1 verdict, 3 undecided, 2 unusable input.
    """
    try:
        before = _before(after)
        machines = diagnose(
            roots, seconds=seconds, zone=zone, same_machine=same_machine, quiet=as_object, namespaces=namespaces
        )
    except Unusable as why:
        refuse(why)
    if before is not None:
        machines = [_compared(machine, before, alone=len(machines) == 1) for machine in machines]
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
    namespaces: tuple[str, ...] = (),
) -> list[Machine]:
    """Return what is concluded of each machine that the paths (or, without any, this host) hold."""
    if paths and namespaces:
        raise Unusable("--netns: what was saved has no network namespaces that could be entered")
    switches = [RedisRoot(path) for path in dict.fromkeys(paths) if is_redis(path)]
    saved = tuple(path for path in paths if not is_redis(path))
    scenarios = [path for path in saved if path.endswith(SCENARIO)]
    saved = tuple(path for path in saved if path not in scenarios)
    machines = [_machine(group) for group in _saved(saved, zone, same_machine=same_machine)] if saved else []
    machines += [machine for path in scenarios for machine in _simulated(path)]
    live: Sequence[Tabular] = switches if paths else live_roots(namespaces)
    return machines + (_watched(live, seconds, quiet=quiet) if live else [])


def _watched(roots: "Sequence[Tabular]", seconds: float, *, quiet: bool) -> list[Machine]:
    """Return what is concluded of each of these after watching all of them for a while."""
    from brimful.sampler import Sampler

    samplers = [Sampler(root) for root in roots]
    count = 1 + max(1, min(MOST_SAMPLES, math.ceil(seconds)))
    watched = roots[0].name if roots[0].kind == REDIS else "this host"
    for turn in beats(count, seconds / (count - 1), f"watching {watched} for {seconds:g} s", quiet=quiet):
        for sampler in samplers:
            sampler.sweep(everything=turn in {0, count - 1})
    for sampler in samplers:
        if sampler.root.kind == REDIS:
            _tell_stale(sampler.evidence)
    return [Machine(s.root.name, (s.root,), s.evidence, judge(s.evidence), costs=tuple(s.costs)) for s in samplers]


def _tell_stale(evidence: Evidence) -> None:
    """Tell of counters that the switch did not poll twice meanwhile: that they did not move proves nothing."""
    losses = [meaning.name for meaning in MEANINGS.values() if meaning.kind is Kind.LOST]
    stale = sum(1 for reading in evidence.readings(*losses) if not reading.delta and reading.rising is None)
    if stale:
        why = "the switch did not poll them twice in the time watched: whether they move is not known"
        evidence.add(Blind(f"{stale:,} loss counters", why, "watch for longer: --for 2min"))


def _before(path: str | None) -> Earlier | None:
    """Read the earlier report, before anybody waits for a watch to end; `Unusable` when it is none."""
    if path is None:
        return None
    try:
        data = sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()
        return earlier(data)
    except OSError as error:
        raise Unusable(f"{path}: {error.strerror}") from error
    except BadReport as why:
        raise Unusable(f"{path}: {why}") from why


def _compared(machine: Machine, before: Earlier, *, alone: bool) -> Machine:
    found = effects(before, machine.evidence, "" if alone else machine.name)
    return msgspec.structs.replace(machine, effects=tuple(found))


def _saved(paths: tuple[str, ...], zone: int | None, *, same_machine: bool) -> list[list[Root]]:
    from brimful.roots.detect import group, open_roots

    known = catalog()
    roots = [root for path in dict.fromkeys(paths) for root in open_roots(path, known, zone)]
    return group(roots, same_machine=same_machine)


def _simulated(path: str) -> list[Machine]:
    """Return what is concluded of the machines of a scenario, from one run with its first seed."""
    from brimful.simulate.root import roots
    from brimful.simulate.scenario import Bad
    from brimful.simulate.scenario_file import points, read

    try:
        scenario = read(path)
        if points(scenario) > 1:
            raise Unusable(f"{path}: is a sweep over {points(scenario):,} points: which of them is meant is not told")
        return [_machine([root]) for root in roots(scenario, str(scenario.run.seed))]
    except Bad as why:
        raise Unusable(str(why)) from why


def _machine(roots: list[Root]) -> Machine:
    evidence = gather(roots)
    named = list(dict.fromkeys(root.identity for root in roots if root.identity))
    if len(named) > 1:
        evidence.add(Blind(", ".join(named), "say they are different machines: taken as one, as --same-machine asks"))
    return Machine(roots[0].name, tuple(roots), evidence, judge(evidence))
