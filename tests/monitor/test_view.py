from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs
from tests.monitor.histograms import BEGIN, LOWS, counted, histogram

from brimful.evidence.burst import Burst
from brimful.evidence.catching import Resolution
from brimful.evidence.event import Fact
from brimful.evidence.evidence import Evidence
from brimful.evidence.moment import SECOND, Moment
from brimful.evidence.origin import Origin
from brimful.monitor.telling import answer, burst, duration, missed, percent, reached
from brimful.monitor.view import Measure, view

IDLE = [976562, 0, 0, 0]


def places(seen):
    return [queue.place for queue in seen.queues]


def a_burst(place="swp1/tc 0", peak=5000, **more):
    at = Moment(BEGIN + SECOND)
    return Burst("switch.queue.depth", place, at, None, peak, Origin("lanz.json", 3), peak_at=at, **more)


def test_the_worst_queue_reached_most_then_stayed_longest():
    seen = view(
        Evidence(
            [
                histogram([976561, 1, 0, 0], place="swp1/tc 0"),
                histogram([976500, 60, 1, 1], place="swp2/tc 0"),
                histogram([976500, 60, 0, 2], place="swp3/tc 0"),
                histogram(IDLE, place="swp4/tc 0"),
            ]
        )
    )
    assert places(seen) == ["swp3/tc 0", "swp2/tc 0", "swp1/tc 0", "swp4/tc 0"]
    assert answer(seen) == (
        "swp3/tc 0 was at or above 4,032 bytes (where its last range begins) for 2.05 us of 1 s, "
        "worst at 2017-04-26T20:14:42Z"
    )
    assert reached(seen.queues[2]) == (
        "swp1/tc 0 was at or above 960 bytes (24% of its range) for 1.02 us of 1 s, worst at 2017-04-26T20:14:42Z"
    )


def test_a_limit_decides_where_it_is_known():
    """The queue of 5,000 bytes was nearer to its end."""
    low = histogram([976561, 0, 1, 0], place="swp1/tc 0")
    high = histogram([976561, 0, 0, 1], place="swp2/tc 0")
    near = a_burst("swp1/tc 0", peak=10, limit=2500)
    far = a_burst("swp2/tc 0", peak=10, limit=1_000_000)
    seen = view(Evidence([low, high, near, far]))
    assert places(seen) == ["swp1/tc 0", "swp2/tc 0"]
    assert "2,496 bytes (100% of its limit of 2,500) for" in answer(seen)
    assert "4,032 bytes (0.4% of its limit of 1,000,000) for" in reached(seen.queues[1])


def test_a_peak_that_is_known_is_told_and_decides():
    """Both are in the last range; the first was deeper there."""
    deep = structs.replace(histogram([9, 0, 0, 1], place="swp2/tc 0"), peak=60_564, limit=61_440)
    flat = structs.replace(histogram([8, 0, 0, 2], place="swp1/tc 0"), peak=5_000, limit=61_440)
    again = structs.replace(histogram([9, 0, 0, 1], at=1, place="swp2/tc 0"), peak=4_100, limit=61_440)
    seen = view(Evidence([flat, deep, again]))
    assert [(one.place, one.highest, one.limit) for one in seen.queues] == [
        ("swp2/tc 0", 60_564, 61_440),
        ("swp1/tc 0", 5_000, 61_440),
    ]
    assert seen.queues[0].share == 60_564 / 61_440
    assert "(6.6% of its limit of 61,440)" in answer(seen)
    assert answer(seen).endswith("; its peak was 60,564 bytes")
    assert "peak" not in answer(view(Evidence([histogram([9, 0, 0, 1])])))


def test_times_before_packets_before_latencies_before_what_passed():
    seen = view(
        Evidence(
            [
                histogram([1, 0, 0, 9], meaning="switch.queue.sampled_bytes", place="swp1/tx-byte"),
                histogram([1, 0, 0, 9], meaning="switch.queue.latency", sample_ns=0),
                histogram([1, 0, 0, 9], meaning="qdisc.queue.backlog", sample_ns=0),
                histogram([9, 1, 0, 0]),
            ]
        )
    )
    assert [queue.measure for queue in seen.queues] == list(Measure)
    assert [reached(queue) for queue in seen.queues[1:]] == [
        (
            "swp1/tc 0 held 4,032 bytes or more (where its last range begins) when 9 of 10 packets came, "
            "worst at 2017-04-26T20:14:42Z"
        ),
        (
            "swp1/tc 0: 9 of 10 packets waited 4.03 us or longer (where its last range begins), "
            "worst at 2017-04-26T20:14:42Z"
        ),
        (
            "swp1/tx-byte had 4,032 bytes or more (where its last range begins) in a sample, for 9.22 us of 10.2 us, "
            "worst at 2017-04-26T20:14:42Z"
        ),
    ]


def test_the_order_is_that_of_the_times_inside():
    seen = view(Evidence([histogram(IDLE, at=2), histogram([976560, 0, 0, 2], at=0), histogram(IDLE, at=1)]))
    (queue,) = seen.queues
    assert [window.begin.ns - BEGIN for window in queue.windows] == [0, SECOND, 2 * SECOND]
    assert queue.worst.end.ns == BEGIN + SECOND
    assert (seen.span[0].ns, seen.span[1].ns) == (BEGIN, BEGIN + 3 * SECOND)


def test_bounds_are_told_where_ranges_changed():
    seen = view(
        Evidence(
            [
                histogram([5, 5], lows=(0, 1000), sample_ns=1_000_000),
                histogram([8, 2], lows=(0, 900), sample_ns=1_000_000, at=1),
            ]
        )
    )
    assert "1,000 bytes (where its last range begins) for 5 to 7 ms of 20 ms" in answer(seen)


def test_no_burst():
    seen = view(Evidence([histogram(IDLE), histogram(IDLE, place="swp2/tc 0"), histogram(IDLE, at=3)]))
    assert answer(seen) == "no burst was seen: 2 queues, 2 s, never above the first range"
    assert missed(seen) == [
        (
            "a burst of 960 bytes or more is seen for certain when it lasts 1.02 us, half of those of 512 ns, "
            "one in ten of those of 102 ns; between readings nobody looked for up to 2 s"
        )
    ]


def test_less_than_a_sample_between_readings_is_no_gap():
    first = histogram(IDLE)
    later = [
        structs.replace(first, begin=Moment(first.end.ns + gap), end=Moment(BEGIN + 2 * SECOND)) for gap in (1024, 1025)
    ]
    gaps = [view(Evidence([first, one])).queues[0].resolution.gap_ns for one in later]
    assert gaps == [1024, 1025]
    said = [missed(view(Evidence([first, one])))[0].partition("; ")[2] for one in later]
    assert said == ["", "between readings nobody looked for up to 1.02 us"]


def test_what_may_have_been_missed_is_told_for_each_resolution():
    seen = view(
        Evidence(
            [
                histogram([1_000_000_000, 0, 0, 0], sample_ns=1),
                histogram(IDLE, place="swp2/tc 0"),
                a_burst("Ethernet1"),
                Fact("switch.queue.resolution_ns", "Ethernet1", 5_000_000, Origin("lanz.json")),
                Fact("switch.queue.resolution_depth", "Ethernet1", 480, Origin("lanz.json")),
            ]
        )
    )
    assert missed(seen) == [
        "every change was seen; nothing of 960 bytes or more escaped (1 of the queues)",
        (
            "a burst of 960 bytes or more is seen for certain when it lasts 1.02 us, half of those of 512 ns, "
            "one in ten of those of 102 ns (1 of the queues)"
        ),
        (
            "a burst of 480 bytes or more is seen for certain when it lasts 5 ms, half of those of 2.5 ms, "
            "one in ten of those of 500 us (1 of the queues)"
        ),
    ]
    assert seen.resolutions == (("bytes", Resolution(5_000_000, 480)),)


def test_bursts_alone():
    worst = a_burst("swp2", 9000, duration_ns=2_300_000, limit=12_000, dropped=1204, fed_by=("swp7", "swp9"))
    assert burst(worst) == (
        "swp2 rose to 9,000 bytes (75% of its limit of 12,000) for 2.3 ms at 2017-04-26T20:14:42Z, "
        "1,204 packets dropped, fed by swp7, swp9"
    )
    assert answer(view(Evidence([worst, a_burst("swp1", 11_000)]))) == f"2 bursts, the worst: {burst(worst)}"


def test_many_ports_that_fed_a_burst_are_counted():
    fed = tuple(f"swp{number}" for number in range(1, 13))
    assert burst(a_burst(fed_by=fed)).endswith(", fed by swp1, swp2, swp3, swp4 and 8 more")


def test_queues_are_chosen_by_name():
    found = [histogram(IDLE, place=place) for place in ("swp1/tc 0", "swp1/tc 1", "swp11/tc 0")]
    evidence = Evidence([*found, a_burst("swp2")])
    assert places(view(evidence, ["swp1"])) == ["swp1/tc 0", "swp1/tc 1"]
    assert places(view(evidence, ["swp*/tc 0"])) == ["swp1/tc 0", "swp11/tc 0"]
    assert view(evidence, ["swp1"]).bursts == ()
    nothing = view(evidence, ["eth0"])
    assert (nothing.queues, nothing.bursts) == ((), ())
    assert nothing.places == ("swp1/tc 0", "swp1/tc 1", "swp11/tc 0", "swp2")


def test_times_are_chosen():
    evidence = Evidence([histogram(IDLE, at=at) for at in range(5)])
    one, three = Moment(BEGIN + SECOND + 1), Moment(BEGIN + 3 * SECOND)
    (queue,) = view(evidence, begin=one, until=three).queues
    assert [window.begin.ns - BEGIN for window in queue.windows] == [SECOND, 2 * SECOND]
    assert view(evidence, begin=Moment(BEGIN + 9 * SECOND)).queues == ()


def test_what_has_no_time_is_shown_unless_a_time_is_asked_for():
    evidence = Evidence([histogram([1, 0, 0, 1], at=0, timed=False), histogram([1, 0, 0, 2], at=1, timed=False)])
    seen = view(evidence)
    assert seen.queues[0].total == 5 * 1024
    assert "worst at" not in answer(seen)
    later = view(evidence, begin=Moment(BEGIN))
    assert later.queues == ()
    assert later.remarks == ("what has no time inside is left out, since a time was asked for",)


def test_one_reading_in_two_copies_counts_once():
    seen = view(Evidence([histogram([1, 0, 0, 1]), histogram([1, 0, 0, 1])]))
    assert (seen.queues[0].total, seen.remarks) == (2 * 1024, ())


def test_two_results_of_one_moment_are_doubted():
    seen = view(Evidence([histogram([1, 0, 0, 1]), histogram([1, 0, 0, 2])]))
    assert seen.queues[0].total == 5 * 1024
    assert seen.remarks == (
        "swp1/tc 0: counted twice at the same time with different results: are these snapshots of several switches?",
    )


def test_words_for_numbers():
    assert [duration(ns) for ns in (0, 1, 999, 1024, 999_999_500, 64 * SECOND, 10_000 * SECOND)] == [
        "0 s", "1 ns", "999 ns", "1.02 us", "1 s", "64 s", "10,000 s",
    ]  # fmt: skip
    assert [percent(share) for share in (0.0, 1e-7, 4e-6, 0.0016, 0.01, 0.072, 0.24, 0.9999, 1.5)] == [
        "0%", "<0.0001%", "0.0004%", "0.16%", "1%", "7.2%", "24%", "100%", "150%",
    ]  # fmt: skip


@given(st.lists(st.lists(st.integers(0, 9000), min_size=1, max_size=40), min_size=1, max_size=6))
def test_the_answer_is_true_of_any_depths(windows):
    """Whatever happened: the deepest range was reached, in the window that is named."""
    seen = view(Evidence([histogram(counted(series, LOWS), at=at) for at, series in enumerate(windows)]))
    (queue,) = seen.queues
    deepest = max(depth for series in windows for depth in series)
    assert queue.deepest == max(low for low in LOWS if low <= deepest)
    there = sum(depth >= queue.deepest for series in windows for depth in series)
    assert (queue.peak.least, queue.peak.most) == (1024 * there, 1024 * there)
    named = (queue.worst.end.ns - BEGIN) // SECOND - 1
    most = max(sum(depth >= queue.deepest for depth in series) for series in windows)
    assert sum(depth >= queue.deepest for depth in windows[named]) == most
    assert answer(seen)


def test_windows_that_follow_one_another_have_no_gap_by_the_rounding_of_their_times():
    first = histogram(IDLE, sample_ns=1)
    later = [
        structs.replace(first, begin=Moment(first.end.ns + gap), end=Moment(BEGIN + 2 * SECOND)) for gap in (1000, 1001)
    ]
    said = [missed(view(Evidence([first, one])))[0].partition("; nothing of")[2] for one in later]
    assert said == [
        " 960 bytes or more escaped",
        " 960 bytes or more escaped; between readings nobody looked for up to 1 us",
    ]
