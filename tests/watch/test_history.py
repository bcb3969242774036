"""Counts of the last minute, spread over the time in which they were counted."""

import pytest
from tests.watch.machine import rising

from brimful.watch.history import History
from brimful.watch.numbers import ASCII_BLOCKS, ahead, bar, per_second, spark


def history(*counts):
    made = History()
    for count, since, at in counts:
        made.add(count, since, at)
    return made


@pytest.mark.parametrize(
    ("counts", "at", "began", "rate"),
    [
        ([], 100.0, 0.0, 0.0),
        ([(50, 99.0, 100.0)], 100.9, 0.0, 50 / 4.9),
        ([(1000, 90.0, 100.0)], 100.0, 0.0, 100.0),
        ([(30, 100.0, 101.0)], 101.0, 100.0, 30.0),
        ([(30, 100.0, 101.0)], 107.0, 0.0, 0.0),
    ],
)
def test_rates(counts, at, began, rate):
    assert history(*counts).rate(at, began) == pytest.approx(rate)


def test_cells_stand_still_until_a_round_time():
    made = history((30, 100.0, 102.0), (6, 110.0, 111.0))
    assert made.cells(111.0, 20) == made.cells(113.5, 20)
    assert made.cells(114.0, 20)[:-1] == made.cells(113.0, 20)[1:]
    assert made.cells(111.0, 20)[-5:] == [pytest.approx(30), 0.0, 0.0, pytest.approx(6), 0.0]
    assert sum(made.cells(111.0, 20)) == pytest.approx(36)


def test_what_is_older_than_a_minute_is_forgotten_but_stays_counted():
    made = history((30, 100.0, 101.0), (1, 200.0, 201.0))
    assert sum(made.cells(201.0, 20)) == pytest.approx(1)
    assert made.total == 31


@pytest.mark.parametrize(
    ("rate", "text"),
    [
        (0, ""),
        (0.01, "<0.1"),
        (3.21, "3.2"),
        (9.96, "10"),
        (850.2, "850"),
        (999.6, "1.0k"),
        (12345, "12.3k"),
        (99960, "100k"),
        (3.2e6, "3.2M"),
        (1e15, ">999G"),
    ],
)
def test_rates_are_short(rate, text):
    assert per_second(rate) == text


@pytest.mark.parametrize(
    ("share", "text"), [(None, " " * 13), (0.0, "........   0%"), (0.5, "####....  50%"), (1.5, "######## 150%")]
)
def test_bars(share, text):
    assert bar(share) == text


def test_sparks():
    assert spark([0.0, 1.0, 4.0, 8.0]) == " ▂▅█"
    assert spark([0.0, 1.0, 8.0], blocks=ASCII_BLOCKS) == " _#"
    assert spark([0.0, 0.0]) == "  "


@pytest.mark.parametrize(
    ("times", "text"),
    [
        ((12.0, 10.0, 14.2), "12 s (10 to 14 s)"),
        ((130.0, 90.0, 300.0), "2 min (90 s to 5 min)"),
        ((7300.0, 7200.0, 90000.0), "2 h (2 to 25 h)"),
    ],
)
def test_times(times, text):
    assert ahead(rising(*times)) == text
    assert ahead(None) == ""
