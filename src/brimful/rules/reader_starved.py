"""Processes that waited for a CPU: a reader that was not let run cannot be blamed for not reading."""

from collections.abc import Iterator

from brimful.evidence.delta import Reading
from brimful.evidence.evidence import Evidence
from brimful.evidence.moment import SECOND
from brimful.rules import Collect, Finding, State, Treatment, rule

WAITED = 0.5
"""Share of the window in which some task waited for a CPU."""
FULL = 0.05
"""A CPU that was idle for no more than this share of the window had no room for a reader."""
FEWEST_TICKS = 50
"""Half a second: in less, one tick more or less is too much."""
MICROSECOND = 1000
"""In nanoseconds."""


@rule(
    "socket.receive.cpu_waited",
    "socket.receive.reader_waited",
    "softnet.backlog.idle_time",
    "softnet.backlog.total_time",
)
def reader_starved(evidence: Evidence) -> Iterator[Finding]:
    """Did processes wait for a CPU, so that a reader's slowness may not be its own?"""
    if any(reading.delta is not None for reading in evidence.readings("socket.receive.reader_waited")):
        return  # of the reader itself it is known how long it waited
    full = _full(evidence)
    for waited in evidence.readings("socket.receive.cpu_waited"):
        if not waited.delta or not waited.seconds or not full:
            continue
        share = waited.delta * MICROSECOND / (waited.seconds * SECOND)
        if share < WAITED:
            continue
        names = ", ".join(r.series.place for r in full[:3]) + (" ..." if len(full) > 3 else "")  # noqa: PLR2004 - fits a line
        text = f"some process waited for a CPU for {100 * min(1, share):.0f} % of {waited.seconds:.1f} s"
        yield Finding(
            stage="socket.receive",
            place="",
            state=State.NOTE,
            statement=f"{text[0].upper()}{text[1:]}, and {names} had none to spare: a reader may have been kept from running.",
            subject="the processes that waited for a CPU",
            against=(
                waited.exhibit(f"{text} (PSI)"),
                full[0].exhibit(f"{full[0].series.place} was hardly idle"),
            ),
            doubts=("whether the reader was among those that waited is not shown",),
            do=(
                Treatment("look whether the reader waits for its CPU, and what runs there", "pidstat -w -u -p <pid> 1"),
            ),
            collect=(Collect("how long the reader waits to run", "cat /proc/<pid>/schedstat"),),
        )


def _full(evidence: Evidence) -> list[Reading]:
    """Return the time of the CPUs that were hardly idle in the window."""
    idle = {r.series.place: r.delta for r in evidence.readings("softnet.backlog.idle_time")}
    return [
        total
        for total in evidence.readings("softnet.backlog.total_time")
        if total.delta
        and total.delta >= FEWEST_TICKS
        and not total.reset
        and (rest := idle.get(total.series.place)) is not None
        and rest <= FULL * total.delta
    ]
