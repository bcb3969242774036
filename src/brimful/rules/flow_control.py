"""Pause frames: an overload that no drop counter shows, because it was pushed back to whoever sends.

Sent, they say that this host cannot take what arrives. Received, that the switch or the peer cannot take what it sends.
A pause lasts as long as its frame says, and can be ended early: counts bound the time only from above (IEEE 802.3
Annex 31B: at most 65,535 quanta of 512 bit times).
"""

from collections.abc import Iterator

from brimful.chain.owner import Owner
from brimful.evidence.delta import Reading
from brimful.evidence.evidence import Evidence
from brimful.evidence.origin import Exhibit
from brimful.evidence.pause import paused_share
from brimful.evidence.weight import one_view, weigh
from brimful.rules import Collect, Confidence, Finding, State, Treatment, rule

SHARE = 0.1
"""Share of the window that pauses must be able to fill before they explain what was dropped for want of sending."""

BEFORE = ("nic.fifo.overrun", "nic.ring.no_buffer")


@rule(
    "nic.fifo.pause_sent",
    "nic.fifo.high_watermark",
    "nic.tx_ring.pause_received",
    "nic.fifo.overrun",
    "nic.ring.no_buffer",
    "nic.ring.waited",
    "nic.link_speed",
    "qdisc.queue.dropped",
    "qdisc.queue.length",
)
def flow_control(evidence: Evidence) -> Iterator[Finding]:
    """Is an overload pushed back to its sender, by this host or by its peer?"""
    for interface in evidence.places("nic.fifo.pause_sent"):
        sent = _moved(evidence, "nic.fifo.pause_sent", interface)
        if sent:
            yield _sent(evidence, interface, sent)
    for interface in evidence.places("nic.fifo.high_watermark"):
        marks = _moved(evidence, "nic.fifo.high_watermark", interface)
        if marks:
            count = weigh(marks).lost
            sentence = f"{interface} was over its own warning mark {count:,} time{'s' * (count > 1)}"
            yield _near("nic.fifo", interface, sentence, marks)
    for interface in evidence.places("nic.tx_ring.pause_received"):
        received = _moved(evidence, "nic.tx_ring.pause_received", interface)
        if received:
            yield _received(evidence, interface, received)


def _moved(evidence: Evidence, meaning: str, interface: str) -> list[Reading]:
    return [r for r in one_view(evidence.readings(meaning, place=interface)) if r.delta]


def _frames(readings: list[Reading]) -> str:
    count = weigh(readings).lost
    return f"{count:,} pause frame{'s' * (count > 1)}"


def _near(stage: str, interface: str, sentence: str, readings: list[Reading]) -> Finding:
    return Finding(
        stage=stage,
        place=interface,
        state=State.NEAR,
        statement=f"{sentence}.",
        because=tuple(r.exhibit(f"{r.series.raw} {r.counted:,} at {r.series.place}") for r in readings),
    )


def _sent(evidence: Evidence, interface: str, sent: list[Reading]) -> Finding:
    """Say what pausing hides: an overload of the ring where it ran short, of the bus where it did not."""
    lost = [weigh(one_view(evidence.readings(meaning, place=interface))) for meaning in BEFORE]
    waited = weigh(one_view(evidence.readings("nic.ring.waited", place=interface)))
    text = f"{interface} sent {_frames(sent)}"
    if any(weight.now for weight in lost):
        text += " and lost frames all the same: flow control does not keep the overload away"
    elif not any(weight.sampled for weight in lost):
        text += ": it cannot take what arrives, the loss (if any) is at the sender"
    elif waited.now:
        text += f" and lost nothing: flow control hides an overload of its ring, which had no descriptor {waited.lost:,} times"
    elif waited.sampled or lost[1].sampled:
        text += " and lost nothing: flow control hides an overload; its ring had descriptors, which leaves the bus"
    else:
        text += " and lost nothing: flow control hides an overload of its ring or its bus"
    return _near("nic.fifo", interface, text, sent)


def _received(evidence: Evidence, interface: str, received: list[Reading]) -> Finding:
    """Say who holds the transmit ring up; where packets were dropped behind it, it held them up."""
    text = f"{interface} was told to wait by {_frames(received)}: the switch or the peer cannot take what it sends"
    queued = max((r.highest for r in evidence.readings("qdisc.queue.length", place=interface)), default=0)
    if queued:
        text += f"; up to {queued:,} packets waited in its queueing discipline"
    finding = _near("nic.tx_ring", interface, text, received)
    dropped = weigh(evidence.readings("qdisc.queue.dropped", place=interface))
    share = _share(evidence, interface, received)
    if not dropped.now or share is None or share < SHARE:
        return finding
    return Finding(
        stage=finding.stage,
        place=interface,
        state=State.HOLDS,
        statement=f"The network does not take what {interface} sends: its switch or peer pauses it.",
        subject=f"the pauses of {interface}",
        owner=Owner.NETWORK,
        confidence=Confidence.LOW,
        because=(Exhibit(text, received[0].origin),),
        doubts=(
            f"pauses can have filled up to {100 * min(share, 1):.0f} % of the time: how long each lasted is not counted",
        ),
        do=(Treatment(f"look for the overload beyond {interface}: at the switch's other ports, or in the peer"),),
        collect=(
            Collect("pause frames and the settings of flow control, twice, 10 s apart", f"ethtool -I -a {interface}"),
            Collect("the counters of the switch port, both directions"),
        ),
    )


def _share(evidence: Evidence, interface: str, received: list[Reading]) -> float | None:
    """Return the largest share of the window that the pauses can have filled; None where speed or time is not known."""
    weight = weigh(received)
    return paused_share(evidence, interface, weight.lost, weight.seconds)
