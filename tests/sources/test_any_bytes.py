"""What holds for every source: no bytes make it raise, and it says only what it declares."""

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brimful.chain.fact import EVENTS, FACTS
from brimful.chain.meaning import MEANINGS
from brimful.evidence.burst import Burst
from brimful.evidence.event import Event, Fact
from brimful.evidence.evidence import Evidence
from brimful.evidence.frame import Frame
from brimful.evidence.histogram import Histogram
from brimful.evidence.origin import Blind, Unread
from brimful.roots.base import Document
from brimful.sources import SOURCES

CAPTURES = Path(__file__).parents[1] / "captures"
LARGEST_SAMPLE = 4096
NAMES = {"interface": "eth0", "options": "-az", "bridge": "0000:00:1c.0", "queue": "rx-0"}
HOSTILE = [b"\xc2\xb2", b"-1", b"99999999999999999999", b"\0", b"\xff", b"\n", b"", b"{", b":", b" ", b"9" * 5000]


def samples(source):
    """Each of its captures."""
    return [path.read_bytes() for path in sorted((CAPTURES / source.name).rglob("*")) if path.is_file()]


def mutated(sample):
    """The sample with a piece of it replaced, at any place."""
    return st.builds(
        lambda start, length, noise: sample[:start] + noise + sample[start + length :],
        st.integers(0, len(sample)),
        st.integers(0, 12),
        st.one_of(st.sampled_from(HOSTILE), st.binary(max_size=12)),
    )


def inputs(source):
    starts = [sample[:LARGEST_SAMPLE] for sample in samples(source)]
    return st.one_of(st.binary(max_size=300), st.sampled_from(starts or [b""]).flatmap(mutated))


@pytest.mark.parametrize("source", [pytest.param(source, id=source.name) for source in SOURCES])
@settings(deadline=None, max_examples=150)
@given(data=st.data())
def test_any_bytes_are_read_without_an_exception(source, data):
    text = data.draw(inputs(source))
    request = data.draw(st.sampled_from(source.requests))
    items = list(source(Document(request, "file", text, of=dict(NAMES))))
    for item in items:
        match item:
            case Frame():
                assert {series.meaning for series in item.layout.series} <= set(source.meanings) & MEANINGS.keys()
                assert len(set(item.layout.series)) == len(item.layout) == len(item.values)
            case Event():
                assert item.kind in set(source.meanings) & EVENTS.keys()
            case Fact():
                assert item.name in set(source.meanings) & FACTS.keys()
            case Histogram() | Burst():
                assert item.meaning in set(source.meanings) & MEANINGS.keys()
            case _:
                assert isinstance(item, (Unread, Blind))
    for reading in Evidence(items).all_readings():
        assert reading.origin.file == "file"


@pytest.mark.parametrize("source", [pytest.param(source, id=source.name) for source in SOURCES])
def test_its_captures_are_read(source):
    """At least one of its captures says something to it: what is mutated above is of the right form."""
    documents = (
        Document(request, "file", text, of=dict(NAMES)) for request in source.requests for text in samples(source)
    )
    assert any(not isinstance(item, (Unread, Blind)) for document in documents for item in source(document))


LINUX = (
    "softnet",
    "snmp",
    "nstat",
    "sockstat",
    "sysctl",
    "sockets",
    "netstat_sockets",
    "udp_sockets",
    "netlink_sockets",
    "packet_sockets",
    "sctp_associations",
    "slabinfo",
    "slab_alias",
    "meminfo",
    "zoneinfo",
    "vmstat",
    "cpu",
    "softirqs",
    "qdisc",
    "qdisc_class",
    "kernel_tables",
    "kernel_log",
)


SWITCHES = ("asic_histograms", "asic_log", "asic_telemetry", "broadview", "lanz", "nexus_burst")


@pytest.mark.parametrize("name", LINUX + SWITCHES)
def test_a_text_looks_like_its_own_source_and_no_other(name):
    for sample in samples(SOURCES[name]):
        seen = {
            source.name for source in SOURCES if source.looks_like and re.search(source.looks_like.encode(), sample)
        }
        assert seen <= {name}
    assert any(re.search(SOURCES[name].looks_like.encode(), sample) for sample in samples(SOURCES[name]))
