"""Pages that do not come back to the page pools of a driver: the memory behind the receive ring, watched for leaks.

A page in flight may be in the ring, in a socket that nobody reads, in an XDP program's map: who keeps it is not seen
here. What is seen is that a pool cannot be given up, or grows though next to nothing is received.
"""

from collections.abc import Iterator

from brimful.chain.place import whole
from brimful.evidence.delta import Reading, Step
from brimful.evidence.evidence import Evidence
from brimful.evidence.weight import one_view, weigh
from brimful.rules import Collect, Finding, State, rule

PATIENCE = 60
"""Seconds after which the kernel begins to complain of a pool that waits for its pages (net/core/page_pool.c)."""

MANY = 256
"""Pages from which it is worth a question, 1 MiB: fewer are soon kept by a socket that is read slowly."""

STEPS = 3
"""How often in a row a pool has to grow: a ring that is filled anew makes it grow once."""

PER_PACKET = 17
"""Pages that one received packet may keep at most: fragments of a buffer (include/linux/skbuff.h, MAX_SKB_FRAGS)."""

HOLDERS = "sockets that nobody reads and XDP programs keep pages too: whose they are is not seen"
POOLS = "ynl --family netdev --output-json --dump page-pool-get"


@rule(
    "driver.memory.pages",
    "driver.memory.orphaned",
    "driver.memory.bytes",
    "driver.memory.detached",
    "nic.ring.passed",
)
def page_pool(evidence: Evidence) -> Iterator[Finding]:
    """Do pages of a driver's page pools not come back?"""
    for interface in evidence.places("driver.memory.orphaned"):
        waiting = [r for r in evidence.readings("driver.memory.orphaned", place=interface) if _waits(evidence, r)]
        if waiting:
            yield _orphaned(evidence, interface, waiting)
    for interface in evidence.places("driver.memory.pages"):
        passed = weigh(one_view(evidence.readings("nic.ring.passed", place=interface)))
        grown = [r for r in evidence.readings("driver.memory.pages", place=interface) if _grows(r)]
        rise = sum(reading.delta or 0 for reading in grown)
        if passed.sampled and rise >= MANY and rise > PER_PACKET * passed.lost:
            yield _growing(evidence, interface, grown, rise, passed.lost)


def _waits(evidence: Evidence, reading: Reading) -> bool:
    return bool(reading.last) and _seconds(evidence, reading) >= PATIENCE


def _seconds(evidence: Evidence, reading: Reading) -> int:
    """Return for how long a pool has waited; 0 where nothing says."""
    return max((int(fact.value) for fact in evidence.facts("driver.memory.detached", reading.series.place)), default=0)


def _orphaned(evidence: Evidence, interface: str, waiting: list[Reading]) -> Finding:
    pages = sum(reading.last for reading in waiting)
    seconds = max(_seconds(evidence, reading) for reading in waiting)
    pools = "a page pool" if len(waiting) == 1 else f"{len(waiting)} page pools"
    # the log names no interface, the kernel none that was removed
    owner = f"an {interface}" if interface.startswith("unknown") else interface
    text = f"{pages:,} pages have not come back to {pools} of {owner}, {seconds:,} s after the driver let go"
    return Finding(
        stage="driver.memory",
        place=interface,
        state=State.OPEN if pages >= MANY else State.NEAR,
        statement=f"{text}.",
        because=tuple(r.exhibit(f"{_pool(r)}: {r.last:,} pages in flight{_bytes(evidence, r)}") for r in waiting),
        doubts=(HOLDERS,),
        collect=(
            Collect("the page pools, twice, an hour apart", POOLS),
            Collect("the sockets that hold data nobody reads", "ss -Otunmp"),
            Collect("the XDP programs and what was loaded before them", "ip -d link"),
        ),
    )


def _pool(reading: Reading) -> str:
    """Return which pool a reading is of, as `pool-51`."""
    return reading.series.place.removeprefix(f"{whole(reading.series.place)}/")


def _bytes(evidence: Evidence, pages: Reading) -> str:
    """Return the memory that a pool has handed out, where the kernel tells: its pages may be of any size."""
    found = evidence.readings("driver.memory.bytes", place=pages.series.place)
    return next((f", {r.last:,} bytes" for r in found if r.series.place == pages.series.place), "")


def _grows(reading: Reading) -> bool:
    """Whether a pool grew from each sample to the next."""
    values = [frame.values[index] for frame, index in reading.frames]
    return len(values) > STEPS and reading.steps == {Step.ADVANCED} and len(set(values)) == len(values)


def _growing(evidence: Evidence, interface: str, grown: list[Reading], rise: int, packets: int) -> Finding:
    text = f"{rise:,} more pages are out of the page pools of {interface} though only {packets:,} packets came"
    return Finding(
        stage="driver.memory",
        place=interface,
        state=State.NEAR,
        statement=f"{text}: received packets do not explain it, a leak of the driver would.",
        because=tuple(
            r.exhibit(f"{_pool(r)}: from {r.first:,} to {r.last:,} pages in flight{_bytes(evidence, r)}") for r in grown
        ),
        doubts=("a ring or a number of queues that is raised step by step looks the same",),
        collect=(Collect("the page pools, twice, an hour apart", POOLS),),
    )
