"""Verdicts on simulated faults, each with its healthy twin, beside what they must be.

`python -m benchmarks.accuracy_simulated [COUNT]` judges so many faults, spread over all kinds, and as many twins, and writes
the tables into docs/reference/accuracy.md. What was not brought about as it should be, by the accounts of the simulator, is
left out and counted.
"""

import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from os import sched_getaffinity
from pathlib import Path
from typing import NamedTuple

from benchmarks.timing import machine
from brimful.collect import gather
from brimful.judge import Outcome, judge
from brimful.simulate.faults import FAULTS, Verdict
from brimful.simulate.replications import spread
from brimful.simulate.root import SimulatedRoot, roots

PAGE = Path(__file__).parent.parent / "docs" / "reference" / "accuracy.md"
BEGIN, END = "<!-- the tables of simulated faults -->", "<!-- end of the tables -->"
COUNT = 1000
MARKS = ("right", "undecided", "missed", "wrong blame", "left out")
NOBODY = "nobody"


class Judged(NamedTuple):
    """One fault, or its twin: what was found, and how that compares."""

    name: str
    ill: bool
    found: str
    mark: str


def judged(kind: int, seed: int, *, ill: bool) -> Judged:
    """Simulate a fault of a kind and judge it."""
    fault = FAULTS[kind]
    machines = roots(fault.scenario(seed, ill=ill), str(seed))
    expected = fault.verdicts if ill else frozenset()
    if _lost(machines) != (fault.lost if ill else frozenset()):
        return Judged(fault.name, ill, "", "left out")
    judgements = [judge(gather([one])) for one in machines]
    found = frozenset((verdict.owner, verdict.stage) for one in judgements for verdict in one.verdicts)
    undecided = any(one.outcome is Outcome.UNDECIDED for one in judgements)
    name = _named(found) if found else "undecided" if undecided else NOBODY
    if ill and found and found == fault.also:
        found = expected
    return Judged(fault.name, ill, name, _mark(found, expected, undecided=undecided))


def _lost(machines: Sequence[SimulatedRoot]) -> frozenset[str]:
    accounts = machines[0].views[-1].accounts.values()
    return frozenset(name for account in accounts for name, count in account.lost.items() if count)


def _mark(found: frozenset[Verdict], expected: frozenset[Verdict], *, undecided: bool) -> str:
    if found - expected:
        return "wrong blame"
    if found == expected and (expected or not undecided):
        return "right"
    return "undecided" if undecided else "missed"


def _named(verdicts: frozenset[Verdict]) -> str:
    return " and ".join(sorted(f"{owner} {stage}" for owner, stage in verdicts)) or NOBODY


def kinds(rows: Sequence[Judged]) -> Iterator[str]:
    """Yield the table of kinds."""
    yield "| kind | what is done | expected | right | undecided | missed | wrong blame | left out | twin right | twin blamed |"
    yield "|---|---|---|--:|--:|--:|--:|--:|--:|--:|"
    for fault in FAULTS:
        marks = Counter(row.mark for row in rows if row.name == fault.name and row.ill)
        twins = Counter(row.mark for row in rows if row.name == fault.name and not row.ill)
        cells = [fault.name, fault.what, _named(fault.verdicts), *(str(marks[mark]) for mark in MARKS)]
        judged_twins = twins.total() - twins["left out"]
        yield f"| {' | '.join(cells)} | {twins['right']} of {judged_twins} | {twins['wrong blame']} |"


def matrix(rows: Sequence[Judged]) -> Iterator[str]:
    """Yield the confusion matrix: what was to be found, and what was."""
    expected = {fault.name: _named(fault.verdicts) for fault in FAULTS}
    cells = Counter((expected[row.name] if row.ill else NOBODY, row.found) for row in rows if row.found)
    names = sorted({name for name, _ in cells})
    heads = [*names, *sorted({name for _, name in cells} - set(names))]
    yield f"| expected \\ found | {' | '.join(heads)} |"
    yield f"|---|{'--:|' * len(heads)}"
    for name in names:
        yield f"| **{name}** | {' | '.join(str(cells[name, head] or '') for head in heads)} |"


def told(rows: Sequence[Judged], seconds: float) -> Iterator[str]:
    """Yield all that is written into the page."""
    ill = [row for row in rows if row.ill and row.mark != "left out"]
    twins = [row for row in rows if not row.ill and row.mark != "left out"]
    marks, beside = Counter(row.mark for row in ill), Counter(row.mark for row in twins)
    shares = ", ".join(f"{100 * marks[mark] / len(ill):.1f} % {mark}" for mark in MARKS[:-1])
    yield f"{machine()}; {len(FAULTS)} kinds, in {seconds / 60:.1f} minutes."
    yield ""
    yield f"Of {len(ill):,} faults {shares}. Of {len(twins):,} healthy twins {beside['right']:,} found healthy, {beside['undecided']:,} undecided and {beside['wrong blame']:,} blamed on somebody. Left out: {len(rows) - len(ill) - len(twins):,}."
    yield ""
    yield from matrix(rows)
    yield ""
    yield from kinds(rows)


def main(count: int) -> None:
    """Judge so many, and write the page."""
    begin = time.perf_counter()
    each = -(-count // len(FAULTS))
    work = [
        partial(judged, kind, seed, ill=ill)
        for kind in range(len(FAULTS))
        for seed in range(each)
        for ill in (True, False)
    ]
    rows = spread(work, len(sched_getaffinity(0)))
    text = "\n".join(told(rows, time.perf_counter() - begin))
    print(text)
    if PAGE.exists():
        before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
        PAGE.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{rest.partition(END)[2]}", encoding="utf-8")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else COUNT)
