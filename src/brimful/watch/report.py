"""One sweep of a watch as one line of JSON."""

from datetime import UTC, datetime

import msgspec

from brimful.watch.board import Buffer
from brimful.watch.host import Host


def as_json(host: Host) -> bytes:
    """Return what is known of a host now: the judge's answer and every row."""
    judgement = host.opinion.judgement
    return msgspec.json.encode(
        {
            "at": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%f}"[:-3] + "Z",
            "root": host.sampler.root.name,
            "outcome": judgement.outcome if judgement else None,
            "statement": judgement.statement if judgement else None,
            "buffers": [_buffer(buffer) for buffer in host.board.buffers.values()],
        }
    )


def _buffer(buffer: Buffer) -> dict[str, object]:
    level, forecast = buffer.level, buffer.forecast
    return {
        "stage": buffer.stage,
        "place": buffer.place,
        "lost": buffer.lost.total,
        "lost_per_second": round(buffer.losing, 3),
        "near_missed": buffer.near.total,
        "near_missed_per_second": round(buffer.nearing, 3),
        "meaning": level.meaning if level else None,
        "level": level.value if level else None,
        "limit": level.limit if level else None,
        "overflow_seconds": [forecast.seconds_low, forecast.seconds, forecast.seconds_high] if forecast else None,
        "who": buffer.who or None,
    }
