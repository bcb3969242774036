"""Packets dropped because a CPU's backlog was full."""

from collections.abc import Iterator

from brimful.chain.place import whole
from brimful.evidence.delta import Reading
from brimful.evidence.evidence import Evidence
from brimful.evidence.origin import Exhibit
from brimful.evidence.sizing import instead, rate
from brimful.evidence.weight import Weight, one_view, weigh
from brimful.rules import Collect, Confidence, Finding, State, Treatment, rule

DEFAULT_LIMIT = 1000
"""net.core.netdev_max_backlog where nothing says otherwise (net/core/hotdata.c)."""

LOOPBACK = "lo"

SHOWN = 4
"""CPUs that are named: as many as fit a line."""

ONE_FLOW = Treatment("find the one flow that fills the queue: its packets stay on one CPU, spreading does not help it")


@rule(
    "softnet.backlog.dropped",
    "softnet.backlog.passed",
    "softnet.backlog.flow_limited",
    "softnet.backlog.received_rps",
    "softnet.backlog.limit",
    "nic.ring.passed",
    "host.cpus",
)
def softnet_backlog(evidence: Evidence) -> Iterator[Finding]:
    """Does a CPU drop packets because its backlog is full?"""
    drops = evidence.readings("softnet.backlog.dropped")
    passed = evidence.readings("softnet.backlog.passed")
    weight = weigh(drops, passed)
    if weight.now or weight.over:
        yield _lost(evidence, drops, passed, weight)
    elif weight.lost and not weight.sampled:
        yield _once(drops, weight)


def _once(drops: list[Reading], weight: Weight) -> Finding:
    return Finding(
        stage="softnet.backlog",
        place="",
        state=State.OPEN,
        statement=f"The CPUs' backlogs have dropped packets, {weight}; one sample does not say when.",
        because=tuple(r.exhibit(f"{r.series.place} dropped {r.last:,}") for r in drops if r.last),
        collect=(Collect("the backlog counters, twice, 10 s apart", "cat /proc/net/softnet_stat"),),
    )


def _lost(evidence: Evidence, drops: list[Reading], passed: list[Reading], weight: Weight) -> Finding:
    moved = sorted((r for r in drops if r.counted), key=lambda r: -r.counted)
    limited = [r for r in evidence.readings("softnet.backlog.flow_limited") if r.counted]
    cpus = ", ".join(r.series.place for r in moved[:SHOWN]) + (" ..." if len(moved) > SHOWN else "")
    does, empties = ("drops", "does not empty") if weight.now else ("has dropped", "did not empty")
    because = [r.exhibit(f"{r.series.place} dropped {weigh([r], _same_cpu(r, passed))}") for r in moved[:SHOWN]]
    if limited:
        text = f"{weigh(limited).lost:,} of them by the flow limit: one flow fills the queue"
        because.append(limited[0].exhibit(text))
    because += _handed_over(evidence, [r.series.place for r in moved[:SHOWN]])
    return Finding(
        stage="softnet.backlog",
        place=moved[0].series.place,
        state=State.LOST if weight.now else State.OVER,
        statement=f"The kernel {does} packets at the backlog of {cpus}: softirq {empties} it fast enough.",
        subject="the drops at the backlog",
        confidence=Confidence.HIGH if weight.now else Confidence.MEDIUM,
        because=tuple(because),
        # half of the drops or more are of one flow
        do=(
            ONE_FLOW if 2 * weigh(limited).lost >= weight.lost else _spread(evidence),
            _longer(evidence, moved, passed),
        ),
        collect=(Collect("which CPU does the work", "cat /proc/softirqs /proc/interrupts"),),
        harm=weight.lost,
        level=weight.share,
    )


def _handed_over(evidence: Evidence, cpus: list[str]) -> Iterator[Exhibit]:
    """Yield to which of the CPUs others handed packets (RPS): their backlog holds those, not their own NIC's."""
    for woken in evidence.readings("softnet.backlog.received_rps"):
        if woken.delta and woken.series.place in cpus:
            yield woken.exhibit(f"other CPUs handed packets to {woken.series.place} {woken.delta:,} times (RPS)")


def _same_cpu(drops: Reading, passed: list[Reading]) -> list[Reading]:
    return [reading for reading in passed if reading.series.place == drops.series.place]


def _spread(evidence: Evidence) -> Treatment:
    """Let all CPUs take packets of the link that brings most of them."""
    cpus = evidence.fact("host.cpus")
    count = int(cpus.value) if cpus and str(cpus.value).isdecimal() else 0
    links = [r for r in one_view(evidence.readings("nic.ring.passed")) if r.delta and whole(r.series.place) != LOOPBACK]
    busiest = whole(max(links, key=lambda r: r.delta or 0).series.place) if links else "<interface>"
    mask = ",".join(_words((1 << count) - 1)) if count else "<mask>"
    share = f" ({count} there are): each then has {100 / count:.0f} % of the work at best" if count > 1 else ""
    return Treatment(
        f"spread the packets over more CPUs{share}",
        f"echo {mask} > /sys/class/net/{busiest}/queues/rx-0/rps_cpus",
        temporary=True,
    )


def _words(mask: int) -> list[str]:
    """Return a mask of CPUs as the kernel reads it: 32 bits at a time, in hexadecimal, highest first."""
    words = [f"{mask & 0xFFFFFFFF:x}"]
    while mask := mask >> 32:
        words.insert(0, f"{mask & 0xFFFFFFFF:x}")
    return words


def _longer(evidence: Evidence, drops: list[Reading], passed: list[Reading]) -> Treatment:
    known = next((r.last for r in evidence.readings("softnet.backlog.limit")), None)
    limit = known or DEFAULT_LIMIT
    arriving = rate(drops[:1], _same_cpu(drops[0], passed))
    return Treatment(
        f"let the backlog hold a longer burst ({'now' if known else 'by default'} {limit:,}){instead(limit, 4 * limit, arriving)}",
        f"sysctl -w net.core.netdev_max_backlog={4 * limit}",
        temporary=True,
    )
