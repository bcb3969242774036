"""Verdicts on captures that other people published, beside what their threads concluded.

`python -m benchmarks.accuracy [FOLDER]` prints a Markdown table. Each folder below holds the files of one thread and a
`case.toml` with the owner that was found there. `undecided` is never counted as right where an owner was found, and
never as wrong.
"""

import sys
import tomllib
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from brimful.cli.diagnose import diagnose
from brimful.roots.base import Unusable

PUBLIC = Path(__file__).parent.parent / "tests" / "public"


class Row(NamedTuple):
    """One case: what was expected of it and what was found."""

    name: str
    expected: str
    outcome: str
    owner: str
    stage: str
    mark: str


def judge_case(folder: Path) -> Row:
    """Diagnose one folder and compare."""
    verdict = tomllib.loads((folder / "case.toml").read_text(encoding="utf-8"))["verdict"]
    acceptable = (verdict["owner"], *verdict.get("also_acceptable", ()))
    try:
        machines = diagnose((str(folder),))
    except Unusable:
        return Row(folder.name, "/".join(acceptable), "", "", "", "not read")
    verdicts = [v for machine in machines for v in machine.judgement.verdicts]
    outcomes = [str(machine.judgement.outcome) for machine in machines]
    outcome = "verdict" if verdicts else "undecided" if "undecided" in outcomes else "healthy"
    owner, stage = (str(verdicts[0].owner), verdicts[0].stage) if verdicts else ("", "")
    return Row(
        folder.name,
        "/".join(acceptable),
        outcome,
        owner,
        stage,
        _mark(outcome, owner, acceptable, verdict.get("not_owner", ())),
    )


def _mark(outcome: str, owner: str, acceptable: tuple[str, ...], wrong: tuple[str, ...]) -> str:
    found = {"healthy": "none", "undecided": "undecided"}.get(outcome, owner)
    if found == acceptable[0]:
        return "right"
    if found in acceptable:
        return "acceptable"
    if found == "undecided":
        return "undecided"
    return "WRONG" if found in wrong else "differs"


def main(folder: Path) -> None:
    """Print the table, and how many there are of each mark."""
    marks: Counter[str] = Counter()
    print("| case | expected owner | found | stage | |")
    print("|---|---|---|---|---|")
    for case in sorted(folder.glob("*/case.toml")):
        row = judge_case(case.parent)
        marks[row.mark] += 1
        print(f"| {row.name} | {row.expected} | {row.owner or row.outcome} | {row.stage} | {row.mark} |")
    print(f"\nOf {marks.total()}: {', '.join(f'{number} {mark}' for mark, number in marks.most_common())}.")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else PUBLIC)
