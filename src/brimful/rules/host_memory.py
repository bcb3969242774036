"""A machine that is short of memory: what drivers and sockets could not get was not there."""

from collections.abc import Iterator

from brimful.evidence.delta import Reading
from brimful.evidence.evidence import Evidence
from brimful.evidence.moment import SECOND
from brimful.evidence.origin import Exhibit
from brimful.evidence.weight import percent, weigh
from brimful.rules import Collect, Finding, State, Treatment, rule

LOW = 0.05
"""Share of memory that can be had from which the machine is short, if something waited for memory too."""
LITTLE_FREE = 0.01
"""Share of memory that is free from which what cannot wait may find none. Caches make it small anyway. [inference]"""
STALLED = 0.1
"""Share of the window in which some task waited for memory."""
LARGE = 0.1
"""Share of all memory from which an owner in the kernel is named."""
MICROSECOND = 1000
"""In nanoseconds."""
GIB = 1 << 30

CONTAINERS = "kills inside a container count too, and say nothing of the machine"

COLLECT = (Collect("memory and slabs, twice, an hour apart", "cat /proc/meminfo /proc/vmstat /proc/slabinfo"),)

TREATMENTS = (
    Treatment("find what uses the memory", "ps -eo pid,rss,comm --sort=-rss | head; slabtop -o -s c | head -20"),
    Treatment(
        "raise the reserve the kernel keeps for interrupts", "sysctl -w vm.min_free_kbytes=<larger>", temporary=True
    ),
)


@rule(
    "host.memory.refused",
    "host.memory.total",
    "host.memory.available",
    "host.memory.free",
    "host.memory.cpu_lists",
    "host.memory.alloc_stalled",
    "host.memory.compact_failed",
    "host.memory.stalled",
    "host.memory.killed",
    "host.memory.slab_unreclaimable",
    "host.memory.unaccounted",
)
def host_memory(evidence: Evidence) -> Iterator[Finding]:
    """Is the machine short of memory?"""
    level = _level(evidence)
    waited = [*_waited(evidence), *_counted(evidence, "host.memory.killed", "processes were killed for want of memory")]
    low = level is not None and level[1] <= LOW
    refused = evidence.readings("host.memory.refused")
    if weigh(refused).lost:
        yield _refused(refused, level, [*waited, *_at_once(evidence)])
    elif level is not None and low and waited:
        yield _short(level[0], waited, _owners(evidence))
    elif level is not None and low:
        text = level[0].text
        yield _near(f"{text[0].upper()}{text[1:]}; nothing is seen to wait for memory.", (level[0],))
    elif waited:
        text = waited[0].text
        room = f", although {level[0].text}" if level else ""
        killed = any(r.delta for r in evidence.readings("host.memory.killed"))
        yield _near(
            f"{text[0].upper()}{text[1:]}{room}.",
            (*waited, *_counted(evidence, "host.memory.compact_failed", "larger blocks of memory could not be made")),
            (CONTAINERS,) if killed else (),
        )


def _level(evidence: Evidence) -> tuple[Exhibit, float] | None:
    """Return how much memory could be had when it was least, and that as a share."""
    total = next((r for r in evidence.readings("host.memory.total") if r.last), None)
    available = next(iter(evidence.readings("host.memory.available")), None)
    if total is None or available is None:
        return None
    least = min(frame.values[index] for frame, index in available.frames)
    share = least / total.last
    text = f"{percent(share)} of {total.last / GIB:.1f} GiB of memory can be had (MemAvailable)"
    return available.exhibit(text), share


def _at_once(evidence: Evidence) -> Iterator[Exhibit]:
    """Yield what was free when that was least and too little: an interrupt cannot wait until more is made free."""
    total = max((r.last for r in evidence.readings("host.memory.total")), default=0)
    lists = max((r.highest for r in evidence.readings("host.memory.cpu_lists")), default=0)
    for free in evidence.readings("host.memory.free"):
        least = min(frame.values[index] for frame, index in free.frames) + lists
        if least <= LITTLE_FREE * total:
            text = f"{percent(least / total)} of {total / GIB:.1f} GiB was free: what cannot wait, as an interrupt, gets no more"
            yield free.exhibit(text)


def _waited(evidence: Evidence) -> Iterator[Exhibit]:
    """Yield what shows that memory was waited for in the window."""
    yield from _counted(evidence, "host.memory.alloc_stalled", "allocations waited until memory was reclaimed")
    for stalled in evidence.readings("host.memory.stalled"):
        if stalled.delta and stalled.seconds:
            share = stalled.delta * MICROSECOND / (stalled.seconds * SECOND)
            if share >= STALLED:
                yield stalled.exhibit(
                    f"some process waited for memory for {100 * min(1, share):.0f} % of {stalled.seconds:.1f} s (PSI)"
                )


def _counted(evidence: Evidence, meaning: str, what: str) -> Iterator[Exhibit]:
    """Yield one exhibit for all counters of a meaning that moved."""
    moved: list[Reading] = [r for r in evidence.readings(meaning) if r.delta]
    if moved:
        most = max(moved, key=lambda r: r.counted)
        when = f"in {most.seconds:.1f} s" if most.seconds else "between the samples"
        yield most.exhibit(f"{sum(r.counted for r in moved):,} {what} {when}")


def _owners(evidence: Evidence) -> Iterator[Exhibit]:
    """Yield what the kernel itself holds a large part of."""
    total = max((r.last for r in evidence.readings("host.memory.total")), default=0)
    for meaning, what in (
        ("host.memory.slab_unreclaimable", "is slab that cannot be reclaimed"),
        (
            "host.memory.unaccounted",
            "is memory that no line of /proc/meminfo names: drivers' pages, a balloon, or a leak",
        ),
    ):
        for reading in evidence.readings(meaning):
            if reading.last >= LARGE * total > 0:
                yield reading.exhibit(f"{percent(reading.last / total)} of it {what}")


def _refused(refused: list[Reading], level: tuple[Exhibit, float] | None, waited: list[Exhibit]) -> Finding:
    """Packets that were seen to be dropped for want of memory; with memory to be had, it was short for a moment only."""
    weight = weigh(refused)
    low = level is not None and level[1] <= LOW
    moved = tuple(
        r.exhibit(f"{r.counted:,} packets were dropped for want of memory at {r.series.place or 'this machine'}")
        for r in refused
        if r.counted
    )
    return Finding(
        stage="host.memory",
        place="",
        state=State.LOST if weight.now else State.OPEN,
        statement="The kernel drops packets because the machine has no memory for them."
        if weight.now
        else "The kernel has dropped packets for want of memory; one sample does not say when.",
        because=(*moved, *((level[0],) if level and low else ()), *waited),
        against=(level[0],) if level and not low else (),
        do=TREATMENTS,
        collect=COLLECT,
        harm=weight.lost,
    )


def _short(level: Exhibit, waited: list[Exhibit], owners: Iterator[Exhibit]) -> Finding:
    return Finding(
        stage="host.memory",
        place="",
        state=State.HOLDS,
        statement=f"The machine is short of memory: {level.text}.",
        subject="the shortage of memory",
        because=(level, *waited, *owners),
        do=TREATMENTS,
        collect=COLLECT,
    )


def _near(statement: str, because: tuple[Exhibit, ...], doubts: tuple[str, ...] = ()) -> Finding:
    return Finding(
        stage="host.memory",
        place="",
        state=State.NEAR,
        statement=statement,
        because=because,
        doubts=doubts,
        collect=COLLECT,
    )
