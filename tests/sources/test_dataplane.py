import csv
from pathlib import Path

import pytest

from brimful.evidence.frame import Frame
from brimful.evidence.moment import Moment
from brimful.evidence.origin import Blind, Unread
from brimful.roots.base import Document
from brimful.sources.dataplane import HIT, MISSED, REQUEST, dataplane

CAPTURES = Path(__file__).parents[1] / "captures"
ARTICLE = (CAPTURES / "dataplane" / "article" / "show_cloud_monitor_dataplane.txt").read_bytes()
GOOD = "02 06 0 150 0.0% 540 2460 18.0% 1015 34985 2.8%"


def read(text):
    data = text if isinstance(text, bytes) else text.encode()
    items = list(dataplane(Document(REQUEST, "file", data, at=Moment(1))))
    frames = [item for item in items if isinstance(item, Frame)]
    values = {(s.meaning, s.place): v for f in frames for s, v in zip(f.layout.series, f.values, strict=True)}
    return values, items


def unread(items):
    return [item.origin.line for item in items if isinstance(item, Unread)]


def test_all_22_links_of_the_article_are_read():
    values, items = read(ARTICLE)
    wanted = {}
    with (CAPTURES / "staros" / "article" / "matrix.csv").open() as file:
        for row in csv.DictReader(file):
            for window in ("15s", "5min", "60min") if row["table"] == "dataplane" else ():
                place = f"card {row['src_card']} -> card {row['dst_card']}/{window}"
                wanted[MISSED, place] = int(row[f"a_{window}"])
                wanted[HIT, place] = int(row[f"b_{window}"])
    assert len(wanted) == 22 * 6
    assert values == wanted
    assert values[MISSED, "card 3 -> card 6/5min"] == 540
    assert unread(items) == []
    assert sum(isinstance(item, Blind) for item in items) == 1


def test_the_frame_knows_when_and_where():
    _, (frame,) = read(f"\n{GOOD}\n")
    assert frame.at == Moment(1)
    assert [(s.raw, s.width_bits) for s in frame.layout.series][:2] == [("Miss", 0), ("Hit", 0)]
    assert frame.origin(3).line == 2


@pytest.mark.parametrize("percent", ["17.9%", "18.1%", "82.0%", "22.0%", "0.0%"])
def test_a_row_whose_percentage_is_not_that_of_its_counts_is_kept_out_whole(percent):
    values, items = read(GOOD.replace("18.0%", percent) + "\n" + GOOD.replace("06", "07"))
    assert unread(items) == [1]
    assert {place.partition("/")[0] for _, place in values} == {"card 2 -> card 7"}


def test_one_probe_more_than_the_window_should_hold_is_read():
    values, items = read("06 05 1 149 0.7% 0 3001 0.0% 0 36000 0.0%")
    assert unread(items) == []
    assert values[HIT, "card 6 -> card 5/5min"] == 3001


def test_a_window_without_probes_is_read():
    values, items = read("02 06 0 0 0.0% 0 3000 0.0% 0 36000 0.0%")
    assert unread(items) == []
    assert values[MISSED, "card 2 -> card 6/15s"] == 0


def test_a_damaged_row_costs_one_line():
    values, items = read(GOOD.replace("2460", "24²0") + "\n" + GOOD)
    assert unread(items) == [1]
    assert len(values) == 6


def test_the_same_link_again_is_not_a_second_reading():
    values, items = read(GOOD + "\n" + GOOD.replace("2460", "2461"))
    assert values[HIT, "card 2 -> card 6/5min"] == 2460
    assert unread(items) == [2]


def test_nothing_gives_no_frame():
    assert read("\nprose\n") == ({}, [])
