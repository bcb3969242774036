from pathlib import Path

import pytest

from brimful.cli.options import catalog
from brimful.collect import gather
from brimful.evidence.origin import Unread
from brimful.roots.base import Document
from brimful.roots.detect import open_roots
from brimful.sources.asic_log import asic_log

CAPTURE = Path(__file__).parents[1] / "captures" / "asic_log" / "documented" / "syslog"
TEXT = CAPTURE.read_text()
LINE = TEXT.splitlines()[1]
SAID = LINE[LINE.index("INFO:") :]


def read(text):
    return list(asic_log(Document("/var/log/syslog", "file", text.encode())))


def test_the_lines_of_the_documentation():
    later, sooner = read(TEXT)
    fields = {
        "group": "histogram_pg",
        "what": "Egress queue(s)",
        "level": 500,
        "unit": "bytes",
        "direction": "egress",
    }
    assert (later.kind, later.place, later.fields) == ("switch.queue.exceeded", "", fields)
    assert (later.origin.line, later.origin.raw) == (2, LINE)
    # one blank behind INFO, and no dot at the end
    assert (sooner.kind, sooner.fields, sooner.origin.line) == ("switch.queue.exceeded", fields, 3)
    assert [(event.at.ns % 10**9, event.at.zone_known) for event in (later, sooner)] == [(559967000, True)] * 2
    assert [str(event.at) for event in (later, sooner)] == ["2018-02-26T20:14:41.559Z", "2017-04-26T20:14:41.559Z"]


def test_the_header_tells_the_zone_of_the_reading():
    (event,) = read(LINE.replace("2018-02-26T20:14:41.560840+00:00", "2018-02-26T15:14:41.560840-05:00"))
    assert (str(event.at), event.at.zone_known) == ("2018-02-26T20:14:41.559Z", True)
    (event,) = read(LINE.replace("2018-02-26T20:14:41.560840+00:00", "2018-02-26T18:14:41.560840+00:00"))
    assert str(event.at) == "2018-02-26T18:14:41.559Z"


@pytest.mark.parametrize(
    "header",
    [
        "Feb 26 20:14:41 cumulus asic-monitor-module[1412]: ",
        "Feb 26 20:14:41 cumulus asic-monitor-module ",
        "<134>Feb 26 20:14:41 cumulus asic-monitor: ",
    ],
)
def test_other_headers_leave_the_zone_open(header):
    (event,) = read(header + SAID)
    assert (str(event.at), event.at.zone_known) == ("2018-02-26T20:14:41.559Z", False)
    assert event.at.uncertainty_ns == 14 * 3600 * 10**9
    assert event.fields["group"] == "histogram_pg"


def test_rfc_5424():
    (event,) = read("<134>1 2018-02-26T20:14:41.560840Z cumulus asic-monitor-module 1412 - - " + SAID)
    assert (str(event.at), event.at.zone_known) == ("2018-02-26T20:14:41.559Z", True)


@pytest.mark.parametrize(
    ("said", "direction", "unit"),
    [
        ("Ingress queue(s) greater than 500 bytes", "ingress", "bytes"),
        ("queue(s) greater than 500 bytes", "", "bytes"),
        ("Packet error drops greater than 500", "", ""),
        ("Egress latency greater than 500 ns", "egress", "ns"),
    ],
)
def test_other_kinds_of_data_in_the_same_form(said, direction, unit):
    (event,) = read(LINE.replace("Egress queue(s) greater than 500 bytes", said))
    assert (event.fields["direction"], event.fields["level"], event.fields["unit"]) == (direction, 500, unit)
    assert event.fields["what"] == said.partition(" greater")[0]


@pytest.mark.parametrize(
    "line",
    [
        LINE.replace("500", "much"),
        LINE.replace("500", "99999999999999999999"),
        LINE.replace("2018-02-26 20:14:41.559967", "yesterday"),
        LINE + " and more",
    ],
)
def test_a_damaged_line_costs_itself(line):
    (item,) = read(line)
    assert isinstance(item, Unread)
    assert item.origin.raw == line


@pytest.mark.parametrize("line", ["", "another daemon: in monitor port group x", "asic-monitor-module started"])
def test_other_lines_are_nothing(line):
    assert read(line) == []


def test_a_log_of_any_name_and_one_in_its_place(tmp_path):
    log = tmp_path / "var" / "log"
    log.mkdir(parents=True)
    for path in (log / "syslog", tmp_path / "saved.txt"):
        path.write_text(TEXT)
    for path in (tmp_path / "saved.txt", tmp_path):
        evidence = gather(open_roots(str(path), catalog()))
        assert {event.origin.line for event in evidence.events("switch.queue.exceeded")} == {2, 3}
