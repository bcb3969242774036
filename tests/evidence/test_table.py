import pytest

from brimful.evidence.table import ProbeRow, Window, is_cut, probe_row, rows_cut


@pytest.mark.parametrize("line", ["…", " … ", "...", "....", "[…]", "[...]", "……"])
def test_an_ellipsis_alone_stands_for_rows_cut_out(line):
    assert is_cut(line)


@pytest.mark.parametrize("line", ["", "..", "a …", "---", "… 6"])
def test_other_lines_are_not_cut(line):
    assert not is_cut(line)


def test_a_cut_is_a_blind_spot_with_its_remedy():
    blind = rows_cut("table in file:3", "show table")
    assert (blind.what, blind.remedy) == ("table in file:3", "show table")
    assert "cut out" in blind.why


def test_a_row_of_three_windows():
    row = probe_row("  03   06      31    119  20.7%     540   2460  18.0%     995  35005   2.8%")
    windows = (Window("15s", 31, 119, 207), Window("5min", 540, 2460, 180), Window("60min", 995, 35005, 28))
    assert row == ProbeRow("card 3 -> card 6", windows)


def test_a_window_without_numbers_is_left_out():
    row = probe_row("03 06 N/A N/A N/A 540 2460 18.0% - - -")
    assert [window.name for window in row.windows] == ["5min"]


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
    assert probe_row(line) is None


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
def test_a_damaged_row_says_why(line):
    assert isinstance(probe_row(line), str)


@pytest.mark.parametrize(
    ("lost", "total", "tenths", "agrees"),
    [
        (31, 150, 207, True),
        (31, 150, 206, False),
        (31, 150, 208, False),
        (1, 2000, 0, True),
        (1, 2000, 1, True),
        (1, 1999, 0, False),
        (0, 0, 0, True),
        (0, 0, 1, False),
        (0, 3000, 0, True),
        (0, 3000, 1, False),
    ],
)
def test_a_percentage_agrees_within_its_rounding(lost, total, tenths, agrees):
    assert Window("15s", 0, 0, tenths).agrees(lost, total) is agrees
