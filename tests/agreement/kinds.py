"""What is tried: sockets and shapers, over loopback and over a veth pair."""

from random import Random

from tests.agreement.trials import Reads, Shapes

SIZES = (1, 197, 198, 700, 1400, 9000, 20_000)
"""Bytes on both sides of where a datagram gets a larger head, several fragments on veth, page fragments on loopback."""
BUFFERS = (2304, 20_000, 106_496)
"""Bytes asked for, which the kernel doubles: the least it gives, one of some dozen datagrams, the usual 212,992."""
SCRIPTS = 8
MIXED = (100, 1400, 600, 300, 1200, 40, 900)
SLOW = 8000
"""bit/s: what comes into the bucket while a burst is sent is less than a packet."""


def _script(seed):
    """Draw what is sent and read in turn."""
    random = Random(seed)  # noqa: S311 - a test, which must be repeatable
    steps = [amount for _ in range(8) for amount in (random.randint(1, 120), -random.randint(1, 60))]
    path, size = random.choice(("lo", "veth")), random.choice((1, 300, 1400, 3000))
    return Reads(path, size, random.randint(4000, 100_000), tuple(steps))


PAUSED = [Reads(path, size, buffer, (400,)) for path in ("lo", "veth") for size in SIZES for buffer in BUFFERS] + [
    Reads(path, size, 20_000, (200,), "packet") for path in ("lo", "veth") for size in (100, 1000)
]
READ = [_script(seed) for seed in range(SCRIPTS)]
SHAPED = [
    *(
        Shapes(path, (size,), SLOW, burst, limit, 200)
        for path in ("lo", "veth")
        for size, burst, limit in (
            (958, 10_500, 20_500),
            (1400, 5000, 30_000),
            (100, 2000, 6000),
            (958, 1600, 900),
            (1400, 1000, 9000),
        )
    ),
    *(Shapes(path, (958,), 8_000_000, 5000, 30_000, 1200, gap_s=0.00025, bound=2) for path in ("lo", "veth")),
    *(Shapes(path, (958,), 8_000_000, 5000, 30_000, 60, bursts=20, every_s=0.05, bound=21) for path in ("lo", "veth")),
    *(Shapes(path, MIXED, 8_000_000, 3000, 6000, 1000, gap_s=0.0005, bound=20) for path in ("lo", "veth")),
    Shapes("veth", (300,), 2_000_000, 4000, 8000, 30, bursts=20, gap_s=0.0005, every_s=0.05, bound=21),
]
