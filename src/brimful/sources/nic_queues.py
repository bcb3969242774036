"""Read `ynl --dump qstats-get`: the standard statistics of NICs and their queues, under the same names for all drivers.

What each counts is written in the kernel's Documentation/netlink/specs/netdev.yaml. `rx-hw-drop-overruns` is "transient
lack of resources, such as buffer space, host descriptors": what the device lacked is known for those drivers alone whose
source was read. `rx-hw-drops` holds them and all other drops. A statistic that a driver does not keep is absent.

ynl (tools/net/ynl in the kernel's source) prints interfaces by index; a live host adds their names.
"""

from collections.abc import Iterator

from brimful.evidence.evidence import Item
from brimful.evidence.number import unsigned
from brimful.evidence.origin import Unread
from brimful.evidence.samples import Samples
from brimful.evidence.series import Series
from brimful.roots.base import Document
from brimful.roots.objects import objects
from brimful.sources import source, unread

YNL = "ynl --family netdev"
STATISTICS = "--dump qstats-get"
BY_QUEUE = """--json '{"scope": "queue"}'"""

OVERRUNS = "rx-hw-drop-overruns"
DROPS = "rx-hw-drops"
OF_DESCRIPTORS = frozenset(("virtio_net", "sfc", "ena", "fbnic"))
"""Drivers whose overruns are frames that found no receive descriptor.

virtio_net: rx_drop_overruns of the device; sfc: n_rx_nodesc_trunc; ena: rx_overruns; fbnic: rde_pkt_cq_drop and
rde_pkt_bdq_drop. enic puts truncated frames there.
"""

DOUBTS = {"virtio_net": "told by the device: buffers or descriptors, it does not say which"}

_MEANINGS = {
    "rx-packets": "nic.ring.passed",
    "rx-bytes": "nic.ring.bytes",
    DROPS: "nic.ring.drops_mixed",
    "rx-alloc-fail": "driver.memory.alloc_failed",
    "rx-hw-drop-ratelimits": "network.path.allowance_exceeded",
    "tx-packets": "nic.tx_ring.passed",
    "tx-hw-drops": "nic.tx_ring.dropped",
    "tx-stop": "nic.tx_ring.full",
}
_NO_BUFFER = "nic.ring.no_buffer"
_UNNAMED = "interface {index}"


@source(
    f"{YNL} --output-json {STATISTICS}",
    f"{YNL} --output-json {STATISTICS} {BY_QUEUE}",
    f"{YNL} {STATISTICS}",
    looks_like=r'\A\s*\[\s*\{[^{}]*["\'](?:rx|tx)-packets["\']\s*:',
    meanings=(*_MEANINGS.values(), _NO_BUFFER),
    one_of=True,
)
def nic_queues(document: Document) -> Iterator[Item]:
    """Read the standard statistics of NICs and their queues (ynl, qstats-get)."""
    samples = Samples(document.origin, document.at, document.boot)
    for row in objects(document, dict[str, object], "statistics"):
        if isinstance(row, Unread):
            yield row
            continue
        interface = _interface(row)
        driver = document.drivers.get(interface, "")
        for name, number in row.items():
            meaning = _meaning(name, row, driver)
            value = unsigned(str(number)) if meaning else None
            if meaning and value is None:
                yield unread(document, 1, f"{name} is not an unsigned 64-bit number")
            elif meaning and value is not None:
                doubt = DOUBTS.get(driver, "") if name == OVERRUNS else ""
                samples.add(Series(meaning, interface + _queue(row), name, "nic_queues", doubt=doubt), value, 1)
    yield from samples.frames()


def _interface(row: dict[str, object]) -> str:
    return str(row.get("ifname") or _UNNAMED.format(index=row.get("ifindex", "?")))


def _queue(row: dict[str, object]) -> str:
    kind, number = row.get("queue-type"), row.get("queue-id")
    return f"/{kind}-{number}" if kind is not None and number is not None else ""


def _meaning(name: str, row: dict[str, object], driver: str) -> str:
    """Return what a statistic means; overruns that nobody explains are a part of all drops."""
    if name != OVERRUNS:
        return _MEANINGS.get(name, "")
    if driver in OF_DESCRIPTORS:
        return _NO_BUFFER
    return "" if DROPS in row else _MEANINGS[DROPS]
