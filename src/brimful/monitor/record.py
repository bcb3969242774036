"""The flight recorder: keeps the last seconds of all that brimful reads, and writes them down when something triggers.

What is written is read again by `brimful diagnose FILE`, as though it had been watching then.
"""

from typing import Any

import msgspec

from brimful import __version__
from brimful.chain.meaning import MEANINGS
from brimful.evidence.burst import Burst
from brimful.evidence.event import Event
from brimful.evidence.evidence import Evidence, Item
from brimful.evidence.moment import SECOND, Moment
from brimful.evidence.origin import Blind, Origin
from brimful.evidence.recording import items, recording
from brimful.monitor.conditions import Trigger
from brimful.monitor.group import Group
from brimful.monitor.state import State
from brimful.roots.live import LiveRoot
from brimful.sampler import Sampler, Tabular

HEAD = "brimful_recording"
FORMAT = 1
"""Of a recording, as `brimful.sources.recording` reads it."""
TRIGGERED = "monitor.triggered"
FEWEST = 2


class Recorder:
    """Reads everything each second, within the share of a CPU that watching may take, and forgets what is older."""

    def __init__(self, before_s: float, root: Tabular | None = None) -> None:
        self.before_s = before_s
        self._sampler = Sampler(root or LiveRoot(), window_s=before_s)

    @property
    def evidence(self) -> Evidence:
        """What it knows of the last seconds."""
        return self._sampler.evidence

    def sweep(self) -> None:
        """Read what is due; the first two times everything."""
        self._sampler.sweep(everything=self._sampler.sweeps < FEWEST)


def parts(group: Group, state: State, trigger: Trigger, before_s: float, known: Evidence) -> dict[str, msgspec.Raw]:
    """Return what a recording holds beside its head: the trigger, and the evidence of the seconds before it."""
    now = state.end
    since_ns = (now.monotonic_ns or 0) - round(before_s * SECOND)
    found: list[Item] = [*items(known, since_ns), *state.histograms, *_bursts(group, state, trigger)]
    found += _events(group, trigger, now)
    found += [Blind(group.name, blind) for blind in state.blind]
    told: dict[str, Any] = {"group": group.name, "at": str(now), "crossings": msgspec.to_builtins(trigger.crossings)}
    return {
        "brimful": _raw(__version__),
        "trigger": _raw(told),
        "evidence": _raw(recording(found)),
    }


def _bursts(group: Group, state: State, trigger: Trigger) -> list[Burst]:
    """Return the queues that were too deep, where it is known how deep: their histograms say only from where on."""
    origin = Origin(f"monitor port group {group.name}")
    return [
        Burst(one.name, one.place, start=None, end=None, peak=one.value, origin=origin, limit=one.limit)
        for one in trigger.crossings
        if one.name in MEANINGS and state.peaks.get(one.place) == one.value
    ]


def _events(group: Group, trigger: Trigger, at: Moment) -> list[Event]:
    """Return the trigger as events, one for each place."""
    origin = Origin(f"monitor port group {group.name}")
    found = []
    for one in trigger.crossings:
        fields: dict[str, str | int | float] = {
            "group": group.name,
            "name": one.name,
            "value": one.value,
            "unit": one.unit,
        }
        if one.level is not None:
            fields["level"] = one.level
        found.append(Event(TRIGGERED, one.place, at, origin, fields))
    return found or [Event(TRIGGERED, "", at, origin, {"group": group.name})]


def _raw(value: object) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(value))
