"""How much a loss weighs: now, since the counter was cleared, or nothing at all.

A lifetime counter is never judged as if it were now: two samples give a rate, one sample gives a share with its age.
"""

from collections.abc import Iterable

import msgspec

from brimful.chain.place import whole
from brimful.evidence.delta import Reading

LIFETIME_SHARE = 0.001
"""Since a counter was cleared, a loss above this share of all packets is worth a (cautious) verdict."""

LIFETIME_COUNT = 10_000
"""The same where nothing says how many packets there were."""


IDLE_SHARE = 0.999
"""Lost packets as a share of all, from which the drain is not slow: it stands still, or the counter is wrong."""

AGAIN = (
    "nic_queues",
    "nic_pause",
    "link",
    "nstat",
    "udp_sockets",
    "netstat_sockets",
    "netlink_sockets",
    "packet_sockets",
    "sctp_associations",
    "sonic_show",
)
"""Sources that repeat what a better one shows: a driver's own counters, `/proc/net/snmp`, `ss`, a switch's tables. Better ones come first."""


class Weight(msgspec.Struct, frozen=True):
    """The sum of some loss counters beside what went through.

    `now`: lost between samples. `over`: only ever lost since the counters were cleared, but enough to matter.
    `flat`: known not to have lost in the window (or ever). None of the three: too little is known.
    """

    lost: int
    passed: int | None
    seconds: float | None
    now: bool
    over: bool
    flat: bool
    sampled: bool

    @property
    def share(self) -> float | None:
        """Lost packets as a share of all, 0 to 1."""
        if self.passed is None or self.lost + self.passed == 0:
            return None
        return self.lost / (self.lost + self.passed)

    @property
    def idle(self) -> bool:
        """Whether next to nothing passed while it was lost: a drain that is too slow would have let some through."""
        return self.now and self.share is not None and self.share >= IDLE_SHARE

    def __str__(self) -> str:
        """`1,234 packets (5.1 %) in 10.0 s`, or `... since the counters were cleared`."""
        share = f" ({percent(self.share)})" if self.share is not None else ""
        return f"{self.lost:,}{share} {self.when}"

    @property
    def when(self) -> str:
        """The window it speaks of, in words."""
        if not self.sampled:
            return "since the counters were cleared"
        return f"in {self.seconds:.1f} s" if self.seconds else "between the samples"


def percent(share: float) -> str:
    """Return a share as a percentage that does not round a loss away to nothing."""
    value = 100 * share
    if 0 < value < 0.01:  # noqa: PLR2004 - below two decimals
        return f"{value:.2g} %" if value >= 0.0001 else "under 0.0001 %"  # noqa: PLR2004 - no powers of ten
    return f"{value:.2f} %"


def one_view(readings: list[Reading]) -> list[Reading]:
    """Keep one view of each interface, protocol or socket, where several sources show the same packets again."""
    best: dict[str, int] = {}
    for reading in readings:
        place = whole(reading.series.place)
        best[place] = min(_rank(reading), best.get(place, len(AGAIN)))
    return [reading for reading in readings if _rank(reading) == best[whole(reading.series.place)]]


def _rank(reading: Reading) -> int:
    """Return how good a view is: the smaller the better."""
    source = reading.series.source
    return AGAIN.index(source) if source in AGAIN else -1


def weigh(lost: Iterable[Reading], passed: Iterable[Reading] = ()) -> Weight:
    """Weigh loss counters, each series once, beside what passed."""
    lost, passed = list(lost), list(passed)
    sampled = any(reading.delta is not None for reading in lost)
    count = sum(reading.counted for reading in lost if not sampled or reading.delta is not None)
    alike = [reading for reading in passed if (reading.delta is not None) == sampled]
    through = sum(reading.counted for reading in alike) if alike else None
    seconds = max((reading.seconds for reading in lost if reading.seconds is not None), default=None)
    now = sampled and count > 0
    over = not sampled and _matters(count, through)
    flat = bool(lost) and all(reading.rising is False for reading in lost)
    return Weight(count, through, seconds, now, over, flat, sampled)


def _matters(count: int, through: int | None) -> bool:
    if not count:
        return False
    if through is None:
        return count >= LIFETIME_COUNT
    return count / (count + through) >= LIFETIME_SHARE
