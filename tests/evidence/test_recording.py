"""What is recorded comes back as it was; what is damaged costs itself."""

from array import array

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from brimful.chain.fact import EVENTS, FACTS
from brimful.chain.meaning import MEANINGS
from brimful.evidence.burst import Burst
from brimful.evidence.event import Event, Fact
from brimful.evidence.evidence import Evidence
from brimful.evidence.frame import LARGEST, Frame
from brimful.evidence.histogram import Histogram
from brimful.evidence.moment import SECOND, Moment
from brimful.evidence.origin import Blind, Origin
from brimful.evidence.recording import Recording, items, recording, replayed
from brimful.evidence.series import Layout, Series

numbers = st.integers(0, LARGEST)
words = st.text(max_size=8)
moments = st.none() | st.builds(
    Moment,
    st.integers(0, 4_000_000_000 * SECOND),
    words,
    st.integers(0, SECOND),
    st.none() | numbers,
    st.booleans(),
)
origins = st.builds(Origin, words, st.integers(0, 10_000), words)
meanings = st.sampled_from(sorted(MEANINGS))
values = words | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False, allow_infinity=False)
series = st.builds(Series, meanings, words, words, words, st.sampled_from((0, 32, 64)), numbers, words)


@st.composite
def frames(draw):
    layout = Layout.of(draw(st.lists(series, min_size=1, max_size=4, unique=True)))
    counted = array("Q", [draw(numbers) for _ in layout.series])
    at, boot = draw(moments), draw(words)
    if draw(st.booleans()):
        each = [draw(origins) for _ in layout.series]
        return Frame(layout, counted, at, None, each.__getitem__, boot)
    lines = array("Q", [draw(st.integers(0, 3)) for _ in layout.series])
    texts = {line: draw(origins) for line in set(lines)}
    return Frame(layout, counted, at, lines, texts.__getitem__, boot)


@st.composite
def histograms(draw):
    lows = (0, *sorted(draw(st.sets(st.integers(1, LARGEST), max_size=9))))
    counts = tuple(draw(numbers) for _ in lows)
    more = draw(st.tuples(numbers, moments, moments, origins, words, words))
    return Histogram(draw(meanings), draw(words), lows, counts, *more)


maybe = st.none() | numbers
bursts = st.builds(
    Burst,
    meaning=meanings,
    place=words,
    start=moments,
    end=moments,
    peak=numbers,
    origin=origins,
    peak_at=moments,
    duration_ns=maybe,
    limit=maybe,
    dropped=maybe,
    fed_by=st.just(("swp1", "swp2")),
    source=words,
)
events = st.builds(Event, st.sampled_from(sorted(EVENTS)), words, moments, origins, st.dictionaries(words, values))
facts = st.builds(Fact, st.sampled_from(sorted(FACTS)), words, values, origins, moments)
blinds = st.builds(Blind, words, words, words)
things = st.lists(frames() | histograms() | bursts | events | facts | blinds, max_size=8)


def plain(item):
    """A frame as values that can be compared."""
    if not isinstance(item, Frame):
        return item
    where = [item.origin(index) for index in range(len(item.values))]
    return item.layout.series, item.values, item.at, item.lines, where, item.boot


def again(found):
    return list(replayed(msgspec.json.decode(msgspec.json.encode(recording(found)), type=Recording)))


KINDS = (Frame, Histogram, Burst, Event, Fact, Blind)


@given(things)
def test_everything_comes_back_as_it_was(found):
    by_kind = [item for kind in KINDS for item in found if isinstance(item, kind)]
    assert list(map(plain, again(found))) == list(map(plain, by_kind))


def frame(at_s, value, *, place="eth0"):
    layout = Layout.of([Series("nic.ring.passed", place, "rx", "made_up")])
    at = Moment(at_s * SECOND, "host", monotonic_ns=at_s * SECOND)
    return Frame(layout, array("Q", [value]), at, None, lambda _: Origin("made up"))


def test_of_frames_those_since_a_moment_and_the_last_before_each():
    evidence = Evidence([frame(second, second) for second in range(10)])
    evidence.add(frame(2, 77, place="eth1"))
    found = [item for item in items(evidence, 7 * SECOND) if isinstance(item, Frame)]
    assert [frame.values[0] for frame in found] == [6, 77, 7, 8, 9]


def test_the_same_origin_is_written_once():
    here = Origin("file", 3, "text")
    saved = recording(
        [Event("cpu.warning", "a", None, here), Event("cpu.warning", "b", None, Origin("file", 3, "text"))]
    )
    assert saved.origins == [("file", 3, "text")]


GOOD = recording([frame(1, 5), Event("cpu.warning", "a", None, Origin("x")), Fact("host.name", "", "h", Origin("x"))])


@pytest.mark.parametrize(
    ("kind", "text", "why"),
    [
        ("frames", b'{"layout":1,"values":[1],"origins":[0]}', "its layout is not known"),
        ("frames", b'{"layout":-1,"values":[1],"origins":[0]}', "its layout is not known"),
        ("frames", b'{"layout":0,"values":[1,2],"origins":[0]}', "it has not as many numbers as its layout"),
        ("frames", b'{"layout":0,"values":[1],"origins":[0],"lines":[]}', "it has not as many numbers as its layout"),
        ("frames", b'{"layout":0,"values":[1],"origins":[99]}', "its origin is not there"),
        ("frames", b'{"layout":0,"values":[1],"origins":[-1]}', "its origin is not there"),
        ("frames", b'{"layout":0,"values":[-1],"origins":[0]}', "can't convert negative"),
        ("frames", b'{"layout":0,"values":[99999999999999999999],"origins":[0]}', "too big"),
        ("frames", b'{"layout":0,"values":[1],"origins":[0],"at":{"ns":-1}}', "its time is none"),
        ("frames", b'{"layout":0,"values":[1],"origins":[0],"at":{"ns":999999999999999999999}}', "its time is none"),
        ("frames", b"7", "Expected `object`"),
        ("events", b'{"kind":"x","place":"","at":null,"origin":0}', "'x' is no kind of event"),
        ("facts", b'{"name":"x","place":"","value":1,"origin":0}', "'x' is no fact"),
        ("facts", b'{"name":"host.name","place":"","value":1,"origin":7}', "its origin is not there"),
        (
            "histograms",
            b'{"meaning":"x","place":"","lows":[0],"counts":[1],"sample_ns":1,"begin":null,"end":null,"origin":0}',
            "'x' is no meaning",
        ),
        (
            "histograms",
            (
                b'{"meaning":"qdisc.queue.backlog","place":"","lows":[0,5,5],"counts":[1,1,1],"sample_ns":1,"begin":null,'
                b'"end":null,"origin":0}'
            ),
            "its ranges do not fit its counts",
        ),
        (
            "histograms",
            (
                b'{"meaning":"qdisc.queue.backlog","place":"","lows":[0],"counts":[-1],"sample_ns":1,"begin":null,'
                b'"end":null,"origin":0}'
            ),
            "a number in it is negative",
        ),
        (
            "bursts",
            b'{"meaning":"qdisc.queue.backlog","place":"","start":null,"end":null,"peak":-1,"origin":0}',
            "a number in it is negative",
        ),
    ],
)
def test_what_is_damaged_costs_itself(kind, text, why):
    damaged = msgspec.structs.replace(GOOD, **{kind: [*getattr(GOOD, kind), msgspec.Raw(text)]})
    found = list(replayed(damaged))
    assert len(found) == 4
    (said,) = [item for item in found if isinstance(item, str)]
    assert said.startswith(f"{kind[:-1]} {len(getattr(damaged, kind))}: ")
    assert why in said


def test_series_of_unknown_meanings_cost_their_frames():
    damaged = msgspec.structs.replace(GOOD, layouts=[(Series("made.up", "", "", ""),)])
    assert [str(item) for item in replayed(damaged) if isinstance(item, str)] == ["frame 1: its layout is not known"]
