"""Queues of a switch that a receiver stops: pause frames, and the watchdog that cuts off what is paused without end.

A paused queue is held up by what takes its packets, not by the switch. A receiver that pauses without end (a storm) would
stop the whole network behind it: the watchdog then drops what is sent to it until it stops.
"""

import re
from collections.abc import Iterator

from brimful.chain.owner import Owner
from brimful.chain.place import whole
from brimful.evidence.delta import Reading
from brimful.evidence.event import Fact
from brimful.evidence.evidence import Evidence
from brimful.evidence.origin import Exhibit
from brimful.evidence.switch import Loss, losses, named, views
from brimful.evidence.switch_commands import SOURCES, commands
from brimful.evidence.weight import weigh
from brimful.rules import Collect, Confidence, Finding, State, Treatment, rule

STORMED = "stormed"
DROPS = re.compile(r"\bdrop\b")

DO = (
    Treatment("look for what does not read at the receiver: a hung host, a NIC that pauses without end, its firmware"),
    Treatment("there, as root", "brimful diagnose --for 10s"),
)
OTHER_END = "what is at the other end of the link is not told: where it is another switch, the overload is further down"


@rule(
    "switch.queue.dropped_stormed",
    "switch.queue.stormed",
    "switch.queue.watchdog",
    "switch.queue.pause_received",
    "switch.pool.pause_sent",
)
def switch_pause(evidence: Evidence) -> Iterator[Finding]:
    """Does a receiver pause a switch so long that its queues are cut off, and who pauses whom?"""
    lost = set()
    for loss in losses(evidence, "switch.queue.dropped_stormed"):
        lost.add(loss.port)
        yield _dropped(evidence, loss)
    for fact in _stormed(evidence):
        if whole(fact.place) not in lost:
            yield _cut_off(fact)
    for port in evidence.places("switch.queue.stormed"):
        storms = _moved(evidence, "switch.queue.stormed", port)
        if storms and port not in lost:
            count = weigh(storms).lost
            text = f"A queue of {port} was paused so long that it was cut off, {count:,} time{'s' * (count > 1)}"
            yield _near(port, f"{text}: the receiver at its other end does not take what it is sent.", storms)
    yield from _paused(evidence)


def _stormed(evidence: Evidence) -> list[Fact]:
    """Return the watchdogs that have a queue cut off now."""
    latest = {fact.place: fact for fact in evidence.facts("switch.queue.watchdog")}
    return [fact for fact in latest.values() if str(fact.value).startswith(STORMED)]


def _moved(evidence: Evidence, meaning: str, port: str) -> list[Reading]:
    return [one for one in views(evidence.readings(meaning, place=port)) if one.delta]


def _near(port: str, statement: str, readings: list[Reading], stage: str = "switch.queue") -> Finding:
    return Finding(
        stage=stage,
        place=port,
        state=State.NEAR,
        statement=statement,
        because=tuple(one.exhibit(f"{one.series.raw} {one.counted:,} at {one.series.place}") for one in readings),
    )


def _dropped(evidence: Evidence, loss: Loss) -> Finding:
    storms = [one for one in views(evidence.readings("switch.queue.stormed", place=loss.port)) if one.counted]
    known = commands(loss.sources)
    now = [
        Exhibit(f"the watchdog of {named(fact.place)}: {fact.value}", fact.origin)
        for fact in _stormed(evidence)
        if loss.at(fact.place)
    ]
    return Finding(
        stage="switch.queue",
        place=loss.place,
        state=State.LOST if loss.weight.now else State.OVER,
        statement=f"The receiver at the other end of {loss.port} {'pauses' if loss.weight.now else 'paused'} it without end: its watchdog {'drops' if loss.weight.now else 'dropped'} what is sent there.",
        subject=f"the drops of the watchdog of {loss.port}",
        owner=Owner.HOST,
        confidence=Confidence.HIGH,
        because=(
            Exhibit(
                f"{named(loss.place)} dropped {loss} while it was cut off", loss.because[0].origin, loss.weight.lost
            ),
            *loss.because,
            *(one.exhibit(f"{named(one.series.place)} was cut off {one.counted:,} times") for one in storms),
            *now,
        ),
        doubts=(OTHER_END,),
        do=DO,
        collect=(
            Collect(
                f"the watchdogs and the pause frames{known.on}, twice, 10 s apart", known.pauses.format(port=loss.port)
            ),
        ),
        proven=True,
        harm=loss.weight.lost,
    )


def _cut_off(fact: Fact) -> Finding:
    """Say that a queue is cut off now: with `drop` the next packet is lost, else it goes on in spite of the pause."""
    port = whole(fact.place)
    drops = bool(DROPS.search(str(fact.value)))
    text = (
        f"The receiver at the other end of {port} pauses {named(fact.place)} without end: its watchdog has cut it off"
    )
    return Finding(
        stage="switch.queue",
        place=fact.place,
        state=State.FULL if drops else State.NEAR,
        statement=f"{text}, and drops what is sent there." if drops else f"{text}.",
        owner=Owner.HOST,
        confidence=Confidence.MEDIUM,
        because=(Exhibit(f"the watchdog of {named(fact.place)}: {fact.value}", fact.origin),),
        doubts=("how many packets that has cost is not counted", OTHER_END) if drops else (),
        do=DO,
        collect=(Collect("the state of the watchdogs, and the pause frames", SOURCES["sonic_counters"].pauses),),
        proven=True,
    )


def _paused(evidence: Evidence) -> Iterator[Finding]:
    """Yield who was told to wait and who told others to: near misses, for nothing was lost by that."""
    for port in evidence.places("switch.queue.pause_received"):
        received = _moved(evidence, "switch.queue.pause_received", port)
        if received:
            count = max(one.counted for one in received)
            yield _near(
                port,
                f"{port} was told to wait by {count:,} pause frame{'s' * (count > 1)}: the receiver at its other end cannot take what it is sent.",
                received,
            )
    for port in evidence.places("switch.pool.pause_sent"):
        sent = _moved(evidence, "switch.pool.pause_sent", port)
        if sent:
            count = max(one.counted for one in sent)
            yield _near(
                port,
                f"{port} sent {count:,} pause frame{'s' * (count > 1)}: the switch cannot pass on what arrives there as fast as it comes.",
                sent,
                stage="switch.pool",
            )
