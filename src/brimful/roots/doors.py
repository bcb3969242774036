"""The kernel of one network namespace, opened once: sockets, files and the list of interfaces that answers are made of."""

import ctypes
import errno
import os
import socket
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from typing import TypeVar

from brimful.evidence.moment import Moment
from brimful.evidence.origin import Blind
from brimful.kernel.ethtool import Ethtool, EthtoolError
from brimful.kernel.genetlink import NETLINK_GENERIC, Generic
from brimful.kernel.netlink import NETLINK_ROUTE, NETLINK_SOCK_DIAG, Netlink, NetlinkError
from brimful.kernel.rtnetlink import LinkNews
from brimful.roots.base import Document

T = TypeVar("T")

INTERFACES = "network interfaces"

LARGEST_FILE = 16 << 20
"""Bytes of one file that are read."""
CHUNK = 1 << 16
"""Bytes read at a time: sysctl files refuse to be asked for some megabytes at once (fs/proc/proc_sysctl.c)."""

AS_ROOT = "run as root"
SILENT = frozenset((errno.EOPNOTSUPP, errno.ENODEV))
"""The driver has no such thing, or the interface went away meanwhile: neither is a blind spot."""
REFUSED = frozenset((errno.EPERM, errno.EACCES))

VIRTUAL = "/devices/virtual/"
"""Where the links of interfaces without hardware lead."""

CLONE_NEWNET = 0x40000000
OWN_NAMESPACE = "/proc/thread-self/ns/net"
OF_NAMESPACE = ("/proc/net/", "/proc/sys/net/")
"""Files that show the network namespace of whoever opened them."""


class Doors:
    """What a live root asks. `top` stands before each path that is read, for a host mounted elsewhere.

    `namespace` is the file of a network namespace (`/proc/PID/ns/net`, `/run/netns/NAME`): sockets and files are
    opened in it once and stay open, so that reading needs no change of namespace. `OSError` when it cannot be entered.
    """

    def __init__(self, top: str = "", namespace: str = "") -> None:
        self.top = top
        self.namespace = namespace
        self.boot = ""
        self._blind: dict[str, dict[Blind, None]] = {}
        self._asked = ""
        self._open: dict[str, int] = {}
        if namespace:  # kept, for its file may go before it does
            self._open[namespace] = os.open(namespace, os.O_RDONLY | os.O_CLOEXEC)
        self._interfaces: list[tuple[int, str]] | None = None
        self._devices: list[str] | None = None
        self._devices_of: list[tuple[int, str]] | None = None
        self._news: LinkNews | None = None
        with self.inside(), suppress(NetlinkError):  # that it can be entered is found out at once
            self._news = LinkNews()

    def __del__(self) -> None:
        for file in self._open.values():
            with suppress(OSError):
                os.close(file)

    @contextmanager
    def inside(self) -> Iterator[None]:
        """Stay in the namespace for a while: this thread only."""
        if not self.namespace:
            yield
            return
        with _file(OWN_NAMESPACE) as home:
            _enter(self._open[self.namespace])
            try:
                yield
            finally:
                _enter(home)

    def blind(self) -> list[Blind]:
        """Return what could not be seen when it was asked for last, each thing once, and which right would show it."""
        return list(dict.fromkeys(blind for unseen in self._blind.values() for blind in unseen))

    def see_not(self, what: str, why: str, remedy: str = "") -> None:
        """Record something that could not be seen: until the request that is being answered is asked again."""
        self._blind.setdefault(self._asked, {})[Blind(what, why, remedy)] = None

    def answering(self, request: str, answers: Iterator[T]) -> Iterator[T]:
        """Pass the answers to a request on; what could not be seen for it the last time is forgotten."""
        self._blind.pop(request, None)
        while True:
            before, self._asked = self._asked, request
            try:
                found = next(answers)
            except StopIteration:
                return
            finally:
                self._asked = before
            yield found

    def document(self, name: str, data: bytes, **of: str) -> Document:
        """Return an answer read just now."""
        return Document(name, name, data, of=of, at=now(), boot=self.boot)

    def said(self, command: str, text: str) -> Iterator[Document]:
        """Yield an answer of one line."""
        yield self.document(command, f"{text}\n".encode())

    def file(self, path: str) -> Iterator[Document]:
        """Yield what a file holds now; nothing when there is none or it cannot be read."""
        data = self.read(path)
        if data is not None:
            yield self.document(path, data)

    def read(self, path: str) -> bytes | None:
        """Return the beginning of a regular file; None when there is none or it cannot be read."""
        try:
            data = self._kept(path) if self.namespace and path.startswith(OF_NAMESPACE) else bounded(self.top + path)
        except PermissionError as error:
            self.see_not(path, error.strerror or "permission denied", AS_ROOT)
            return None
        except (OSError, ValueError):  # not there, or the device behind it cannot say
            return None
        if data is not None and len(data) > LARGEST_FILE:
            self.see_not(path, f"longer than {LARGEST_FILE >> 20} MiB: only its beginning was read")
            return data[:LARGEST_FILE]
        return data

    def _kept(self, path: str) -> bytes:
        """Return a file of another namespace, opened there once."""
        file = self._open.get(path)
        if file is None:
            own = path.replace("/proc/net/", "/proc/thread-self/net/", 1)
            with self.inside():
                file = os.open(self.top + own, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            self._open[path] = file
        os.lseek(file, 0, os.SEEK_SET)
        return _all(file)

    @cached_property
    def ethtool(self) -> Ethtool:
        """The door to the drivers."""
        with self.inside():
            return Ethtool()

    @cached_property
    def route(self) -> Netlink:
        """Links, queueing disciplines, neighbours."""
        return self.netlink(NETLINK_ROUTE)

    @cached_property
    def diag(self) -> Netlink:
        """Sockets."""
        return self.netlink(NETLINK_SOCK_DIAG)

    @cached_property
    def generic(self) -> Generic:
        """Families that are found by name: `ethtool`, `netdev`."""
        return Generic(self.netlink(NETLINK_GENERIC))

    def netlink(self, protocol: int) -> Netlink:
        """Open a netlink socket in the namespace; `NetlinkError` where the kernel has no such family."""
        with self.inside():
            return Netlink(protocol)

    def interfaces(self) -> list[tuple[int, str]]:
        """Return the interfaces there are now, by index and name: one and the same list until something changes."""
        if self._interfaces is None or self._news is None or self._arrived(self._news):
            self._blind.pop(INTERFACES, None)
            try:
                with self.inside():
                    self._interfaces = socket.if_nameindex()
            except OSError as error:
                self._interfaces = None
                self._blind[INTERFACES] = {Blind(INTERFACES, error.strerror or "cannot be listed"): None}
        return self._interfaces or []

    def _arrived(self, news: LinkNews) -> bool:
        try:
            return news.arrived()
        except NetlinkError:
            self._news = None
            return True

    def refused(self, what: str, error: EthtoolError) -> None:
        """Record what a driver refused to say, unless it has no such thing."""
        if error.errno not in SILENT:
            self.see_not(what, os.strerror(error.errno), AS_ROOT if error.errno in REFUSED else "")

    def devices(self, *, virtual: bool = False) -> list[str]:
        """Return where the links of /sys/class/net lead: `../../devices/pci0000:00/0000:00:03.0/virtio2/net/eth0`.

        Without hardware behind them (`virtual`) there is little to be read of them: thousands of containers' ends are left
        out. They are looked up again when interfaces have come or gone.
        """
        there = self.interfaces()
        if self._devices is None or self._devices_of is not there:
            self._devices, self._devices_of = list(self._targets()), there
        return [target for target in self._devices if virtual or VIRTUAL not in target]

    def _targets(self) -> Iterator[str]:
        with suppress(OSError), os.scandir(f"{self.top}/sys/class/net") as entries:
            for entry in entries:
                with suppress(OSError):  # no link, or gone
                    yield os.readlink(entry.path)  # noqa: PTH115 - of each interface of the host


def now() -> Moment:
    """Return the time of a live read."""
    return Moment(time.time_ns(), "host", monotonic_ns=time.monotonic_ns())


def bounded(path: str) -> bytes | None:
    """Return what a regular file holds, up to a little more than the largest; None when it is something else."""
    # O_NONBLOCK: opening must not wait, whatever is there
    file = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        return _all(file) if stat.S_ISREG(os.fstat(file).st_mode) else None
    finally:
        os.close(file)


def _all(file: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    while size <= LARGEST_FILE and (part := os.read(file, CHUNK)):
        parts.append(part)
        size += len(part)
    return b"".join(parts)


@contextmanager
def _file(path: str) -> Iterator[int]:
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        yield file
    finally:
        os.close(file)


def _enter(namespace: int) -> None:
    """Move this thread into a network namespace (setns(2); in Python's own library from 3.12 on)."""
    if ctypes.CDLL(None, use_errno=True).setns(namespace, CLONE_NEWNET):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
