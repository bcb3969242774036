"""The queues of each interface in sysfs: receive packet steering and byte queue limits."""

import os
from collections.abc import Iterator
from contextlib import suppress
from functools import partial

from brimful.roots.answers import answer
from brimful.roots.base import Document
from brimful.roots.doors import Doors

STEERING = "/sys/class/net/{interface}/queues/{queue}/rps_cpus"
LIMITS = tuple(
    f"/sys/class/net/{{interface}}/queues/{{queue}}/byte_queue_limits/{file}" for file in ("limit", "inflight")
)


def _files(doors: Doors, request: str, side: str) -> Iterator[Document]:
    """Yield one file of each queue of one side, of the interfaces with hardware."""
    for target in doors.devices():
        interface = target.rpartition("/")[2]
        for queue in _queues(doors, interface, side):
            path = request.format(interface=interface, queue=queue)
            data = doors.read(path)
            if data is not None:
                yield doors.document(path, data, interface=interface, queue=queue)


def _queues(doors: Doors, interface: str, side: str) -> list[str]:
    with suppress(OSError), os.scandir(f"{doors.top}/sys/class/net/{interface}/queues") as entries:
        return sorted(entry.name for entry in entries if entry.name.startswith(side))
    return []


answer(STEERING, everywhere=True)(partial(_files, request=STEERING, side="rx-"))
for _request in LIMITS:
    answer(_request, everywhere=True)(partial(_files, request=_request, side="tx-"))
