"""Tables beside TextFSM: one large table alone, and the tables of a support capture, found and parsed."""

import io
from mmap import ACCESS_READ, mmap
from pathlib import Path

import textfsm

from benchmarks.captures import EXAMPLE, controlplane, support_capture
from benchmarks.timing import call, compare
from brimful.evidence.frame import Frame
from brimful.roots.base import Document
from brimful.roots.staros import StarosRoot
from brimful.sources import SOURCES

ROWS = 98 * 98
"""Every pair of that many cards once."""

MEGABYTES = 20
REQUESTS = ("show cloud monitor controlplane", "show cloud monitor dataplane")

VALUES = r"""Value SRC (\d+)
Value DST (\d+)
Value A15 (\d+)
Value B15 (\d+)
Value PERCENT15 (\S+)
Value A5 (\d+)
Value B5 (\d+)
Value PERCENT5 (\S+)
Value A60 (\d+)
Value B60 (\d+)
Value PERCENT60 (\S+)
"""
ROW = r"  ^\s+${SRC}\s+${DST}\s+${A15}\s+${B15}\s+${PERCENT15}%\s+${A5}\s+${B5}\s+${PERCENT5}%\s+${A60}\s+${B60}\s+${PERCENT60}% -> Record"
TABLE = f"{VALUES}\nStart\n{ROW}\n"
CAPTURE = rf"""{VALUES}
Start
  ^\*+ show cloud monitor (controlplane|dataplane) \*+ -> Rows

Rows
{ROW}
  ^\*+ show cloud monitor (controlplane|dataplane) \*+ -> Rows
  ^\*+ show -> Start
"""


def run(folder: Path) -> None:
    """Time both parsers on one text in memory: to numbers with their lines on our side, to strings on TextFSM's."""
    _alone()
    _of_a_capture(folder / "capture")


def _alone() -> None:
    text = controlplane(ROWS)
    data = text.encode()

    def ours() -> None:
        (frame,) = SOURCES["controlplane"](Document("show cloud monitor controlplane", "text", data))
        _expect(len(frame.values) if isinstance(frame, Frame) else 0, ROWS * 6)

    def peer() -> None:
        _expect(len(textfsm.TextFSM(io.StringIO(TABLE)).ParseText(text)), ROWS)

    compare(f"one controlplane table of {ROWS:,} rows", call(ours), call(peer), "TextFSM")


def _of_a_capture(path: Path) -> None:
    support_capture(path, EXAMPLE, MEGABYTES)
    text = path.read_text(encoding="utf-8")
    rows = len(textfsm.TextFSM(io.StringIO(CAPTURE)).ParseText(text))

    def ours() -> None:
        with path.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as data:
            (root,) = StarosRoot.split("capture", str(path), data)
            items = [i for r in REQUESTS for d in root.documents(r) for i in SOURCES[r.rpartition(" ")[2]](d)]
        _expect(sum(len(item.values) for item in items if isinstance(item, Frame)), rows * 6)

    def peer() -> None:
        textfsm.TextFSM(io.StringIO(CAPTURE)).ParseText(text)

    title = f"the control- and data-plane tables ({rows} rows) of a {MEGABYTES} MB capture"
    compare(title, call(ours), call(peer), "TextFSM", runs=5)


def _expect(found: int, expected: int) -> None:
    if found != expected:
        raise AssertionError(f"{found} found, {expected} expected")
