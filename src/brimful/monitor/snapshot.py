"""What a reading looks like in a snapshot file: the JSON of asic-monitor, so that what reads its files reads ours.

Histograms stand under their kind, port and class: `{"histogram_tc_info": {"swp1": {"0": {"data": {"0:959": 976562}}}}}`.
The documentation names no keys of the other kinds; here they are `{"packet_info": {"swp1": {"port": {NAME: NUMBER}}}}`.
What reads the files of a switch takes each count for the configured `sample_time_ns`: queues that were measured, or looked
at less often, are told in such samples. Beside `data`, these are ours: `sample_time_ns`, the time that one count stands for,
0 where counts are packets; `counted`, what was really counted, and the time of one of those; `doubt`, what is not sure of
them; and `peak`, the greatest depth, where it is known to the byte.
"""

from typing import Any

import msgspec

from brimful.chain.meaning import MEANINGS
from brimful.chain.place import whole
from brimful.evidence.histogram import Histogram
from brimful.monitor.asic import QUEUE_KINDS
from brimful.monitor.group import Group
from brimful.monitor.state import Number, State

HEAD = "timestamp_info"
KINDS = {
    "histogram": "histogram_tc_info",
    "histogram_tc": "histogram_tc_info",
    "histogram_pg": "histogram_pg_info",
    "histogram_counter": "histogram_counter_info",
    "histogram_latency": "histogram_latency_info",
    "buffer": "buffer_info",
    "packet": "packet_info",
    "packet_extended": "packet_extended_info",
    "packet_all": "packet_all_info",
}
NUMBERS = "number_info"
"""Numbers of a group that watches meanings."""
OTHERS = {"ns": "histogram_latency_info", "packets": "histogram_packets_info", "bytes": "histogram_bytes_info"}
"""Histograms of another unit than that of their group's kind."""
ARRIVALS = "histogram_arrivals_info"
"""Histograms whose counts are packets, by what they found."""
WHOLE = "port"
"""What stands for the class where a number is of the whole port."""

Parts = dict[str, dict[str, dict[str, Any]]]


def parts(group: Group, state: State) -> dict[str, msgspec.Raw]:
    """Return the parts of a snapshot beside its time stamp."""
    found: Parts = {}
    for one in state.histograms:
        as_a_switch = one.sample_ns and group.stat_type in QUEUE_KINDS
        sample_ns = group.sample_ns if as_a_switch else one.sample_ns
        _put(found, _kind(group, one, state.histograms[0]), one, sample_ns)
    for place, peak in state.peaks.items():
        _place(found, KINDS.get(group.stat_type, NUMBERS), place)["peak"] = peak
    for number in state.numbers:
        _place(found, KINDS.get(group.stat_type, NUMBERS), number.place).update(_leaves(number))
    return {name: msgspec.Raw(msgspec.json.encode(ports)) for name, ports in found.items()}


def _kind(group: Group, one: Histogram, first: Histogram) -> str:
    """Return under which kind a histogram stands: those like the first of the group under the group's own."""
    unit = MEANINGS[one.meaning].unit
    if (unit, one.sample_ns) == (MEANINGS[first.meaning].unit, first.sample_ns):
        return KINDS.get(group.stat_type, OTHERS["packets"])
    return OTHERS.get(unit, f"{unit}_info") if one.sample_ns else ARRIVALS


def samples(one: Histogram, sample_ns: int) -> tuple[int, ...]:
    """Return times as numbers of samples, whose sum is as near to that of the times as may be.

    Each is rounded down, and one more is given to those with the largest remainders.
    """
    parts = [divmod(count * one.sample_ns, sample_ns) for count in one.counts]
    left = (one.window_ns + sample_ns // 2) // sample_ns - sum(count for count, _ in parts)
    order = sorted(range(len(parts)), key=lambda index: -parts[index][1])
    more = set(order[:left])
    return tuple(count + (index in more) for index, (count, _) in enumerate(parts))


def _put(found: Parts, kind: str, one: Histogram, sample_ns: int) -> None:
    other = one.sample_ns != sample_ns
    entry: dict[str, Any] = {
        "data": dict(zip(one.labels(), samples(one, sample_ns) if other else one.counts, strict=True)),
        "sample_time_ns": sample_ns,
        **({"counted": {"sample_time_ns": one.sample_ns, "counts": one.counts}} if other else {}),
        "meaning": one.meaning,
        **({"doubt": one.doubt} if one.doubt else {}),
    }
    place = _place(found, kind, one.place)
    if "data" in place:  # the same queue in other ranges
        place.setdefault("more", []).append(entry)
    else:
        place.update(entry)


def _place(found: Parts, kind: str, place: str) -> dict[str, Any]:
    port = whole(place)
    index = place[len(port) + 1 :].rpartition(" ")[2] or WHOLE  # `tc 0` and `pg 3` are 0 and 3
    entry: dict[str, Any] = found.setdefault(kind, {}).setdefault(port, {}).setdefault(index, {})
    return entry


def _leaves(number: Number) -> dict[str, int]:
    """Return a number by its name; what it counted since the reading before, and its limit, beside it."""
    more = {f"{number.name}_since": number.delta, f"{number.name}_limit": number.limit}
    return {number.name: number.value, **{name: value for name, value in more.items() if value is not None}}
