"""Log lines in the words of asic-monitor, to syslog or the journal.

Syslog as in RFC 3164 or RFC 5424: over the local socket `/dev/log`, UDP, or TCP with each line behind its length
(RFC 6587, octet counting). Over UDP nothing tells whether a line has arrived. The journal by its own protocol (systemd, "Native Journal Protocol"), with the place and the
number as fields of their own.
"""

import socket
import time
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import msgspec

from brimful.evidence.moment import Moment
from brimful.monitor.conditions import Crossing, Trigger
from brimful.monitor.group import Action, Condition, Group
from brimful.monitor.measure import CONGESTION_DROPS, DROPS, ERROR_DROPS
from brimful.monitor.ring import spoken

PROGRAM = "asic-monitor-module"
PRIORITY = 3 * 8 + 6
"""Facility daemon, severity informational (RFC 5424, 6.2.1)."""
LOCAL = "/dev/log"
JOURNAL = "/run/systemd/journal/socket"
RFC3164, RFC5424 = "rfc3164", "rfc5424"
SYSLOG, JOURNALD = "syslog", "journald"
PORT = 514
NAMED = 8
"""Places of one line that are named; of more only the number is told."""

DIRECTION = {"histogram": "Egress", "histogram_tc": "Egress", "histogram_pg": "Ingress"}
WHAT = {ERROR_DROPS: "Packet error drops", CONGESTION_DROPS: "Packet congestion drops", DROPS: "Packet drops"}


class Line(msgspec.Struct, frozen=True):
    """One line: when, what, and the fields that the journal keeps beside it."""

    at: Moment
    text: str
    fields: dict[str, str] = {}

    @property
    def message(self) -> str:
        """The line behind the program's name: `INFO: 2017-04-26 20:14:41.559967: Egress queue(s) greater than ...`."""
        return f"INFO: {spoken(self.at)}: {self.text}"


def line(group: Group, action: Action, trigger: Trigger, at: Moment) -> Line:
    """Return what is logged: for what asic-monitor can watch exactly its line, for all else one like it that names places."""
    fields = {"BRIMFUL_GROUP": group.name}
    if trigger.crossings:
        worst = max(trigger.crossings, key=lambda one: one.value / (one.limit or one.level or 1))
        fields |= {"BRIMFUL_PLACE": worst.place, "BRIMFUL_VALUE": str(worst.value), "BRIMFUL_UNIT": worst.unit}
    held = f"; it held {trigger.withheld:,} times more since it was told last" if trigger.withheld else ""
    return Line(at, _text(group, action.when, trigger.crossings) + held, fields)


def _text(group: Group, condition: Condition, crossings: tuple[Crossing, ...]) -> str:
    where = f"in monitor port group {group.name}"
    rise, slope = condition.rise, condition.slope
    if rise is None and slope is None:
        return f"Statistics collected {where}"
    if rise is not None and not rise.of_limit and slope is None and group.stat_type in DIRECTION:
        return f"{DIRECTION[group.stat_type]} queue(s) greater than {rise.value:.0f} bytes {where}"
    unit = crossings[0].unit if crossings else ""
    over = []
    if rise is not None:
        level = f"{rise.value:.0%} of the limit" if rise.of_limit else f"{rise.value:.0f} {unit}"
        over.append(f"greater than {level}")
    if slope is not None:
        over.append(f"rising by more than {slope:.0f} {unit} a second")
    more = len(crossings) - NAMED
    named = ", ".join(map(str, crossings[:NAMED])) + (f" and {more:,} more" if more > 0 else "")
    return f"{WHAT.get(condition.statistic, group.stat_type)} {' and '.join(over)} {where}: {named}"


def rfc3164(one: Line, host: str = "") -> bytes:
    """Return a line in the form of RFC 3164, in local time; without a host's name for the local socket."""
    when = time.localtime(one.at.ns // 1_000_000_000)
    stamp = f"{time.strftime('%b', when)} {when.tm_mday:2d} {time.strftime('%H:%M:%S', when)}"
    return f"<{PRIORITY}>{stamp} {f'{host} ' if host else ''}{PROGRAM} {one.message}".encode()


def rfc5424(one: Line, host: str = "") -> bytes:
    """Return a line in the form of RFC 5424, to the microsecond."""
    when = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=one.at.ns // 1000)
    stamp = when.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return f"<{PRIORITY}>1 {stamp} {host or '-'} {PROGRAM} - - - {one.message}".encode()


def native(one: Line) -> bytes:
    """Return a line in the journal's own protocol: a field is a line, or its length and its bytes where it holds one."""
    fields = {"MESSAGE": one.message, "PRIORITY": str(PRIORITY % 8), "SYSLOG_IDENTIFIER": PROGRAM, **one.fields}
    data = b""
    for name, value in fields.items():
        text = value.encode()
        if b"\n" in text:
            data += name.encode() + b"\n" + len(text).to_bytes(8, "little") + text + b"\n"
        else:
            data += name.encode() + b"=" + text + b"\n"
    return data


FORMS = {RFC3164: rfc3164, RFC5424: rfc5424}


class Log:
    """One target: `syslog` (or empty), `journald`, `udp://host:port`, `tcp://host:port`; `unix:/path` for another socket.

    `ValueError` when it is none of these. `form` is `rfc3164` or `rfc5424`: unless said, the first for the local socket
    and the second for the network.
    """

    def __init__(self, target: str = "", form: str = "", *, timeout_s: float = 5.0) -> None:
        self.name = target or SYSLOG
        self._timeout_s = timeout_s
        self._socket: socket.socket | None = None
        self._host = socket.gethostname()
        self._stream = self.name.startswith("tcp:")
        self.answers = not self.name.startswith("udp:")
        self._remote: tuple[str, int] | None = None
        self._path = {SYSLOG: LOCAL, JOURNALD: JOURNAL}.get(self.name, "")
        if self.name.startswith("unix:"):
            self._path = self.name.removeprefix("unix:")
        elif not self._path:
            self._remote = _remote(self.name)
        form = form or (RFC3164 if self._path else RFC5424)
        if form not in FORMS:
            raise ValueError(f"{form!r} is no form of log lines: {' or '.join(FORMS)}")
        self._form = form

    def send(self, message: Line) -> None:
        """Send one line; `OSError` when the target is gone."""
        data = self._framed(message)
        try:
            if self._socket is None:
                self._socket = self._connected()
            elif self._stream:
                _still_there(self._socket)
            self._socket.sendall(data)
        except OSError:
            self.close()
            raise

    def lost(self, count: int) -> Line:
        """Return the line that says how many were lost."""
        at = Moment(time.time_ns(), "host")
        return Line(at, f"{count} lines lost: the log could not be written", {"BRIMFUL_LOST": str(count)})

    def close(self) -> None:
        """Close the connection; the next line opens it again."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _framed(self, one: Line) -> bytes:
        if self.name == JOURNALD:
            return native(one)
        data = FORMS[self._form](one, self._host if self._remote else "")
        data = data.replace(b"\n", b" ")
        return b"%d %s" % (len(data), data) if self._stream else data

    def _connected(self) -> socket.socket:
        if self._remote is None:
            found = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            try:
                found.settimeout(self._timeout_s)
                found.connect(self._path)
            except OSError:
                found.close()
                raise
            return found
        if self._stream:
            return socket.create_connection(self._remote, self._timeout_s)
        family, kind, protocol, _, address = socket.getaddrinfo(*self._remote, type=socket.SOCK_DGRAM)[0]
        found = socket.socket(family, kind, protocol)
        found.connect(address)
        return found


def _remote(target: str) -> tuple[str, int]:
    """Return host and port of `udp://host:port`; `ValueError` for anything else."""
    parts = urlsplit(target)
    if parts.scheme not in {"udp", "tcp"} or not parts.hostname or parts.path.strip("/"):
        raise ValueError(f"{target!r} is no target of a log: syslog, journald, udp://host:port or tcp://host:port")
    return parts.hostname, parts.port or PORT


def _still_there(connection: socket.socket) -> None:
    """Find out whether the other side has closed: a line sent after that would be lost without an error."""
    connection.setblocking(False)  # noqa: FBT003 - the name says it
    try:
        if not connection.recv(1 << 16):
            raise ConnectionResetError("the connection was closed")
    except BlockingIOError:
        pass
    finally:
        connection.settimeout(5.0)
