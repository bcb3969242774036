"""The host it runs on, as it is when asked: proc and sysfs files, and from the kernel what ethtool, ip and ss would print."""

import errno
import os
import re
import socket
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

from brimful.evidence.moment import Moment
from brimful.evidence.origin import Blind
from brimful.kernel import sockdiag
from brimful.kernel.ethtool import Ethtool, EthtoolError
from brimful.kernel.netlink import NETLINK_ROUTE, NETLINK_SOCK_DIAG, Netlink, NetlinkError, link_stats
from brimful.roots import commands
from brimful.roots.base import Counters, Document

LARGEST_FILE = 16 << 20
"""Bytes of one file that are read."""
CHUNK = 1 << 16
"""Bytes read at a time: sysctl files refuse to be asked for some megabytes at once (fs/proc/proc_sysctl.c)."""

BRIDGES = "/sys/devices/{bridge}/"
LINK_FILES = ("current_link_speed", "current_link_width", "max_link_speed", "max_link_width")
SPEED = "/sys/class/net/{interface}/speed"
AS_ROOT = "run as root"

_PCI = re.compile(r"[0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]")
_BRACE = re.compile(r"\{\w+\}")
_SILENT = frozenset((errno.EOPNOTSUPP, errno.ENODEV))
"""The driver has no such thing, or the interface went away meanwhile: neither is a blind spot."""
_REFUSED = frozenset((errno.EPERM, errno.EACCES))


class LiveRoot:
    """The host it runs on, in the network namespace of the caller.

    Every call of `documents` reads anew; nothing is changed.
    `top` stands before each path that is read, for a host whose proc and sysfs are mounted elsewhere.
    """

    def __init__(self, top: str = "") -> None:
        self._top = top
        self._blind: list[Blind] = []
        self.name = socket.gethostname()
        self.kind = "live"
        self.path = ""
        if not Path(f"{top}/proc/net").is_dir():
            self._see_not(
                f"{top}/proc", "is not mounted: what is read there is missing", f"mount -t proc proc {top}/proc"
            )
        self.boot = (self._read("/proc/sys/kernel/random/boot_id") or b"").decode("ascii", "replace").strip()
        self.identity = f"{self.name}/{self.boot}" if self.boot else ""
        self._commands: dict[str, Callable[[], Iterator[Document]]] = {
            "ethtool -S {interface}": self._statistics,
            "ethtool -i {interface}": self._drivers,
            "ethtool -g {interface}": self._rings,
            "ip -j -s -s link": self._links,
            "ss -OHtuanmpe": self._sockets,
            "date": lambda: self._said("date", datetime.now(UTC).isoformat(timespec="seconds")),
            "hostname": lambda: self._said("hostname", socket.gethostname()),
            "nproc": lambda: self._said("nproc", str(os.cpu_count() or 1)),
            "uname -a": lambda: self._said("uname -a", _uname()),
            "uname -r": lambda: self._said("uname -r", os.uname().release),
        }

    def answers(self, request: str) -> bool:
        """Whether such a request is answered on a live host, if there is anything to answer it with."""
        if request.startswith(BRIDGES):
            return request.removeprefix(BRIDGES) in LINK_FILES
        return request == SPEED or request in self._commands or (request.startswith("/") and not _BRACE.search(request))

    def documents(self, request: str) -> Iterator[Document]:
        """Yield what is so now; none for what is not there and for requests that are not known."""
        if not self.answers(request):
            return
        if request.startswith(BRIDGES):
            yield from self._bridges(request.removeprefix(BRIDGES))
        elif request == SPEED:
            yield from self._speeds()
        elif request.startswith("/"):
            yield from self._file(request)
        else:
            yield from self._commands[request]()

    def blind(self) -> list[Blind]:
        """Return what could not be seen so far, and which right would show it."""
        return list(self._blind)

    def _see_not(self, what: str, why: str, remedy: str = "") -> None:
        blind = Blind(what, why, remedy)
        if blind not in self._blind:
            self._blind.append(blind)

    def _document(self, name: str, data: bytes, **of: str) -> Document:
        return Document(name, name, data, of=of, at=_now(), boot=self.boot)

    def _said(self, command: str, text: str) -> Iterator[Document]:
        yield self._document(command, f"{text}\n".encode())

    def _file(self, path: str) -> Iterator[Document]:
        data = self._read(path)
        if data is not None:
            yield self._document(path, data)

    def _read(self, path: str) -> bytes | None:
        """Return the beginning of a regular file; None when there is none or it cannot be read."""
        try:
            data = _bounded(self._top + path)
        except PermissionError as error:
            self._see_not(path, error.strerror or "permission denied", AS_ROOT)
            return None
        except (OSError, ValueError):  # not there, or the device behind it cannot say
            return None
        if data is not None and len(data) > LARGEST_FILE:
            self._see_not(path, f"longer than {LARGEST_FILE >> 20} MiB: only its beginning was read")
            return data[:LARGEST_FILE]
        return data

    def _speeds(self) -> Iterator[Document]:
        """Yield the speed of every link that has one."""
        for target in self._devices():
            interface = target.rpartition("/")[2]
            path = SPEED.format(interface=interface)
            data = self._read(path)
            if data is not None:
                yield self._document(path, data, interface=interface)

    def _bridges(self, file: str) -> Iterator[Document]:
        """Yield one file of every PCI device on the way from a root port to a NIC."""
        for folder in self._pci():
            path = f"/sys/devices/{folder}/{file}"
            data = self._read(path)
            if data is not None:
                yield self._document(path, data, bridge=folder)

    def _pci(self) -> list[str]:
        """Return the folders below /sys/devices of all NICs and of the bridges above them."""
        folders: set[str] = set()
        for target in self._devices():
            parts = target.partition("/devices/")[2].split("/")
            folders.update("/".join(parts[:end]) for end in range(1, len(parts) + 1) if _PCI.fullmatch(parts[end - 1]))
        return sorted(folders)

    def _devices(self) -> Iterator[str]:
        """Yield where the links of /sys/class/net lead: `../../devices/pci0000:00/0000:00:03.0/virtio2/net/eth0`."""
        with suppress(OSError), os.scandir(f"{self._top}/sys/class/net") as entries:
            for entry in entries:
                with suppress(OSError):  # no link, or gone
                    yield os.readlink(entry.path)  # noqa: PTH115 - of each interface, four times a sample

    @cached_property
    def _ethtool(self) -> Ethtool:
        return Ethtool()

    @cached_property
    def _route(self) -> Netlink:
        return Netlink(NETLINK_ROUTE)

    @cached_property
    def _diag(self) -> Netlink:
        return Netlink(NETLINK_SOCK_DIAG)

    def _each(self, option: str, ask: Callable[[int, str], Document]) -> Iterator[Document]:
        """Yield what `ask` returns for each interface; those without an answer, or gone meanwhile, yield none."""
        for index, interface in self._interfaces():
            try:
                yield ask(index, interface)
            except EthtoolError as error:
                if error.errno not in _SILENT:
                    remedy = AS_ROOT if error.errno in _REFUSED else ""
                    self._see_not(f"ethtool {option} {commands.shown(interface)}", os.strerror(error.errno), remedy)

    def _interfaces(self) -> list[tuple[int, str]]:
        try:
            return socket.if_nameindex()
        except OSError as error:
            self._see_not("network interfaces", error.strerror or "cannot be listed")
            return []

    def _statistics(self) -> Iterator[Document]:
        def ask(index: int, interface: str) -> Document:
            found = self._ethtool.statistics(interface, index)
            counters = Counters(found.names, found.values)
            return commands.CountersDocument(commands.shown(interface), counters, _now(), self.boot)

        return self._each("-S", ask)

    def _drivers(self) -> Iterator[Document]:
        def ask(_: int, interface: str) -> Document:
            text = commands.ethtool_driver(self._ethtool.driver(interface))
            return self._of_interface("-i", interface, text)

        return self._each("-i", ask)

    def _rings(self) -> Iterator[Document]:
        def ask(_: int, interface: str) -> Document:
            text = commands.ethtool_rings(commands.shown(interface), self._ethtool.rings(interface))
            return self._of_interface("-g", interface, text)

        return self._each("-g", ask)

    def _of_interface(self, option: str, interface: str, text: str) -> Document:
        name = commands.shown(interface)
        return self._document(f"ethtool {option} {name}", text.encode(), interface=name)

    def _links(self) -> Iterator[Document]:
        try:
            found = link_stats(self._route)
        except NetlinkError as error:
            self._see_not("ip -j -s -s link", str(error))
            return
        if not found.whole:
            self._see_not("ip -j -s -s link", "interfaces came and went while they were listed: some may be missing")
        yield self._document("ip -j -s -s link", commands.ip_links(found.links))

    def _sockets(self) -> Iterator[Document]:
        found = [one for protocol in sockdiag.PROTOCOLS for one in self._sockets_of(protocol)]
        held = sockdiag.owners()
        lines = [commands.ss_line(one, held.by_inode.get(one.inode, ()), _interface) for one in found]
        if any(one.inode and one.inode not in held.by_inode for one in found) and (held.unreadable or os.geteuid()):
            why = "/proc/PID/fd of their processes cannot be read"
            remedy = "run with CAP_SYS_PTRACE" if os.geteuid() == 0 else f"{AS_ROOT} or with CAP_SYS_PTRACE"
            self._see_not("which processes hold some of the sockets", why, remedy)
        yield self._document("ss -OHtuanmpe", "".join(f"{line}\n" for line in lines).encode("utf-8", "replace"))

    def _sockets_of(self, protocol: int) -> Iterator[sockdiag.Socket]:
        name = sockdiag.PROTOCOLS[protocol]
        for family in sockdiag.FAMILIES:
            try:
                found = sockdiag.sockets(self._diag, protocol, family)
            except NetlinkError as error:
                remedy = f"modprobe {name}_diag" if error.errno == errno.ENOENT else ""
                self._see_not(f"{name} sockets", str(error), remedy)
                continue
            if not found.whole:
                self._see_not(f"{name} sockets", "came and went while they were listed: some may be missing")
            yield from found.sockets


def _bounded(path: str) -> bytes | None:
    """Return what a regular file holds, up to a little more than the largest; None when it is something else."""
    # O_NONBLOCK: opening must not wait, whatever is there
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb", buffering=0) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            return None
        parts: list[bytes] = []
        size = 0
        while size <= LARGEST_FILE and (part := file.read(CHUNK)):
            parts.append(part)
            size += len(part)
    return b"".join(parts)


def _uname() -> str:
    name = os.uname()
    return f"{name.sysname} {name.nodename} {name.release} {name.version} {name.machine} GNU/Linux"


def _now() -> Moment:
    return Moment(time.time_ns(), "host", monotonic_ns=time.monotonic_ns())


def _interface(index: int) -> str:
    """Return the name of an interface, or its index when it is gone."""
    try:
        return commands.shown(socket.if_indextoname(index))
    except OSError:
        return str(index)
