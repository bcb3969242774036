"""Accounts: of what arrived at an interface or a protocol, how much was delivered, lost with a name, or neither.

An account is drawn up only where one and the same text holds all its numbers, so that they are of one moment. What it does
not explain is told, not blamed on anybody.
"""

from collections.abc import Iterable, Iterator

import msgspec

from brimful.chain.meaning import MEANINGS
from brimful.chain.word import Kind
from brimful.evidence.delta import Reading
from brimful.evidence.evidence import Evidence
from brimful.evidence.weight import one_view

FEWEST = 100
"""Packets that are too few a rest to tell of.

Counters that are not read at one and the same moment differ by some, and a handful of multicast packets for groups that
nobody here joined come to every host: IPv6 counts them as received and drops them without counting (net/ipv6/ip6_input.c,
ip6_mc_input).
"""

OTHER_USERS = "frames for other users of the port (virtual functions, RDMA, a program beside the kernel) arrive too"
FRAGMENTS = (
    "fragments are counted as they arrive, packets when they are put together; filters, and IPv6 where nobody joined a"
    " multicast group, drop without counting"
)


_AT_NIC = tuple(
    meaning.name
    for meaning in MEANINGS.values()
    if meaning.kind is Kind.LOST and meaning.stage.name in {"nic.fifo", "nic.ring", "driver.memory"}
)
_AT_IP = tuple(
    meaning.name
    for meaning in MEANINGS.values()
    if meaning.kind is Kind.LOST and meaning.stage.name in {"protocol.input", "kernel.table"}
)
_AT_UDP = (
    "socket.receive.full",
    "protocol.memory.refused",
    "protocol.input.checksum",
    "protocol.input.no_listener",
)
_THROUGH = (
    "nic.fifo.arrived",
    "nic.ring.passed",
    "protocol.input.passed",
    "protocol.input.delivered",
    "protocol.input.forwarded",
    "socket.receive.passed",
    "protocol.input.errors",
)
READ = tuple(dict.fromkeys((*_AT_NIC, *_AT_IP, *_AT_UDP, *_THROUGH)))
"""The meanings an account is drawn up from."""


class Entry(msgspec.Struct, frozen=True):
    """One loss of an account."""

    meaning: str
    counter: str
    packets: int


class Account(msgspec.Struct, frozen=True):
    """One account over a watch. `unexplained` = arrived - delivered - losses; below zero more came out than went in."""

    place: str
    stages: tuple[str, str]
    arrived: int
    delivered: int
    losses: tuple[Entry, ...]
    unexplained: int
    seconds: float | None
    doubt: str = ""

    @property
    def even(self) -> bool:
        """Whether it comes out even, but for a handful."""
        return abs(self.unexplained) < FEWEST


def accounts(evidence: Evidence) -> list[Account]:
    """Return every account that can be drawn up, interfaces first."""
    found = (*_interfaces(evidence), *_internet(evidence), *_datagrams(evidence))
    return [account for account in found if account.arrived or account.unexplained]


def _interfaces(evidence: Evidence) -> Iterator[Account]:
    """A NIC whose driver counts what reaches the port: the rest was lost in FIFO, ring or driver."""
    for place in evidence.places("nic.fifo.arrived"):
        arrived = _moved(evidence.readings("nic.fifo.arrived", place=place))
        source = {reading.series.source for reading in arrived}
        delivered = [r for r in _moved(evidence.readings("nic.ring.passed", place=place)) if r.series.source in source]
        lost = [r for r in _moved(one_view(evidence.readings(*_AT_NIC, place=place))) if r.series.source in source]
        if arrived and delivered:
            yield _account(place, ("nic.fifo", "nic.ring"), _sum(arrived), _sum(delivered), lost, arrived, OTHER_USERS)


def _internet(evidence: Evidence) -> Iterator[Account]:
    """What IP received, it handed to protocols or forwarded, or refused."""
    for place in ("ip", "ip6"):
        arrived = _one(evidence, "protocol.input.passed", place)
        out = _one(evidence, "protocol.input.delivered", place)
        forwarded = _one(evidence, "protocol.input.forwarded", place)
        lost = _moved(one_view(evidence.readings(*_AT_IP, place=place)))
        if arrived and out:
            yield _account(
                place,
                ("nic.ring", "protocol.input"),
                _sum(arrived),
                _sum(out) + _sum(forwarded),
                lost,
                arrived,
                FRAGMENTS,
            )


def _datagrams(evidence: Evidence) -> Iterator[Account]:
    """What UDP received is in a socket's queue, or in one of the causes of InErrors, or had no listener."""
    for place in ("udp", "udp6"):
        delivered = _one(evidence, "socket.receive.passed", place)
        errors = _one(evidence, "protocol.input.errors", place)
        nobody = _one(evidence, "protocol.input.no_listener", place)
        lost = [reading for name in _AT_UDP for reading in _one(evidence, name, place)]
        if delivered and errors:
            arrived = _sum(delivered) + _sum(errors) + _sum(nobody)
            yield _account(place, ("protocol.input", "socket.receive"), arrived, _sum(delivered), lost, errors, "")


def _one(evidence: Evidence, meaning: str, place: str) -> list[Reading]:
    """Return one view of a counter of a protocol."""
    return _moved(one_view(evidence.readings(meaning, place=place)))[:1]


def _moved(readings: Iterable[Reading]) -> list[Reading]:
    return [reading for reading in readings if reading.delta is not None]


def _sum(readings: Iterable[Reading]) -> int:
    return sum(reading.delta or 0 for reading in readings)


def _account(  # noqa: PLR0913, PLR0917 - the lines of an account
    place: str,
    stages: tuple[str, str],
    arrived: int,
    delivered: int,
    lost: list[Reading],
    of: list[Reading],
    doubt: str,
) -> Account:
    entries = tuple(Entry(r.series.meaning, r.series.raw, r.delta) for r in lost if r.delta)
    rest = arrived - delivered - sum(entry.packets for entry in entries)
    seconds = next((reading.seconds for reading in of), None)
    return Account(place, stages, arrived, delivered, entries, rest, seconds, doubt if rest else "")
