"""Packets that a switch dropped on arrival, because its shared buffer or a port's headroom had no room for them.

The shared buffer fills because egress links take less than arrives: the queues that hold most of it name them. Headroom is
set aside for frames that are still under way when a pause has been sent: where it is used up, it is too small for the link's
speed and length, or the sender does not stop.
"""

from collections.abc import Iterator

from brimful.chain.owner import Owner
from brimful.evidence.delta import Reading
from brimful.evidence.evidence import Evidence
from brimful.evidence.origin import Exhibit
from brimful.evidence.switch import USED_UP, Loss, Use, losses, named, peaks, pools_used_up, uses, views
from brimful.evidence.switch_commands import commands
from brimful.rules import Collect, Confidence, Finding, State, Treatment, rule

SHOWN = 3
"""Queues and pools that are named."""


@rule(
    "switch.pool.dropped",
    "switch.pool.level",
    "switch.pool.peak",
    "switch.pool.limit",
    "switch.pool.headroom_peak",
    "switch.pool.headroom_limit",
    "switch.pool.pause_sent",
    "switch.queue.depth",
    "switch.queue.peak",
)
def switch_pool(evidence: Evidence) -> Iterator[Finding]:
    """Does a switch drop packets on arrival, because its shared buffer or the headroom of a port is used up?"""
    depths = ("switch.queue.depth", "switch.queue.peak")
    deepest = {now: peaks(evidence, *depths, now=now)[:SHOWN] for now in (True, False)}
    pools = {now: pools_used_up(evidence, now=now) for now in (True, False)}
    for loss in losses(evidence, "switch.pool.dropped"):
        headroom = _headroom(evidence, loss)
        now = loss.weight.now
        yield _overrun(evidence, loss, headroom) if headroom else _full(evidence, loss, pools[now], deepest[now])


def _headroom(evidence: Evidence, loss: Loss) -> Use | None:
    """Return the headroom that was used up where packets were lost."""
    found = uses(
        evidence, ("switch.pool.headroom_peak",), "switch.pool.headroom_limit", now=loss.weight.now, place=loss.port
    )
    return next((use for use in found if use.share >= USED_UP and use.place in loss.places), None)


def _overrun(evidence: Evidence, loss: Loss, headroom: Use) -> Finding:
    sent = [one for one in evidence.readings("switch.pool.pause_sent", place=loss.port) if one.counted]
    paused = [one for one in views(sent) if loss.at(one.series.place)]
    because = [headroom.reading.exhibit(f"the headroom of {named(headroom.place)} held up to {headroom}")]
    because += [one.exhibit(f"{named(one.series.place)} sent {one.counted:,} pause frames") for one in paused[:SHOWN]]
    return _finding(
        loss,
        statement=f"The headroom of {named(headroom.place)} {'is' if loss.weight.now else 'was'} too small: frames arrive after the pause was sent, and there is no room for them.",
        owner=Owner.POLICY,
        confidence=Confidence.MEDIUM if paused else Confidence.LOW,
        because=because,
        doubts=("whether the sender stops when it is told to is not shown",)
        if paused
        else ("no pause frames were counted there: whether the sender was told to stop is not shown",),
        do=(
            Treatment(f"give {loss.port} the headroom that its speed and the length of its cable need"),
            Treatment(f"see that what sends to {loss.port} heeds pause frames (flow control on, same priority)"),
        ),
        level=headroom.share,
    )


def _full(evidence: Evidence, loss: Loss, pools: list[Use], deep: list[Reading]) -> Finding:
    own = uses(
        evidence, ("switch.pool.level", "switch.pool.peak"), "switch.pool.limit", now=loss.weight.now, place=loss.port
    )
    mine = [use for use in own if use.place in loss.places]
    because = [use.reading.exhibit(f"{use.place} held up to {use}") for use in pools[:SHOWN]]
    because += [use.reading.exhibit(f"{named(use.place)} held up to {use}") for use in mine[:SHOWN]]
    because += [
        one.exhibit(f"of the egress queues, {named(one.series.place)} held up to {one.highest:,} bytes") for one in deep
    ]
    now = loss.weight.now
    if pools:
        where = ", ".join(use.place for use in pools[:SHOWN])
        statement = f"The shared buffer of the switch ({where}) {'is' if now else 'was'} used up: packets that {'arrive' if now else 'arrived'} at {loss.port} {'find' if now else 'found'} no room."
    else:
        statement = f"The switch {'has' if now else 'had'} no buffer for packets that {'arrive' if now else 'arrived'} at {loss.port}: the links they leave by take less than arrives."
    return _finding(
        loss,
        statement=statement,
        confidence=Confidence.MEDIUM if pools or (mine and mine[0].share >= USED_UP) else Confidence.LOW,
        because=because,
        doubts=() if deep else ("which egress queues hold the buffer is not shown",),
        do=(
            Treatment(
                "find the egress queues that hold most of the buffer: their links are too slow for what they are sent"
            ),
            Treatment("let no queue take so much of it: a smaller share (alpha) for those that fill it"),
        ),
        level=pools[0].share if pools else mine[0].share if mine else None,
        place=pools[0].place if pools else "",
    )


def _finding(  # noqa: PLR0913 - what the two findings differ in
    loss: Loss,
    *,
    statement: str,
    confidence: Confidence,
    because: list[Exhibit],
    doubts: tuple[str, ...],
    do: tuple[Treatment, ...],
    level: float | None,
    owner: Owner | None = None,
    place: str = "",
) -> Finding:
    known = commands(loss.sources)
    return Finding(
        stage="switch.pool",
        place=place or loss.place,
        state=State.LOST if loss.weight.now else State.OVER,
        statement=statement,
        subject=f"the packets that {loss.port} dropped on arrival",
        owner=owner,
        confidence=Confidence.LOW if loss.doubtful else confidence,
        because=(
            Exhibit(f"{named(loss.place)} dropped {loss} on arrival", loss.because[0].origin, loss.weight.lost),
            *loss.because,
            *because,
        ),
        doubts=doubts,
        do=do,
        collect=(
            Collect(f"the use of the shared buffer{known.on}, twice, 10 s apart", known.buffers.format(port=loss.port)),
        ),
        harm=loss.weight.lost,
        level=None if level is None else min(level, 1.0),
    )
