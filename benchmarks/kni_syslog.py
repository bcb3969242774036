"""188 MB of StarOS syslog to its KNI events, beside `grep -c`."""

from mmap import ACCESS_READ, mmap
from pathlib import Path

from benchmarks.captures import syslog
from benchmarks.timing import call, command, compare
from brimful.roots.base import Document
from brimful.sources import SOURCES

MEGABYTES = 188


def run(folder: Path) -> None:
    """Time the source on the file (in this process), and `grep -c` on it (with its start-up, a millisecond)."""
    path = folder / "syslog"
    events = syslog(path, MEGABYTES)
    source = SOURCES["kni_log"]

    def ours() -> None:
        with path.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as data:
            found = sum(1 for _ in source(Document("log", str(path), data)))
        if found != events:
            raise AssertionError(f"{found} events, {events} were written")

    title = f"{path.stat().st_size / 1e6:.0f} MB of syslog, {events:,} KNI events"
    compare(
        title, call(ours), command(["grep", "-c", "KNI: Out of memory", str(path)]), "grep -c (finds, does not parse)"
    )
