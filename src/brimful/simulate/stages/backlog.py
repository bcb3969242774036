"""The backlog of a CPU: packets that another CPU steers to it (RPS), or that come from a device without a poll of its own.

Packets wait in input_pkt_queue, which holds one more than net.core.netdev_max_backlog; when the softirq has worked through
its process_queue, it moves all of them there (net/core/dev.c, enqueue_to_backlog and process_backlog).
"""

from brimful.simulate.compiled import integers
from brimful.simulate.stages.reading import BEFORE, LARGEST, Reader, Reading


def backlog(*, packets: int = 1000, cpu: Reader | None = None, name: str = "softnet.backlog") -> Reading:
    """Return a backlog of `packets` (netdev_max_backlog) and the CPU that works it off."""
    return Reading(
        name,
        limit=packets,
        charges=integers(LARGEST + 1, 1),
        admits=BEFORE,
        reader=cpu or Reader(packet_ns=300.0),
        loses="softnet.backlog.dropped",
        moving=True,
    )
