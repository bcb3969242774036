from pathlib import Path

import pytest

from brimful.evidence.frame import Frame
from brimful.evidence.origin import Unread
from brimful.roots.base import Document
from brimful.sources.nstat import INCREMENTS, nstat

CAPTURES = Path(__file__).parents[1] / "captures" / "nstat"


def read(data, options=""):
    items = list(nstat(Document("nstat", "file", data, of={"options": options} if options else {})))
    frames = [item for item in items if isinstance(item, Frame)]
    assert all(s.raw.startswith("nstat ") and s.source == "nstat" for f in frames for s in f.layout.series)
    values = {s.raw.removeprefix("nstat "): v for f in frames for s, v in zip(f.layout.series, f.values, strict=True)}
    return values, items


def doubts(items):
    return {s.doubt for item in items if isinstance(item, Frame) for s in item.layout.series}


def test_increments_are_read_and_doubted():
    values, items = read((CAPTURES / "increments" / "nstat").read_bytes())
    assert values == {
        "IpInReceives": 1692889,
        "IpInDelivers": 1692893,
        "UdpInDatagrams": 755,
        "UdpInErrors": 1692150,
        "UdpRcvbufErrors": 1692150,
    }
    assert doubts(items) == {INCREMENTS}
    assert len(items) == 1


@pytest.mark.parametrize(
    ("options", "absolute"),
    [
        ("-zas", True),
        ("-az", True),
        ("-s -a", True),
        ("--ignore", True),
        ("-z", False),
        ("-s", False),
        ("nstata", False),
    ],
)
def test_totals_are_told_from_increments_by_the_options(options, absolute):
    _, items = read(b"#kernel\nUdpInErrors 7 0.0\n", options)
    assert doubts(items) == ({""} if absolute else {INCREMENTS})


def test_a_sosreport_s_form_is_read():
    values, items = read((CAPTURES / "sosreport" / "nstat_-zas").read_bytes(), "-zas")
    assert values["IpInReceives"] == 265936
    assert values["Udp6RcvbufErrors"] == 0
    assert len(items) == 1


def test_json_is_read():
    values, items = read((CAPTURES / "json" / "nstat_-azjs").read_bytes(), "-azjs")
    assert values["UdpRcvbufErrors"] == 344
    assert len(items) == 1


@pytest.mark.parametrize("text", ["²", "-1", "x", "18446744073709551616", ""])
def test_a_number_that_is_none_costs_its_line(text):
    values, items = read(f"#kernel\nUdpInErrors {text} 0.0\nUdpNoPorts 3 0.0\n\n".encode())
    assert values == {"UdpNoPorts": 3}
    assert [item.origin.line for item in items if isinstance(item, Unread)] == [2]
