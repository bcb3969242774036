"""Things that happened and things that are."""

import msgspec

from brimful.evidence.moment import Moment
from brimful.evidence.origin import Origin

Value = str | int | float


class Event(msgspec.Struct, frozen=True):
    """Something that happened, such as a log line. `kind` is a name of `brimful.chain.fact.EVENTS`."""

    kind: str
    place: str
    at: Moment | None
    origin: Origin
    fields: dict[str, Value] = {}


class Fact(msgspec.Struct, frozen=True):
    """Something that is: a driver version, a limit, the demux card. `name` is one of `brimful.chain.fact.FACTS`."""

    name: str
    place: str
    value: Value
    origin: Origin
    at: Moment | None = None
