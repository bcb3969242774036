"""The host it runs on, as it is when asked: proc and sysfs files, and from the kernel what the usual commands print."""

import re
import socket
from collections.abc import Iterator
from pathlib import Path

from brimful.evidence.origin import Blind
from brimful.roots import commands
from brimful.roots.answers import ANSWERS, TABLES
from brimful.roots.base import Document, Table
from brimful.roots.doors import OF_NAMESPACE, Doors

EVERYWHERE = frozenset(("/proc/net/softnet_stat", "/proc/net/protocols"))
"""Files of /proc/net that say the same in each network namespace."""

LOGS = "/var/"
"""Files that are long, private, and of days gone by: read where somebody hands them over, never live."""

_BRACE = re.compile(r"\{\w+\}")


class LiveRoot:
    """The host it runs on: one of its network namespaces, that of the caller if none is named.

    Every call of `documents` and `tables` reads anew; nothing is changed. `top` stands before each path that is read.
    `namespace` is the file of another namespace and `label` what people call it: only what differs from one namespace
    to the next is then answered. `OSError` when it cannot be entered.
    """

    def __init__(self, top: str = "", *, namespace: str = "", label: str = "") -> None:
        self.doors = Doors(top, namespace)
        self._listed: list[tuple[int, str]] = []
        self._interfaces: tuple[tuple[int, str], ...] = ()
        host = socket.gethostname()
        self.name = f"{host} netns {label}" if namespace else host
        self.kind = "live"
        self.path = ""
        if not Path(f"{top}/proc/net").is_dir():
            self.doors.see_not(
                f"{top}/proc", "is not mounted: what is read there is missing", f"mount -t proc proc {top}/proc"
            )
        self.boot = (self.doors.read("/proc/sys/kernel/random/boot_id") or b"").decode("ascii", "replace").strip()
        self.doors.boot = self.boot
        self.identity = f"{self.name}/{self.boot}" if self.boot else ""

    def answers(self, request: str) -> bool:
        """Whether such a request is answered on a live host, if there is anything to answer it with."""
        elsewhere = bool(self.doors.namespace)
        if request in ANSWERS:
            return not (elsewhere and ANSWERS[request].everywhere)
        of_namespace = request.startswith(OF_NAMESPACE) and request not in EVERYWHERE
        return (
            not request.startswith(LOGS)
            and request.startswith("/")
            and not _BRACE.search(request)
            and (of_namespace or not elsewhere)
        )

    def documents(self, request: str) -> Iterator[Document]:
        """Yield what is so now; none for what is not there and for requests that are not known."""
        if not self.answers(request):
            return iter(())
        found = ANSWERS[request].give(self.doors) if request in ANSWERS else self.doors.file(request)
        return self.doors.answering(request, found)

    def tables(self, request: str) -> Iterator[Table] | None:
        """Yield the same as numbers only; None for a request that is answered by documents alone."""
        return self.doors.answering(request, TABLES[request].give(self.doors)) if request in TABLES else None

    def interfaces(self) -> tuple[tuple[int, str], ...]:
        """Return the interfaces there are now, by index and name: one and the same tuple until something changes."""
        found = self.doors.interfaces()
        if found is not self._listed:
            self._listed = found
            self._interfaces = tuple((index, commands.shown(name)) for index, name in found)
        return self._interfaces

    def blind(self) -> list[Blind]:
        """Return what could not be seen when it was asked for last, and which right would show it."""
        return self.doors.blind()
