"""Queues, NAPI instances and page pools of all interfaces, as `ynl` prints them from the kernel.

ynl (tools/net/ynl/pyynl/cli.py in the kernel's source) knows interfaces by index alone: their names are added here.
"""

import json
from collections.abc import Iterator
from functools import partial

import msgspec

from brimful.kernel.genetlink import ABSENT
from brimful.kernel.netdev import (
    INFO,
    NAPIS,
    POOL_STATISTICS,
    POOLS,
    QUEUE_STATISTICS,
    QUEUES,
    Operation,
    Value,
    listed,
)
from brimful.kernel.netlink import NetlinkError
from brimful.roots import commands
from brimful.roots.answers import answer
from brimful.roots.base import Document
from brimful.roots.doors import Doors

COMMAND = "ynl --family netdev --output-json --dump"
BY_QUEUE = " --json '" + json.dumps({"scope": "queue"}) + "'"


def _dump(doors: Doors, operation: Operation, *, by_queue: bool = False) -> Iterator[Document]:
    command = f"{COMMAND} {operation.name}{BY_QUEUE if by_queue else ''}"
    try:
        found = list(listed(doors.generic, operation, by_queue=by_queue))
    except NetlinkError as error:
        if error.errno not in ABSENT:
            doors.see_not(command, str(error))
        return
    names = {index: commands.shown(name) for index, name in doors.interfaces()} if found else {}
    rows = [one | _name(names, one) for one in found]
    yield doors.document(command, msgspec.json.encode(rows) + b"\n")


def _name(names: dict[int, str], one: dict[str, Value]) -> dict[str, Value]:
    """Return the name of an interface, unless it went away meanwhile."""
    info = one.get(INFO, one)
    index = info.get("ifindex") if isinstance(info, dict) else None
    return {"ifname": names[index]} if isinstance(index, int) and index in names else {}


for _operation in (POOLS, POOL_STATISTICS, QUEUES, NAPIS, QUEUE_STATISTICS):
    answer(f"{COMMAND} {_operation.name}")(partial(_dump, operation=_operation))
answer(f"{COMMAND} {QUEUE_STATISTICS.name}{BY_QUEUE}")(partial(_dump, operation=QUEUE_STATISTICS, by_queue=True))
