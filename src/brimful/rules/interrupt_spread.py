"""Receive queues of a NIC that are all served by one CPU, where each could have a CPU of its own.

One CPU empties rings at the rate of one CPU, however many queues the NIC has. It loses nothing by itself: it is evidence
where a ring runs dry, and worth a line where it does not.
"""

from collections import Counter
from collections.abc import Iterator

from brimful.evidence.delta import Reading
from brimful.evidence.evidence import Evidence
from brimful.rules import Finding, State, Treatment, rule

MOSTLY = 0.9
"""Share of a queue's interrupts on one CPU from which that CPU serves it: it may have been moved once. [inference]"""

BUSY = 1_000
"""Interrupts in the window below which it does not matter who serves them."""
BUSY_EVER = 1_000_000
"""The same since boot, where there is one sample."""


@rule("nic.ring.interrupts", "nic.bus_address", "nic.rps")
def interrupt_spread(evidence: Evidence) -> Iterator[Finding]:
    """Does one CPU serve several receive queues of a NIC?"""
    names = {str(fact.value): fact.place for fact in evidence.facts("nic.bus_address")}
    for device in evidence.places("nic.ring.interrupts"):
        interface = names.get(device, device)
        readings = evidence.readings("nic.ring.interrupts", place=device)
        queues = _queues(readings)
        served = {cpu for counts in queues.values() if (cpu := _server(counts)) is not None}
        total = sum(sum(counts.values()) for counts in queues.values())
        sampled = any(reading.delta is not None for reading in readings)
        alone = len(queues) > 1 and len(served) == 1 and all(_server(counts) is not None for counts in queues.values())
        if alone and total >= (BUSY if sampled else BUSY_EVER) and not _is_steered(evidence, interface):
            yield _one_cpu(interface, readings, len(queues), served.pop(), sampled=sampled)


def _queues(readings: list[Reading]) -> dict[str, Counter[str]]:
    """Return for each receive queue how many interrupts each CPU has taken."""
    queues: dict[str, Counter[str]] = {}
    for reading in readings:
        if "/rx-" in reading.series.place and reading.counted:
            cpu = reading.series.raw.rpartition("cpu ")[2]
            queues.setdefault(reading.series.place, Counter())[cpu] += reading.counted
    return queues


def _server(counts: Counter[str]) -> str | None:
    """Return the CPU that serves a queue, if one does."""
    cpu, count = counts.most_common(1)[0]
    return cpu if count >= MOSTLY * counts.total() else None


def _is_steered(evidence: Evidence, interface: str) -> bool:
    """Whether other CPUs take packets over."""
    masks = [fact for fact in evidence.facts("nic.rps") if fact.place.startswith(f"{interface}/")]
    return any(fact.value != "off" for fact in masks)


def _one_cpu(interface: str, readings: list[Reading], queues: int, cpu: str, *, sampled: bool) -> Finding:
    text = f"cpu {cpu} alone {'serves' if sampled else 'has served'} all {queues} receive queues of {interface}"
    moved = max((r for r in readings if "/rx-" in r.series.place), key=lambda r: r.counted)
    return Finding(
        stage="nic.ring",
        place=interface,
        state=State.NOTE,
        subject=f"the interrupts of {interface}",
        statement=f"{text[0].upper()}{text[1:]}.",
        because=(moved.exhibit(f"{text} ({moved.series.raw}: {moved.counted:,} interrupts of {moved.series.place})"),),
        do=(
            Treatment(
                f"give each queue of {interface} a CPU of its own",
                "cat /proc/interrupts; grep . /proc/irq/*/smp_affinity_list",
            ),
        ),
    )
