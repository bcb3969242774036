"""Which counters of a machine would move: those of a driver by its map, those of the kernel by their files.

What a driver does not count is told as well: a counter that cannot move proves nothing.
"""

from collections.abc import Iterable

import msgspec

from brimful.drivers.maps import Counter, driver_map
from brimful.simulate.stage import Account

KERNEL = {
    "nic.ring.polls_exhausted": ("tracepoint napi_poll work == budget",),
    "softnet.backlog.dropped": ("/proc/net/softnet_stat dropped",),
    "softnet.backlog.squeezed": ("/proc/net/softnet_stat time_squeeze",),
    "socket.receive.dropped": ("ss -m d", "/proc/net/udp drops", "/proc/net/snmp Udp RcvbufErrors"),
    "kni.queue.dropped": ("/proc/net/dev tx drop of the KNI device", "show iftask stats kni_drops"),
    "qdisc.queue.dropped": ("tc -s qdisc dropped",),
}
"""What the kernel counts itself, whatever the driver."""
LOG = {
    "kni.out_of_memory": ("syslog KNI: Out of memory",),
    "kni.backup_pool_exhausted": ("syslog Out of memory from Backup pool",),
}
DRIVER = ("nic.", "driver.memory.")
"""How the meanings begin that a driver counts."""


class Moved(msgspec.Struct, frozen=True):
    """A counter that moved, by how much, and which meaning it has."""

    name: str
    meaning: str
    by: int


class Outcome(msgspec.Struct, frozen=True):
    """Counters that moved, and the meanings that nothing on this machine counts, with how much went unseen."""

    moved: tuple[Moved, ...]
    unseen: dict[str, int]


def counters(accounts: Iterable[Account], driver: str, queue: int = 0) -> Outcome:
    """Return what counters of a driver, as `ethtool -i` names it, and of the kernel would show of these accounts.

    What happened on one of several queues is given to `queue`. A field of the link statistics is named as `rtnl rx_missed_errors`.
    """
    moved: list[Moved] = []
    unseen: dict[str, int] = {}
    for meaning, by in _counts(accounts).items():
        names = _names(meaning, driver, queue)
        moved.extend(Moved(name, meaning, by) for name in names)
        if not names:
            unseen[meaning] = by
    return Outcome(tuple(moved), unseen)


def _counts(accounts: Iterable[Account]) -> dict[str, int]:
    found: dict[str, int] = {}
    for account in accounts:
        for counts in (account.lost, account.near):
            for meaning, by in counts.items():
                found[meaning] = found.get(meaning, 0) + by
    return found


def _names(meaning: str, driver: str, queue: int) -> list[str]:
    fixed = KERNEL.get(meaning) or LOG.get(meaning)
    if fixed:
        return list(fixed)
    if not meaning.startswith(DRIVER):
        return []
    description = driver_map(driver).description
    names = [name for counter in _of(description.counters, meaning) for name in _written(counter, queue)]
    fields = [name for counter in _of(description.rtnl, meaning) for name in counter.names]
    return names + [f"rtnl {name}" for name in fields]


def _of(counters: Iterable[Counter], meaning: str) -> list[Counter]:
    return [counter for counter in counters if counter.meaning == meaning]


def _written(counter: Counter, queue: int) -> list[str]:
    """Return the names of a counter with the number of the queue in them; those that stand for anything are left out."""
    names = [name for name in counter.names if "*" not in name]
    return [_numbered(name, queue) for name in names]


def _numbered(name: str, queue: int) -> str:
    before, brace, rest = name.partition("{")
    return f"{before}{queue}{rest.partition('}')[2]}" if brace else name
