"""Cgroups that were refused memory in the window, and how much of their limit their sockets hold."""

from collections.abc import Iterator

import msgspec

from brimful.evidence.delta import Reading
from brimful.evidence.evidence import Evidence
from brimful.evidence.origin import Exhibit

FILLED = 0.9
"""Share of the limit that sockets hold from which they, and nothing that could be reclaimed, are what is refused."""
MUCH = 0.5
"""Share from which they are likely to be."""
OF_SOCKETS = ("sock_throttled", "tcp.failcnt")
"""Counters that count nothing but refusals of socket memory, by how their names end."""
OF_TCP = ".tcp."
"""What the names of cgroup v1's limit for TCP have in them."""
MIB = 1 << 20


class Group(msgspec.Struct, frozen=True):
    """A cgroup whose counters of refusals rose.

    `share` is how much of the limit its sockets held at most, where both are known. Sockets may go over the limit: what
    has been received is charged all the same.
    """

    place: str
    refused: tuple[Reading, ...]
    used: Reading | None
    total: Reading | None
    limit: Reading | None

    @property
    def share(self) -> float | None:
        """The memory of its sockets as a share of its limit."""
        if self.used is None or self.limit is None or not self.limit.last:
            return None
        return self.used.highest / self.limit.last

    @property
    def of_sockets(self) -> tuple[Reading, ...]:
        """The counters that rose and count sockets alone."""
        return tuple(r for r in self.refused if r.series.raw.endswith(OF_SOCKETS))

    @property
    def sure(self) -> bool:
        """Whether it was socket memory that was refused."""
        return bool(self.of_sockets) or (self.share or 0) >= FILLED

    @property
    def of_tcp(self) -> bool:
        """Whether the limit is one for TCP alone (cgroup v1)."""
        return any(OF_TCP in r.series.raw for r in self.refused)

    def exhibits(self) -> Iterator[Exhibit]:
        """Yield what shows it: the refusals first."""
        for reading in self.of_sockets or self.refused:
            yield reading.exhibit(f"{reading.series.raw} rose by {reading.delta:,} at {self.place}")
        if self.used is not None and self.limit is not None and self.share is not None:
            held, most = self.used.highest / MIB, self.limit.last / MIB
            yield self.used.exhibit(f"its sockets hold {held:,.1f} of {most:,.1f} MiB ({100 * self.share:.0f} %)")
        if self.total is not None and self.limit is not None:
            yield self.total.exhibit(f"all its memory is {self.total.last / MIB:,.1f} MiB")


def refused_groups(evidence: Evidence) -> list[Group]:
    """Return the cgroups that were refused memory in the window."""
    return [
        Group(place, refused, *_levels(evidence, place))
        for place in evidence.places("protocol.memory.cgroup_refused")
        if (refused := tuple(r for r in evidence.readings("protocol.memory.cgroup_refused", place=place) if r.delta))
    ]


def _levels(evidence: Evidence, place: str) -> tuple[Reading | None, Reading | None, Reading | None]:
    """Return the socket memory of a cgroup, all its memory, and its limit."""
    used, total, limit = (
        next(iter(evidence.readings(f"protocol.memory.cgroup_{word}", place=place)), None)
        for word in ("used", "total", "limit")
    )
    return used, total, limit
