"""All that is known of one machine, indexed by meaning."""

from collections.abc import Iterable, Iterator, Mapping
from operator import itemgetter

from brimful.chain.place import whole
from brimful.evidence.burst import Burst
from brimful.evidence.delta import Reading
from brimful.evidence.event import Event, Fact
from brimful.evidence.frame import Frame
from brimful.evidence.histogram import Histogram
from brimful.evidence.moment import Moment
from brimful.evidence.origin import Blind, Unread
from brimful.evidence.repeat import REPEATABLE, repeated
from brimful.evidence.series import Layout, Series
from brimful.evidence.weight import one_view, weigh

Item = Frame | Event | Fact | Histogram | Burst | Unread | Blind

MOST_UNREAD = 1000
"""Unread lines that a watch without end keeps, the latest: one bad line comes again with each read."""


class Evidence:
    """Frames, events and facts of one machine. Rules only ever read it.

    `lines` counts the lines that parsers looked at, so that `unread` can be put beside it.
    """

    def __init__(self, items: Iterable[Item] = ()) -> None:
        self.unread: list[Unread] = []
        self._blind: dict[Blind, None] = {}
        self.lines = 0
        self._sequence = 0
        self._frames: dict[Layout, list[tuple[int, Frame]]] = {}
        self._by_meaning: dict[str, dict[Series, list[tuple[Layout, int]]]] = {}
        self._by_place: dict[str, dict[str, list[Series]]] = {}
        self._readings: dict[Series, Reading] = {}
        self._events: dict[str, list[Event]] = {}
        self._facts: dict[str, dict[str, list[Fact]]] = {}
        self._histograms: dict[str, list[Histogram]] = {}
        self._bursts: dict[str, list[Burst]] = {}
        for item in items:
            self.add(item)

    def add(self, item: Item) -> None:
        """Take in one thing that was read."""
        match item:
            case Frame():
                self._take(item)
            case Event():
                self._events.setdefault(item.kind, []).append(item)
            case Fact():
                self._facts.setdefault(item.name, {}).setdefault(item.place, []).append(item)
            case Histogram():
                self._histograms.setdefault(item.meaning, []).append(item)
            case Burst():
                self._bursts.setdefault(item.meaning, []).append(item)
            case Unread():
                self.unread.append(item)
            case Blind():
                self._blind[item] = None

    def see_not(self, blind: Iterable[Blind]) -> None:
        """Take this for all that cannot be seen, in place of what was told before: for what is read again and again."""
        self._blind = dict.fromkeys(blind)

    def _take(self, frame: Frame) -> None:
        """Keep a frame; its columns are looked up once for all frames of one layout."""
        kept = self._frames.get(frame.layout)
        if kept is None:
            kept = self._frames[frame.layout] = []
            for index, series in enumerate(frame.layout.series):
                self._by_meaning.setdefault(series.meaning, {}).setdefault(series, []).append((frame.layout, index))
                self._by_place.pop(series.meaning, None)
        self._sequence += 1
        kept.append((self._sequence, frame))
        self._readings.clear()

    def forget(self, before_ns: int, facts_before_ns: int, read_ns: Mapping[str, int] = {}) -> None:
        """Drop frames read up to one moment of the monotonic clock, events and facts before another.

        For a watch that has no end. Of each layout that is still read, the last frame up to the moment stays: the
        window begins with it. What has no monotonic time stays, of unread lines the latest.

        `read_ns` tells when each source was read last: what it has not shown again since is gone, but where it has not
        been read since, because it costs much, the last two frames stay, so that it is not taken for a single sample.
        """
        del self.unread[:-MOST_UNREAD]
        for layout, kept in list(self._frames.items()):
            old = sum(1 for _, frame in kept if _steady(frame.at, before_ns + 1) <= before_ns)
            if old == len(kept):
                source = layout.series[0].source if layout.series else ""
                if _steady(kept[-1][1].at, 0) < read_ns.get(source, before_ns + 1):
                    self._drop(layout)
                else:
                    del kept[:-2]
            elif old > 1:
                del kept[: old - 1]
        for events in self._events.values():
            events[:] = [event for event in events if _steady(event.at, facts_before_ns) >= facts_before_ns]
        for histograms in self._histograms.values():
            histograms[:] = [one for one in histograms if _steady(one.end, facts_before_ns) >= facts_before_ns]
        for bursts in self._bursts.values():
            bursts[:] = [one for one in bursts if _steady(one.end or one.start, facts_before_ns) >= facts_before_ns]
        self._forget_facts(facts_before_ns)
        self._readings.clear()

    def _forget_facts(self, before_ns: int) -> None:
        for places in self._facts.values():
            for place, facts in list(places.items()):
                del facts[:-1]
                if _steady(facts[-1].at, before_ns) < before_ns:
                    del places[place]

    def _drop(self, layout: Layout) -> None:
        del self._frames[layout]
        for series in layout.series:
            known = self._by_meaning[series.meaning]
            known[series] = [found for found in known[series] if found[0] is not layout]
            if not known[series]:
                del known[series]
                self._by_place.pop(series.meaning, None)

    @property
    def blind(self) -> list[Blind]:
        """What could not be seen, each thing once."""
        return list(self._blind)

    def readings(self, *meanings: str, place: str | None = None) -> list[Reading]:
        """Return all series of these meanings; with `place`, those on the same interface, card or socket."""
        known: Iterable[Series]
        found = []
        for meaning in meanings:
            known = self._by_meaning.get(meaning, ()) if place is None else self._at(meaning, place)
            found += [self._readings.get(series) or self._read(series) for series in known]
        return found

    def _at(self, meaning: str, place: str) -> list[Series]:
        """Return the series of a meaning on one interface, card or socket; who is where is looked up once."""
        places = self._by_place.get(meaning)
        if places is None:
            places = self._by_place[meaning] = {}
            for series in self._by_meaning.get(meaning, ()):
                places.setdefault(whole(series.place), []).append(series)
        return places.get(whole(place), [])

    def _read(self, series: Series) -> Reading:
        found = self._by_meaning[series.meaning][series]
        frames = [(sequence, frame, index) for layout, index in found for sequence, frame in self._frames[layout]]
        if len(found) > 1:
            frames.sort(key=itemgetter(0))
        reading = self._readings[series] = Reading(series, _in_order([(frame, index) for _, frame, index in frames]))
        if series.meaning in REPEATABLE and reading.delta:
            number = repeated(reading, self._passed(series.place))
            if number:
                reading.disbelieve(number)
        return reading

    def _passed(self, place: str) -> int:
        """Return the frames that an interface received between the samples."""
        known = self._at("nic.ring.passed", place)
        return weigh(one_view([self._readings.get(series) or self._read(series) for series in known])).lost

    def all_readings(self) -> Iterator[Reading]:
        """Yield every series there is."""
        for meaning in self._by_meaning:
            yield from self.readings(meaning)

    def frames(self) -> Iterator[Frame]:
        """Yield every frame there is, in no particular order."""
        for kept in self._frames.values():
            for _, frame in kept:
                yield frame

    def since(self, count: int) -> tuple[list[Frame], int]:
        """Return the frames taken in after the first `count`, in order, and how many there were by now: for each sweep."""
        newer = []
        for kept in self._frames.values():
            for sequence, frame in reversed(kept):
                if sequence <= count:
                    break
                newer.append((sequence, frame))
        return [frame for _, frame in sorted(newer, key=itemgetter(0))], self._sequence

    def advanced(self, meanings: Iterable[str]) -> bool:
        """Tell whether any series of these meanings changed between its last two frames: quickly, for each sweep."""
        for meaning in meanings:
            for found in self._by_meaning.get(meaning, {}).values():
                layout, index = found[-1]
                kept = self._frames[layout][-2:]
                if kept[0][1].values[index] != kept[-1][1].values[index]:
                    return True
        return False

    def events(self, kind: str, place: str | None = None) -> list[Event]:
        """Return the events of a kind in the order they were read."""
        return [event for event in self._events.get(kind, []) if place is None or whole(event.place) == whole(place)]

    def histograms(self, *meanings: str, place: str | None = None) -> list[Histogram]:
        """Return the histograms of these meanings by the time they ended; with `place`, those of one queue.

        Those without a time come first, in the order they were read.
        """
        found = [one for meaning in meanings for one in self._histograms.get(meaning, ())]
        found.sort(key=lambda one: one.end.ns if one.end else -1)
        return found if place is None else [one for one in found if one.place == place]

    def bursts(self, *meanings: str, place: str | None = None) -> list[Burst]:
        """Return the bursts of these meanings, in the order they were read; with `place`, those of one queue.

        Records of a switch overlap when they are saved again: a burst that is in several is one.
        """
        known: dict[tuple[object, ...], Burst] = {}
        for one in (one for meaning in meanings for one in self._bursts.get(meaning, ())):
            key = _same_burst(one)
            if key not in known or known[key].end is None:
                known[key] = one
        found = list(known.values())
        return found if place is None else [one for one in found if one.place == place]

    def facts(self, name: str, place: str | None = None) -> list[Fact]:
        """Return the facts of a name, those of one place together."""
        places = self._facts.get(name, {})
        return [fact for facts in places.values() for fact in facts] if place is None else list(places.get(place, ()))

    def fact(self, name: str, place: str = "") -> Fact | None:
        """Return the latest fact of a name at a place, or None."""
        found = self.facts(name, place)
        return found[-1] if found else None

    def places(self, *meanings: str) -> list[str]:
        """Return the interfaces, cards or sockets at which any of these meanings is counted, in order of appearance."""
        return list(dict.fromkeys(whole(s.place) for m in meanings for s in self._by_meaning.get(m, {})))


def _same_burst(one: Burst) -> tuple[object, ...]:
    """Return what makes a burst the same one: without a time, it is only itself."""
    when = one.start or one.peak_at or one.end
    return (one.meaning, one.place, when) if when else (id(one),)


def _steady(at: Moment | None, default: int) -> int:
    """Return a moment on the monotonic clock, or a default where it has none."""
    return default if at is None or at.monotonic_ns is None else at.monotonic_ns


def _in_order(frames: list[tuple[Frame, int]]) -> list[tuple[Frame, int]]:
    """Sort by time where every frame has one; otherwise keep the order in which they were read.

    Within one boot the monotonic clock decides: a time of day that stepped back would turn an advance into a reset.
    """
    moments = [frame.at for frame, _ in frames]
    times = [moment.ns for moment in moments if moment is not None]
    steady = [moment.monotonic_ns for moment in moments if moment is not None and moment.monotonic_ns is not None]
    if len(steady) == len(frames) and len({frame.boot for frame, _ in frames}) == 1:
        times = steady
    if len(times) < len(frames):
        return frames
    return _once([frames[index] for index in sorted(range(len(frames)), key=times.__getitem__)])


def _once(frames: list[tuple[Frame, int]]) -> list[tuple[Frame, int]]:
    """Leave out what a second document says of the same moment, as a capture and its shorter copy do.

    Taken for two samples, they would show a counter that does not move.
    """
    kept = frames[:1]
    for frame, index in frames[1:]:
        last, at = kept[-1]
        same = last.at == frame.at and last.values[at] == frame.values[index]
        if not same or last.origin_of == frame.origin_of:
            kept.append((frame, index))
    return kept
