import re
from pathlib import Path

import pytest

from brimful.chain.meaning import MEANINGS
from brimful.chain.word import Kind
from brimful.drivers.maps import FOLDER, GENERIC, GUESSED, BadMap, all_maps, driver_map, guess, load

CAPTURES = Path(__file__).parents[1] / "captures" / "nic_counters"
DRIVERS = sorted(path.stem for path in FOLDER.glob("*.toml"))
# names that xsos takes for drops (ryran/xsos), less those it leaves out
LOOKS_LIKE_A_DROP = re.compile(r"drop|disc|err(?!ed|un)|fifo|buf|fail|miss|OOB|fcs|full|frags|hdr|tso|pause|lost|csum")
LEFT_OUT = re.compile(r"cache_full|csum_complete|none|unnecessary|fdir_|steer_missed|tso_packets|veb\.")


def names_of(text):
    return tuple(re.findall(r"^\s*(.*\S): [0-9]+\s*$", text, re.MULTILINE))


def one(driver, raw, *others, interface="eth0"):
    return all_maps()[driver].series_for((raw, *others), interface)[0]


def test_one_file_adds_one_driver_and_is_named_for_it():
    assert sorted(all_maps()) == DRIVERS
    assert {"e1000e", "igb", "ixgbe", "i40e", "ice", "mlx5", "virtio_net", GENERIC} <= set(DRIVERS)


@pytest.mark.parametrize("driver", DRIVERS)
def test_each_map_says_where_it_was_read_up_and_answers_to_its_names(driver):
    description = all_maps()[driver].description
    assert len(description.source) > 20
    assert description.names
    for name in description.names:
        assert driver_map(name).driver == driver


def test_every_counter_has_a_meaning_of_the_vocabulary_or_a_reason_for_none():
    for known in all_maps().values():
        for counter in (*known.description.counters, *known.description.rtnl):
            assert counter.meaning in MEANINGS or (not counter.meaning and counter.note), counter


def test_no_name_is_mapped_twice_not_even_by_two_patterns():
    for known in all_maps().values():
        written = [name for counter in known.description.counters for name in counter.names]
        assert len(written) == len(set(written))
        for name in written:
            plain = re.sub(r"\{\w+\}", "7", name)
            if "*" not in name and known.driver != GENERIC:
                found = known.explain(plain)
                assert found is not None
                assert name in found.names, f"{known.driver}: {plain} is taken by {found.names}"


@pytest.mark.parametrize(
    ("driver", "field", "meaning"),
    [
        ("e1000", "rx_missed_errors", "nic.fifo.overrun"),
        ("e1000e", "rx_missed_errors", "nic.fifo.overrun"),
        ("igb", "rx_missed_errors", "nic.fifo.overrun"),
        ("igc", "rx_missed_errors", "nic.fifo.overrun"),
        ("ixgbe", "rx_missed_errors", "nic.fifo.overrun"),
        ("tg3", "rx_missed_errors", "nic.fifo.overrun"),
        ("r8169", "rx_missed_errors", "nic.fifo.overrun"),
        ("mlx5", "rx_missed_errors", "nic.ring.no_buffer"),
        ("i40e", "rx_missed_errors", None),
        ("ice", "rx_missed_errors", None),
        ("ena", "rx_missed_errors", None),
        ("virtio_net", "rx_missed_errors", None),
        ("generic", "rx_missed_errors", None),
        ("igb", "rx_fifo_errors", None),
        ("igc", "rx_fifo_errors", None),
        ("e1000e", "rx_dropped", None),
    ],
)
def test_a_field_of_the_link_statistics_means_what_its_driver_puts_there(driver, field, meaning):
    series = all_maps()[driver].rtnl_series(field, "eth0", "link")
    assert (series.meaning if series else None) == meaning
    if series:
        assert (series.raw, series.source, series.place) == (f"rtnl {field}", "link", "eth0")


def test_link_statistics_of_mlx5_are_those_of_the_read_before_and_wrap_at_32_bits():
    series = all_maps()["mlx5"].rtnl_series("rx_missed_errors", "eth0", "link")
    assert series.width_bits == 32
    assert "the read before" in series.doubt


def test_link_statistics_of_ixgbe_are_two_seconds_old_and_its_ethtool_counters_are_live():
    assert all_maps()["ixgbe"].rtnl_series("rx_missed_errors", "eth0", "link").refresh_ns == 2_000_000_000
    assert one("ixgbe", "rx_missed_errors").refresh_ns == 0


@pytest.mark.parametrize(
    ("driver", "raw", "meaning"),
    [
        ("e1000e", "rx_missed_errors", "nic.fifo.overrun"),
        ("e1000e", "rx_no_buffer_count", "nic.ring.waited"),
        ("igb", "rx_no_buffer_count", "nic.ring.waited"),
        ("igb", "rx_queue_3_drops", "nic.ring.no_buffer"),
        ("ixgbe", "rx_no_dma_resources", "nic.ring.no_buffer"),
        ("i40e", "port.rx_dropped", "nic.fifo.overrun"),
        ("i40e", "port.rx_discards", "nic.fifo.overrun"),
        ("i40e", "rx_missed_errors", "nic.ring.no_buffer"),
        ("ice", "rx_dropped.nic", "nic.fifo.overrun"),
        ("ice", "rx_dropped", "nic.ring.no_buffer"),
        ("iavf", "rx_discards", "nic.ring.no_buffer"),
        ("tg3", "rx_discards", "nic.fifo.overrun"),
        ("tg3", "rxbds_empty", "nic.ring.emptied"),
        ("mlx5", "rx_out_of_buffer", "nic.ring.no_buffer"),
        ("mlx5", "rx_discards_phy", "nic.fifo.overrun"),
        ("mlx5", "rx_buffer_passed_thres_phy", "nic.fifo.high_watermark"),
        ("mlx5", "outbound_pci_buffer_overflow", "nic.fifo.bus_overflow"),
        ("mlx5", "outbound_pci_stalled_wr_events", "nic.fifo.bus_stalled_seconds"),
        ("ena", "bw_in_allowance_exceeded", "network.path.allowance_exceeded"),
        ("ena", "rx_overruns", "nic.ring.no_buffer"),
        ("vmxnet3", "pkts rx OOB", "nic.ring.no_buffer"),
        ("virtio_net", "rx_queue_0_drops", "nic.ring.drops_mixed"),
        ("e1000", "tx_timeout_count", "nic.tx_ring.timeouts"),
    ],
)
def test_a_counter_means_what_its_driver_counts_there(driver, raw, meaning):
    assert one(driver, raw).meaning == meaning


@pytest.mark.parametrize(
    ("driver", "raw", "why"),
    [
        ("ixgbe", "rx_no_buffer_count", "proves nothing"),  # RNBC is read on the 82598 alone
        ("ixgbe", "rx_dropped", "0 always"),
        ("ixgbe", "rx_pkts_nic", "rx_missed_errors off"),  # arrivals less misses: not what arrived
        ("igb", "rx_fifo_errors", "MPC and RQDPC"),
        ("igc", "rx_fifo_errors", "MPC and RQDPC"),
    ],
)
def test_a_counter_that_cannot_move_or_counts_twice_has_no_meaning_and_says_why(driver, raw, why):
    assert one(driver, raw) is None
    assert why in all_maps()[driver].explain(raw).note


def test_what_a_driver_cannot_show_is_said():
    unseen = all_maps()["ixgbevf"].blind
    assert "physical function" in unseen[0].remedy
    kinds = {MEANINGS[c.meaning].kind for c in all_maps()["ixgbevf"].description.counters if c.meaning}
    assert Kind.LOST not in {
        MEANINGS[c.meaning].kind
        for c in all_maps()["ixgbevf"].description.counters
        if c.meaning and c.meaning != "nic.tx_ring.timeouts"
    }
    assert Kind.PASSED in kinds


@pytest.mark.parametrize(
    ("driver", "raw", "width"),
    [
        ("mlx5", "rx_out_of_buffer", 32),
        ("r8169", "rx_missed", 16),
        ("i40e", "port.rx_dropped", 32),
        ("e1000e", "rx_missed_errors", 64),
        ("mlx5", "outbound_pci_stalled_wr", 0),
        ("ena", "conntrack_allowance_available", 0),
    ],
)
def test_a_counter_wraps_at_its_own_width_and_a_level_never(driver, raw, width):
    assert one(driver, raw).width_bits == width


def test_what_is_inferred_is_doubted():
    assert "inferred" in one("i40e", "port.rx_dropped").doubt
    assert "inferred" in one("ice", "rx_dropped").doubt
    assert not one("igb", "rx_missed_errors").doubt


def test_parts_are_counted_only_where_there_is_no_total():
    assert one("mlx5", "rx3_packets").place == "eth0/rx-3"
    assert one("mlx5", "rx3_packets", "rx_packets") is None
    assert one("mlx5", "rx_prio0_discards").place == "eth0/priority-0"
    assert one("mlx5", "rx_prio0_discards", "rx_discards_phy") is None


def test_overruns_told_by_a_virtio_device_are_counted_once():
    assert one("virtio_net", "rx0_hw_drop_overruns").place == "eth0/rx-0"
    assert one("virtio_net", "rx0_hw_drop_overruns", "rx_hw_drop_overruns") is None


def test_i40e_counts_a_want_of_descriptors_once_in_old_and_new_kernels():
    old = all_maps()["i40e"].series_for(("rx_dropped", "port.rx_dropped"), "eth0")
    new = all_maps()["i40e"].series_for(("rx_dropped", "rx_missed_errors", "port.rx_discards"), "eth0")
    assert [s and s.meaning for s in old] == ["nic.ring.no_buffer", "nic.fifo.overrun"]
    assert [s and s.meaning for s in new] == [None, "nic.ring.no_buffer", "nic.fifo.overrun"]


def test_repeated_names_of_sections_are_the_queues_they_stand_under():
    names = ("Rx Queue#", "  pkts rx OOB", "Rx Queue#", "  pkts rx OOB", "Tx Queue#", "  ring full", "tx timeout count")
    series = all_maps()["vmxnet3"].series_for(names, "eth0")
    assert [s and (s.place, s.raw) for s in series] == [
        None, ("eth0/rx-0", "pkts rx OOB"), None, ("eth0/rx-1", "pkts rx OOB"), None, ("eth0/tx-0", "ring full"),
        ("eth0", "tx timeout count"),
    ]  # fmt: skip


def test_a_name_that_repeats_without_sections_stays_two_series():
    series = all_maps()["e1000e"].series_for(("rx_missed_errors", "rx_missed_errors"), "eth0")
    assert [s.raw for s in series] == ["rx_missed_errors", "rx_missed_errors #2"]


def test_the_same_question_is_answered_from_memory():
    known = all_maps()["igb"]
    assert known.series_for(("rx_packets",), "eth0") is known.series_for(("rx_packets",), "eth0")


def test_a_counter_of_an_unknown_driver_is_never_blamed_alone():
    assert driver_map("dnet") is all_maps()[GENERIC]
    kinds = {MEANINGS[c.meaning].kind for c in all_maps()[GENERIC].description.counters if c.meaning}
    assert kinds == {Kind.MIXED}
    for raw in ("rx_missed_errors", "[0]: rx_discards", "rx_dropped", "rx_drops_no_frags"):
        assert one(GENERIC, raw).meaning == "nic.ring.drops_mixed"
        assert "by name only" in one(GENERIC, raw).doubt
    assert one(GENERIC, "rx_packets") is None
    assert one(GENERIC, "rx_csum_none") is None


SIGNED = {
    "igb": (CAPTURES / "igb-two-samples" / "ethtool_-S_mgmt0.first", CAPTURES / "igb-many-queues" / "ethtool_-S_eth0"),
    "virtio_net": (CAPTURES / "virtio_net" / "ethtool_-S_ens3",),
}


@pytest.mark.parametrize(("driver", "path"), [(driver, path) for driver, paths in SIGNED.items() for path in paths])
def test_the_driver_of_a_whole_answer_is_guessed_and_none_of_its_drops_is_left_unmapped(driver, path):
    names = names_of(path.read_text())
    known = guess(names)
    assert known is not None
    assert known.driver == driver
    left = [name for name in names if known.explain(name) is None]
    assert [name for name in left if LOOKS_LIKE_A_DROP.search(name) and not LEFT_OUT.search(name)] == []


@pytest.mark.parametrize(
    ("names", "driver"),
    [
        (("rx_packets", "rx_missed_errors", "alloc_rx_buff_failed", "dropped_smbus"), "e1000"),
        (("rx_packets", "rx_missed_errors", "alloc_rx_buff_failed", "dropped_smbus", "rx_dma_failed"), "e1000e"),
        (("rx_no_buffer_count", "os2bmc_rx_by_bmc", "tx_lpi_counter"), "igc"),
        (("rx_no_buffer_count", "os2bmc_rx_by_bmc", "rx_no_dma_resources", "alloc_rx_page_failed"), "ixgbe"),
        (("alloc_rx_page_failed", "alloc_rx_buff_failed", "tx_restart_queue", "tx_busy"), "ixgbevf"),
        (("port.rx_unicast", "rx_dropped", "rx_unknown_protocol"), "i40e"),
        (("rx_discards", "rx_unknown_protocol", "tx_discards"), "iavf"),
        (("rx_dropped.nic", "rx_unicast.nic", "rx_dropped"), "ice"),
        (("rx_out_of_buffer", "rx_packets"), "mlx5"),
        (("peer_ifindex", "rx_queue_0_xdp_packets", "rx_queue_0_drops"), "veth"),
        (("tx_timeout", "wd_expired", "admin_q_pause"), "ena"),
        (("Rx Queue#", "  pkts rx OOB"), "vmxnet3"),
        (("rx_discards", "rxbds_empty"), "tg3"),
        (("unicast", "align_errors", "rx_missed", "tx_underrun"), "r8169"),
        (("rx_missed_errors",), None),
        (("port.rx_dropped", "rx_missed"), None),
        (("rx_out_of_buffer", "peer_ifindex"), None),  # of two drivers: it does not decide
        ((), None),
    ],
)
def test_a_driver_is_guessed_by_names_only_it_has(names, driver):
    found = guess(names)
    assert (found.driver if found else None) == driver


def test_a_guess_is_marked():
    series = all_maps()["i40e"].series_for(("port.rx_dropped",), "eth0", guessed=True)[0]
    assert series.doubt.endswith(GUESSED)
    assert GUESSED not in one("i40e", "port.rx_dropped").doubt


BROKEN = {
    "an unknown key": ('driver="x"\nnames=["x"]\nsource="s"\ncolour="red"\n', "colour"),
    "an unknown key of a counter": ('driver="x"\nnames=["x"]\nsource="s"\n[[counters]]\nnames=["a"]\nnote="n"\nbits=3\n', "bits"),
    "a missing source": ('driver="x"\nnames=["x"]\n', "source"),
    "a meaning that is none": ('driver="x"\nnames=["x"]\nsource="s"\n[[counters]]\nnames=["a"]\nmeaning="nic.lost"\n', "nic.lost"),
    "no meaning and no reason": ('driver="x"\nnames=["x"]\nsource="s"\n[[rtnl]]\nnames=["a"]\n', "$.rtnl[0]"),
    "a name given twice": ('driver="x"\nnames=["x"]\nsource="s"\n[[counters]]\nnames=["a", "a"]\nnote="n"\n', "'a' is there twice"),
    "no TOML": ("driver = = 1", "x.toml"),
    "no text": (b"\xff\xfe", "x.toml"),
}  # fmt: skip


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_map_names_its_file_and_what_is_wrong(case, tmp_path):
    text, told = BROKEN[case]
    path = tmp_path / "x.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(BadMap) as caught:
        load(path)
    assert str(path) in str(caught.value)
    assert told in str(caught.value)
