import csv
import io
import sys
from datetime import datetime

import duckdb
import pytest
from tests.monitor.histograms import histogram

from brimful.evidence.evidence import Evidence
from brimful.monitor.export import COLUMNS, INSTALL, Missing, write_csv, write_parquet
from brimful.monitor.view import view

EXACT = histogram([7, 2, 0, 1], sample_ns=0, meaning="qdisc.queue.backlog", place='eth0/"a, b"', timed=False)
SEEN = view(Evidence([histogram([976562, 2, 0, 0]), EXACT]))


def test_a_row_for_each_range():
    out = io.StringIO()
    write_csv(SEEN, out)
    head, *rows = csv.reader(io.StringIO(out.getvalue()))
    assert head == list(COLUMNS)
    times = ["2017-04-26T20:14:41.000000000Z", "2017-04-26T20:14:42.000000000Z"]
    assert rows[:2] == [
        [*times, "swp1/tc 0", "switch.queue.depth", "bytes", "0", "959", "976562", "999999488", "1024", "histogram_stats_0", "1"],
        [*times, "swp1/tc 0", "switch.queue.depth", "bytes", "960", "2495", "2", "2048", "1024", "histogram_stats_0", "1"],
    ]  # fmt: skip
    assert rows[3][5:9] == ["4032", "", "0", "0"]
    assert rows[4] == [
        "", "", 'eth0/"a, b"', "qdisc.queue.backlog", "bytes", "0", "959", "7", "", "0", "histogram_stats_0", "1",
    ]  # fmt: skip
    assert len(rows) == 8


def test_numbers_that_fit_no_column_are_left_out():
    out = io.StringIO()
    write_csv(view(Evidence([histogram([2**64 - 1, 1], lows=(0, 2**64))])), out)
    assert [row.split(",")[5:9] for row in out.getvalue().splitlines()[1:]] == [
        ["0", str(2**64 - 1), str(2**64 - 1), ""],
        ["", "", "1", "1024"],
    ]


def test_parquet_holds_the_same_with_types(tmp_path):
    file = tmp_path / "rows.parquet"
    write_parquet(SEEN, str(file))
    with duckdb.connect() as database:
        found = database.execute("SELECT * FROM read_parquet(?)", [str(file)])
        names = [column[0] for column in found.description]
        rows = found.fetchall()
    begin, end = datetime(2017, 4, 26, 20, 14, 41), datetime(2017, 4, 26, 20, 14, 42)  # noqa: DTZ001 - as DuckDB has them
    assert names == list(COLUMNS)
    assert rows[1] == (
        begin, end, "swp1/tc 0", "switch.queue.depth", "bytes", 960, 2495, 2, 2048, 1024, "histogram_stats_0", 1,
    )  # fmt: skip
    assert rows[7] == (
        None, None, 'eth0/"a, b"', "qdisc.queue.backlog", "bytes", 4032, None, 1, None, 0, "histogram_stats_0", 1,
    )  # fmt: skip


def test_without_duckdb_it_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "duckdb", None)
    with pytest.raises(Missing, match="brimful\\[parquet\\]") as refused:
        write_parquet(SEEN, str(tmp_path / "rows.parquet"))
    assert str(refused.value) == INSTALL
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(OSError, match="No such file"):
        write_parquet(SEEN, str(tmp_path / "nowhere" / "rows.parquet"))
