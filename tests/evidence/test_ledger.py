"""The ledger, on counters made by hand."""

from brimful.chain.place import ALL_CARDS
from brimful.evidence.event import Fact
from brimful.evidence.evidence import Evidence
from brimful.evidence.frame import Sheet
from brimful.evidence.ledger import losses, unexplained
from brimful.evidence.moment import SECOND, Moment
from brimful.evidence.origin import Origin
from brimful.evidence.series import Series

DROPS = Series("nic.ring.no_buffer", "eth0/rx-1", "rx_queue_1_drops", "nic_counters")
PASSED = Series("nic.ring.passed", "eth0", "rx_packets", "nic_counters")
TOTAL = Series("protocol.input.rx_dropped", "eth0", "rtnl rx_dropped", "link")


def frame(values, seconds=0):
    sheet = Sheet(lambda line: Origin("file", line), Moment(seconds * SECOND))
    for line, (series, value) in enumerate(values.items(), 1):
        sheet.add(series, value, line)
    return sheet.frame()


def test_the_ledger_lists_what_moved_beside_what_passed():
    (loss,) = losses(Evidence([frame({DROPS: 1, PASSED: 100}), frame({DROPS: 6, PASSED: 195}, 2)]))
    assert (loss.stage, loss.place, loss.lost, loss.near_missed, loss.passed) == ("nic.ring", "eth0/rx-1", 5, 0, 95)
    assert (loss.seconds, loss.lifetime, loss.counter, loss.source) == (2.0, False, "rx_queue_1_drops", "file:1")


def test_the_ledger_keeps_lifetime_totals_apart():
    (loss,) = losses(Evidence([frame({DROPS: 7})]))
    assert (loss.lost, loss.lifetime, loss.seconds) == (7, True, None)


def test_what_no_counter_names_stays_unexplained():
    before, after = frame({DROPS: 0, TOTAL: 10}), frame({DROPS: 3, TOTAL: 30}, 4)
    (rest,) = unexplained(Evidence([before, after]))
    assert (rest.place, rest.packets, rest.seconds) == ("eth0", 17, 4.0)


def test_drops_that_have_a_name_are_not_unexplained():
    assert unexplained(Evidence([frame({DROPS: 0, TOTAL: 10}), frame({DROPS: 20, TOTAL: 30}, 4)])) == []


def test_a_near_miss_is_no_loss():
    waited = Series("nic.ring.waited", "eth0", "rx_no_buffer_count", "nic_counters")
    (miss,) = losses(Evidence([frame({waited: 1}), frame({waited: 4}, 2)]))
    assert (miss.lost, miss.near_missed, miss.passed) == (0, 3, None)


def test_what_did_not_move_and_the_sum_of_all_cards_are_not_in_the_ledger():
    kni = [Series("kni.queue.dropped", f"{card}/kni_drops", "kni_drops", "iftask") for card in ("card 6", ALL_CARDS)]
    assert [loss.place for loss in losses(Evidence([frame({kni[0]: 3, kni[1]: 3})]))] == ["card 6/kni_drops"]
    assert losses(Evidence([frame({DROPS: 4, kni[0]: 0}), frame({DROPS: 4}, 1)])) == []


def test_present_losses_come_first_then_the_largest_then_near_misses():
    series = {
        name: Series(meaning, name, "raw", "nic_counters")
        for name, meaning in (
            *((name, "nic.ring.no_buffer") for name in ("few", "many", "old")),
            *((name, "nic.ring.waited") for name in ("seldom", "often")),
        )
    }
    before = frame({series[name]: 0 for name in ("few", "many", "seldom", "often")})
    after = frame({series["few"]: 2, series["many"]: 9, series["seldom"]: 1, series["often"]: 5}, 1)
    order = [loss.place for loss in losses(Evidence([before, after, frame({series["old"]: 10**6})]))]
    assert order == ["many", "few", "often", "seldom", "old"]


def probes(link, window, missed, hit):
    place = f"{link}/{window}"
    return {
        Series("fabric.link.data_missed", place, "Miss", "dataplane", 0): missed,
        Series("fabric.link.data_hit", place, "Hit", "dataplane", 0): hit,
    }


def test_probes_lost_between_cards_are_those_of_five_minutes():
    evidence = Evidence(
        [
            frame(
                probes("card 2 -> card 6", "5min", 554, 2446)
                | probes("card 2 -> card 6", "60min", 600, 35_400)
                | probes("card 3 -> card 6", "5min", 0, 3000)
            )
        ]
    )
    (loss,) = losses(evidence)
    assert (loss.stage, loss.place, loss.meaning) == ("fabric.link", "card 2 -> card 6", "fabric.link.data_missed")
    assert (loss.lost, loss.near_missed, loss.passed, loss.seconds, loss.lifetime) == (554, 0, 2446, 300.0, False)
    assert (loss.counter, loss.source) == ("data-plane probes", "file:1")


def test_drops_at_the_backlog_are_allowed_for():
    backlog = Series("softnet.backlog.dropped", "cpu 0", "dropped", "softnet", 32)
    before, after = frame({DROPS: 0, backlog: 0, TOTAL: 0}), frame({DROPS: 3, backlog: 4, TOTAL: 8}, 1)
    assert [rest.packets for rest in unexplained(Evidence([before, after]))] == [1]
    after = frame({DROPS: 3, backlog: 4, TOTAL: 7}, 1)
    assert unexplained(Evidence([before, after])) == []


def test_the_same_drops_in_two_views_are_allowed_for_once():
    again = Series("nic.ring.no_buffer", "eth0", "rtnl rx_missed_errors", "link")
    before, after = frame({DROPS: 0, again: 0, TOTAL: 0}), frame({DROPS: 3, again: 3, TOTAL: 8}, 1)
    assert [rest.packets for rest in unexplained(Evidence([before, after]))] == [5]


def test_what_one_sample_shows_is_neither_unexplained_nor_allowed_for():
    assert unexplained(Evidence([frame({TOTAL: 10})])) == []
    assert unexplained(Evidence([frame({TOTAL: 10}), frame({TOTAL: 10}, 1)])) == []
    once = frame({DROPS: 10**6})
    assert [rest.packets for rest in unexplained(Evidence([frame({TOTAL: 0}), frame({TOTAL: 8}, 1), once]))] == [8]


def test_a_lifetime_total_is_as_old_as_the_machine_at_the_most():
    uptime = Fact("host.uptime", "", 1500, Origin("uptime", 1))
    assert losses(Evidence([frame({DROPS: 7}), uptime]))[0].age_seconds == 1500
    assert losses(Evidence([frame({DROPS: 7})]))[0].age_seconds is None
    assert losses(Evidence([frame({DROPS: 7}), frame({DROPS: 9}, 1), uptime]))[0].age_seconds is None


def test_a_sum_that_has_the_overruns_in_it_leaves_none_of_them_unexplained():
    missed = Series("nic.fifo.overrun", "eth0", "rx_missed_errors", "nic_counters")
    both = Series("protocol.input.rx_dropped", "eth0", "rx_dropped + rx_missed_errors", "link")
    before, after = frame({missed: 0, both: 0, TOTAL: 0}), frame({missed: 5, both: 7, TOTAL: 7}, 1)
    assert [rest.packets for rest in unexplained(Evidence([before, after]))] == [2, 7]


def test_a_sum_with_a_counter_that_only_repeats_itself_is_not_explained():
    missed = Series("nic.fifo.overrun", "eth0", "rx_missed_errors", "nic_counters")
    both = Series("protocol.input.rx_dropped", "eth0", "rx_dropped + rx_missed_errors", "link")
    again = [frame({missed: 500 * second, both: 500 * second}, second) for second in range(4)]
    assert unexplained(Evidence(again)) == []
    assert losses(Evidence(again)) == []
    counted = [frame({missed: 500 * second + second**2, both: 500 * second + 9}, second) for second in range(4)]
    assert [loss.lost for loss in losses(Evidence(counted))] == [1509]
