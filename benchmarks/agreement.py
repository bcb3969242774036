"""The agreement table: what the running kernel lost beside what the simulator predicted, for each trial.

`python -m benchmarks.agreement` writes it into `docs/reference/agreement.md`. It needs root and takes half a minute.
"""

import os
import re
import sys
from collections.abc import Iterable
from pathlib import Path

from tests.agreement.kinds import PAUSED, READ, SHAPED, SIZES
from tests.agreement.trials import AROUND, MTU, Result, charge, read, shape

from benchmarks.timing import machine
from brimful.simulate.stages.socket import truesize

PAGE = Path(__file__).parent.parent / "docs" / "reference" / "agreement.md"
TABLE = re.compile(r"(<!-- the agreement table -->\n\n).*?(<!-- end of the agreement table -->)", re.DOTALL)


def table(results: Iterable[Result], *, charged: bool) -> str:
    """Return what was lost in Markdown, for sockets with the charge of a datagram: computed / read from the kernel."""
    head = (
        "| path | what | sent |" + (" charge of one |" if charged else "") + " predicted | measured | may differ by |"
    )
    lines = [head, "|---|---|--:|" + ("--:|" if charged else "") + "--:|--:|--:|"]
    for one in results:
        middle = f" {one.charge} |" if charged else ""
        measured = one.measured if one.agrees else f"**{one.measured}**"
        lines.append(f"| {one.path} | {one.what} | {one.sent} |{middle} {one.predicted} | {measured} | {one.bound} |")
    return "\n".join(lines)


def charges() -> str:
    """Return what a datagram is charged on each path, and what the simulator takes where it is told nothing."""
    lines = [
        "| payload | loopback | veth, MTU 1500 | the simulator's own guess for a frame of a NIC |",
        "|--:|--:|--:|--:|",
    ]
    for size in SIZES:
        guess = truesize(size + AROUND) if size + AROUND <= MTU["veth"] + 18 else "-"
        lines.append(f"| {size} | {charge('lo', size)} | {charge('veth', size)} | {guess} |")
    return "\n".join(lines)


def total(results: list[Result]) -> str:
    """Return how many agree."""
    same = sum(one.measured == one.predicted for one in results)
    far = max((abs(one.measured - one.predicted) for one in results), default=0)
    outside = [one for one in results if not one.agrees]
    return (
        f"Of {len(results)} trials, {sum(one.sent for one in results):,} packets, {same} agree packet for packet; the "
        f"furthest is {far} off, and {len(outside) or 'none'} further than it may be."
    )


def main() -> None:
    """Run, print, and write the page."""
    paused, mixed, shaped = map(read, PAUSED), map(read, READ), map(shape, SHAPED)
    found = [list(paused), list(mixed), list(shaped)]
    parts = [
        f"{machine()}. {total([one for group in found for one in group])}",
        f"### A paused reader\n\n{table(found[0], charged=True)}",
        f"### A reader that reads now and then\n\n{table(found[1], charged=True)}",
        f"### A shaper\n\n{table(found[2], charged=False)}",
        f"### Bytes that a datagram is charged\n\n{charges()}",
    ]
    print("\n\n".join(parts))
    text = TABLE.sub(lambda match: match[1] + "\n\n".join(parts) + f"\n\n{match[2]}", PAGE.read_text("utf-8"))
    PAGE.write_text(text, "utf-8")


if __name__ == "__main__":
    if os.geteuid() != 0:
        sys.exit("it needs root: packets are sent in network namespaces")
    main()
