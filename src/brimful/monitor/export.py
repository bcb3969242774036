"""Snapshots as tables: one row for each range of each histogram, as CSV or Parquet."""

import csv
import shutil
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TextIO

from brimful.evidence.frame import LARGEST
from brimful.evidence.moment import SECOND, Moment
from brimful.monitor.dwell import amount
from brimful.monitor.view import View

INSTALL = "needs DuckDB: pip install 'brimful[parquet]'"
COLUMNS = {
    "begin": "TIMESTAMP_NS",
    "end": "TIMESTAMP_NS",
    "queue": "VARCHAR",
    "meaning": "VARCHAR",
    "unit": "VARCHAR",
    "low": "UBIGINT",
    "high": "UBIGINT",
    "count": "UBIGINT",
    "ns": "UBIGINT",
    "sample_ns": "UBIGINT",
    "file": "VARCHAR",
    "line": "UBIGINT",
}
"""The columns and their types in SQL. Times are UTC; `high` is empty for the open range, `ns` where counts are packets."""

Row = tuple[str | int | None, ...]


class Missing(Exception):
    """Something that has to be installed first: one line that says how."""


def rows(view: View) -> Iterator[Row]:
    """Yield the rows: the worst queue first, each in the order of time, its ranges from 0 on."""
    for queue in view.queues:
        for window in queue.windows:
            for one in window.histograms:
                head = (_time(one.begin), _time(one.end), one.place, one.meaning, queue.unit)
                tail = (one.sample_ns, one.origin.file, one.origin.line)
                for low, high, count in zip(one.lows, one.highs(), one.counts, strict=True):
                    ns = amount(one, count) if one.sample_ns else None
                    yield (*head, *(_fitting(value) for value in (low, high, count, ns)), *tail)


def _fitting(value: int | None) -> int | None:
    """Return a number that 64 bits hold; what is larger is no measurement."""
    return value if value is None or value <= LARGEST else None


def write_csv(view: View, out: TextIO) -> None:
    """Write the rows below a line with the names of the columns."""
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(rows(view))


def write_parquet(view: View, path: str) -> None:
    """Write the rows to a file; `Missing` without DuckDB, `OSError` as usual."""
    try:
        import duckdb  # noqa: PLC0415 - an extra, and slow to import
    except ImportError as error:
        raise Missing(INSTALL) from error
    with tempfile.TemporaryDirectory(prefix="brimful-") as folder:
        table, whole = Path(folder) / "rows.csv", Path(folder) / "rows.parquet"
        with table.open("w", encoding="utf-8", errors="replace", newline="") as file:
            write_csv(view, file)
        types = ", ".join(f"'{name}': '{kind}'" for name, kind in COLUMNS.items())
        # nothing is to be fetched from anywhere
        with duckdb.connect(config={"autoinstall_known_extensions": False}) as database:
            try:
                database.execute(
                    f"COPY (SELECT * FROM read_csv(?, header = true, auto_detect = false, columns = {{{types}}})) "  # noqa: S608 - our own words
                    "TO ? (FORMAT parquet, COMPRESSION zstd)",
                    [str(table), str(whole)],
                )
            except duckdb.Error as error:
                raise OSError(None, str(error).partition("\n")[0]) from error
        shutil.copyfile(whole, path)


def _time(at: Moment | None) -> str | None:
    if at is None or at.clock == "relative":
        return None
    when = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=at.ns // SECOND)
    return f"{when:%Y-%m-%dT%H:%M:%S}.{at.ns % SECOND:09d}Z"
