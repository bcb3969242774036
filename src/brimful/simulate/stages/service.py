"""How long a server takes for a packet."""

from collections.abc import Sequence

import msgspec

from brimful.simulate.compiled import Floats, compiled, floats
from brimful.simulate.stage import BETWEEN, Block
from brimful.simulate.twister import Twister


class Service(msgspec.Struct, frozen=True):
    """How long a packet is served: a fixed time, a time for each byte, and an exponential time of this mean. ns."""

    fixed_ns: float = 0.0
    byte_ns: float = 0.0
    mean_ns: float = 0.0


def link(bits_per_s: float, overhead_bytes: int = BETWEEN) -> Service:
    """Return the service of a link: each packet takes its own bytes and those between frames."""
    byte_ns = 8e9 / bits_per_s
    return Service(fixed_ns=overhead_bytes * byte_ns, byte_ns=byte_ns)


class Times:
    """Draws how long each packet is served: lost ones too, so a packet's time does not depend on what happens to others."""

    def __init__(self, service: Service, seed: str) -> None:
        self._service = service
        self._twister = Twister(seed)

    def of(self, block: Block) -> Floats:
        """Return the time of each packet of a block, ns."""
        service, count = self._service, len(block.times)
        if service.mean_ns:
            times = self._twister.exponentials(count, service.mean_ns)
            if service.fixed_ns or service.byte_ns:
                _add(times, block.sizes, service.fixed_ns, service.byte_ns)
            return times
        times = floats(count, service.fixed_ns if not service.byte_ns else 0.0)
        if service.byte_ns:
            _add(times, block.sizes, service.fixed_ns, service.byte_ns)
        return times


@compiled
def _add(times: Floats, sizes: Sequence[int], fixed_ns: float, byte_ns: float) -> None:
    for index, size in enumerate(sizes):
        times[index] += fixed_ns + size * byte_ns
