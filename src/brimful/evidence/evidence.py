"""All that is known of one machine, indexed by meaning."""

from collections.abc import Iterable, Iterator

from brimful.chain.place import whole
from brimful.evidence.delta import Reading
from brimful.evidence.event import Event, Fact
from brimful.evidence.frame import Frame
from brimful.evidence.origin import Blind, Unread
from brimful.evidence.series import Series

Item = Frame | Event | Fact | Unread | Blind


class Evidence:
    """Frames, events and facts of one machine. Rules only ever read it.

    `lines` counts the lines that parsers looked at, so that `unread` can be put beside it.
    """

    def __init__(self, items: Iterable[Item] = ()) -> None:
        self.unread: list[Unread] = []
        self._blind: dict[Blind, None] = {}
        self.lines = 0
        self._frames: dict[Series, list[tuple[Frame, int]]] = {}
        self._by_meaning: dict[str, dict[Series, Reading | None]] = {}
        self._events: dict[str, list[Event]] = {}
        self._facts: dict[str, list[Fact]] = {}
        for item in items:
            self.add(item)

    def add(self, item: Item) -> None:
        """Take in one thing that was read."""
        match item:
            case Frame():
                for index, series in enumerate(item.layout.series):
                    self._frames.setdefault(series, []).append((item, index))
                    self._by_meaning.setdefault(series.meaning, {})[series] = None
            case Event():
                self._events.setdefault(item.kind, []).append(item)
            case Fact():
                self._facts.setdefault(item.name, []).append(item)
            case Unread():
                self.unread.append(item)
            case Blind():
                self._blind[item] = None

    @property
    def blind(self) -> list[Blind]:
        """What could not be seen, each thing once."""
        return list(self._blind)

    def readings(self, *meanings: str, place: str | None = None) -> list[Reading]:
        """Return all series of these meanings; with `place`, those on the same interface, card or socket."""
        found = []
        for meaning in meanings:
            known = self._by_meaning.get(meaning, {})
            for series, reading in known.items():
                if place is not None and whole(series.place) != whole(place):
                    continue
                found.append(reading or self._read(series))
        return found

    def _read(self, series: Series) -> Reading:
        reading = self._by_meaning[series.meaning][series] = Reading(series, _in_order(self._frames[series]))
        return reading

    def all_readings(self) -> Iterator[Reading]:
        """Yield every series there is."""
        for meaning in self._by_meaning:
            yield from self.readings(meaning)

    def events(self, kind: str, place: str | None = None) -> list[Event]:
        """Return the events of a kind in the order they were read."""
        return [event for event in self._events.get(kind, []) if place is None or whole(event.place) == whole(place)]

    def facts(self, name: str, place: str | None = None) -> list[Fact]:
        """Return the facts of a name."""
        return [fact for fact in self._facts.get(name, []) if place is None or fact.place == place]

    def fact(self, name: str, place: str = "") -> Fact | None:
        """Return the latest fact of a name at a place, or None."""
        found = self.facts(name, place)
        return found[-1] if found else None

    def places(self, *meanings: str) -> list[str]:
        """Return the interfaces, cards or sockets at which any of these meanings is counted, in order of appearance."""
        return list(dict.fromkeys(whole(s.place) for m in meanings for s in self._by_meaning.get(m, {})))


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
