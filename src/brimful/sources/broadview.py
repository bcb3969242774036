"""Read the buffer statistics that a Broadcom switch reports (BroadView Instrumentation, buffer statistics tracking).

`get-bst-report` of its JSON-RPC, and `trigger-report`, which it sends when a threshold is crossed: for each realm rows of an
index, a port where it has one, and counts (Broadcom-Switch/BroadView-Instrumentation, bst_json_encoder). Whether the ASIC
tracks peaks or the level now, and whether counts are bytes, cells or percent, is configured and not in the report.
"""

from collections.abc import Iterator

import msgspec

from brimful.evidence.clock import stamp
from brimful.evidence.event import Event
from brimful.evidence.evidence import Item
from brimful.evidence.frame import LARGEST
from brimful.evidence.moment import Moment
from brimful.evidence.origin import Origin, Unread
from brimful.evidence.samples import Samples
from brimful.evidence.scan import LONGEST_LINE
from brimful.evidence.series import Series
from brimful.roots.base import Document
from brimful.sources import SELDOM, source

REQUEST = "get-bst-report {file}"
QUEUE, POOL, HEADROOM = "switch.queue.peak", "switch.pool.peak", "switch.pool.headroom_peak"
EXCEEDED = "switch.queue.exceeded"

_DOUBT = "bytes and a peak, unless the agent was set to cells, to percent, or to track the level now"

Cell = int | str
Row = list[Cell]


class _Realm(msgspec.Struct, frozen=True):
    """How a realm's rows are read: what the index is called, whether a port follows it, and what each count means.

    An empty meaning stands for counts that are of no use here: queue entries, parts of a sum that is there too.
    """

    index: str
    counts: tuple[str, ...]
    port_in_row: bool = False


REALMS = {
    "ingress-port-priority-group": _Realm("pg", (POOL, HEADROOM)),
    "ingress-port-service-pool": _Realm("ingress pool", (POOL,)),
    "ingress-service-pool": _Realm("ingress pool", (POOL,)),
    "egress-port-service-pool": _Realm("egress pool", ("", POOL)),
    "egress-service-pool": _Realm("egress pool", (POOL,)),
    "egress-uc-queue": _Realm("uc", (QUEUE,), port_in_row=True),
    "egress-mc-queue": _Realm("mc", (QUEUE,), port_in_row=True),
    "egress-uc-queue-group": _Realm("uc group", (QUEUE,)),
    "egress-cpu-queue": _Realm("cpu queue", (QUEUE,)),
    "egress-rqe-queue": _Realm("rqe queue", (QUEUE,)),
}
DEVICE = "device"


class _OfPort(msgspec.Struct):
    port: Cell
    data: list[Row]


class _Part(msgspec.Struct):
    realm: str
    data: msgspec.Raw


class _Report(msgspec.Struct, rename="kebab"):
    """One report; the last four are of the one a crossed threshold has sent."""

    method: str
    report: list[msgspec.Raw]
    asic_id: Cell = ""
    time_stamp: str = ""
    realm: str = ""
    counter: str = ""
    port: Cell = ""
    queue: Cell = ""


@source(
    REQUEST,
    looks_like=r'"method"\s*:\s*"(?:get-bst-report|trigger-report)"',
    meanings=(QUEUE, POOL, HEADROOM, EXCEEDED),
    every_s=SELDOM,
)
def broadview(document: Document) -> Iterator[Item]:
    """Read buffer statistics of a Broadcom switch (BroadView, get-bst-report)."""
    text = bytes(document.data[document.start : document.end])
    try:
        found = msgspec.json.decode(text, type=msgspec.Raw)
        several = bytes(found).lstrip()[:1] == b"["
        reports = (
            msgspec.json.decode(found, type=list[_Report]) if several else [msgspec.json.decode(found, type=_Report)]
        )
    except (msgspec.MsgspecError, RecursionError, ValueError) as error:
        yield Unread(Origin(document.file), f"no whole report of buffers: {error}")
        return
    at = 0
    for report in reports:
        when = _moment(report.time_stamp)
        if report.method == "trigger-report":
            yield _exceeded(document, report, when)
        samples = Samples(document.origin, when or document.at, document.boot)
        for raw in report.report:
            piece = bytes(raw)
            at = max(at, text.find(piece, at))
            shown = " ".join(piece[:LONGEST_LINE].decode(errors="replace").split())
            origin = document.origin_of(document.start + at, shown)
            at += len(piece)
            try:
                _read(samples, report, raw, origin.line)
            except (msgspec.MsgspecError, RecursionError, ValueError, OverflowError) as error:
                yield Unread(origin, f"no counts of a realm: {error}")
        yield from samples.frames()


def _read(samples: Samples, report: _Report, raw: msgspec.Raw, line: int) -> None:
    """Add the counts of one realm; `ValueError` where they are none. Realms that are not known are not looked at."""
    part = msgspec.json.decode(raw, type=_Part)
    found: list[tuple[str, str, int]] = []
    realm = REALMS.get(part.realm)
    if part.realm == DEVICE:
        found = [(POOL, "shared buffer", msgspec.json.decode(part.data, type=int))]
    elif realm is not None:
        for port, row in _rows(part.data):
            found += _counts(realm, port, row)
    if not all(0 <= value <= LARGEST for _, _, value in found):
        raise ValueError("not unsigned 64-bit numbers")
    asic = f" of ASIC {report.asic_id}" if report.asic_id else ""
    for meaning, place, value in found:
        samples.add(Series(meaning, place, f"{part.realm}{asic}", "broadview", width_bits=0, doubt=_DOUBT), value, line)


def _rows(data: msgspec.Raw) -> Iterator[tuple[str, Row]]:
    """Yield each row with its port, where the rows stand by port."""
    for part in msgspec.json.decode(data, type=list[_OfPort | Row]):
        if isinstance(part, _OfPort):
            yield from ((str(part.port), row) for row in part.data)
        else:
            yield "", part


def _counts(realm: _Realm, port: str, row: Row) -> Iterator[tuple[str, str, int]]:
    """Yield meaning, place and value of a row; a report with thresholds has more columns, which are left alone."""
    skip = 2 if realm.port_in_row else 1
    if len(row) <= skip:
        raise ValueError("a row without counts")
    port = str(row[1]) if realm.port_in_row else port
    place = f"port {port}/{realm.index} {row[0]}" if port else f"{realm.index} {row[0]}"
    for meaning, value in zip(realm.counts, row[skip:], strict=False):
        if not isinstance(value, int):
            raise ValueError("a count that is no number")  # noqa: TRY004 - the text is wrong, not its use
        if meaning:
            yield meaning, place, value


def _exceeded(document: Document, report: _Report, when: Moment | None) -> Event:
    place = f"port {report.port}" if report.port != "" else ""
    fields: dict[str, str | int | float] = {"what": f"{report.realm} {report.counter}".strip()}
    if report.queue != "":
        fields["queue"] = report.queue
    return Event(EXCEEDED, place, when, Origin(document.file), fields)


def _moment(text: str) -> Moment | None:
    """Return the time of a report, `2014-11-18 - 00:15:04`; its zone is not told."""
    return stamp(text.strip().replace(" - ", "T"))
