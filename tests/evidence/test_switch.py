import pytest

from brimful.evidence.burst import Burst
from brimful.evidence.event import Event
from brimful.evidence.evidence import Evidence
from brimful.evidence.frame import Sheet
from brimful.evidence.moment import SECOND, Moment
from brimful.evidence.origin import Origin
from brimful.evidence.series import Series
from brimful.evidence.switch import called, losses, named, number, peaks, pools_used_up, recorded, uses
from brimful.evidence.switch_commands import SOURCES, commands

DROPPED, PASSED = "switch.queue.dropped", "switch.queue.passed"


def watched(*samples):
    """Each sample is a dict of (meaning, place, raw, doubt) -> value."""
    evidence = Evidence()
    for index, values in enumerate(samples):
        sheet = Sheet(lambda line: Origin("x", line), Moment(index * 10 * SECOND))
        for (meaning, place, raw, doubt), value in values.items():
            sheet.add(Series(meaning, place, raw, "sonic_counters", doubt=doubt), value, 1)
        evidence.add(sheet.frame())
    return evidence


@pytest.mark.parametrize(
    ("place", "index", "name", "spoken"),
    [
        ("Ethernet0/queue 3", 3, "queue 3 of Ethernet0", "the queue 3 of Ethernet0"),
        ("swp1/tc 12", 12, "tc 12 of swp1", "the queue tc 12 of swp1"),
        ("swp1/priority-4", 4, "priority-4 of swp1", "the queue priority-4 of swp1"),
        ("Ethernet1/36/queue 7", 7, "queue 7 of Ethernet1/36", "the queue 7 of Ethernet1/36"),
        ("swp1/pg 0", 0, "pg 0 of swp1", "the buffer pg 0 of swp1"),
        ("pool egress_lossy_pool", None, "pool egress_lossy_pool", "the buffer pool egress_lossy_pool"),
        ("swp1", None, "swp1", "the queue swp1"),
    ],
)
def test_places_as_people_say_them(place, index, name, spoken):
    assert (number(place), named(place), called(place)) == (index, name, spoken)


def test_packets_that_several_counters_have_are_counted_once():
    sure, again = (DROPPED, "Ethernet0/queue 3", "A", ""), (DROPPED, "Ethernet0/queue 3", "B", "in A too")
    passed = (PASSED, "Ethernet0/queue 3", "P", "")
    (loss,) = losses(watched({sure: 0, again: 0, passed: 0}, {sure: 10, again: 90, passed: 90}), DROPPED, PASSED)
    assert (loss.weight.lost, loss.weight.passed, loss.place, loss.several, loss.doubtful) == (
        10, 90, "Ethernet0/queue 3", False, False,
    )  # fmt: skip
    assert [one.text for one in loss.because] == ["A of queue 3 of Ethernet0 10"]


def test_a_counter_with_a_doubt_is_taken_where_the_other_stands_still():
    sure, again = (DROPPED, "Ethernet0/queue 3", "A", ""), (DROPPED, "Ethernet0/queue 3", "B", "in A too")
    (loss,) = losses(watched({sure: 5, again: 0}, {sure: 5, again: 90}), DROPPED)
    assert (loss.weight.lost, loss.doubtful) == (90, True)


def test_what_can_be_of_the_same_queue():
    dropped = (DROPPED, "Ethernet0/queue 3", "A", "")
    (loss,) = losses(watched({dropped: 0}, {dropped: 9}), DROPPED)
    assert loss.at("Ethernet0")
    assert loss.at("Ethernet0/priority 3")
    assert not loss.at("Ethernet0/priority 4")
    assert not loss.at("Ethernet4/priority 3")


def test_ports_that_lost_nothing_now_are_no_loss():
    dropped = (DROPPED, "Ethernet0/queue 3", "A", "")
    assert list(losses(watched({dropped: 90_000}, {dropped: 90_000}), DROPPED)) == []
    assert list(losses(watched({dropped: 5}), DROPPED)) == []
    (loss,) = losses(watched({dropped: 90_000}), DROPPED)
    assert (loss.weight.now, loss.weight.over) == (False, True)


PEAK, LIMIT = "switch.pool.peak", "switch.pool.limit"


@pytest.mark.parametrize(
    ("raw", "values", "fresh"),
    [
        ("SAI_BUFFER_POOL_STAT_WATERMARK_BYTES", (990, 990), True),  # the switch clears it at each poll
        ("PERIODIC_WATERMARKS SAI_BUFFER_POOL_STAT_WATERMARK_BYTES", (990, 990), True),
        ("USER_WATERMARKS SAI_BUFFER_POOL_STAT_WATERMARK_BYTES", (990, 990), False),
        ("USER_WATERMARKS SAI_BUFFER_POOL_STAT_WATERMARK_BYTES", (500, 990), True),  # it rose meanwhile
        ("pool 4 max", (990,), False),
    ],
)
def test_a_watermark_of_whenever_says_nothing_of_now(raw, values, fresh):
    limit = (LIMIT, "pool p", "size", "")
    evidence = watched(*({(PEAK, "pool p", raw, ""): value, limit: 1000} for value in values))
    assert bool(peaks(evidence, PEAK, now=True)) is fresh
    assert [(one.highest) for one in peaks(evidence, PEAK, now=False)] == [990]
    assert [str(one) for one in pools_used_up(evidence, now=True)] == ["990 of 1,000 bytes (99 %)"] * fresh


def test_only_pools_are_pools_and_only_what_is_full_is_used_up():
    readings = {
        (PEAK, place, "SAI_X", ""): value for place, value in (("pool a", 979), ("pool b", 1000), ("swp1/pg 0", 1000))
    }
    limits = {(LIMIT, place, "size", ""): 1000 for place in ("pool a", "pool b", "swp1/pg 0")}
    evidence = watched({**readings, **limits})
    assert [one.place for one in pools_used_up(evidence, now=True)] == ["pool b"]
    assert [one.place for one in uses(evidence, (PEAK,), LIMIT, now=True, place="swp1")] == ["swp1/pg 0"]


def test_the_larger_of_two_records_is_the_loss_and_never_their_sum():
    at = Moment(5 * SECOND)
    told = [Event("switch.queue.drops_told", "Et1", at, Origin("x", n), {"packets": n}) for n in (3, 4)]
    burst = Burst("switch.queue.depth", "Et1/tc 1", at, at, 1000, Origin("x"), dropped=5, source="lanz")
    (loss,) = recorded(Evidence([*told, burst]))
    assert (loss.weight.lost, loss.place, str(loss), loss.span) == (
        7,
        "Et1",
        "7 packets, as it recorded itself",
        (at, at),
    )
    (loss,) = recorded(Evidence([burst]))
    assert (loss.weight.lost, loss.place, loss.sources) == (5, "Et1/tc 1", ("lanz",))
    assert list(recorded(Evidence([Burst("switch.queue.depth", "Et1", at, at, 9, Origin("x"))]))) == []


def test_each_vendor_has_its_commands():
    assert commands(["sockets", "sonic_show"]).vendor == "SONiC"
    assert commands(["lanz"]).on == " on Arista EOS"
    assert (commands([]).on, commands(["x"]).queues) == ("", "")
    for known in SOURCES.values():
        assert known.vendor
        assert known.queues.format(port="swp1")
        assert "{" not in known.pauses.format(port="swp1")
