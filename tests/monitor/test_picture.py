"""Pictures: what is in them, not their pixels."""

import re
import sys
from xml.etree import ElementTree as ET

import pytest
from tests.monitor.histograms import BEGIN, histogram

from brimful.evidence.burst import Burst
from brimful.evidence.evidence import Evidence
from brimful.evidence.moment import SECOND, Moment
from brimful.evidence.origin import Origin
from brimful.monitor.picture import INSTALL, draw
from brimful.monitor.telling import answer
from brimful.monitor.view import view

FILLED = [histogram([900, 60, 30 - at, 10], at=at) for at in (0, 1, 2, 5)]
IDLE = histogram([1000, 0, 0, 0], place="swp2/tc 0")
OTHER = histogram([999, 1, 0, 0], place="swp3/tc 0")
BURST = Burst("switch.queue.depth", "swp1/tc 0", Moment(BEGIN + SECOND), None, 3000, Origin("lanz.json"))


def drawn(path, *items):
    draw(view(Evidence(items)), str(path), "svg")
    text = path.read_text(encoding="utf-8")
    words = [element.text for element in ET.fromstring(text).iter() if element.tag.endswith("}text")]  # noqa: S314 - our own
    return text, words


def test_an_svg_says_what_it_shows(tmp_path):
    text, words = drawn(tmp_path / "a.svg", *FILLED, IDLE, OTHER)
    assert answer(view(Evidence([*FILLED, IDLE, OTHER]))) in " ".join(words)
    for word in (
        "swp1/tc 0: bytes waiting in an egress queue of a switch port",
        "swp3/tc 0: bytes waiting in an egress queue of a switch port",
        "time, UTC",
        "bytes, from",
        "4,032",
        "share of the time, from each depth to the next",
        "never there",
        "nobody looked",
    ):
        assert word in words
    assert [word for word in words if word.endswith("%")] == ["0.0001%", "0.001%", "0.01%", "0.1%", "1%", "10%", "100%"]
    assert "swp2" not in text
    assert "burst that was recorded" not in words
    assert {"axes_1", "axes_2"} <= set(re.findall(r'id="(axes_\d)"', text))


def test_bursts_are_marked(tmp_path):
    assert "burst that was recorded" in drawn(tmp_path / "a.svg", *FILLED, BURST)[1]


def test_the_same_numbers_make_the_same_file(tmp_path):
    assert drawn(tmp_path / "a.svg", *FILLED) == drawn(tmp_path / "b.svg", *FILLED)


def test_other_kinds(tmp_path):
    latency = histogram([5, 0, 1, 0], meaning="switch.queue.latency", sample_ns=0, timed=False)
    _, words = drawn(tmp_path / "a.svg", latency)
    for word in ("time, from", "4.03 us", "share of the packets, from each depth to the next"):
        assert word in words
    assert "reading, in the order of the files" in words


def test_a_name_is_no_formula(tmp_path):
    words = drawn(tmp_path / "a.svg", histogram([5, 1, 0, 0], place="$eth_0^{$/tc 0"))[1]
    assert any(word.startswith("$eth_0^{$/tc 0: ") for word in words)


def test_a_png(tmp_path):
    draw(view(Evidence(FILLED)), str(tmp_path / "a.png"), "png")
    data = (tmp_path / "a.png").read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    assert int.from_bytes(data[16:20], "big") == 1650


def test_without_matplotlib_it_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(Exception, match="brimful\\[plots\\]") as refused:
        draw(view(Evidence(FILLED)), str(tmp_path / "a.svg"), "svg")
    assert str(refused.value) == INSTALL
    assert not list(tmp_path.iterdir())
