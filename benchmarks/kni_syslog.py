"""188 MB of StarOS syslog to its KNI events, beside `grep -c`."""

from mmap import ACCESS_READ, mmap
from pathlib import Path

from benchmarks.captures import syslog
from benchmarks.timing import call, command, compare
from brimful.roots.base import Document
from brimful.sources import SOURCES

MEGABYTES = 188
SHARES = (0.001, 0.01)
"""KNI lines among all lines: the second is dense for a log that is written with a rate limit."""


def run(folder: Path) -> None:
    """Time the source on the file (in this process), and `grep -c` on it (with its start-up, a millisecond)."""
    path = folder / "syslog"
    for share in SHARES:
        events = syslog(path, MEGABYTES, share)
        title = f"{path.stat().st_size / 1e6:.0f} MB of syslog to its {events:,} KNI events"
        peer = command(["grep", "-c", "KNI: Out of memory", str(path)])
        compare(title, call(lambda: _events(path, events)), peer, "grep -c (finds, does not parse)")  # noqa: B023 - called here


def _events(path: Path, expected: int) -> None:
    with path.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as data:
        found = sum(1 for _ in SOURCES["kni_log"](Document("log", str(path), data)))
    if found != expected:
        raise AssertionError(f"{found} events, {expected} were written")
