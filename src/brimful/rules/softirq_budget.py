"""Softirq that stopped with work left, and packets that all land on one CPU: pressure on the drain of the rings."""

from collections.abc import Iterator

from brimful.evidence.delta import Reading
from brimful.evidence.evidence import Evidence
from brimful.evidence.origin import Exhibit
from brimful.evidence.weight import LIFETIME_COUNT, weigh
from brimful.rules import Collect, Finding, State, rule

ONE_CPU = 0.9
"""One CPU's share of all packets from which the load counts as not spread."""

IDLE_CPUS = 2
"""Other CPUs that must be there for it to matter."""


@rule("softnet.backlog.squeezed", "softnet.backlog.passed")
def softirq_budget(evidence: Evidence) -> Iterator[Finding]:
    """Does softirq run out of budget or time with packets left, and is one CPU doing all the work?"""
    squeezed = [r for r in evidence.readings("softnet.backlog.squeezed") if r.counted]
    if not squeezed:
        return
    worst = max(squeezed, key=lambda r: r.counted)
    weight, sampled = weigh(squeezed), any(r.delta for r in squeezed)
    when = f"in {weight.seconds:.1f} s" if weight.seconds else "between the samples" if sampled else "since boot"
    text = f"softirq stopped {weight.lost:,} times {when} with packets left, mostly on {worst.series.place}"
    exhibits = [worst.exhibit(f"{text} (time_squeeze)")]
    alone = _alone(evidence)
    if alone is not None:
        share, reading = alone
        exhibits.append(reading.exhibit(f"{reading.series.place} processed {100 * share:.0f} % of all packets"))
    if sampled:
        yield Finding(
            stage="nic.ring", place="", state=State.NOTE, subject="the squeezed softirq", because=tuple(exhibits)
        )
        yield Finding(
            stage="softnet.backlog",
            place="",
            state=State.NEAR,
            statement=f"{text[0].upper()}{text[1:]}.",
            because=tuple(exhibits),
        )
    elif alone is not None and worst.series.place == alone[1].series.place and worst.last >= LIFETIME_COUNT:
        yield _open(worst, alone[0], exhibits)


def _open(worst: Reading, share: float, exhibits: list[Exhibit]) -> Finding:
    """One CPU that does nearly all the work and often stopped early, in one sample."""
    return Finding(
        stage="softnet.backlog",
        place="",
        state=State.OPEN,
        statement=f"{worst.series.place.upper()} has done {100 * share:.0f} % of the packet work and stopped {worst.last:,} times with packets left; whether any were lost is not shown.",
        because=tuple(exhibits),
        collect=(
            Collect("the softirq counters, twice, 10 s apart", "cat /proc/net/softnet_stat"),
            Collect("which CPU each queue interrupts", "cat /proc/interrupts"),
        ),
    )


def _alone(evidence: Evidence) -> tuple[float, Reading] | None:
    """Return the CPU that does nearly all the work, with its share."""
    passed = evidence.readings("softnet.backlog.passed")
    total = weigh(passed).lost
    if len(passed) <= IDLE_CPUS or not total:
        return None
    busiest = max(passed, key=lambda r: r.counted)
    share = busiest.counted / total
    return (share, busiest) if share >= ONE_CPU else None
