"""Packets that a switch dropped because an egress queue had no buffer.

More came for the queue than its link took. Either the link is slower than what it is fed on average, or many ports send to
it at once (incast), or the receiver at the other end of the link stops it with pause frames. Where the queue itself was not
full but the pool it draws from, the pool is the buffer that overflowed.
"""

from collections.abc import Iterator

import msgspec

from brimful.chain.owner import Owner
from brimful.chain.place import whole
from brimful.evidence.burst import Burst
from brimful.evidence.catching import lasting
from brimful.evidence.delta import Reading
from brimful.evidence.evidence import Evidence
from brimful.evidence.moment import SECOND
from brimful.evidence.origin import Exhibit
from brimful.evidence.pause import on_any_link, paused_share
from brimful.evidence.switch import Loss, Use, losses, named, number, pools_used_up, recorded, uses, views
from brimful.evidence.switch_commands import commands
from brimful.evidence.weight import percent, weigh
from brimful.rules import Collect, Confidence, Finding, State, Treatment, rule

PAUSES = ("switch.queue.pause_received", "nic.tx_ring.pause_received")
DEPTHS = ("switch.queue.depth", "switch.queue.peak")

EXPLAINS = 0.1
"""Share of the window that pauses must be able to fill before they explain what was dropped."""
BUSY = 0.9
"""Share of its speed from which a link is the one that is too slow; frames' gaps and preambles are not in the bytes."""
HALF = 0.5
"""Share up to which a link was free half of the time, so that what overflowed came in bursts, and pauses are unsure."""
NOT_FULL = 0.9
"""Share of its own limit up to which a queue that dropped was not full itself."""
EARLY = 0.9
"""Share of a queue's drops from which those of WRED are all of them."""
SHOWN = 3
"""Queues and bursts that are named."""
NEAR_NS = 3600 * SECOND
"""Bursts further away from the drops than this are of another time."""

OTHER_END = "what is at the other end of the link is not told: where it is another switch, the overload is further down"
LONGER = "or let the queue hold a longer burst, if bursts are what fills it"


class Cause(msgspec.Struct, frozen=True):
    """Why the queues of a port overflowed, as far as that is shown."""

    statement: str
    confidence: Confidence = Confidence.MEDIUM
    owner: Owner | None = None
    pool: str = ""
    because: tuple[Exhibit, ...] = ()
    doubts: tuple[str, ...] = ()
    do: tuple[Treatment, ...] = ()
    decided: bool = True


@rule(
    "switch.queue.dropped",
    "switch.queue.passed",
    "switch.queue.dropped_early",
    "switch.queue.drops_told",
    "switch.queue.depth",
    "switch.queue.peak",
    "switch.queue.limit",
    "switch.queue.sent_bytes",
    "switch.queue.pause_received",
    "nic.tx_ring.pause_received",
    "nic.link_speed",
    "switch.pool.received_bytes",
    "switch.pool.level",
    "switch.pool.peak",
    "switch.pool.limit",
)
def switch_queue(evidence: Evidence) -> Iterator[Finding]:
    """Does an egress queue of a switch overflow, and is it a slow link, many ports at once, or a receiver that pauses it?"""
    counted = {loss.port: loss for loss in losses(evidence, "switch.queue.dropped", "switch.queue.passed")}
    told = [loss for loss in recorded(evidence) if loss.port not in counted]
    pools = {now: pools_used_up(evidence, now=now) for now in (True, False)}
    for loss in (*counted.values(), *told):
        if not _all_early(evidence, loss):
            yield _lost(evidence, loss, pools[loss.weight.now])


def _all_early(evidence: Evidence, loss: Loss) -> bool:
    """Whether WRED dropped all that the queues did: that is another question's answer."""
    early = weigh(views(evidence.readings("switch.queue.dropped_early", place=loss.port)))
    return early.sampled == loss.weight.sampled and early.lost >= EARLY * loss.weight.lost


def _lost(evidence: Evidence, loss: Loss, pools: list[Use]) -> Finding:
    own = _own(evidence, loss)
    cause = (
        _paused(evidence, loss)  # what holds the link up explains the drops, whatever is sent to it
        or _stands_still(loss)
        or _pool(loss, own, pools)
        or _fed(loss, _bursts(evidence, loss))
        or _link(evidence, loss)
    )
    known = commands(loss.sources)
    state = State.LOST if loss.weight.now else State.OVER
    return Finding(
        stage="switch.pool" if cause.pool else "switch.queue",
        place=cause.pool or loss.place,
        state=state if cause.decided else State.OPEN,
        statement=cause.statement,
        subject=f"the drops in the queues of {loss.port}",
        owner=cause.owner,
        confidence=Confidence.LOW if loss.doubtful else cause.confidence,
        because=(
            Exhibit(f"{_queues(loss)} dropped {loss}", loss.because[0].origin, loss.weight.lost),
            *loss.because,
            *cause.because,
            *(use.reading.exhibit(f"{named(use.place)} held up to {use}") for use in own[:SHOWN]),
            *_dwell(evidence, loss),
        ),
        doubts=(*cause.doubts, *_paused_once(evidence, loss)),
        do=cause.do,
        collect=(
            Collect(
                f"the counters and depths of its queues{known.on}, twice, 10 s apart",
                known.queues.format(port=loss.port),
            ),
        ),
        harm=loss.weight.lost,
        level=min(own[0].share, 1.0) if own else None,
        span=loss.span if loss.recorded else None,
    )


def _queues(loss: Loss) -> str:
    """Return the subject of a sentence: one queue, or those of a port."""
    if loss.several:
        return f"The egress queues of {loss.port}"
    return f"The egress queue {named(loss.place).removeprefix('queue ')}"


def _own(evidence: Evidence, loss: Loss) -> list[Use]:
    """Return how much of their own limits the queues that dropped used."""
    found = uses(evidence, DEPTHS, "switch.queue.limit", now=loss.weight.now, place=loss.port)
    return [use for use in found if use.place in loss.places]


def _paused(evidence: Evidence, loss: Loss) -> Cause | None:
    """Say that the receiver holds the queue up, where its pauses can have filled enough of the time."""
    most = _pauses(evidence, loss)
    if most is None or most.delta is None or not loss.weight.sampled:
        return None
    text = f"{named(most.series.place)} was told to wait by {most.counted:,} pause frames"
    share = paused_share(evidence, loss.port, most.counted, loss.weight.seconds)
    if share is not None and share < EXPLAINS:
        return None
    if share is None and on_any_link(most.counted, loss.weight.seconds) < EXPLAINS:
        return Cause(
            f"{_queues(loss)} dropped packets, and {text}: whether that held it up, or more came than the link takes, is not shown.",
            because=(most.exhibit(text),),
            doubts=("the speed of the link is not known: how long pauses can have stopped it cannot be said",),
            decided=False,
        )
    return Cause(
        f"{_queues(loss)} {_verb(loss)} because the receiver at the other end of the link pauses it: it is not the switch that is too slow, but what takes its packets.",
        confidence=Confidence.MEDIUM if share is not None and share >= HALF else Confidence.LOW,
        owner=Owner.HOST,
        because=(most.exhibit(text),),
        doubts=(*_bound(share, number(most.series.place)), OTHER_END),
        do=(
            Treatment(f"look for the overload in the receiver behind {loss.port}: its receive ring, its bus, its CPUs"),
            Treatment("on that host, as root", "brimful diagnose --for 10s"),
        ),
    )


def _pauses(evidence: Evidence, loss: Loss) -> Reading | None:
    """Return the pause frames that can have stopped the queues that dropped: one counter, for several count the same."""
    received = [one for one in evidence.readings(*PAUSES, place=loss.port) if one.counted and loss.at(one.series.place)]
    return max(received, key=lambda one: one.counted, default=None)


def _paused_once(evidence: Evidence, loss: Loss) -> Iterator[str]:
    """Yield the doubt that pauses of any time leave, where nothing says what they have to do with the drops."""
    most = _pauses(evidence, loss)
    if most is not None and not (loss.weight.sampled and most.delta is not None):
        count = f"{most.counted:,} pause frames since its counters were cleared"
        yield f"{named(most.series.place)} was told to wait by {count}: whether these held the queue up is not shown"


def _bound(share: float | None, priority: int | None) -> Iterator[str]:
    if share is not None:
        most = 100 * min(share, 1)
        yield f"pauses can have filled up to {most:.0f} % of the time: how long each lasted is not counted"
    if priority is not None:
        yield f"priority {priority} is taken for queue {priority}, as is the default"


def _stands_still(loss: Loss) -> Cause | None:
    if not loss.weight.idle:
        return None
    return Cause(
        f"{_queues(loss)} dropped packets and sent next to none: the link takes nothing at all, which neither its speed nor bursts explain.",
        doubts=("the state of the link and of its peer is not known",),
        decided=False,
    )


def _pool(loss: Loss, own: list[Use], pools: list[Use]) -> Cause | None:
    """Say that the pool was used up, where the queues that dropped are known not to have been full themselves."""
    if not pools or not own or own[0].share >= NOT_FULL:
        return None
    names = ", ".join(use.place for use in pools[:SHOWN])
    return Cause(
        f"The shared buffer of the switch ({names}) {'is' if loss.weight.now else 'was'} used up: {named(loss.place)} drops packets before it is full itself.",
        pool=pools[0].place,
        because=tuple(use.reading.exhibit(f"{use.place} held up to {use}") for use in pools[:SHOWN]),
        doubts=("which pool a queue draws from is not told",),
        do=(
            Treatment("find the queues that hold most of the pool: their links are too slow for what they are sent"),
            Treatment("let no queue take so much of it: a smaller share (alpha) for those that fill it", _limits(loss)),
        ),
    )


def _bursts(evidence: Evidence, loss: Loss) -> list[Burst]:
    """Return the bursts that were recorded at the queues that dropped, deepest first."""
    found = [one for one in evidence.bursts("switch.queue.depth") if loss.at(one.place) and _near(one, loss)]
    return sorted(found, key=lambda one: -one.peak)


def _near(burst: Burst, loss: Loss) -> bool:
    """Whether a burst can be of the same time as the drops: where that cannot be said, it can."""
    at = burst.start or burst.end
    if at is None or loss.span is None or at.clock != loss.span[0].clock:
        return True
    return loss.span[0].ns - NEAR_NS <= at.ns <= loss.span[1].ns + NEAR_NS


def _exhibit(burst: Burst) -> Exhibit:
    """Say `tc 3 of Ethernet1 held up to 1,204 bytes in a burst of 206 us, fed by Ethernet3, Ethernet4`."""
    at = burst.peak_at or burst.start or burst.end
    long = f" in a burst of {lasting(burst.duration_ns)}" if burst.duration_ns else ""
    fed = f", fed by {', '.join(burst.fed_by)}" if burst.fed_by else ""
    text = f"{named(burst.place)} held up to {burst.peak:,} bytes{long}{fed}"
    return Exhibit(text, burst.origin, burst.peak, str(at) if at else None, burst.doubt)


def _fed(loss: Loss, bursts: list[Burst]) -> Cause | None:
    """Say who fed the queue, where the switch recorded that."""
    feeding = [one for one in bursts if one.fed_by]
    if not feeding:
        return None
    because = tuple(_exhibit(one) for one in feeding[:SHOWN])
    most = max(feeding, key=lambda one: len(one.fed_by))
    send = "sent" if not loss.weight.now else "send" if len(most.fed_by) > 1 else "sends"
    head = f"{_queues(loss)} {_verb(loss)}"
    if len(most.fed_by) == 1:
        name = most.fed_by[0]
        return Cause(
            f"{head}: {name} alone {send} more to it than the link takes.",
            because=because,
            do=(
                Treatment(f"send less from what is behind {name}, or give {loss.port} a link as fast as that"),
                Treatment(LONGER, _limits(loss), temporary=True),
            ),
        )
    return Cause(
        f"{head}: {len(most.fed_by)} ports {send} to it at once (incast).",
        confidence=Confidence.HIGH,
        because=because,
        do=(
            Treatment("let the senders answer less at once: fewer in parallel, or spread in time"),
            Treatment(f"or give {loss.port} a faster link, or a second one"),
            Treatment(LONGER, _limits(loss), temporary=True),
        ),
    )


def _verb(loss: Loss) -> str:
    return "overflowed" if not loss.weight.now else "overflow" if loss.several else "overflows"


def _link(evidence: Evidence, loss: Loss) -> Cause:
    """Say whether the link was busy: then it is too slow; half idle: then bursts are too long for the queue."""
    bursts = tuple(_exhibit(one) for one in _bursts(evidence, loss)[:SHOWN])
    busy, exhibits = _busy(evidence, loss)
    head = f"{_queues(loss)} {_verb(loss)}"
    faster = Treatment(f"send less to {loss.port}, or give it a faster link or a second one")
    longer = Treatment(LONGER, _limits(loss), temporary=True)
    if busy is not None and busy >= BUSY:
        sure = Confidence.HIGH if loss.weight.now else Confidence.MEDIUM
        statement = f"{head}: the link is slower than what is sent to it."
        return Cause(statement, sure, because=(*exhibits, *bursts), do=(faster,))
    if busy is not None and busy <= HALF:
        statement = f"{head} in bursts: on average the link carried only {percent(busy)} of what it can."
        return Cause(statement, because=(*exhibits, *bursts, *_came_in(evidence, loss)), do=(Treatment("let the senders send less at once"), longer))  # fmt: skip
    doubts = ["whether the link was at its full rate is not shown"]
    doubts += ["which ports fed it in its bursts is not recorded"] * bool(bursts)
    more = "more comes for it than the link takes" if loss.weight.now else "more came for it than the link took"
    because = (*exhibits, *bursts, *_came_in(evidence, loss))
    return Cause(f"{head}: {more}.", because=because, doubts=tuple(doubts), do=(faster, longer))


def _limits(loss: Loss) -> str:
    return commands(loss.sources).limits.format(port=loss.port)


def _busy(evidence: Evidence, loss: Loss) -> tuple[float | None, tuple[Exhibit, ...]]:
    """Return which share of its speed a link carried, with the proof; None where speed or bytes are not known."""
    speed = evidence.fact("nic.link_speed", loss.port)
    sent = next((one for one in evidence.readings("switch.queue.sent_bytes", place=loss.port) if one.delta), None)
    if speed is None or sent is None or not sent.seconds or float(speed.value) <= 0:
        return None, ()
    share = (sent.delta or 0) * 8 / (float(speed.value) * 1e6 * sent.seconds)
    text = f"{loss.port} sent {sent.delta:,} bytes in {sent.seconds:.1f} s: {percent(share)} of its {speed.value} Mb/s"
    return share, (sent.exhibit(text),)


def _came_in(evidence: Evidence, loss: Loss) -> Iterator[Exhibit]:
    """Yield where most of the traffic came in meanwhile: which of it went to this port, no counter tells."""
    received = [one for one in evidence.readings("switch.pool.received_bytes") if one.delta and one.seconds]
    others = [one for one in views(received) if whole(one.series.place) != loss.port]
    for one in sorted(others, key=lambda one: -one.counted)[:SHOWN]:
        mbps = (one.delta or 0) * 8 / 1e6 / (one.seconds or 1)
        yield one.exhibit(
            f"{one.series.place} received {mbps:,.0f} Mb/s: how much of it was for {loss.port} is not counted"
        )


def _dwell(evidence: Evidence, loss: Loss) -> Iterator[Exhibit]:
    """Yield for how long the queues were as deep as they were seen to be."""
    for one in [one for one in evidence.histograms("switch.queue.depth") if loss.at(one.place)][-SHOWN:]:
        depth = one.deepest()
        if depth and one.sample_ns:
            time_ns = one.at_least(depth).most * one.sample_ns
            text = (
                f"{named(one.place)} was at or above {depth:,} bytes for {lasting(time_ns)} of {lasting(one.window_ns)}"
            )
            yield Exhibit(text, one.origin, time_ns, str(one.end) if one.end else None, one.doubt)
