"""Losses that name no full buffer by themselves: said, with what would tell more, and blamed on nobody."""

from collections.abc import Iterator

import msgspec

from brimful.chain.meaning import MEANINGS
from brimful.chain.place import whole
from brimful.evidence.evidence import Evidence
from brimful.evidence.weight import one_view, weigh
from brimful.rules import Collect, Finding, State, rule

TWICE = Collect("the counters, twice, 10 s apart", "brimful capture host.tar.gz")


class Loss(msgspec.Struct, frozen=True):
    """What to say of one meaning. `open`: it may be a full buffer, so that a host that counts it is not healthy."""

    meaning: str
    text: str
    open: bool
    collect: Collect = TWICE


LOSSES = (
    Loss("nic.tx_ring.timeouts", "the transmit queue of {place} hung {count} times: driver, firmware or hardware", open=True, collect=Collect("what the driver said", "dmesg")),
    Loss("nic.tx_ring.errors", "{place} could not send {count} frames", open=True, collect=Collect("all counters of the NIC", "ethtool -S {place}")),
    Loss("protocol.input.discarded", "IP discarded {count} valid packets: usually for want of memory", open=True, collect=Collect("memory", "cat /proc/meminfo")),
    Loss("socket.send.full", "full send buffers refused {count} datagrams", open=True, collect=Collect("the queues of the way out", "tc -s qdisc")),
    Loss("kernel.table.reassembly_failed", "{count} fragments could not be put together: pieces lost on the way, or the fragment table full", open=True, collect=Collect("the fragment table's level and limit", "cat /proc/net/sockstat; sysctl net.ipv4.ipfrag_high_thresh")),
    Loss("dataplane.queue.fragment_errors", "the packet process of {place} could not cut or put together {count} fragments", open=True, collect=Collect("the drop counters of every card, twice, 60 s apart", "show iftask stats")),
    Loss("protocol.input.no_listener", "{count} datagrams came for ports that nobody listens on", open=False),
    Loss("protocol.input.no_handler", "{count} packets of {place} were wanted by no protocol, or came in on an inactive link of a bond", open=False),
    Loss("protocol.input.filtered", "{count} packets of {place} were refused by a filter or a program", open=False),
)  # fmt: skip


@rule(*(loss.meaning for loss in LOSSES))
def other_losses(evidence: Evidence) -> Iterator[Finding]:
    """Is anything lost that no other question asks about?"""
    for loss in LOSSES:
        for place in evidence.places(loss.meaning):
            yield from _of(evidence, loss, place)


def _of(evidence: Evidence, loss: Loss, place: str) -> Iterator[Finding]:
    readings = [r for r in one_view(evidence.readings(loss.meaning, place=place)) if r.counted]
    weight = weigh(readings)
    if not (weight.now or (weight.over and loss.open)):
        return
    head, colon, tail = loss.text.format(place=whole(place), count=f"{weight.lost:,}").partition(":")
    text = f"{head} {weight.when}{colon}{tail}"
    yield Finding(
        stage=MEANINGS[loss.meaning].stage.name,
        place=whole(place),
        state=State.OPEN if loss.open else State.NEAR,
        statement=f"{text[0].upper()}{text[1:]}.",
        because=tuple(reading.exhibit(f"{reading.series.raw} {reading.counted:,}") for reading in readings),
        collect=(Collect(loss.collect.text, loss.collect.command.format(place=whole(place))),) if loss.open else (),
        harm=weight.lost,
    )
