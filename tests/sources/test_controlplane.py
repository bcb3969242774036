import csv
from pathlib import Path

import pytest

from brimful.evidence.frame import Frame
from brimful.evidence.moment import Moment
from brimful.evidence.origin import Blind, Unread
from brimful.roots.base import Document
from brimful.sources.controlplane import RECEIVED, REQUEST, SENT, controlplane

CAPTURES = Path(__file__).parents[1] / "captures"
ARTICLE = (CAPTURES / "controlplane" / "article" / "show_cloud_monitor_controlplane.txt").read_bytes()
GOOD = "02 06 75 75 0.0% 1500 1265 15.7% 18000 17546 2.5%"


def read(text):
    data = text if isinstance(text, bytes) else text.encode()
    items = list(controlplane(Document(REQUEST, "file", data, at=Moment(1))))
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
            for window in ("15s", "5min", "60min") if row["table"] == "controlplane" else ():
                place = f"card {row['src_card']} -> card {row['dst_card']}/{window}"
                wanted[SENT, place] = int(row[f"a_{window}"])
                wanted[RECEIVED, place] = int(row[f"b_{window}"])
    assert len(wanted) == 22 * 6
    assert values == wanted
    assert values[RECEIVED, "card 2 -> card 6/5min"] == 1265
    assert unread(items) == []
    assert sum(isinstance(item, Blind) for item in items) == 1


def test_the_frame_knows_when_and_where():
    _, (frame,) = read(f"\n{GOOD}\n")
    assert frame.at == Moment(1)
    assert [(s.raw, s.width_bits) for s in frame.layout.series][:2] == [("Xmit", 0), ("Recv", 0)]
    assert frame.origin(3).line == 2


@pytest.mark.parametrize("percent", ["15.5%", "15.9%", "84.3%", "0.0%"])
def test_a_row_whose_percentage_is_not_that_of_its_counts_is_kept_out_whole(percent):
    values, items = read(GOOD.replace("15.7%", percent) + "\n" + GOOD.replace("06", "07"))
    assert unread(items) == [1]
    assert {place.partition("/")[0] for _, place in values} == {"card 2 -> card 7"}


def test_more_answers_than_heartbeats_is_no_loss():
    values, items = read("02 06 75 76 0.0% 1500 1500 0.0% 18000 18000 0.0%")
    assert unread(items) == []
    assert values[RECEIVED, "card 2 -> card 6/15s"] == 76


def test_a_sender_that_sent_nothing_is_read():
    values, items = read("02 06 0 0 0.0% 0 0 0.0% 9000 9000 0.0%")
    assert unread(items) == []
    assert values[SENT, "card 2 -> card 6/15s"] == 0


def test_a_damaged_row_costs_one_line():
    values, items = read(GOOD.replace("1265", "12²5") + "\n" + GOOD)
    assert unread(items) == [1]
    assert len(values) == 6


def test_the_same_link_again_is_not_a_second_reading():
    values, items = read(GOOD + "\n" + GOOD.replace("1265", "1264"))
    assert values[RECEIVED, "card 2 -> card 6/5min"] == 1265
    assert unread(items) == [2]


def test_nothing_gives_no_frame():
    assert read("\nprose\n") == ({}, [])
