"""Evidence as one JSON text, to be read again elsewhere: frames, histograms, bursts, events, facts with their origins.

Origins are written once and referred to by their number: a line of a file holds many values.
"""

from array import array
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, pairwise
from typing import Any, TypeVar

import msgspec

from brimful.chain.fact import EVENTS, FACTS
from brimful.chain.meaning import MEANINGS
from brimful.evidence.burst import Burst
from brimful.evidence.event import Event, Fact
from brimful.evidence.evidence import Evidence, Item
from brimful.evidence.frame import LARGEST, Frame
from brimful.evidence.histogram import Histogram
from brimful.evidence.moment import Moment
from brimful.evidence.origin import Blind, Origin
from brimful.evidence.series import Layout, Series

T = TypeVar("T")

LATEST_NS = 253_402_300_800 * 1_000_000_000
"""The end of the year 9999: later moments cannot be written as dates."""


class SavedFrame(msgspec.Struct, frozen=True):
    """A frame: its layout and the origins of its values by number. `lines` is None where numbers came without a text."""

    layout: int
    values: list[int]
    origins: list[int]
    at: Moment | None = None
    lines: list[int] | None = None
    boot: str = ""


class Recording(msgspec.Struct, frozen=True):
    """All of it, of each kind in the order it was read. `origins`: file, line and text."""

    origins: list[tuple[str, int, str]] = []
    layouts: list[tuple[Series, ...]] = []
    frames: list[msgspec.Raw] = []
    histograms: list[msgspec.Raw] = []
    bursts: list[msgspec.Raw] = []
    events: list[msgspec.Raw] = []
    facts: list[msgspec.Raw] = []
    blind: list[Blind] = []


def items(evidence: Evidence, since_ns: int = 0) -> Iterator[Item]:
    """Yield what is known, in order; of frames, those read since a moment of the monotonic clock and the last before."""
    frames, _ = evidence.since(0)
    before: dict[Layout, Frame] = {}
    newer = []
    for frame in frames:
        if frame.at is not None and frame.at.monotonic_ns is not None and frame.at.monotonic_ns < since_ns:
            before[frame.layout] = frame
        else:
            newer.append(frame)
    yield from before.values()
    yield from newer
    yield from evidence.histograms(*MEANINGS)
    yield from evidence.bursts(*MEANINGS)
    yield from chain.from_iterable(evidence.events(kind) for kind in EVENTS)
    yield from chain.from_iterable(evidence.facts(name) for name in FACTS)
    yield from evidence.blind


def recording(found: Iterable[Item]) -> Recording:
    """Return things that were read in the form in which they are written; what could not be read is left out."""
    origins: dict[Origin, int] = {}
    layouts: dict[Layout, int] = {}

    def where(origin: object) -> int:
        if not isinstance(origin, Origin):
            raise TypeError(f"{type(origin).__name__} cannot be recorded")
        return origins.setdefault(origin, len(origins))

    encoder = msgspec.json.Encoder(enc_hook=where)
    kinds: dict[type, list[msgspec.Raw]] = {kind: [] for kind in (Frame, Histogram, Burst, Event, Fact)}
    blind = []
    for item in found:
        if isinstance(item, Blind):
            blind.append(item)
        elif isinstance(item, Frame):
            each = [where(item.origin(index)) for index in range(len(item.values))]
            lines = None if item.lines is None else list(item.lines)
            layout = layouts.setdefault(item.layout, len(layouts))
            saved = SavedFrame(layout, list(item.values), each, item.at, lines, item.boot)
            kinds[Frame].append(msgspec.Raw(encoder.encode(saved)))
        elif type(item) in kinds:
            kinds[type(item)].append(msgspec.Raw(encoder.encode(item)))
    return Recording(
        [(origin.file, origin.line, origin.raw) for origin in origins],
        [layout.series for layout in layouts],
        kinds[Frame],
        kinds[Histogram],
        kinds[Burst],
        kinds[Event],
        kinds[Fact],
        blind,
    )


def replayed(saved: Recording) -> Iterator[Item | str]:
    """Yield what was read, in order; for each thing that is none any more, a sentence that says why. Raises nothing."""
    origins = [Origin(*where) for where in saved.origins]
    layouts = [Layout.of(series) if _known(series) else None for series in saved.layouts]

    def origin(_kind: type, number: Any) -> Origin:
        if not isinstance(number, int) or not 0 <= number < len(origins):
            raise ValueError("its origin is not there")
        return origins[number]

    def read(kind: type[T], check: Callable[[T], Item]) -> Callable[[msgspec.Raw], Item]:
        decoder = msgspec.json.Decoder(kind, dec_hook=origin)
        return lambda raw: check(decoder.decode(raw))

    kinds = (
        (saved.frames, "frame", read(SavedFrame, lambda one: _frame(one, layouts, origins))),
        (saved.histograms, "histogram", read(Histogram, _histogram)),
        (saved.bursts, "burst", read(Burst, _burst)),
        (saved.events, "event", read(Event, _event)),
        (saved.facts, "fact", read(Fact, _fact)),
    )
    for things, name, make in kinds:
        for number, raw in enumerate(things, 1):
            try:
                yield make(raw)
            except (ValueError, OverflowError, RecursionError, msgspec.MsgspecError) as why:
                yield f"{name} {number}: {why}"
    yield from saved.blind


def _known(series: tuple[Series, ...]) -> bool:
    return all(one.meaning in MEANINGS and 0 <= one.width_bits <= 64 for one in series)  # noqa: PLR2004 - bits


def _is_moment(*moments: Moment | None) -> None:
    for one in moments:
        if one is not None and not (0 <= one.ns < LATEST_NS and 0 <= (one.monotonic_ns or 0) <= LARGEST):
            raise ValueError("its time is none")


def _is_number(*numbers: int | None) -> None:
    if any(not 0 <= number <= LARGEST for number in numbers if number is not None):
        raise ValueError("a number in it is negative, or wider than 64 bits")


def _is_meaning(name: str) -> None:
    if name not in MEANINGS:
        raise ValueError(f"{name!r} is no meaning")


def _frame(one: SavedFrame, layouts: list[Layout | None], origins: list[Origin]) -> Frame:
    _is_moment(one.at)
    layout = layouts[one.layout] if 0 <= one.layout < len(layouts) else None
    if layout is None:
        raise ValueError("its layout is not known")
    if {len(one.values), len(one.origins), len(one.values if one.lines is None else one.lines)} != {len(layout)}:
        raise ValueError("it has not as many numbers as its layout")
    if not all(0 <= number < len(origins) for number in one.origins):
        raise ValueError("its origin is not there")
    each = [origins[number] for number in one.origins]
    values = array("Q", one.values)
    if one.lines is None:
        return Frame(layout, values, one.at, None, each.__getitem__, one.boot)
    by_line = dict(zip(one.lines, each, strict=True))
    return Frame(layout, values, one.at, array("Q", one.lines), by_line.__getitem__, one.boot)


def _histogram(one: Histogram) -> Histogram:
    _is_meaning(one.meaning)
    _is_moment(one.begin, one.end)
    _is_number(*one.lows, *one.counts, one.sample_ns)
    if len(one.lows) != len(one.counts) or one.lows[:1] != (0,) or any(low >= high for low, high in pairwise(one.lows)):
        raise ValueError("its ranges do not fit its counts")
    return one


def _burst(one: Burst) -> Burst:
    _is_meaning(one.meaning)
    _is_moment(one.start, one.end, one.peak_at)
    _is_number(*(value for value in msgspec.structs.astuple(one) if isinstance(value, int)))
    return one


def _event(one: Event) -> Event:
    _is_moment(one.at)
    if one.kind not in EVENTS:
        raise ValueError(f"{one.kind!r} is no kind of event")
    return one


def _fact(one: Fact) -> Fact:
    _is_moment(one.at)
    if one.name not in FACTS:
        raise ValueError(f"{one.name!r} is no fact")
    return one
