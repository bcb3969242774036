"""CPUs that have no time left for packets: all of it goes to softirq, or the hypervisor gives it to others.

A CPU without time is no full buffer. It explains one: a ring that ran dry, a backlog that was full.
"""

from collections.abc import Iterator

import msgspec

from brimful.evidence.delta import Reading
from brimful.evidence.evidence import Evidence
from brimful.evidence.origin import Exhibit
from brimful.evidence.weight import one_view
from brimful.rules import Collect, Finding, State, Treatment, rule

SATURATED = 0.9
"""Share of a CPU's time in softirq from which nothing is left for more packets."""
PUT_OFF = 0.5
"""Share of a CPU's time in ksoftirqd from which softirq is always put off to the thread."""
STOLEN = 0.2
"""Share of a CPU's time that the hypervisor took from which the guest cannot be blamed alone."""
IDLE = 0.5
"""Share of idle time from which a CPU could take over work."""
FEWEST_TICKS = 50
"""Half a second: in less, one tick more or less is too much."""
WORD = 32
"""Bits of a CPU mask between two commas."""
SHOWN = 4
"""CPUs that are named."""

COLLECT = (
    Collect("the time of each CPU, twice, 10 s apart", "cat /proc/stat /proc/softirqs /proc/net/softnet_stat"),
    Collect("which CPU each queue interrupts", "cat /proc/interrupts"),
)


class Cpu(msgspec.Struct, frozen=True):
    """The shares of one CPU's time in the window, 0 to 1."""

    place: str
    softirq: float
    idle: float
    stolen: float
    thread: float
    squeezed: int
    reading: Reading


@rule(
    "softnet.backlog.softirq_time",
    "softnet.backlog.idle_time",
    "softnet.backlog.stolen_time",
    "softnet.backlog.total_time",
    "softnet.backlog.ksoftirqd_time",
    "softnet.backlog.squeezed",
    "softnet.backlog.receive_softirqs",
    "nic.ring.passed",
)
def softirq_cpu(evidence: Evidence) -> Iterator[Finding]:
    """Has a CPU no time left to take in packets, because softirq or the hypervisor has it all?"""
    cpus = list(_cpus(evidence))
    busy = [cpu for cpu in cpus if cpu.softirq >= SATURATED or (cpu.thread >= PUT_OFF and cpu.squeezed)]
    busy.sort(key=lambda cpu: -cpu.softirq)
    if busy:
        yield from _saturated(evidence, busy, cpus)
    robbed = max(cpus, key=lambda cpu: cpu.stolen, default=None)
    if robbed is not None and robbed.stolen >= STOLEN:
        yield from _stolen(robbed, cpus)


def _cpus(evidence: Evidence) -> Iterator[Cpu]:
    """Yield every CPU whose time is known over a window."""
    softirq, idle, stolen, thread, squeezed = (
        {r.series.place: r.delta or 0 for r in evidence.readings(meaning)}
        for meaning in (
            "softnet.backlog.softirq_time",
            "softnet.backlog.idle_time",
            "softnet.backlog.stolen_time",
            "softnet.backlog.ksoftirqd_time",
            "softnet.backlog.squeezed",
        )
    )
    for total in evidence.readings("softnet.backlog.total_time"):
        place, ticks = total.series.place, total.delta or 0
        if ticks < FEWEST_TICKS or total.reset:
            continue
        lost = min(stolen.get(place, 0), ticks)
        own = max(1, ticks - lost)  # what the hypervisor left it
        yield Cpu(
            place,
            softirq.get(place, 0) / own,
            idle.get(place, 0) / ticks,
            lost / ticks,
            thread.get(place, 0) / own,
            squeezed.get(place, 0),
            total,
        )


def _saturated(evidence: Evidence, busy: list[Cpu], cpus: list[Cpu]) -> Iterator[Finding]:
    """Yield one note for each CPU and its backlog, and one for the rings that all of them empty."""
    idle = [cpu for cpu in cpus if cpu.idle >= IDLE]
    do = _spread(evidence, idle) if idle else (MORE_CPUS,)
    rest = f"{len(idle)} of {len(cpus)} CPUs were idle for half of it or more" if idle else "no CPU was idle"
    for cpu in busy[:SHOWN]:
        text = f"{cpu.place} spent {100 * min(1, cpu.softirq):.0f} % of its time in softirq {_when(cpu.reading)}"
        because = [cpu.reading.exhibit(text)]
        if cpu.thread:
            because.append(cpu.reading.exhibit(f"ksoftirqd took {100 * min(1, cpu.thread):.0f} % of {cpu.place}"))
        because += _received(evidence, cpu.place)
        if idle:
            because.append(idle[0].reading.exhibit(rest))
        statement = f"{text.replace('cpu', 'CPU', 1)}; {rest}."
        yield _note("softnet.backlog", cpu.place, FILLED, statement, tuple(because), do=do)
        if cpu is busy[0]:
            yield _note("nic.ring", "", FILLED, "", tuple(because), do=do)


def _received(evidence: Evidence, cpu: str) -> Iterator[Exhibit]:
    """Yield how often it was packets that came in: timers and disks have softirqs too."""
    for ran in evidence.readings("softnet.backlog.receive_softirqs", place=cpu):
        if ran.delta is not None:
            yield ran.exhibit(f"{cpu} ran {ran.delta:,} receive softirqs (NET_RX)")


FILLED = "the CPU that softirq fills"
ROBBED = "the time the hypervisor took"
MORE_CPUS = Treatment("all CPUs are busy: move other work away, or give the machine more CPUs")


def _spread(evidence: Evidence, idle: list[Cpu]) -> tuple[Treatment, ...]:
    """Return how to let the idle CPUs take part, on the interface that packets come in by."""
    rings = [r for r in one_view(evidence.readings("nic.ring.passed")) if r.delta]
    interface = max(rings, key=lambda r: r.counted).series.place.partition("/")[0] if rings else "<interface>"
    numbers = [int(cpu.place.removeprefix("cpu ")) for cpu in idle if cpu.place.removeprefix("cpu ").isdecimal()]
    return (
        Treatment(
            f"let {interface} receive on more queues, each interrupting another CPU (RSS)",
            f"ethtool -L {interface} combined {len(idle) + 1}",
            temporary=True,
        ),
        Treatment(
            "where it has one queue only, hand packets on to the idle CPUs (RPS); one flow stays on one CPU",
            f"for q in /sys/class/net/{interface}/queues/rx-*/rps_cpus; do echo {mask(numbers)} > $q; done",
            temporary=True,
        ),
    )


def mask(cpus: list[int]) -> str:
    """Return a set of CPUs as the kernel reads it: hexadecimal, a comma every 32 bits."""
    bits = sum(1 << cpu for cpu in set(cpus))
    words = [f"{bits & 0xFFFFFFFF:x}"]
    while bits := bits >> WORD:
        words[-1] = words[-1].zfill(WORD // 4)
        words.append(f"{bits & 0xFFFFFFFF:x}")
    return ",".join(reversed(words))


def _stolen(robbed: Cpu, cpus: list[Cpu]) -> Iterator[Finding]:
    """Yield what speaks against whoever was robbed; against readers only where all CPUs together were."""
    text = f"the hypervisor gave {100 * robbed.stolen:.0f} % of {robbed.place}'s time to others {_when(robbed.reading)}"
    statement = f"{text[0].upper()}{text[1:]}: the doing of its host, not of this machine."
    against = (robbed.reading.exhibit(f"{text} (steal)"),)
    do = (Treatment("give the guest CPUs of its own at the hypervisor (pinned, not shared)"),)
    yield _note("softnet.backlog", robbed.place, ROBBED, statement, against=against, do=do)
    yield _note("nic.ring", "", ROBBED, against=against, do=do)
    if sum(cpu.stolen for cpu in cpus) >= STOLEN * len(cpus):
        yield _note("socket.receive", "", ROBBED, against=against, do=do)


def _note(  # noqa: PLR0913 - what notes differ in
    stage: str,
    place: str,
    subject: str,
    statement: str = "",
    because: tuple[Exhibit, ...] = (),
    *,
    against: tuple[Exhibit, ...] = (),
    do: tuple[Treatment, ...],
) -> Finding:
    return Finding(
        stage=stage,
        place=place,
        state=State.NOTE,
        statement=statement,
        subject=subject,
        because=because,
        against=against,
        do=do,
        collect=COLLECT,
    )


def _when(reading: Reading) -> str:
    return f"in {reading.seconds:.1f} s" if reading.seconds else "between the samples"
