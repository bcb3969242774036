"""Points in time: UTC nanoseconds, with the clock they were read from and how far off that may be."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import msgspec

SECOND = 1_000_000_000


class Moment(msgspec.Struct, frozen=True):
    """A time in UTC nanoseconds since 1970.

    `clock` names what it was read from; clocks of different names may differ by the sum of their uncertainties.
    `monotonic_ns` is set for live reads only and is preferred for differences: it does not step.
    `zone_known` is false where the text gave no usable zone and UTC was assumed.
    """

    ns: int
    clock: str = "utc"
    uncertainty_ns: int = 0
    monotonic_ns: int | None = None
    zone_known: bool = True

    def __str__(self) -> str:
        """RFC 3339, to the millisecond, in UTC."""
        if self.clock == "relative":
            return f"+{self.ns / SECOND:g}s"
        stamp = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=self.ns // 1000)
        text = stamp.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return text.replace(".000Z", "Z")

    def earlier(self, seconds: float) -> "Moment":
        """Return the moment so many seconds before, on the same clocks."""
        ns = round(seconds * SECOND)
        steady = None if self.monotonic_ns is None else self.monotonic_ns - ns
        return msgspec.structs.replace(self, ns=self.ns - ns, monotonic_ns=steady)


def span(moments: Iterable[Moment | None]) -> tuple[Moment, Moment] | None:
    """Return the earliest and the latest of those moments that are known; None where none is."""
    known = sorted((moment for moment in moments if moment is not None), key=lambda moment: moment.ns)
    return (known[0], known[-1]) if known else None


def seconds_between(first: Moment | None, last: Moment | None, *, same_boot: bool = True) -> float | None:
    """Return the seconds from one moment to another, or None where the two clocks cannot be compared or stepped back.

    Monotonic clocks begin anew with each boot: of two boots, the time of day is all that can be compared.
    """
    if first is None or last is None:
        return None
    if same_boot and first.monotonic_ns is not None and last.monotonic_ns is not None:
        return (last.monotonic_ns - first.monotonic_ns) / SECOND
    if first.clock != last.clock or last.ns < first.ns:
        return None
    return (last.ns - first.ns) / SECOND


def spoken(seconds: float) -> str:
    """Return a length of time as people say it, rounded down: `25 min`, `39 h`, `22 days`."""
    minutes = int(seconds) // 60
    if minutes < 120:  # noqa: PLR2004 - two hours
        return f"{minutes} min" if minutes else f"{int(seconds)} s"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // (24 * 60)} days"
