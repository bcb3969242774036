"""What commands that watch this host share: its namespaces, a steady beat, a bar that shows how far it is."""

import sys
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from brimful.roots.base import Unusable

if TYPE_CHECKING:
    from brimful.roots.live import LiveRoot

ALL = "all"


def live_roots(names: tuple[str, ...]) -> "list[LiveRoot]":
    """Return this host and the network namespaces of these names, each once; `Unusable` when one cannot be entered.

    Of `all`, those that cannot be entered are left out and told of.
    """
    from brimful.roots.live import LiveRoot
    from brimful.roots.namespaces import OWN, find, namespaces

    here = LiveRoot()
    roots = [here]
    own = find(OWN)
    known = {own.inode} if own else set()
    for name in dict.fromkeys(name for name in names if name != ALL):
        found = find(name)
        if found is None:
            raise Unusable(f"{name}: no network namespace of that name or process (ip netns list)")
        if found.inode in known:
            continue
        known.add(found.inode)
        try:
            roots.append(LiveRoot(namespace=found.path, label=found.label))
        except OSError as error:
            raise Unusable(f"{name}: network namespace cannot be entered: {error.strerror}") from error
    if ALL in names:
        for found in namespaces():
            if found.inode not in known:
                try:
                    roots.append(LiveRoot(namespace=found.path, label=found.label))
                except OSError as error:
                    why = error.strerror or "cannot be entered"
                    here.doors.see_not(f"network namespace {found.label}", why, "run as root")
    return roots


def beats(count: int, interval_s: float, title: str, *, quiet: bool) -> Iterator[int]:
    """Yield 0 to `count - 1`, one each interval without drift, with a bar on a terminal.

    The time counts from the end of the first turn, which is the longest: what is asked for is what is watched.
    """
    begin: float | None = None
    for turn in range(count) if quiet or not sys.stderr.isatty() else _with_bar(count, title):
        if begin is not None:
            time.sleep(max(0.0, begin + turn * interval_s - time.monotonic()))
        yield turn
        begin = time.monotonic() if begin is None else begin


def _with_bar(count: int, title: str) -> Iterator[int]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn(title), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        yield from bar.track(range(count), total=count)
