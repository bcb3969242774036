"""The network namespaces of this host: those with a name (`ip netns`) and those that processes live in (containers)."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import msgspec

NAMED = "/run/netns"
OWN = "/proc/thread-self/ns/net"


class Namespace(msgspec.Struct, frozen=True):
    """One network namespace: the file that leads into it, what people call it, and its number (an inode)."""

    path: str
    label: str
    inode: int


def namespaces(proc: str = "/proc", named: str = NAMED) -> list[Namespace]:
    """Return every namespace but the caller's own that can be seen, those with a name first.

    A namespace without a name is called by the process that has been in it longest: `nginx (pid 4711)`.
    """
    own = _inode(OWN)
    found: dict[int, Namespace] = {}
    for path, label in (*_named(named), *_lived_in(proc)):
        inode = _inode(path)
        if inode not in {own, 0}:
            found.setdefault(inode, Namespace(path, label, inode))
    return list(found.values())


def find(name: str, proc: str = "/proc", named: str = NAMED) -> Namespace | None:
    """Return the namespace of a name, of a process number or of a path; None when there is none such."""
    paths = [name] if "/" in name else [f"{named}/{name}", *([f"{proc}/{name}/ns/net"] if name.isdecimal() else [])]
    return next((Namespace(path, name, inode) for path in paths if (inode := _inode(path))), None)


def _named(folder: str) -> Iterator[tuple[str, str]]:
    with suppress(OSError):
        for entry in sorted(Path(folder).iterdir()):
            yield str(entry), os.fsencode(entry.name).decode("utf-8", "replace")


def _lived_in(proc: str) -> Iterator[tuple[str, str]]:
    """Yield the namespace of each process, oldest number first."""
    try:
        numbers = sorted(int(entry) for entry in os.listdir(proc) if entry.isascii() and entry.isdecimal())  # noqa: PTH208 - thousands
    except OSError:
        return
    for number in numbers:
        with suppress(OSError):
            comm = Path(f"{proc}/{number}/comm").read_bytes().rstrip(b"\n").decode("utf-8", "replace")
            yield f"{proc}/{number}/ns/net", f"{comm} (pid {number})"


def _inode(path: str) -> int:
    """Return the number of a namespace; 0 where it cannot be seen."""
    try:
        return os.stat(path).st_ino  # noqa: PTH116 - one for each process of the host
    except (OSError, ValueError):
        return 0
