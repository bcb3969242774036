"""What snapshots show, as one JSON object."""

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec.structs import asdict

from brimful import __version__
from brimful.chain.meaning import MEANINGS
from brimful.evidence.burst import Burst
from brimful.evidence.catching import Resolution
from brimful.evidence.evidence import Evidence
from brimful.evidence.moment import Moment
from brimful.monitor.telling import answer, missed
from brimful.monitor.view import Queue, View

SCHEMA = 1


def as_json(view: View, evidence: Evidence, skipped: Sequence[str] = ()) -> bytes:
    """Return the object; times are RFC 3339 in UTC, what is not known is null. `skipped`: what was empty."""
    first, last = view.span or (None, None)
    found = {
        "brimful": __version__,
        "schema": SCHEMA,
        "answer": answer(view),
        "begin": _time(first),
        "end": _time(last),
        "queues": [_queue(one) for one in view.queues],
        "bursts": [_burst(one) for one in view.bursts],
        "missed": missed(view),
        "doubts": list(view.remarks),
        "unread": [
            *({"origin": why.partition(": ")[0], "why": why.partition(": ")[2]} for why in skipped),
            *({"origin": str(one.origin), "why": one.why} for one in evidence.unread),
        ],
        "blind": [asdict(blind) for blind in evidence.blind],
    }
    return msgspec.json.format(msgspec.json.encode(found), indent=2)


def _queue(one: Queue) -> dict[str, Any]:
    return {
        "place": one.place,
        "meaning": one.meaning,
        "unit": one.unit,
        "measure": one.measure,
        "counted_in": "ns" if one.timed else "packets",
        "counted": one.total,
        "readings": len(one.windows),
        "deepest": one.deepest,
        "deepest_least": one.peak.least,
        "deepest_most": one.peak.most,
        "peak": one.highest,
        "worst_at": _time(one.worst.end or one.worst.begin) if one.deepest else None,
        "limit": one.limit,
        "range_top": one.top,
        "share": one.share,
        "levels": [asdict(level) for level in one.levels],
        "resolution": _resolution(one.resolution) if one.timed else None,
    }


def _resolution(one: Resolution) -> dict[str, int]:
    return {"step_ns": one.step_ns, "depth": one.depth, "gap_ns": one.gap_ns}


def _burst(one: Burst) -> dict[str, Any]:
    return {
        "place": one.place,
        "meaning": one.meaning,
        "unit": MEANINGS[one.meaning].unit,
        "start": _time(one.start),
        "peak_at": _time(one.peak_at),
        "end": _time(one.end),
        "duration_ns": one.duration_ns,
        "peak": one.peak,
        "limit": one.limit,
        "share": one.share,
        "dropped": one.dropped,
        "fed_by": list(one.fed_by),
        "origin": str(one.origin),
    }


def _time(at: Moment | None) -> str | None:
    return None if at is None else str(at)
