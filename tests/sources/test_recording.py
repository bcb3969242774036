from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from brimful.cli.diagnose import diagnose
from brimful.cli.options import catalog
from brimful.evidence.evidence import Evidence, Item
from brimful.evidence.origin import Unread
from brimful.judge import Outcome
from brimful.roots.base import Document
from brimful.sources import SOURCES
from brimful.sources.recording import recording

CAPTURES = Path(__file__).parents[1] / "captures" / "recording"
DROPS = CAPTURES / "socket-drops" / "socket_full_0"


def read(data):
    return list(recording(Document("brimful monitor record", "file", data)))


def test_what_a_monitor_recorded_when_a_socket_overflowed():
    items = read(DROPS.read_bytes())
    evidence = Evidence(items)
    (event,) = evidence.events("monitor.triggered")
    assert event.fields["name"] == "skmem d"
    (reading,) = [one for one in evidence.readings("socket.receive.dropped") if one.series.place == event.place]
    assert reading.delta == reading.last > 0
    assert reading.series.source == "sockets"
    assert reading.samples >= 3
    assert not [item for item in items if isinstance(item, Unread)]


def test_it_is_diagnosed_as_though_it_had_been_watched():
    (machine,) = diagnose((str(DROPS),))
    assert machine.judgement.outcome is Outcome.VERDICT
    assert machine.judgement.verdicts[0].stage == "socket.receive"


def test_it_is_told_by_its_content_and_by_no_other():
    head = DROPS.read_bytes()[:65536]
    assert catalog().by_content("any_name", lambda: head).request == "brimful monitor record"


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b'{"brimful_recording": {"format": 2}}', "a recording of format 2: only 1 is known"),
        (b'{"brimful_recording": {"format": 1}, "evidence": {"frames"', "no recording: "),
        (b'{"brimful_recording": {}}', "no recording: "),
        (b"[" * 5000, "no recording: "),
    ],
)
def test_what_is_none(data, why):
    (item,) = read(data)
    assert item.why.startswith(why)


def test_cut_anywhere_it_is_unread_and_nothing_is_raised():
    data = DROPS.read_bytes()
    for end in range(2, len(data) - 2, max(1, len(data) // 50)):
        (item,) = read(data[:end])
        assert isinstance(item, Unread)
    assert read(b"") == []


@given(st.binary(max_size=200))
def test_any_bytes(data):
    assert all(isinstance(item, Unread) for item in read(data))
    found = read(b'{"brimful_recording":{"format":1},"evidence":{"frames":[' + data + b"]}}")
    assert all(isinstance(item, Unread) for item in found)


json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
KEYS = ("origins", "layouts", "frames", "histograms", "bursts", "events", "facts", "blind")


@given(st.dictionaries(st.sampled_from(KEYS), st.lists(json, max_size=3)))
def test_any_json(evidence):
    found = read(msgspec.json.encode({"brimful_recording": {"format": 1}, "evidence": evidence}))
    assert all(isinstance(item, Item) for item in found)


def test_it_may_yield_all_there_is():
    assert {"nic.ring.no_buffer", "monitor.triggered", "host.name"} <= set(SOURCES["recording"].meanings)
