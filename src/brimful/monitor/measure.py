"""What a reading says at each place, to be compared with a threshold."""

from collections.abc import Iterator

import msgspec

from brimful.chain.meaning import MEANINGS
from brimful.chain.place import whole
from brimful.chain.word import Kind
from brimful.monitor.state import Number, State

QUEUE_BYTES = "queue_bytes"
ERROR_DROPS = "packet_error_drops"
CONGESTION_DROPS = "packet_congestion_drops"
DROPS = "packet_drops"
"""Both: what `value` is compared with where packets are counted."""
COUNT = "count"

LEVELS = frozenset((Kind.LEVEL, Kind.LIMIT))
"""Kinds whose value is compared; of all others it is what was counted since the reading before."""
ERROR_STAGES = frozenset(("network.path", "protocol.input"))
ERRORS = "nic.tx_ring.errors"
ALL_ERRORS = "protocol.input.errors"
"""What a link counts as errors altogether, those that have a name among them."""


class Measure(msgspec.Struct, frozen=True):
    """One number to compare. `lows` are the ranges it comes from when it is no more than the lower bound of one."""

    place: str
    name: str
    value: int
    unit: str
    limit: int | None = None
    counted: bool = False
    lows: tuple[int, ...] = ()


def measures(state: State, statistic: str) -> Iterator[Measure]:
    """Yield what a statistic says at each place of a reading.

    `queue_bytes`: the greatest depth where the reader knows it, else the lower bound of the deepest range that holds
    anything: only what was counted for certain. `packet_error_drops` and `packet_congestion_drops`: the losses of an
    interface since the reading before, by what they mean; `packet_drops`: both together. `count`, `value` or nothing: whatever the group reads.
    """
    if statistic in {ERROR_DROPS, CONGESTION_DROPS}:
        yield from _drops(state, statistic)
        return
    if statistic == DROPS:
        yield from _all_drops(state)
        return
    depths = {measure.place: measure for measure in _depths(state, statistic)}
    yield from depths.values()
    for number in state.numbers:
        level = MEANINGS[number.meaning].kind in LEVELS
        if statistic == QUEUE_BYTES and not (level and number.unit == "bytes"):
            continue
        if level and number.place in depths and number.unit == depths[number.place].unit:
            continue  # the depth at the moment of reading: less than what is known already
        value = number.value if level and statistic != COUNT else number.delta
        if value is not None:
            yield Measure(number.place, number.name, value, number.unit, number.limit, counted=not level)


def _depths(state: State, statistic: str) -> Iterator[Measure]:
    """Yield the depth of each queue that has a histogram, of the unit that is asked for."""
    deepest: dict[str, Measure] = {}
    limits = {number.place: number.limit for number in state.numbers if number.limit}
    wanted = "bytes" if statistic == QUEUE_BYTES else ""
    for one in state.histograms:
        unit = MEANINGS[one.meaning].unit
        wanted = wanted or unit
        depth = one.deepest()
        if unit != wanted or depth is None:
            continue
        before = deepest.get(one.place)
        lows = tuple(sorted({*one.lows, *(before.lows if before else ())}))
        depth = max(depth, before.value if before else 0)
        deepest[one.place] = Measure(one.place, one.meaning, depth, unit, limits.get(one.place), lows=lows)
    for place, measure in deepest.items():
        peak = state.peaks.get(place)
        yield measure if peak is None else msgspec.structs.replace(measure, value=peak, lows=())


def _drops(state: State, statistic: str) -> Iterator[Measure]:
    """Yield the drops of each interface: errors, or what found no room. Errors with a name are part of all errors."""
    named: dict[str, int] = {}
    together: dict[str, int] = {}
    for number in state.numbers:
        place = whole(number.place)
        if number.delta is None:
            continue
        if statistic == ERROR_DROPS and number.meaning == ALL_ERRORS:
            together[place] = together.get(place, 0) + number.delta
        elif _is(number, statistic):
            named[place] = named.get(place, 0) + number.delta
    for place in sorted({*named, *together}):
        lost = max(named.get(place, 0), together.get(place, 0))
        yield Measure(place, statistic, lost, "packets", counted=True)


def _all_drops(state: State) -> Iterator[Measure]:
    """Yield the drops of each interface, for whatever reason."""
    lost: dict[str, int] = {}
    for statistic in (ERROR_DROPS, CONGESTION_DROPS):
        for one in _drops(state, statistic):
            lost[one.place] = lost.get(one.place, 0) + one.value
    for place in sorted(lost):
        yield Measure(place, DROPS, lost[place], "packets", counted=True)


def _is(number: Number, statistic: str) -> bool:
    meaning = MEANINGS[number.meaning]
    if meaning.kind is not Kind.LOST or meaning.unit != "packets":
        return False
    error = meaning.stage.name in ERROR_STAGES or meaning.name == ERRORS
    return error is (statistic == ERROR_DROPS)
