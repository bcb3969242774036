"""A slab cache of packets that has only grown while it was watched: a leak looks so, and so does a queue that fills."""

from collections.abc import Iterator
from itertools import pairwise

from brimful.chain.slab import of_packets
from brimful.evidence.delta import Reading
from brimful.evidence.evidence import Evidence
from brimful.rules import Collect, Finding, State, Treatment, rule

FEWEST = 6
"""Samples below which growth is no trend."""
GREW = 8 << 20
"""Bytes below which growth is everyday."""
SHARE = 0.1
"""The same as a share of what the cache held at first."""
LATER = 0.25
"""Share of the growth that must fall into the second half: a burst at the start is no slope."""
MIB = 1 << 20
KIB = 1 << 10

QUEUES = "packets that wait in sockets are made of it too: compare with the queues of the sockets (ss -anm)"
NAMES = "caches of one size may share this name: ls -l /sys/kernel/slab tells which"


@rule("driver.memory.slab", "slab.alias")
def slab_growth(evidence: Evidence) -> Iterator[Finding]:
    """Does a slab cache that packets are made of only ever grow?"""
    grown = [r for r in evidence.readings("driver.memory.slab") if _of_packets(evidence, r) and _only_grows(r)]
    if not grown:
        return
    most = max(grown, key=_growth)
    name, known = _named(evidence, most)
    window = f"in {most.seconds:.1f} s" if most.seconds else f"over {most.samples} samples"
    rate = f" ({_size(_growth(most) / most.seconds)}/s)" if most.seconds else ""
    text = f"{name} has only grown: by {_size(_growth(most))} to {_size(most.last)} {window}{rate}"
    yield Finding(
        stage="driver.memory",
        place="",
        state=State.NOTE,
        statement=f"{text[0].upper()}{text[1:]}: a leak looks so, and so do queues that fill; a window of {window.partition(' ')[2]} proves neither.",
        subject="the slab cache that only grew",
        because=(
            most.exhibit(text),
            *(r.exhibit(f"{_named(evidence, r)[0]} grew too, by {_size(_growth(r))}") for r in grown if r is not most),
        ),
        doubts=(QUEUES, *(() if known else (NAMES,))),
        do=(Treatment("find who holds the packets: the queues of sockets first, then the driver", "ss -anm"),),
        collect=(
            Collect("memory and slabs, each hour for a day", "cat /proc/slabinfo /proc/meminfo"),
            Collect("which caches share their memory", "ls -l /sys/kernel/slab"),
        ),
    )


def _of_packets(evidence: Evidence, reading: Reading) -> bool:
    """Tell whether packets may be in a cache, under its own name or under one that shares its memory."""
    return any(of_packets(name) for name in (reading.series.raw, *_aliases(evidence, reading)))


def _aliases(evidence: Evidence, reading: Reading) -> list[str]:
    fact = evidence.fact("slab.alias", reading.series.place)
    return str(fact.value).split(", ") if fact else []


def _named(evidence: Evidence, reading: Reading) -> tuple[str, bool]:
    """Return what to call a cache, with all its names, and whether these are known."""
    names = _aliases(evidence, reading)
    if names:
        return f"the slab cache shared by {', '.join(names)}", True
    return f"the slab cache {reading.series.raw}", bool(evidence.facts("slab.alias"))


def _only_grows(reading: Reading) -> bool:
    """Tell whether it rose enough, fell never, and still rose in the second half."""
    values = [frame.values[index] for frame, index in reading.frames]
    growth = values[-1] - values[0]
    if len(values) < FEWEST or growth < max(GREW, SHARE * values[0]):
        return False
    falls = any(after < before for before, after in pairwise(values))
    return not falls and values[-1] - values[len(values) // 2] >= LATER * growth


def _growth(reading: Reading) -> int:
    return reading.last - reading.first


def _size(size: float) -> str:
    return f"{size / MIB:,.1f} MiB" if size >= MIB else f"{size / KIB:,.0f} KiB"
