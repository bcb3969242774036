"""The family `netdev` of generic netlink: queues, NAPI instances, page pools and their statistics, for all NICs at once.

Names and numbers are those of Documentation/netlink/specs/netdev.yaml and include/uapi/linux/netdev.h. A driver that
keeps no statistics of its queues is left out by the kernel; an older kernel that lacks a command says EOPNOTSUPP.
"""

import sys
from collections.abc import Iterator

import msgspec

from brimful.kernel.genetlink import Generic, attribute, uint
from brimful.kernel.netlink import attributes

FAMILY = "netdev"

QUEUE_TYPES = ("rx", "tx")

INFO = "info"
"""The attribute of page pool statistics that holds which pool it is."""

Value = int | str | dict[str, int | str]


class Operation(msgspec.Struct, frozen=True):
    """One command that lists something: its name in the specification, its number and the names of its attributes."""

    name: str
    command: int
    attributes: dict[int, str]


_QUEUE_STATISTICS = (
    *("rx-packets", "rx-bytes", "tx-packets", "tx-bytes", "rx-alloc-fail", "rx-hw-drops", "rx-hw-drop-overruns"),
    *("rx-csum-complete", "rx-csum-unnecessary", "rx-csum-none", "rx-csum-bad", "rx-hw-gro-packets", "rx-hw-gro-bytes"),
    *("rx-hw-gro-wire-packets", "rx-hw-gro-wire-bytes", "rx-hw-drop-ratelimits", "tx-hw-drops", "tx-hw-drop-errors"),
    *("tx-csum-none", "tx-needs-csum", "tx-hw-gso-packets", "tx-hw-gso-bytes", "tx-hw-gso-wire-packets"),
    *("tx-hw-gso-wire-bytes", "tx-hw-drop-ratelimits", "tx-stop", "tx-wake"),
)
_POOL_STATISTICS = (
    *("alloc-fast", "alloc-slow", "alloc-slow-high-order", "alloc-empty", "alloc-refill", "alloc-waive"),
    *("recycle-cached", "recycle-cache-full", "recycle-ring", "recycle-ring-full", "recycle-released-refcnt"),
)
_FIRST_STATISTIC = 8
_SCOPE, _SCOPE_QUEUE = 4, 1

POOLS = Operation(
    "page-pool-get", 5, {1: "id", 2: "ifindex", 3: "napi-id", 4: "inflight", 5: "inflight-mem", 6: "detach-time"}
)
POOL_STATISTICS = Operation("page-pool-stats-get", 9, {1: INFO, **dict(enumerate(_POOL_STATISTICS, _FIRST_STATISTIC))})
QUEUES = Operation("queue-get", 10, {1: "id", 2: "ifindex", 3: "type", 4: "napi-id"})
NAPIS = Operation(
    "napi-get",
    11,
    {
        1: "ifindex",
        2: "id",
        3: "irq",
        4: "pid",
        5: "defer-hard-irqs",
        6: "gro-flush-timeout",
        7: "irq-suspend-timeout",
    },
)
QUEUE_STATISTICS = Operation(
    "qstats-get",
    12,
    {1: "ifindex", 2: "queue-type", 3: "queue-id", **dict(enumerate(_QUEUE_STATISTICS, _FIRST_STATISTIC))},
)

_TYPES = {"type", "queue-type"}


def listed(generic: Generic, operation: Operation, *, by_queue: bool = False) -> Iterator[dict[str, Value]]:
    """Yield the attributes of each thing there is, by name; those that have no name here are left out.

    `by_queue`: statistics of each queue, instead of each interface. `NetlinkError` where the kernel refuses: ENOENT
    without the family, EOPNOTSUPP without the command.
    """
    body = attribute(_SCOPE, _SCOPE_QUEUE.to_bytes(4, sys.byteorder)) if by_queue else b""
    for found in generic.dump(FAMILY, operation.command, body):
        yield dict(_fields(operation, found))


def _fields(operation: Operation, found: dict[int, bytes]) -> Iterator[tuple[str, Value]]:
    for number, value in found.items():
        name = operation.attributes.get(number)
        if name == INFO:
            yield (
                INFO,
                {
                    POOLS.attributes[kind]: uint(one)
                    for kind, one in attributes(value).items()
                    if kind in POOLS.attributes
                },
            )
        elif name:
            yield name, _typed(name, uint(value))


def _typed(name: str, value: int) -> int | str:
    return QUEUE_TYPES[value] if name in _TYPES and value < len(QUEUE_TYPES) else value
