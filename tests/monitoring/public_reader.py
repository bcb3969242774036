"""Reads snapshot files as public scripts do that were written for those of a switch: by their documented shape alone.

Files are put in the order of `start_datetime`, which sorts as text. Ranges are "lo:hi", the last one open. A count is a
sample of the configured time.
"""

import json
from pathlib import Path


def in_order(prefix):
    """The snapshots of a ring, by the time inside."""
    path = Path(prefix)
    found = [json.loads(one.read_text()) for one in path.parent.glob(f"{path.name}_*")]
    return sorted(found, key=lambda one: one["timestamp_info"]["start_datetime"])


def bins(snapshot, kind, port, index):
    """The ranges of one queue: lowest and highest value (None: open), and count."""
    rows = []
    for label, count in snapshot[kind][port][index]["data"].items():
        low, _, high = label.partition(":")
        rows.append((int(low), None if high == "*" else int(high), int(count)))
    return sorted(rows)


def seconds_at_least(rows, depth, sample_ns):
    """How long the queue was certainly so deep."""
    return sum(count for low, _, count in rows if low >= depth) * sample_ns / 1e9
