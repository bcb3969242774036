"""A large `show cloud monitor controlplane` beside TextFSM on the same table."""

import io
from pathlib import Path

import textfsm

from benchmarks.captures import controlplane
from benchmarks.timing import call, compare
from brimful.roots.base import Document
from brimful.sources import SOURCES

ROWS = 98 * 98
"""Every pair of cards once: a pair that comes again would be a later sample."""
TEMPLATE = r"""Value SRC (\d+)
Value DST (\d+)
Value XMIT15 (\d+)
Value RECV15 (\d+)
Value MISS15 (\S+)
Value XMIT5 (\d+)
Value RECV5 (\d+)
Value MISS5 (\S+)
Value XMIT60 (\d+)
Value RECV60 (\d+)
Value MISS60 (\S+)

Start
  ^\s+${SRC}\s+${DST}\s+${XMIT15}\s+${RECV15}\s+${MISS15}%\s+${XMIT5}\s+${RECV5}\s+${MISS5}%\s+${XMIT60}\s+${RECV60}\s+${MISS60}% -> Record
"""


def run(folder: Path) -> None:
    """Time both parsers on one text in memory, to numbers on our side and to strings on TextFSM's."""
    del folder
    text = controlplane(ROWS)
    data = text.encode()
    source = SOURCES["controlplane"]

    def ours() -> None:
        (frame,) = source(Document("show cloud monitor controlplane", "text", data))
        if len(frame.values) != ROWS * 6:  # type: ignore[union-attr]
            raise AssertionError(f"{len(frame.values)} values")  # type: ignore[union-attr]

    def peer() -> None:
        rows = textfsm.TextFSM(io.StringIO(TEMPLATE)).ParseText(text)
        if len(rows) != ROWS:
            raise AssertionError(f"{len(rows)} rows")

    compare(f"controlplane table, {ROWS:,} rows", call(ours), call(peer), "TextFSM")
