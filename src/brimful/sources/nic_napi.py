"""Read `ynl --dump queue-get` and `napi-get`: which NAPI instance serves a queue, and which interrupt drives it.

Attributes are those of Documentation/netlink/specs/netdev.yaml in the kernel's source. A driver that does not tie its
queues to NAPI instances shows queues without one. With threaded NAPI a kernel thread of its own does the work.
"""

from collections.abc import Iterator

import msgspec

from brimful.evidence.event import Fact
from brimful.evidence.evidence import Item
from brimful.evidence.origin import Unread
from brimful.roots.base import Document
from brimful.roots.objects import objects
from brimful.sources import SELDOM, source

YNL = "ynl --family netdev"
QUEUES, INSTANCES = "--dump queue-get", "--dump napi-get"


class _Row(msgspec.Struct, rename="kebab"):
    """A queue, or a NAPI instance, which has no type."""

    id: int
    ifindex: int = 0
    ifname: str = ""
    type: str = ""
    napi_id: int | None = None
    irq: int | None = None
    pid: int | None = None


@source(
    f"{YNL} --output-json {QUEUES}",
    f"{YNL} --output-json {INSTANCES}",
    f"{YNL} {QUEUES}",
    f"{YNL} {INSTANCES}",
    looks_like=r'\A\s*\[\s*\{[^{}]*["\'](?:type["\']\s*:\s*["\'][rt]x["\']|defer-hard-irqs["\'])',
    meanings=("nic.queue_napi",),
    every_s=SELDOM,
)
def nic_napi(document: Document) -> Iterator[Item]:
    """Read which NAPI instance serves which queue (ynl, queue-get and napi-get)."""
    for row in objects(document, _Row, "a queue"):
        if isinstance(row, Unread):
            yield row
            continue
        interface = row.ifname or f"interface {row.ifindex}"
        if row.type and row.napi_id is not None:
            place, value = f"{interface}/{row.type}-{row.id}", f"napi {row.napi_id}"
        elif not row.type and (row.irq is not None or row.pid is not None):
            driven = {"irq": row.irq, "thread": row.pid}
            place = f"{interface}/napi-{row.id}"
            value = " ".join(f"{name} {number}" for name, number in driven.items() if number is not None)
        else:
            continue
        yield Fact("nic.queue_napi", place, value, document.origin(1), document.at)
