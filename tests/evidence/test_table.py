import pytest

from brimful.evidence.frame import Sheet
from brimful.evidence.origin import Origin
from brimful.evidence.table import ProbeTable, has_cut, is_cut, rows_cut

MISSED, HIT = "fabric.link.data_missed", "fabric.link.data_hit"


@pytest.mark.parametrize("line", ["…", " … ", "...", "....", "[…]", "[...]", "……"])
def test_an_ellipsis_alone_stands_for_rows_cut_out(line):
    assert is_cut(line)


@pytest.mark.parametrize("line", ["", "..", "a …", "---", "… 6"])
def test_other_lines_are_not_cut(line):
    assert not is_cut(line)


def test_a_table_with_an_ellipsis_has_rows_cut_out():
    assert has_cut(["row", " … ", "row"])
    assert has_cut(["..."])
    assert not has_cut(["row", "a … b", "a ... b"])


def test_a_cut_is_a_blind_spot_with_its_remedy():
    blind = rows_cut("table in file:3", "show table")
    assert (blind.what, blind.remedy) == ("table in file:3", "show table")
    assert "cut out" in blind.why


TABLE = ProbeTable("dataplane", (MISSED, "Miss"), (HIT, "Hit"), "Pct", lambda missed, hit: (missed, missed + hit))


def read(*lines):
    """Return {place: (missed, hit)} and the lines that could not be read."""
    sheet = Sheet(lambda line: Origin("file", line))
    wrong = list(TABLE.read(enumerate(lines, 1), sheet))
    frame = sheet.frame()
    counts = {}
    for series, value, line in zip(frame.layout.series, frame.values, frame.lines, strict=True):
        assert (series.source, series.width_bits) == ("dataplane", 0)
        assert (series.meaning, series.raw) in {(MISSED, "Miss"), (HIT, "Hit")}
        counts.setdefault(series.place, []).append((series.raw, value, line))
    return counts, wrong


ROW = "  03   06      31    119  20.7%     540   2460  18.0%     995  35005   2.8%"


def test_a_row_of_three_windows():
    assert read("heading", ROW) == (
        {
            "card 3 -> card 6/15s": [("Miss", 31, 2), ("Hit", 119, 2)],
            "card 3 -> card 6/5min": [("Miss", 540, 2), ("Hit", 2460, 2)],
            "card 3 -> card 6/60min": [("Miss", 995, 2), ("Hit", 35005, 2)],
        },
        [],
    )


def test_a_window_without_numbers_is_left_out():
    counts, wrong = read("03 06 N/A N/A N/A 540 2460 18.0% - - -")
    assert (list(counts), wrong) == (["card 3 -> card 6/5min"], [])


def test_the_same_link_twice_is_not_a_second_sample():
    counts, wrong = read(ROW, ROW.replace("03 ", "3  "))
    assert len(counts) == 3
    assert wrong == [(2, "card 3 -> card 6 is in the table twice")]


@pytest.mark.parametrize(
    "line",
    [
        "",
        " Src  Dst    Xmit   Recv  Miss%    Xmit   Recv  Miss%    Xmit   Recv  Miss% ",
        " ---  ---  ------ ------ ------  ------ ------ ------  ------ ------ ------ ",
        "  Cards      15 Second Interval     5 Minute Interval    60 Minute Interval ",
        "…",
        "show cloud monitor dataplane",
        "Tuesday October 24 11:21:46 EDT 2023",
        "- Use the outputs to identify which connections lose 10% of packets.",
        "12 34",
    ],
)
def test_headings_rulers_and_prose_are_no_rows(line):
    assert read(line) == ({}, [])


@pytest.mark.parametrize(
    "line",
    [
        "03 06 31 119 20.7% 540 2460 18.0% 995 35005",
        "03 06 31 119 20.7% 540 2460 18.0% 995 35005 2.8% 1",
        "O3 06 31 119 20.7% 540 2460 18.0% 995 35005 2.8%",
        "03 0² 31 119 20.7% 540 2460 18.0% 995 35005 2.8%",
        "03 06 -1 119 20.7% 540 2460 18.0% 995 35005 2.8%",
        "03 06 31 119 20.7 540 2460 18.0% 995 35005 2.8%",
        "03 06 31 119 20.75% 540 2460 18.0% 995 35005 2.8%",
        "03 06 31 18446744073709551616 20.7% 540 2460 18.0% 995 35005 2.8%",
        "1234 06 31 119 20.7% 540 2460 18.0% 995 35005 2.8%",
    ],
)
def test_a_damaged_row_costs_itself_and_says_why(line):
    counts, ((number, why),) = read(line, ROW.replace("03", "04"))
    assert (number, len(counts)) == (1, 3)
    assert why


@pytest.mark.parametrize(
    ("lost", "total", "printed", "agrees"),
    [
        (31, 150, "20.7%", True),
        (31, 150, "20.6%", False),
        (31, 150, "20.8%", False),
        (1, 2000, "0.0%", True),
        (1, 2000, "0.1%", True),
        (1, 1999, "0.0%", False),
        (0, 0, "0.0%", True),
        (0, 0, "0.1%", False),
        (0, 3000, "0.0%", True),
        (0, 3000, "0.1%", False),
    ],
)
def test_a_percentage_agrees_within_its_rounding(lost, total, printed, agrees):
    counts, wrong = read(f"3 6 {lost} {total - lost} {printed} 0 1 0.0% 0 1 0.0%")
    assert bool(counts) is agrees
    assert wrong == ([] if agrees else [(1, "the printed Pct is not that of Miss and Hit")])
