"""How deep queues got for how long, by their histograms and samples, and which bursts could have been missed.

A histogram's last range is open: what is counted there may have been a full queue or not. Only drops are a loss.
"""

from collections.abc import Iterator
from itertools import pairwise

import msgspec

from brimful.chain.meaning import MEANINGS
from brimful.evidence.catching import Resolution, lasting, longest_gap_ns, spoken
from brimful.evidence.evidence import Evidence
from brimful.evidence.histogram import Histogram
from brimful.evidence.moment import span
from brimful.evidence.origin import Exhibit
from brimful.evidence.switch import called
from brimful.rules import Finding, State, rule

DEPTHS = ("switch.queue.depth", "switch.pool.level", "qdisc.queue.backlog", "qdisc.queue.length")
FEWEST = 3
"""Samples below which nothing is seen to rise and to fall."""
SHOWN = 3
"""Queues that are named."""


class Queue(msgspec.Struct, frozen=True):
    """All histograms of one queue that count a time, those of one window together: they may differ in their ranges.

    `deepest`: where the deepest range that holds anything begins; `last`: where the last range of any begins.
    """

    place: str
    unit: str
    windows: tuple[tuple[Histogram, ...], ...]
    deepest: int
    last: int

    @property
    def histograms(self) -> list[Histogram]:
        """All of them."""
        return [one for window in self.windows for one in window]

    @property
    def time_ns(self) -> int:
        """For how long it was as deep as its deepest range, at the most."""
        return sum(min(_time(one, self.deepest) for one in window) for window in self.windows)

    @property
    def window_ns(self) -> int:
        """How long was counted."""
        return sum(max(one.window_ns for one in window) for window in self.windows)

    @property
    def gap_ns(self) -> int:
        """The longest time between two windows, in which nobody looked."""
        known = sorted((one.begin.ns, one.end.ns) for one in self.histograms if one.begin and one.end)
        return max((later[0] - sooner[1] for sooner, later in pairwise(known)), default=0)

    @property
    def resolution(self) -> Resolution:
        """How finely it is seen: by the finest histogram of its coarsest window."""
        step = max(one.sample_ns for one in self.histograms)
        depth = max(min(one.lows[1] for one in window) for window in self.windows)
        return Resolution(0 if step == 1 else step, depth, self.gap_ns)


def _time(histogram: Histogram, depth: int) -> int:
    return histogram.at_least(depth).most * histogram.sample_ns


@rule(*DEPTHS, "switch.queue.exceeded")
def queue_depth(evidence: Evidence) -> Iterator[Finding]:
    """How deep did queues get, and which bursts could have been missed?"""
    queues = sorted(_queues(evidence), key=lambda queue: (-queue.deepest, -queue.time_ns))
    over = [queue for queue in queues if queue.deepest == queue.last]
    yield from map(_over, over[:SHOWN])
    below = [queue for queue in queues if queue.deepest and queue.deepest < queue.last]
    yield from map(_reached, below[:1] if not over else [])
    if queues and not queues[0].deepest:
        yield _none(queues)
    yield from _sampled(evidence)
    yield from _exceeded(evidence)


def _queues(evidence: Evidence) -> Iterator[Queue]:
    found: dict[tuple[str, str], dict[object, list[Histogram]]] = {}
    for number, one in enumerate(evidence.histograms(*DEPTHS)):
        if one.sample_ns and one.total:
            window = (one.begin.ns, one.end.ns) if one.begin and one.end else number
            found.setdefault((one.meaning, one.place), {}).setdefault(window, []).append(one)
    for (meaning, place), windows in found.items():
        known = [one for window in windows.values() for one in window]
        deepest = max(one.deepest() or 0 for one in known)
        last = max(one.lows[-1] for one in known)
        yield Queue(place, MEANINGS[meaning].unit, tuple(map(tuple, windows.values())), deepest, last)


def _over(queue: Queue) -> Finding:
    text = f"{called(queue.place)} was at or above {queue.deepest:,} {queue.unit} for {_of(queue)}"
    return _finding(queue, State.NEAR, f"{text}: how deep is not known, for the last range begins there", text)


def _reached(queue: Queue) -> Finding:
    text = f"{called(queue.place)} was at or above {queue.deepest:,} {queue.unit} for {_of(queue)}"
    return _finding(queue, State.NOTE, f"{text}, and no queue was deeper", text)


def _of(queue: Queue) -> str:
    return f"{lasting(queue.time_ns)} of {lasting(queue.window_ns)}"


def _finding(queue: Queue, state: State, statement: str, text: str) -> Finding:
    worst = max(queue.histograms, key=lambda one: one.at_least(queue.deepest).least)
    at = str(worst.end) if worst.end else None
    return Finding(
        stage=MEANINGS[worst.meaning].stage.name,
        place=queue.place,
        state=state,
        statement=f"{statement[0].upper()}{statement[1:]}.",
        subject=f"the histogram of {queue.place}",
        because=(Exhibit(text, worst.origin, queue.time_ns, at, worst.doubt),),
    )


def _none(queues: list[Queue]) -> Finding:
    """Say that nothing was seen, and what that is worth."""
    coarse = max(queues, key=lambda queue: (queue.resolution.step_ns, queue.resolution.depth))
    many = f"{len(queues):,} queue{'s' * (len(queues) > 1)}"
    gap = max(queue.gap_ns for queue in queues)
    blind = f"; between readings nobody looked for up to {lasting(gap)}" if gap > coarse.resolution.step_ns else ""
    return Finding(
        stage=MEANINGS[queues[0].windows[0][0].meaning].stage.name,
        place="",
        state=State.NOTE,
        statement=f"No burst was seen in {many} in {lasting(max(queue.window_ns for queue in queues))}: {spoken(coarse.resolution, coarse.unit)}{blind}.",
    )


def _sampled(evidence: Evidence) -> Iterator[Finding]:
    """Say what samples of depths could have missed: what rose and fell between two of them."""
    known = [one for one in evidence.readings("switch.queue.depth") if one.samples >= FEWEST]
    times = {one.series.place: sorted(frame.at.ns for frame, _ in one.frames if frame.at) for one in known}
    steps = [longest_gap_ns(looked) for looked in times.values()]
    if not steps or not max(steps):
        return
    deepest = max(known, key=lambda one: one.highest)
    many = f"{len(times):,} sampled queue{'s' * (len(times) > 1)}"
    found = f"The deepest of {many} was {called(deepest.series.place).removeprefix('the queue ')} with {deepest.highest:,} bytes"
    yield Finding(
        stage="switch.queue",
        place=deepest.series.place,
        state=State.NOTE,
        statement=f"{found if deepest.highest else f'No burst was seen in {many}'}: {spoken(Resolution(max(steps)), 'bytes')}.",
    )


def _exceeded(evidence: Evidence) -> Iterator[Finding]:
    """Say that a switch told of levels that were exceeded: no port is named, and nothing was lost by that."""
    events = evidence.events("switch.queue.exceeded")
    if events:
        times = span(event.at for event in events)
        last = events[-1]
        level = f"{last.fields.get('what', 'a queue')} above {last.fields.get('level', 'the level set')}"
        unit = f" {last.fields['unit']}" if last.fields.get("unit") else ""
        when = f", the last at {times[1]}" if times else ""
        many = f"{len(events):,} time{'s' * (len(events) > 1)}"
        yield Finding(
            stage="switch.queue",
            place=last.place,
            state=State.NEAR,
            statement=f"The switch said {many} that a level it watches was exceeded ({level}{unit}){when}.",
            because=(Exhibit(f"{level}{unit}", last.origin, None, str(last.at) if last.at else None),),
        )
