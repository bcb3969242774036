import csv
from pathlib import Path

import pytest

from brimful.evidence.event import Fact
from brimful.evidence.frame import Frame
from brimful.evidence.moment import Moment
from brimful.evidence.origin import Blind, Unread
from brimful.roots.base import Document
from brimful.sources.di_network import LOSS, REQUEST, di_network

CAPTURES = Path(__file__).parents[1] / "captures"
ARTICLE = (CAPTURES / "di_network" / "article" / "show_cloud_monitor_di-network_detail.txt").read_bytes()
AT = Moment(1)
HEADING = b"Card 2 Heartbeat Results:\n"


def read(data):
    items = list(di_network(Document(REQUEST, "file", data, at=AT)))
    frames = [item for item in items if isinstance(item, Frame)]
    losses = {s.place: v for frame in frames for s, v in zip(frame.layout.series, frame.values, strict=True)}
    health = {item.place: item.value for item in items if isinstance(item, Fact)}
    return losses, health, items


def unread(items):
    return [item.origin.line for item in items if isinstance(item, Unread)]


def expected():
    with (CAPTURES / "staros" / "article" / "matrix.csv").open() as file:
        for row in csv.DictReader(file):
            if row["table"] == "di-network":
                yield f"card {row['src_card']} -> card {row['dst_card']}", row


def test_all_22_links_of_the_article_are_read():
    losses, health, items = read(ARTICLE)
    rows = list(expected())
    assert len(rows) == 22
    assert health == {link: row["health"] for link, row in rows}
    hundredths = {
        f"{link}/{w}": int(row[f"loss_pct_{w}"].replace(".", "")) for link, row in rows for w in ("5min", "60min")
    }
    assert losses == hundredths
    assert losses["card 2 -> card 6/5min"] == 1467
    assert losses["card 9 -> card 6/60min"] == 107
    assert unread(items) == []
    assert sum(isinstance(item, Blind) for item in items) == 1


def test_series_fact_and_frame_carry_their_origin():
    _, _, items = read(HEADING + b"   6       Bad       14.67%         3.50%\n")
    fact, frame = items
    assert (fact.name, fact.origin.line, fact.at) == ("fabric.health", 2, AT)
    assert [(s.meaning, s.raw, s.width_bits) for s in frame.layout.series] == [
        (LOSS, "5Min-Loss", 0),
        (LOSS, "60Min-Loss", 0),
    ]
    assert (frame.at, frame.origin(1).line) == (AT, 2)


def test_not_available_is_not_zero():
    losses, health, items = read(HEADING + b"6 Good N/A 0.10%\n7 Good - -\n")
    assert losses == {"card 2 -> card 6/60min": 10}
    assert health == {"card 2 -> card 6": "Good", "card 2 -> card 7": "Good"}
    assert unread(items) == []


@pytest.mark.parametrize(("text", "value"), [("100.00%", 10000), ("7%", 700), ("0.5%", 50), ("0.05%", 5)])
def test_percentages_are_exact(text, value):
    losses, _, _ = read(HEADING + f"6 Good {text} 0.00%".encode())
    assert losses["card 2 -> card 6/5min"] == value


@pytest.mark.parametrize(
    "row",
    [
        "6 Bad 14.67 3.50%",
        "6 Bad 14.67%",
        "6 Bad 100.01% 3.50%",
        "6 Bad 14.678% 3.50%",
        "6 Bad -1.00% 3.50%",
        "6 Bad 1².00% 3.50%",
        "² Bad 14.67% 3.50%",
        "O6 Bad 14.67% 3.50%",
        "6 Bad 14.67% 3.50% 1.00%",
        "6 14.67% 3.50% 3.50%",
        "6 B@d 14.67% 3.50%",
    ],
)
def test_a_damaged_row_costs_one_line(row):
    losses, health, items = read(HEADING + row.encode() + b"\n7 Good 0.00% 0.00%\n")
    assert unread(items) == [2]
    assert health == {"card 2 -> card 7": "Good"}
    assert len(losses) == 2


def test_a_row_of_no_card_is_not_given_to_the_one_before():
    _, health, items = read(b"6 Bad 14.67% 3.50%\n" + HEADING + b"Card X Heartbeat Results:\n7 Bad 1.00% 3.50%\n")
    assert health == {}
    assert unread(items) == [1, 3, 4]


def test_the_same_link_again_is_not_a_second_reading():
    losses, _, items = read(HEADING + b"6 Bad 14.67% 3.50%\n6 Bad 15.00% 3.50%\n")
    assert losses["card 2 -> card 6/5min"] == 1467
    assert unread(items) == [3]


def test_prose_and_headings_are_nothing():
    text = (
        b"ToCard   Health     5Min-Loss     60Min-Loss\n------   -------  ----\n\n- about 10% of it is lost\n12 cards\n"
    )
    assert read(text)[2] == []
