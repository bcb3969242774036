"""Machines made by hand, to be reported and drawn."""

from array import array

from brimful.cli.report import Machine
from brimful.evidence.evidence import Evidence
from brimful.evidence.frame import Frame
from brimful.evidence.moment import SECOND, Moment
from brimful.evidence.origin import Blind, Exhibit, Origin, Unread
from brimful.evidence.series import Layout, Series
from brimful.judge import Judgement, Outcome, Sink, Verdict
from brimful.rules import Collect, Confidence, Finding, State, Treatment

DROPS = Series("nic.ring.no_buffer", "eth0", "rx_missed", "nic_counters")
PASSED = Series("nic.ring.passed", "eth0", "rx_packets", "nic_counters")
TOTAL = Series("protocol.input.rx_dropped", "eth0", "rtnl rx_dropped", "link")


class Fake:
    """A root with a name and a place."""

    def __init__(self, path="/saved/host.txt", kind="file"):
        self.name, self.path, self.kind, self.identity = "host", path, kind, "host"


def frame(values, seconds=0, clock="utc"):
    at = None if seconds is None else Moment(seconds * SECOND, clock)
    layout = Layout.of(values)
    lines = array("Q", range(1, len(values) + 1))
    return Frame(layout, array("Q", values.values()), at, lines, lambda line: Origin("/saved/counters", line))


def sampled():
    """Evidence of ten seconds: 5 of 100 frames dropped, and 3 packets more that no counter names."""
    return Evidence(
        [
            frame({DROPS: 1, PASSED: 100, TOTAL: 0}),
            frame({DROPS: 6, PASSED: 195, TOTAL: 8}, 10),
            Unread(Origin("/saved/host.txt", 7, "scrambled"), "not a row"),
            Blind("ss", "permission denied", "run as root"),
        ]
    )


VERDICT = Verdict(
    owner="kernel",
    stage="nic.ring",
    place="eth0",
    confidence=Confidence.HIGH,
    rule="nic_ring",
    statement="The ring ran dry.",
    because=(
        Exhibit("5 frames dropped", Origin("/saved/counters", 3, "rx_missed: 6"), 5, "1970-01-01T00:00:10Z"),
        Exhibit("squeezed too", Origin("/saved/softnet")),
    ),
    against=(Exhibit("the CPU was idle"),),
    doubts=("one NIC of two", "a guess"),
    do=(Treatment("enlarge the ring", "ethtool -G eth0 rx 4096", temporary=True), Treatment("spread the queues")),
    collect=(Collect("the counters", "ethtool -S eth0"), Collect("a trace")),
    harm=5,
)
OPEN = Finding(
    stage="nic.fifo",
    place="eth1",
    state=State.OPEN,
    rule="nic_fifo",
    statement="Frames were lost in eth1.",
    because=(Exhibit("9 overruns", Origin("/saved/counters", 4)),),
    doubts=("by name only",),
    collect=(Collect("the counters", "ethtool -S eth1"),),
)
CHAIN = (
    Sink("nic.fifo", known=False),
    Sink("nic.ring", known=True, lost=1234, level=0.5),
    Sink("softnet.backlog", known=True),
)


def machine(outcome=Outcome.VERDICT, statement="", *, name="host", root=None, evidence=None, **parts):
    parts = {"verdicts": (), "opens": (), "notes": (), "chain": CHAIN, **parts}
    judged = Judgement(outcome, statement or VERDICT.statement, **parts)
    return Machine(name, (root or Fake(),), evidence or sampled(), judged)
