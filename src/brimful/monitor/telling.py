"""What snapshots show, in sentences: the answer, each burst, and what may have been missed."""

import math

from brimful.chain.meaning import MEANINGS
from brimful.evidence.burst import Burst
from brimful.evidence.catching import Resolution
from brimful.evidence.catching import spoken as catching
from brimful.evidence.moment import SECOND, Moment
from brimful.monitor.view import Measure, Queue, View

MOST_NAMED = 4
"""Ports that fed a queue, of each burst."""
ROUNDING_NS = 1000
"""The times in snapshots are whole microseconds."""
FAINTEST = 1e-6
"""The least share that is printed as a number."""
ROUNDED = 0.9995
"""What is printed with three digits as 1."""
_SCALES = (("s", 1), ("ms", 1_000), ("us", 1_000_000), ("ns", SECOND))
REACHED = {
    Measure.DEPTH: "was at or above {depth} ({what}) for {part}",
    Measure.ARRIVALS: "held {depth} or more ({what}) when {part} came",
    Measure.LATENCY: "{part} waited {depth} or longer ({what})",
    Measure.SAMPLED: "had {depth} or more ({what}) in a sample, for {part}",
}


def answer(view: View) -> str:
    """Return the answer in one sentence: the worst queue, else the worst burst, else that there was none."""
    if view.queues and view.queues[0].deepest:
        return reached(view.queues[0])
    if view.bursts:
        worst = max(view.bursts, key=lambda one: (one.share or 0.0, one.peak))
        return f"{len(view.bursts):,} burst{'s' * (len(view.bursts) > 1)}, the worst: {burst(worst)}"
    longest = max(view.queues, key=lambda queue: queue.total)
    many = "1 queue" if len(view.queues) == 1 else f"{len(view.queues):,} queues"
    return f"no burst was seen: {many}, {amount(longest, longest.total)}, never above the first range"


def reached(queue: Queue) -> str:
    """Return how deep a queue was, for how long and when.

    `swp3/tc 0 was at or above 13,248 bytes (where its last range begins) for 1.2 to 4.8 ms of 64 s, worst at ...`.
    """
    part = f"{_between(queue, queue.peak.least, queue.peak.most)} of {amount(queue, queue.total)}"
    text = REACHED[queue.measure].format(depth=depth_of(queue, queue.deepest), what=of_what(queue), part=part)
    at = queue.worst.end or queue.worst.begin
    colon = ":" if queue.measure is Measure.LATENCY else ""
    peak = f"; its peak was {depth_of(queue, queue.highest)}" if queue.highest else ""
    return f"{queue.place}{colon} {text}{f', worst at {at}' if at else ''}{peak}"


def of_what(queue: Queue) -> str:
    """Return the greatest depth as a share of the limit or, where that is not known, of the range that is counted."""
    if queue.limit:
        return f"{percent(queue.deepest / queue.limit)} of its limit of {queue.limit:,}"
    if queue.deepest == queue.top:
        return "where its last range begins"
    return f"{percent(queue.deepest / queue.top)} of its range"


def burst(one: Burst) -> str:
    """Return a burst in one sentence without the end: `swp1/tc 0 rose to 1,204 bytes for 2.3 ms at 12:03:17Z`."""
    unit = MEANINGS[one.meaning].unit
    of_limit = f" ({percent(one.share)} of its limit of {one.limit:,})" if one.share is not None else ""
    lasted = f" for {duration(one.duration_ns)}" if one.duration_ns is not None else ""
    at = one.peak_at or one.start or one.end
    when = f" at {at}" if at else ""
    dropped = f", {one.dropped:,} packets dropped" if one.dropped is not None else ""
    fed = f", fed by {_some(one.fed_by)}" if one.fed_by else ""
    return f"{one.place} rose to {one.peak:,} {unit}{of_limit}{lasted}{when}{dropped}{fed}"


def missed(view: View) -> list[str]:
    """Return what may have been missed: a line for each resolution, with the longest time that nobody looked."""
    found: dict[tuple[str, int, int], list[int]] = {}
    resolutions = [(queue.unit, queue.resolution) for queue in view.queues if queue.timed]
    for unit, one in (*resolutions, *view.resolutions):
        # less is the time from one sample to the next, or what a time in a file is rounded by
        unseen = one.gap_ns if one.gap_ns > max(one.step_ns, ROUNDING_NS) else 0
        found.setdefault((unit, one.step_ns, one.depth), []).append(unseen)
    lines = []
    for (unit, step_ns, depth), gaps in found.items():
        gap = f"; between readings nobody looked for up to {duration(max(gaps))}" if max(gaps) else ""
        many = f" ({len(gaps):,} of the queues)" if len(found) > 1 else ""
        lines.append(f"{catching(Resolution(step_ns, depth), unit)}{gap}{many}")
    return lines


def depth_of(queue: Queue, depth: int) -> str:
    """Return a depth with its unit; a time with the unit that suits it."""
    return duration(depth) if queue.unit == "ns" else f"{depth:,} {queue.unit}"


def amount(queue: Queue, counted: int) -> str:
    """Return what was counted with its unit: a time, or packets."""
    return duration(counted) if queue.timed else f"{counted:,} packets"


def duration(ns: int) -> str:
    """Return a time in the unit that suits it, three digits: `4.83 ms`."""
    return f"{_scaled(ns, *_scale(ns))} {_scale(ns)[0]}" if ns else "0 s"


def percent(share: float) -> str:
    """Return a share of the whole, two digits; what is more than nothing never as 0%, what is less than all may be 100%."""
    if share and share < FAINTEST:
        return f"<{FAINTEST:.4%}"
    digits = 0 if share >= 0.0995 or not share else 1 - math.floor(math.log10(100 * share))  # noqa: PLR2004 - two digits
    text = f"{100 * share:.{digits}f}"
    return f"{text.rstrip('0').rstrip('.') if '.' in text else text}%"


def clock(at: Moment, *, of_day: bool) -> str:
    """Return a moment for a table: whole, or where all are of one day (`of_day`) without the date."""
    text = str(at)
    return text.partition("T")[2] or text if of_day else text


def _some(names: tuple[str, ...]) -> str:
    """Return the first names, and how many more there are."""
    more = len(names) - MOST_NAMED
    return ", ".join(names[:MOST_NAMED]) + (f" and {more:,} more" if more > 0 else "")


def _between(queue: Queue, least: int, most: int) -> str:
    if least == most:
        return amount(queue, least) if queue.timed else f"{least:,}"
    if not queue.timed:
        return f"{least:,} to {most:,}"
    scale = _scale(most)
    return f"{_scaled(least, *scale)} to {_scaled(most, *scale)} {scale[0]}"


def _scale(ns: int) -> tuple[str, int]:
    return next((scale for scale in _SCALES if ns * scale[1] >= ROUNDED * SECOND), _SCALES[-1])


def _scaled(ns: int, unit: str, factor: int) -> str:
    value = ns * factor / SECOND
    digits = 0 if value >= 100 or unit == "ns" else 1 if value >= 10 else 2  # noqa: PLR2004 - three digits
    text = f"{value:,.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
