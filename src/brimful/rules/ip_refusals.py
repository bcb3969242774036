"""Packets that IP refuses by what they are or where they go: not congestion, and no buffer is full.

Only a check that somebody set (rp_filter) is blamed, and only where it refuses a part of the traffic that somebody will
miss. The rest is said: broken or misdirected packets come in on any network.
"""

from collections.abc import Iterator

import msgspec

from brimful.chain.meaning import MEANINGS
from brimful.chain.owner import Owner
from brimful.evidence.delta import Reading
from brimful.evidence.evidence import Evidence
from brimful.evidence.weight import Weight, one_view, weigh
from brimful.rules import Collect, Confidence, Finding, State, Treatment, rule

SHARE = 0.01
"""Share of what IP received from which a refusal is worth a verdict."""

COLLECT = (
    Collect("routes and the settings of rp_filter", "ip route show table all; ip rule; sysctl -a -r rp_filter"),
    Collect("addresses that were refused", "sysctl net.ipv4.conf.all.log_martians; dmesg"),
)


class Refusal(msgspec.Struct, frozen=True):
    """What to say of one meaning."""

    meaning: str
    text: str


REVERSE_PATH = Refusal("protocol.input.reverse_path", "their source is reached by another way (rp_filter)")
REFUSALS = (
    Refusal("protocol.input.header_errors", "IP does not accept their header, or their time to live was over"),
    Refusal(
        "protocol.input.no_route", "there is no route for them, or they were for an address that is not this host's"
    ),
    Refusal("protocol.input.truncated", "they were shorter than they say"),
    Refusal("protocol.input.unknown", "nothing here speaks their protocol"),
    REVERSE_PATH,
)


@rule("protocol.input.passed", *(refusal.meaning for refusal in REFUSALS))
def ip_refusals(evidence: Evidence) -> Iterator[Finding]:
    """Does IP refuse packets by what they are or where they go?"""
    for refusal in REFUSALS:
        for place in evidence.places(refusal.meaning):
            readings = [r for r in one_view(evidence.readings(refusal.meaning, place=place)) if r.counted]
            weight = weigh(readings, one_view(evidence.readings("protocol.input.passed", place=place)))
            if weight.now:
                yield _of(refusal, place, readings, weight)


def _of(refusal: Refusal, place: str, readings: list[Reading], weight: Weight) -> Finding:
    # what IP received has the refused packets in it
    blamed = refusal is REVERSE_PATH and weight.passed is not None and weight.lost >= SHARE * weight.passed
    near = Finding(
        stage=MEANINGS[refusal.meaning].stage.name,
        place=place,
        state=State.NEAR,
        statement=f"{weight.lost:,} packets were refused by {place} {weight.when}: {refusal.text}.",
        because=tuple(r.exhibit(f"{r.series.raw} {r.counted:,}") for r in readings),
        harm=weight.lost,
    )
    if not blamed:
        return near
    return msgspec.structs.replace(
        near,
        state=State.LOST,
        statement="The reverse path filter refuses packets: their source is reached by another interface than the one they came in on.",
        owner=Owner.POLICY,
        confidence=Confidence.HIGH,
        because=(
            readings[0].exhibit(
                f"{readings[0].series.raw} {weight.lost:,} of {weight.passed:,} received {weight.when}"
            ),
        ),
        do=(
            Treatment(
                "if the ways there and back may differ, let the filter be loose",
                "sysctl -w net.ipv4.conf.all.rp_filter=2",
                temporary=True,
            ),
            Treatment("else correct the routes", "ip route get <source>"),
        ),
        collect=COLLECT,
        proven=True,
    )
