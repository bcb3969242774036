"""How long pause frames can have stopped a sender: only bounded from above, for they count frames and not time."""

from brimful.evidence.evidence import Evidence

LONGEST_BITS = 65_535 * 512
"""How many bit times one pause frame can stop a sender for (IEEE 802.3 Annex 31B; 802.1Q clause 36 for a priority)."""
FASTEST_MBPS = 800_000
"""The fastest link there is: pauses that can fill a share of the time there can fill it on any other."""


def paused_share(evidence: Evidence, interface: str, frames: int, seconds: float | None) -> float | None:
    """Return the largest share of the window that pauses can have filled; None where speed or time is not known."""
    speed = evidence.fact("nic.link_speed", interface)
    if speed is None or not seconds or float(speed.value) <= 0:
        return None
    return _share(frames, seconds, float(speed.value))


def on_any_link(frames: int, seconds: float | None) -> float:
    """Return the share of the window that pauses can have filled whatever the link's speed; 0 where the time is not known."""
    return _share(frames, seconds, FASTEST_MBPS) if seconds else 0.0


def _share(frames: int, seconds: float, mbps: float) -> float:
    return frames * LONGEST_BITS / (mbps * 1e6 * seconds)
