"""Seven ways in which a counter of a NIC misleads who reads it by its name."""

import pytest

from brimful.drivers.maps import GENERIC, all_maps, driver_map
from brimful.evidence.delta import Reading
from brimful.evidence.evidence import Evidence
from brimful.roots.base import Document
from brimful.rules.nic_fifo import nic_fifo
from brimful.rules.nic_ring import nic_ring
from brimful.sources.nic_counters import nic_counters


def evidence(driver, *texts):
    """What two or more answers of one interface say."""
    documents = (
        Document("ethtool -S eth0", f"{index}", text.encode(), of={"interface": "eth0", "driver": driver})
        for index, text in enumerate(texts)
    )
    return Evidence(item for document in documents for item in nic_counters(document))


def column(driver, raw):
    return all_maps()[driver].series_for((raw,), "eth0")[0]


@pytest.mark.parametrize(
    ("drivers", "meaning"),
    [
        (("e1000", "e1000e", "igb", "igc", "ixgbe", "tg3"), "nic.fifo.overrun"),
        (("mlx5", "bnxt", "e100"), "nic.ring.no_buffer"),
        (("bnx2x", "ena", "cxgb4"), None),
    ],
)
def test_1_missed_errors_are_the_fifo_the_ring_or_nothing(drivers, meaning):
    for driver in drivers:
        series = all_maps()[driver].rtnl_series("rx_missed_errors", "eth0", "link")
        assert (series.meaning if series else None) == meaning, driver


def test_2_no_buffer_count_of_ixgbe_that_stands_still_does_not_make_it_the_bus():
    first = "rx_packets: 1000\nrx_missed_errors: 0\nrx_no_buffer_count: 0\nrx_no_dma_resources: 0\n"
    second = "rx_packets: 9000\nrx_missed_errors: 500\nrx_no_buffer_count: 0\nrx_no_dma_resources: 500\n"
    found = evidence("ixgbe", first, second)
    assert not found.readings("nic.ring.waited")
    (ring,) = nic_ring(found)
    assert ring.state == "lost"  # so that the ring, not the bus, is what held the FIFO up


def test_3_fifo_errors_of_igb_and_igc_are_no_evidence_beside_missed_errors_and_queue_drops():
    for driver in ("igb", "igc"):
        text = "rx_fifo_errors: {0}\nrx_missed_errors: {1}\nrx_queue_0_drops: {2}\n"
        found = evidence(driver, text.format(0, 0, 0), text.format(300, 100, 200))
        assert {r.series.raw: r.delta for r in found.all_readings()} == {
            "rx_missed_errors": 100,
            "rx_queue_0_drops": 200,
        }


def test_4_every_queue_of_vmxnet3_is_kept_though_its_names_repeat():
    text = "".join(f"  Rx Queue#: {n}\n    pkts rx OOB: {n + 5}\n" for n in range(4))
    found = evidence("vmxnet3", text)
    assert {r.series.place: r.last for r in found.readings("nic.ring.no_buffer")} == {
        "eth0/rx-0": 5, "eth0/rx-1": 6, "eth0/rx-2": 7, "eth0/rx-3": 8,
    }  # fmt: skip


@pytest.mark.parametrize("driver", ["ixgbevf", "igbvf", "mlx5_rep", "xennet"])
def test_5_a_driver_that_cannot_count_a_loss_is_no_evidence_that_none_was(driver):
    known = all_maps()[driver]
    assert known.blind
    for field in ("rx_missed_errors", "rx_fifo_errors", "rx_over_errors"):
        assert known.rtnl_series(field, "eth0", "link") is None
    found = evidence(known.description.names[0], "rx_packets: 5\n", "rx_packets: 9\n")
    assert not list(nic_ring(found)) + list(nic_fifo(found))
    assert {blind.why for blind in found.blind} == {f"driver {driver} does not count it"}


def test_6_counters_that_come_and_go_with_the_number_of_queues_stay_their_queues():
    two = "[0]: rx_discards: 10\n[1]: rx_discards: 20\nrx_discards: 30\nrx_brb_discard: 1\n"
    three = "[0]: rx_discards: 15\n[1]: rx_discards: 20\n[2]: rx_discards: 7\nrx_discards: 42\nrx_brb_discard: 1\n"
    found = evidence("bnx2x", two, three)
    readings: dict[str, Reading] = {r.series.place: r for r in found.readings("nic.ring.no_buffer")}
    assert {place: (r.delta, r.last) for place, r in readings.items()} == {
        "eth0/rx-0": (5, 15), "eth0/rx-1": (0, 20), "eth0/rx-2": (None, 7),
    }  # fmt: skip


def test_6_a_name_of_blanks_and_one_word_is_read():
    found = evidence("vmxnet3", "Rx Queue#: 0\n  drv dropped rx total: 3\n          err: 3\ntx timeout count: 0\n")
    assert found.readings("nic.ring.drops_mixed")[0].last == 3
    assert not found.unread


def test_7_the_driver_of_an_emulated_card_is_the_driver_of_a_real_one():
    """No name tells QEMU's e1000, whose counters grow at every read: evidence.repeat and counter_artefact see it."""
    assert driver_map("e1000").driver == "e1000"
    assert column("e1000", "rx_missed_errors").meaning == "nic.fifo.overrun"
    assert column("8139cp", "rx_fifo").meaning == "nic.ring.drops_mixed"  # emulated: a want of descriptors
    assert "emulated" in column("8139cp", "rx_fifo").doubt


def test_a_drop_that_no_map_explains_is_least_evidence_and_is_named():
    found = evidence("igb", "rx_packets: 9\nrx_new_drops: 4\nrx_other_drops: 0\n")
    assert [(fact.place, fact.value) for fact in found.facts("nic.unmapped")] == [
        ("eth0/rx_new_drops", "rx_new_drops 4")
    ]
    assert found.facts("nic.unmapped")[0].origin.raw == "rx_new_drops: 4"
    readings = {r.series.raw: r.series for r in found.readings("nic.ring.drops_mixed")}
    assert set(readings) == {"rx_new_drops", "rx_other_drops"}
    assert all("by name only" in series.doubt for series in readings.values())


def test_every_drop_of_an_unknown_driver_is_named_once_it_has_moved():
    found = evidence("dnet", "rx_ok: 9\nrx_overrun: 4\ntx_dropped: 0\nInDroppedFrames: 2\nrx_csum_drop: 3\n")
    assert [fact.value for fact in found.facts("nic.unmapped")] == ["rx_overrun 4", "InDroppedFrames 2"]


def test_what_no_map_explains_is_looked_up_once_for_the_same_names():
    known = all_maps()[GENERIC]
    names = ("rx_overrun", "rx_ok", "tx_dropped")
    assert known.unmapped(names) == (0, 2)
    assert all_maps()["igb"].unmapped(("rx_missed_errors", "rx_packets", "rx_ok")) == ()
