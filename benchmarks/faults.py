"""The fault table: every kind of fault on the running kernel, some seeds of each, and its healthy twins.

`python -m benchmarks.faults [SEEDS] [KIND...]` prints a line for each trial that is not right and then the table; with
all kinds it writes the table into `docs/reference/faults.md` too. It needs root, and takes about ten minutes with ten
seeds. Trials run beside each other, each in a network namespace of its own; kinds that fill a CPU run alone.
"""

import os
import re
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.faults.kinds import KINDS, LEFT_OUT, Kind
from tests.faults.trial import Trial, attempt, what

from benchmarks.timing import machine

PAGE = Path(__file__).parent.parent / "docs" / "reference" / "faults.md"
TABLE = re.compile(r"(<!-- the fault table -->\n\n).*?(<!-- end of the fault table -->)", re.DOTALL)
SEEDS = 10
BESIDE = 4
"""Trials at a time: each waits more than it works."""
MARKS = ("right", "acceptable", "undecided", "missed", "WRONG")

Task = tuple[Kind, int, bool]


def trials(kinds: Iterable[Kind], seeds: int) -> Iterator[Trial]:
    """Run everything and yield what came out, as it comes."""
    kinds = list(kinds)
    beside = [task for seed in range(seeds) for kind in kinds if not kind.alone for task in _both(kind, seed)]
    with ThreadPoolExecutor(BESIDE) as pool:
        yield from pool.map(_run, beside)
    yield from (_run(task) for kind in kinds if kind.alone for seed in range(seeds) for task in _both(kind, seed))


def _both(kind: Kind, seed: int) -> tuple[Task, Task]:
    return (kind, seed, False), (kind, seed, True)


def _run(task: Task) -> Trial:
    kind, seed, healthy = task
    trial, _ = attempt(kind, seed, healthy=healthy)
    if trial.mark != "right":
        found = ", ".join(" ".join(blame) for blame in trial.found) or trial.outcome
        print(f"{trial.mark}: {kind.name}{' twin' if healthy else ''} {seed}: {found}: {trial.statement}", flush=True)
    return trial


def table(kinds: Iterable[Kind], found: list[Trial]) -> str:
    """Return the table in Markdown, with totals."""
    counts: dict[tuple[str, bool], Counter[str]] = defaultdict(Counter)
    for trial in found:
        counts[trial.kind, trial.healthy][trial.mark] += 1
    lines = [
        "| kind | expected | right | acceptable | undecided | missed | wrong blame | twin healthy | twin blamed |",
        "|---|---|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for kind in kinds:
        marks, twins = counts[kind.name, False], counts[kind.name, True]
        expected = " and ".join(f"{owner} {stage}" for owner, stage in kind.expected) or "nobody"
        row = [*(marks[mark] for mark in MARKS), f"{twins['right']} of {twins.total()}", twins["WRONG"]]
        lines.append(f"| {kind.name.replace('_', ' ')} | {expected} | {' | '.join(map(str, row))} |")
    return "\n".join([*lines, "", _total(found)])


def _total(found: list[Trial]) -> str:
    faults = Counter(trial.mark for trial in found if not trial.healthy)
    twins = Counter(trial.mark for trial in found if trial.healthy)
    parts = [f"{100 * faults[mark] / faults.total():.1f} % {mark.lower()}" for mark in MARKS]
    return (
        f"Of {faults.total()} faults {', '.join(parts[:-1])}, {parts[-1].removesuffix('wrong')}blamed on somebody else;"
        f" of {twins.total()} healthy twins {twins['right']} found healthy and {twins['WRONG']} blamed on somebody."
    )


def reasons() -> str:
    """Return why each kind is expected to be blamed so, and what is left out."""
    lines = ["| kind | what is done | why this verdict |", "|---|---|---|"]
    lines += [f"| {kind.name.replace('_', ' ')} | {what(kind.name)} | {kind.why} |" for kind in KINDS]
    return "\n".join([*lines, "", *(f"- Left out, {name}: {why}." for name, why in LEFT_OUT.items())])


def main(words: list[str]) -> None:
    """Run, print, and write the page where every kind was run."""
    seeds = int(words[0]) if words else SEEDS
    kinds = [kind for kind in KINDS if not words[1:] or kind.name in words[1:]]
    begin = time.monotonic()
    found = list(trials(kinds, seeds))
    shown = table(kinds, found)
    print(shown)
    if len(kinds) == len(KINDS):
        minutes = (time.monotonic() - begin) / 60
        head = f"{machine()}; {seeds} seeds of each kind and of its twin, in {minutes:.0f} minutes."
        text = TABLE.sub(
            lambda match: f"{match[1]}{head}\n\n{shown}\n\n{reasons()}\n\n{match[2]}", PAGE.read_text("utf-8")
        )
        PAGE.write_text(text, "utf-8")


if __name__ == "__main__":
    if os.geteuid() != 0:
        sys.exit("faults need root: they are brought about in network namespaces")
    main(sys.argv[1:])
