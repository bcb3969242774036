"""What a monitor tells while it runs: what it did, what it could not, and what it costs."""

from collections.abc import Callable
from enum import StrEnum
from typing import Any

import msgspec

from brimful.evidence.moment import Moment
from brimful.monitor.conditions import Crossing


class Kind(StrEnum):
    """What sort of thing happened."""

    STARTED = "started"
    DONE = "done"
    FAILED = "failed"
    RECOVERED = "recovered"
    SKIPPED = "skipped"
    REMARK = "remark"
    RESOLUTION = "resolution"
    TARGET = "target"
    RELOADED = "reloaded"
    REFUSED = "refused"
    COST = "cost"
    STOPPED = "stopped"


class Happening(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing that happened.

    `deed` is the action of `done`, `file` what it wrote, `crossings` where its condition held, `withheld` how often it had
    held before without the action being taken (cool-down, rate limit). `cost` has what each group's reading took.
    """

    at: Moment
    kind: Kind
    text: str
    group: str = ""
    deed: str = ""
    file: str = ""
    crossings: tuple[Crossing, ...] = ()
    withheld: int = 0
    cost: tuple[dict[str, Any], ...] = ()

    def as_json(self) -> bytes:
        """Return it as one JSON object; the time as RFC 3339."""
        return msgspec.json.encode({**msgspec.to_builtins(self), "at": str(self.at)})

    def __str__(self) -> str:
        """`2026-08-01T12:00:00.123Z histogram_pg: log: Egress queue(s) greater than 500 bytes in ...`."""
        who = ": ".join(filter(None, (self.group, self.deed)))
        return f"{self.at} {f'{who}: ' if who else ''}{self.text}"


Tell = Callable[[Happening], None]
