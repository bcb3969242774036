"""How long a buffer holds out: what a larger one would change, in time."""

from brimful.evidence.delta import Reading
from brimful.evidence.weight import weigh


def rate(lost: list[Reading], passed: list[Reading]) -> float | None:
    """Return how many packets a second arrive: those lost and those let through. None where no window is known."""
    weight = weigh(lost, passed)
    if not weight.sampled or not weight.seconds or weight.passed is None:
        return None
    return (weight.lost + weight.passed) / weight.seconds or None


def holds(packets: float, per_second: float | None) -> str:
    """Return how long that many packets take to arrive, `2.6 ms`; nothing where the rate is not known."""
    if not per_second:
        return ""
    seconds = packets / per_second
    unit, scale = next(((u, f) for u, f in (("s", 1), ("ms", 1_000)) if seconds * f >= 1), ("us", 1_000_000))
    return f"{seconds * scale:,.3g} {unit}"


def instead(now: float, then: float, per_second: float | None) -> str:
    """Return the words for what a larger buffer changes; nothing where the rate is not known."""
    if not per_second:
        return ""
    return f": a pause of {holds(then, per_second)} fits then instead of {holds(now, per_second)}, at {per_second:,.0f} packets a second"
