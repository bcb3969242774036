"""Read high-frequency telemetry of a switch: how long its queues were and what its ports passed, each millisecond or so.

NVIDIA Cumulus Linux, "High Frequency Telemetry": Spectrum-4 takes a sample each 100 to 12,750 us, and a job writes
`{"hostname": ..., "0": {"sample_index": 1, "metadata": {"sec": ..., "nsec": ...}, "port_data": {PORT: {"if_out_octets": n,
"tc_data": {"0": {"tc_curr_occupancy": n}}}}}, "1": ...}`. The printed example lacks the comma behind the host's name:
files without it are read as well. Between two samples nothing is known.
"""

import re
from collections.abc import Iterator
from itertools import pairwise
from statistics import median_low

import msgspec

from brimful.evidence.event import Fact
from brimful.evidence.evidence import Item
from brimful.evidence.frame import LARGEST, Sheet
from brimful.evidence.moment import SECOND, Moment
from brimful.evidence.origin import Origin, Unread
from brimful.evidence.series import Series
from brimful.roots.base import Document
from brimful.sources import SELDOM, source

MOST_BYTES = 512 << 20
"""A job of 20 s with 64 ports, 8 classes and 1 ms is 400 MB."""
LATEST_S = 1 << 33
"""Seconds since 1970 that are still a date."""

DEPTH, SENT, RECEIVED = "switch.queue.depth", "switch.queue.sent_bytes", "switch.pool.received_bytes"
RESOLUTION = "switch.queue.resolution_ns"

_UNIT = "the unit is not documented: taken for bytes"
_HOST = re.compile(rb'("hostname"\s*:\s*"[^"\n]{0,255}")(\s*")')


class _Time(msgspec.Struct):
    sec: int
    nsec: int = 0


class _Class(msgspec.Struct):
    tc_curr_occupancy: int | None = None


class _Port(msgspec.Struct):
    if_out_octets: int | None = None
    if_in_octets: int | None = None
    tc_data: dict[str, _Class] = {}


class _Sample(msgspec.Struct):
    metadata: _Time
    port_data: dict[str, _Port]


@source(
    "cl-hft-tool data {file}",
    "/run/cumulus/hft/{file}",
    looks_like=r'"sample_index"\s*:',
    meanings=(DEPTH, SENT, RECEIVED, RESOLUTION),
    every_s=SELDOM,
)
def asic_telemetry(document: Document) -> Iterator[Item]:
    """Read the depth of queues and what ports passed, many times a second (high-frequency telemetry)."""
    if document.end - document.start > MOST_BYTES:
        yield Unread(Origin(document.file), f"longer than {MOST_BYTES >> 20} MiB: no telemetry of one job")
        return
    text = bytes(document.data[document.start : document.end])
    try:
        text, samples = _samples(text)
    except (msgspec.MsgspecError, RecursionError, ValueError) as error:
        yield Unread(Origin(document.file), f"no whole telemetry: {error}")
        return
    series: dict[tuple[str, str, str], Series] = {}
    times: list[Moment] = []
    at = 0
    for number, raw in samples.items():
        piece = bytes(raw)
        at = max(at, text.find(piece, at))
        origin = document.origin_of(document.start + at, f"sample {number}")
        at += len(piece)
        try:
            sample = msgspec.json.decode(raw, type=_Sample)
        except (msgspec.MsgspecError, RecursionError, ValueError) as error:
            yield Unread(origin, f"no sample: {error}")
            continue
        time = sample.metadata
        if not (0 <= time.sec < LATEST_S and 0 <= time.nsec < SECOND):
            yield Unread(origin, "no time of a sample")
            continue
        times.append(Moment(time.sec * SECOND + time.nsec))
        sheet = Sheet(_Place(origin), times[-1], document.boot)
        if not _fill(sheet, sample, series):
            yield Unread(origin, "not unsigned 64-bit numbers")
        if len(sheet):
            yield sheet.frame()
    yield from _resolution(document, times, series)


class _Place:
    """All numbers of a sample are told to be where it begins."""

    def __init__(self, origin: Origin) -> None:
        self._origin = origin

    def __call__(self, _line: int) -> Origin:
        return self._origin


def _samples(text: bytes) -> tuple[bytes, dict[str, msgspec.Raw]]:
    """Return the text as it was read, and its samples by their number, in the order of the file."""
    try:
        found = msgspec.json.decode(text, type=dict[str, msgspec.Raw])
    except msgspec.DecodeError:
        text = _HOST.sub(rb"\1,\2", text, count=1)
        found = msgspec.json.decode(text, type=dict[str, msgspec.Raw])
    return text, {name: raw for name, raw in found.items() if name.isdecimal()}


def _fill(sheet: Sheet, sample: _Sample, series: dict[tuple[str, str, str], Series]) -> bool:
    """Put the numbers of a sample into a sheet; tell whether all of them could be."""
    whole = True
    for meaning, place, raw, value in _numbers(sample):
        if not 0 <= value <= LARGEST:
            whole = False
            continue
        key = (meaning, place, raw)
        if key not in series:
            level = meaning == DEPTH
            series[key] = Series(*key, "asic_telemetry", width_bits=0 if level else 64, doubt=_UNIT if level else "")
        sheet.add(series[key], value, 0)
    return whole


def _numbers(sample: _Sample) -> Iterator[tuple[str, str, str, int]]:
    """Yield meaning, place, name and value of each number."""
    for name, port in sample.port_data.items():
        if port.if_out_octets is not None:
            yield SENT, name, "if_out_octets", port.if_out_octets
        if port.if_in_octets is not None:
            yield RECEIVED, name, "if_in_octets", port.if_in_octets
        for number, queue in port.tc_data.items():
            if queue.tc_curr_occupancy is not None:
                yield DEPTH, f"{name}/tc {number}", "tc_curr_occupancy", queue.tc_curr_occupancy


def _resolution(document: Document, times: list[Moment], series: dict[tuple[str, str, str], Series]) -> Iterator[Fact]:
    """Yield how long it was from one sample to the next, for each queue: the middle one, for one may be late."""
    steps = [later.ns - sooner.ns for sooner, later in pairwise(times) if later.ns > sooner.ns]
    if steps:
        step = median_low(steps)
        for one in series.values():
            if one.meaning == DEPTH:
                yield Fact(RESOLUTION, one.place, step, Origin(document.file), times[-1])
