"""Read what `brimful monitor` has recorded: the seconds before a trigger, as they were read then.

A file holds one JSON object (`brimful.evidence.recording`): numbers with their meanings, places, times and origins, just as
the sources had read them. The trigger is among the events.
"""

from collections.abc import Iterator

import msgspec

from brimful.chain.fact import EVENTS, FACTS
from brimful.chain.meaning import MEANINGS
from brimful.evidence.evidence import Item
from brimful.evidence.recording import Recording, replayed
from brimful.roots.base import Document
from brimful.sources import source, unread

FORMAT = 1


class _Head(msgspec.Struct, frozen=True):
    format: int


class _File(msgspec.Struct, frozen=True):
    brimful_recording: _Head
    evidence: Recording = Recording()


@source(
    "brimful monitor record",
    looks_like=r'\A\s*\{\s*"brimful_recording"\s*:',
    meanings=(*MEANINGS, *EVENTS, *FACTS),
)
def recording(document: Document) -> Iterator[Item]:
    """Read the seconds before a trigger that a monitor recorded (`<group>.record.file`)."""
    data = bytes(document.data[document.start : document.end])
    if not data.strip():
        return
    try:
        found = msgspec.json.decode(data, type=_File)
    except (msgspec.MsgspecError, ValueError, RecursionError) as why:
        yield unread(document, 0, f"no recording: {why}")
        return
    if found.brimful_recording.format != FORMAT:
        yield unread(document, 0, f"a recording of format {found.brimful_recording.format}: only {FORMAT} is known")
        return
    for item in replayed(found.evidence):
        yield unread(document, 0, item) if isinstance(item, str) else item
