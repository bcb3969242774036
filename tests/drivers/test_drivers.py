"""What each driver's counters mean, written out: name, meaning, place on eth0 and where the counter wraps."""

import re
from pathlib import Path

import pytest

from brimful.drivers.maps import FOLDER, GENERIC, all_maps, guess
from brimful.sources import SOURCES

CAPTURES = Path(__file__).parents[1] / "captures" / "nic_counters"
PUBLIC = Path(__file__).parents[1] / "public"
COUNTERS = """
8139cp      | rx_fifo                                | nic.ring.drops_mixed         |             | 16
8139cp      | rx_ok                                  | nic.ring.passed              |             | 64
8139cp      | rx_frags                               | protocol.input.errors        |             | 64
8139too     | rx_lost_in_ring                        | nic.ring.drops_mixed         |             | 64
8139too     | tx_timeouts                            | nic.tx_ring.timeouts         |             | 64
atlantic    | InDroppedDma                           | nic.ring.drops_mixed         |             | 64
atlantic    | Queue[3] AllocFails                    | driver.memory.alloc_failed   | rx-3        | 64
atlantic    | TC1 Queue[5] SkbAllocFails             | driver.memory.alloc_failed   | rx-5        | 64
atlantic    | Queue[2] Restarts                      | nic.tx_ring.full             | tx-2        | 64
atlantic    | Queue[2] InPackets                     | nic.ring.passed              | rx-2        | 64
bcmgenet    | rxq16_errors                           | nic.ring.no_buffer           | rx-16       | 64
bcmgenet    | rxq0_dropped                           | driver.memory.dropped        | rx-0        | 64
bcmgenet    | rbuf_ovflow_cnt                        | nic.fifo.overrun             |             | 64
bcmgenet    | rx_pause                               | nic.tx_ring.pause_received   |             | 64
be2net      | rxq7: rx_drops_no_frags                | nic.ring.no_buffer           | rx-7        | 32
be2net      | rxq0: rx_drops_no_skbs                 | driver.memory.dropped        | rx-0        | 32
be2net      | rxq0: rx_post_fail                     | driver.memory.alloc_failed   | rx-0        | 32
be2net      | rx_drops_no_pbuf                       | nic.fifo.overrun             |             | 32
be2net      | rx_input_fifo_overflow_drop            | nic.fifo.overrun             |             | 32
be2net      | rxq1: rx_pkts                          | nic.ring.passed              | rx-1        | 64
be2net      | txq1: tx_stops                         | nic.tx_ring.full             | tx-1        | 32
be2net      | tx_pauseframes                         | nic.fifo.pause_sent          |             | 32
be2net      | rx_pause_frames                        | nic.tx_ring.pause_received   |             | 32
bnx2        | rx_discards                            | nic.fifo.overrun             |             | 32
bnx2        | rx_fw_discards                         | nic.ring.drops_mixed         |             | 32
bnx2        | rx_xoff_frames                         | nic.tx_ring.pause_received   |             | 32
bnx2x       | [11]: rx_discards                      | nic.ring.no_buffer           | rx-11       | 64
bnx2x       | rx_discards                            | nic.ring.no_buffer           |             | 64
bnx2x       | rx_brb_discard                         | nic.fifo.overrun             |             | 64
bnx2x       | rx_brb_truncate                        | nic.fifo.overrun             |             | 64
bnx2x       | [0]: rx_skb_alloc_discard              | driver.memory.dropped        | rx-0        | 32
bnx2x       | [0]: tx_exhaustion_events              | nic.tx_ring.full             | tx-0        | 32
bnx2x       | pfc_frames_sent                        | nic.fifo.pause_sent          |             | 64
bnx2x       | pfc_frames_received                    | nic.tx_ring.pause_received   |             | 64
bnxt        | [5]: rx_discards                       | nic.ring.no_buffer           | rx-5        | 64
bnxt        | rx_total_ring_discards                 | nic.ring.no_buffer           |             | 64
bnxt        | rx_stat_discard                        | nic.fifo.overrun             |             | 64
bnxt        | rx_discard_packets_cos3                | nic.fifo.overrun             | cos-3       | 64
bnxt        | rx_total_oom_discards                  | driver.memory.dropped        |             | 64
bnxt        | rx_buffer_passed_threshold             | nic.fifo.high_watermark      |             | 64
bnxt        | rx_pause_frames                        | nic.tx_ring.pause_received   |             | 64
bnxt        | [5]: tx_discards                       | nic.tx_ring.dropped          | tx-5        | 64
cxgb4       | rx_bg2_frames_dropped                  | nic.fifo.overrun             | group-2     | 64
cxgb4       | rx_bg0_frames_trunc                    | nic.fifo.overrun             | group-0     | 64
cxgb4       | rx_frames_ok                           | nic.ring.passed              |             | 64
cxgb4       | tx_ppp3_frames                         | nic.fifo.pause_sent          | priority-3  | 64
dpaa2       | [hw] rx nobuffer discards              | nic.ring.no_buffer           |             | 64
dpaa2       | [mac] rx frame discards                | nic.fifo.overrun             |             | 64
dpaa2       | [qbman] rx pending frames              | nic.ring.used                |             | 0
dpaa2       | [mac] tx b-pause                       | nic.fifo.pause_sent          |             | 64
e100        | rx_missed_errors                       | nic.ring.no_buffer           |             | 64
e100        | rx_fifo_errors                         | nic.fifo.overrun             |             | 64
e100        | rx_flow_control_pause                  | nic.tx_ring.pause_received   |             | 64
e1000       | rx_missed_errors                       | nic.fifo.overrun             |             | 64
e1000       | rx_flow_control_xoff                   | nic.tx_ring.pause_received   |             | 64
e1000e      | rx_flow_control_xoff                   | nic.tx_ring.pause_received   |             | 64
e1000e      | rx_no_buffer_count                     | nic.ring.waited              |             | 64
ena         | queue_4_rx_empty_rx_ring               | nic.ring.emptied             | rx-4        | 64
ena         | pps_allowance_exceeded                 | network.path.allowance_exceeded |          | 64
enic        | rx_no_bufs                             | nic.ring.no_buffer           |             | 64
enic        | rx_drop                                | nic.ring.drops_mixed         |             | 64
enic        | rq[2]_no_skb                           | driver.memory.alloc_failed   | rx-2        | 64
enic        | wq[1]_desc_full_awake                  | nic.tx_ring.full             | tx-1        | 64
fm10k       | nodesc_drop                            | nic.ring.no_buffer           |             | 64
fm10k       | rx_drops_nic                           | nic.ring.no_buffer           |             | 64
fm10k       | rx_alloc_failed                        | driver.memory.alloc_failed   |             | 64
gve         | rx_queue_drop_cnt[3]                   | nic.ring.no_buffer           | rx-3        | 64
gve         | rx_no_buffers_posted[0]                | nic.ring.emptied             | rx-0        | 64
gve         | rx_skb_alloc_fail                      | driver.memory.dropped        |             | 64
gve         | rx_buf_alloc_fail                      | driver.memory.alloc_failed   |             | 64
gve         | tx_stop[1]                             | nic.tx_ring.full             | tx-1        | 64
hns3        | rxq2_frag_alloc_err                    | driver.memory.alloc_failed   | rx-2        | 64
hns3        | txq0_busy                              | nic.tx_ring.full             | tx-0        | 64
hns3        | mac_rx_mac_pause_num                   | nic.tx_ring.pause_received   |             | 64
i40e        | port.link_xoff_rx                      | nic.tx_ring.pause_received   |             | 64
i40e        | port.rx_priority_3_xoff                | nic.tx_ring.pause_received   | priority-3  | 64
iavf        | rx_discards                            | nic.ring.no_buffer           |             | 64
ice         | link_xoff_rx.nic                       | nic.tx_ring.pause_received   |             | 64
ifb         | rx_queue_1_packets                     | nic.ring.passed              | rx-1        | 64
igb         | rx_queue_7_drops                       | nic.ring.no_buffer           | rx-7        | 64
igb         | rx_flow_control_xoff                   | nic.tx_ring.pause_received   |             | 64
igbvf       | rx_packets                             | nic.ring.passed              |             | 64
igbvf       | alloc_rx_buff_failed                   | driver.memory.alloc_failed   |             | 64
igc         | rx_flow_control_xoff                   | nic.tx_ring.pause_received   |             | 64
ixgbe       | rx_no_dma_resources                    | nic.ring.no_buffer           |             | 64
ixgbe       | rx_pb_3_pxoff                          | nic.tx_ring.pause_received   | buffer-3    | 64
ixgbevf     | alloc_rx_page_failed                   | driver.memory.alloc_failed   |             | 64
mana        | hc_rx_discards_no_wqe                  | nic.ring.no_buffer           |             | 64
mana        | rx_2_xdp_drop                          | protocol.input.filtered      | rx-2        | 64
mlx4        | rx_fifo_errors                         | nic.fifo.overrun             |             | 32
mlx4        | rx_dropped                             | nic.ring.drops_mixed         |             | 32
mlx4        | rx3_packets                            | nic.ring.passed              | rx-3        | 64
mlx4        | tx_pause_prio_4                        | nic.fifo.pause_sent          | priority-4  | 64
mlx4        | rx_pause                               | nic.tx_ring.pause_received   |             | 64
mlx5        | rx_global_pause                        | nic.tx_ring.pause_received   |             | 64
mlx5        | rx_pause_ctrl_phy                      | nic.tx_ring.pause_received   |             | 64
mlx5        | rx_prio4_pause                         | nic.tx_ring.pause_received   | priority-4  | 64
mlx5        | rx_out_of_buffer                       | nic.ring.no_buffer           |             | 32
mlx5_rep    | rx_packets                             | nic.ring.passed              |             | 64
mlxsw       | tc_transmit_queue_tc_7                 | switch.queue.depth           | tc 7        | 0
mlxsw       | tc_no_buffer_discard_uc_tc_7           | switch.queue.dropped         | tc 7        | 64
mlxsw       | ecn_marked                             | qdisc.queue.marked           |             | 64
mlxsw       | if_in_discards                         | nic.ring.drops_mixed         |             | 64
mlxsw       | tx_pause_prio_3                        | nic.fifo.pause_sent          | priority-3  | 64
mlxsw       | a_pause_mac_ctrl_frames_received       | nic.tx_ring.pause_received   |             | 64
mtk_eth_soc | rx_overflow                            | nic.fifo.overrun             |             | 64
mtk_eth_soc | rx_flow_control_packets                | nic.tx_ring.pause_received   |             | 64
mvneta      | rx_discard                             | nic.ring.no_buffer           |             | 64
mvneta      | rx_overrun                             | nic.fifo.overrun             |             | 64
mvneta      | skb_alloc_errors                       | driver.memory.dropped        |             | 64
mvpp2       | rxq_3_queue_full_drops                 | nic.ring.no_buffer           | rx-3        | 64
mvpp2       | rxq_3_packets_bm_drops                 | nic.ring.no_buffer           | rx-3        | 64
mvpp2       | rx_fifo_overrun                        | nic.fifo.overrun             |             | 64
mvpp2       | fc_received                            | nic.tx_ring.pause_received   |             | 64
netvsc      | rx_no_memory                           | driver.memory.dropped        |             | 64
netvsc      | tx_no_space                            | nic.tx_ring.dropped          |             | 64
netvsc      | stop_queue                             | nic.tx_ring.full             |             | 64
netvsc      | rx_queue_3_packets                     | nic.ring.passed              | rx-3        | 64
nfp         | dev_rx_discards                        | nic.ring.drops_mixed         |             | 64
nfp         | mac.rx_drop_events                     | nic.fifo.overrun             |             | 64
nfp         | rx_replace_buf_alloc_fail              | driver.memory.dropped        |             | 64
nfp         | rvec_4_tx_busy                         | nic.tx_ring.full             | tx-4        | 64
qede        | no_buff_discards                       | nic.ring.no_buffer           |             | 64
qede        | brb_discards                           | nic.fifo.overrun             |             | 64
qede        | brb_truncates                          | nic.fifo.overrun             |             | 64
qede        | 3: rx_alloc_errors                     | driver.memory.dropped        | rx-3        | 64
qede        | 2_0: stopped_cnt                       | nic.tx_ring.full             | tx-2        | 64
qede        | 3: xdp_no_pass                         | protocol.input.filtered      | rx-3        | 64
r8169       | rx_missed                              | nic.fifo.overrun             |             | 16
sfc         | port_rx_nodesc_drops                   | nic.ring.no_buffer           |             | 64
sfc         | rx_nodesc_drop_cnt                     | nic.ring.no_buffer           |             | 64
sfc         | rx_noskb_drops                         | driver.memory.dropped        |             | 64
sfc         | port_rx_overflow                       | nic.fifo.overrun             |             | 64
sfc         | port_rx_pm_discard_bb_overflow         | nic.fifo.overrun             |             | 64
sfc         | rx-2.rx_packets                        | nic.ring.passed              | rx-2        | 64
sfc         | port_rx_pause                          | nic.tx_ring.pause_received   |             | 64
stmmac      | mmc_rx_fifo_overflow                   | nic.fifo.overrun             |             | 32
stmmac      | rx_missed_cntr                         | nic.ring.no_buffer           |             | 64
stmmac      | rx_buf_unav_irq                        | nic.ring.emptied             |             | 64
stmmac      | q1_rx_pkt_n                            | nic.ring.passed              | rx-1        | 64
tg3         | rx_xoff_pause_rcvd                     | nic.tx_ring.pause_received   |             | 64
tg3         | rxbds_empty                            | nic.ring.emptied             |             | 64
veth        | rx_queue_0_drops                       | nic.ring.drops_mixed         | rx-0        | 64
virtio_net  | rx_queue_0_drops                       | nic.ring.drops_mixed         | rx-0        | 64
virtio_net  | rx3_drops                              | nic.ring.drops_mixed         | rx-3        | 64
virtio_net  | rx3_xdp_drops                          | protocol.input.filtered      | rx-3        | 64
virtio_net  | tx3_tx_timeouts                        | nic.tx_ring.timeouts         | tx-3        | 64
virtio_net  | rx3_packets                            | nic.ring.passed              | rx-3        | 64
vmxnet3     | pkts rx OOB                            | nic.ring.no_buffer           |             | 64
"""
ROWS = [tuple(word.strip() for word in line.split("|")) for line in COUNTERS.strip().splitlines()]
WITHOUT_COUNTERS = {"bonding", "bridge", "tun", "xennet", GENERIC}
"""Drivers that count nothing which speaks of a buffer: their maps tell what the link statistics mean."""


@pytest.mark.parametrize(("driver", "raw", "meaning", "place", "width"), ROWS, ids=[f"{r[0]}-{r[1]}" for r in ROWS])
def test_a_counter_of_a_driver(driver, raw, meaning, place, width):
    (series,) = all_maps()[driver].series_for((raw,), "eth0")
    where = f"eth0/{place}" if place else "eth0"
    assert (series.meaning, series.place, series.raw, series.width_bits) == (meaning, where, raw, int(width))


def test_every_driver_is_in_the_table():
    assert {row[0] for row in ROWS} == {path.stem for path in FOLDER.glob("*.toml")} - WITHOUT_COUNTERS


LINKS = """
8139cp      | rx_missed_errors |
8139too     | rx_missed_errors | nic.fifo.overrun
bcmgenet    | rx_missed_errors |
be2net      | rx_fifo_errors   | nic.fifo.overrun
bnx2        | rx_missed_errors |
bnx2        | rx_over_errors   | nic.fifo.overrun
bnx2x       | rx_missed_errors |
bnx2x       | rx_fifo_errors   | nic.ring.no_buffer
bnx2x       | rx_over_errors   | nic.fifo.overrun
bnxt        | rx_missed_errors | nic.ring.no_buffer
bonding     | rx_missed_errors |
cxgb4       | rx_missed_errors |
cxgb4       | rx_over_errors   |
e100        | rx_missed_errors | nic.ring.no_buffer
e100        | rx_fifo_errors   | nic.fifo.overrun
enic        | rx_over_errors   |
fm10k       | rx_missed_errors |
gve         | rx_missed_errors |
mana        | rx_missed_errors | nic.ring.no_buffer
mlx4        | rx_fifo_errors   | nic.fifo.overrun
mlx4        | rx_missed_errors |
mlxsw       | rx_missed_errors |
mtk_eth_soc | rx_over_errors   | nic.fifo.overrun
netvsc      | rx_missed_errors |
qede        | rx_fifo_errors   | nic.ring.no_buffer
qede        | rx_missed_errors |
sfc         | rx_fifo_errors   | nic.fifo.overrun
stmmac      | rx_missed_errors | nic.ring.no_buffer
stmmac      | rx_over_errors   | nic.fifo.overrun
tun         | rx_missed_errors |
xennet      | rx_fifo_errors   |
"""
LINK_ROWS = [tuple(word.strip() for word in line.split("|")) for line in LINKS.strip().splitlines()]


@pytest.mark.parametrize(("driver", "field", "meaning"), LINK_ROWS, ids=[f"{r[0]}-{r[1]}" for r in LINK_ROWS])
def test_a_field_of_the_link_statistics_of_a_driver(driver, field, meaning):
    series = all_maps()[driver].rtnl_series(field, "eth0", "link")
    assert (series.meaning if series else "") == meaning


def test_the_maps_speak_of_fields_that_the_link_source_reads_and_in_its_words():
    fields = [counter for known in all_maps().values() for counter in known.description.rtnl]
    assert {name for counter in fields for name in counter.names} <= {
        "rx_missed_errors",
        "rx_fifo_errors",
        "rx_over_errors",
    }
    assert {counter.meaning for counter in fields} - {""} <= set(SOURCES["link"].meanings)


@pytest.mark.parametrize(
    ("driver", "seconds", "link_seconds"),
    [
        ("igb", 0, 0), ("ixgbe", 0, 2), ("iavf", 2, 2), ("e1000", 0, 2), ("i40e", 0, 1), ("ice", 0, 1),
        ("bnx2x", 1, 1), ("bnxt", 1, 1), ("qede", 1, 1), ("mlx4", 0.25, 0.25), ("mlxsw", 0, 1), ("be2net", 1, 1),
        ("e100", 2, 2), ("gve", 0, 0), ("netvsc", 0, 0), ("sfc", 0, 0), ("cxgb4", 0, 0), ("enic", 0, 0),
    ],
)  # fmt: skip
def test_how_old_a_value_of_a_driver_may_be(driver, seconds, link_seconds):
    description = all_maps()[driver].description
    assert (description.refresh_seconds, description.rtnl_refresh_seconds) == (seconds, link_seconds)


def test_what_the_device_of_gve_tells_is_older_than_what_its_driver_counts():
    told, counted = all_maps()["gve"].series_for(("rx_queue_drop_cnt[0]", "rx_packets"), "eth0")
    assert (told.refresh_ns, counted.refresh_ns) == (20_000_000_000, 0)


@pytest.mark.parametrize(
    ("driver", "unseen"),
    [
        ("igbvf", "any frame a virtual function"),
        ("gve", "while report-stats is off"),
        ("netvsc", "the host drops"),
        ("xennet", "any frame"),
        ("virtio_net", "the hypervisor drops"),
        ("hns3", "packet buffer or for want of a descriptor"),
        ("mlx5_rep", "any frame"),
    ],
)
def test_what_a_driver_cannot_show(driver, unseen):
    assert any(unseen in blind.what for blind in all_maps()[driver].blind)


@pytest.mark.parametrize(
    ("driver", "parts", "total"),
    [
        ("bnx2x", ("[0]: rx_discards", "[1]: rx_discards"), "rx_discards"),
        ("bnxt", ("[0]: rx_discards", "[1]: rx_discards"), "rx_total_ring_discards"),
        ("fm10k", ("nodesc_drop",), "rx_dropped"),
        ("fm10k", ("nodesc_drop",), "rx_drops_nic"),
    ],
)
def test_a_total_is_left_out_beside_its_parts(driver, parts, total):
    series = all_maps()[driver].series_for((*parts, total), "eth0")
    assert [found is None for found in series] == [False] * len(parts) + [True]


@pytest.mark.parametrize(
    ("driver", "raw", "why"),
    [
        (
            "gve",
            "rx_consumed_desc[0]",
            "full while all is well",
        ),  # posted buffers: read as packets it would always be full
        ("netvsc", "rx_comp_busy", "tried again later"),
        ("sfc", "port_rx_dp_di_dropped_packets", "does not tell why"),
        ("8139cp", "frame_align", "the link"),
        ("bcmgenet", "rx_errors", "sum of rxqN_errors"),
        ("gve", "rx_dropped", "added up"),
        ("virtio_net", "rx_drops", "sum over the queues"),
    ],
)
def test_a_counter_that_is_no_evidence_says_why(driver, raw, why):
    assert all_maps()[driver].series_for((raw,), "eth0") == (None,)
    assert why in all_maps()[driver].explain(raw).note


@pytest.mark.parametrize(
    ("driver", "raw"),
    [
        ("bnxt", "rx_stat_discard"), ("bnx2", "rx_discards"), ("mvneta", "rx_discard"), ("e100", "rx_missed_errors"),
        ("sfc", "port_rx_overflow"), ("bcmgenet", "rxq0_errors"), ("mtk_eth_soc", "rx_overflow"),
        ("dpaa2", "[mac] rx frame discards"), ("nfp", "mac.rx_drop_events"), ("gve", "rx_queue_drop_cnt[0]"),
        ("be2net", "rx_drops_no_pbuf"), ("stmmac", "rx_missed_cntr"), ("enic", "rx_drop"), ("mlx4", "rx0_dropped"),
    ],
)  # fmt: skip
def test_a_meaning_that_no_source_states_is_doubted(driver, raw):
    assert all_maps()[driver].series_for((raw,), "eth0")[0].doubt


def test_names_padded_with_blanks_are_found():
    (series,) = all_maps()["cxgb4"].series_for(("rx_bg1_frames_dropped  ",), "eth0")
    assert (series.raw, series.place) == ("rx_bg1_frames_dropped", "eth0/group-1")


def test_a_driver_is_known_by_every_name_it_gives_itself():
    names = {name: known.driver for known in all_maps().values() for name in known.description.names}
    assert {names[name] for name in ("st_gmac", "st_xgmac", "st_mac100")} == {"stmmac"}
    assert names["hv_netvsc"] == "netvsc"
    assert names["mlx5e_rep"] == "mlx5_rep"
    assert names["mlxsw_spectrum3"] == "mlxsw"
    assert names["fsl_dpaa2_eth"] == "dpaa2"


# names that xsos takes for drops (ryran/xsos), less those it leaves out
LOOKS_LIKE_A_DROP = re.compile(r"drop|disc|err(?!ed|un)|fifo|buf|fail|miss|OOB|fcs|full|frags|hdr|tso|pause|lost|csum")
LEFT_OUT = re.compile(r"cache_full|csum_complete|none|unnecessary|fdir_|steer_missed|tso_packets|veb\.")
WHOLE = {
    "ethq-mpl/ethtool_-S_be2net": "be2net",
    "ethq-mpl/ethtool_-S_bnx2": "bnx2",
    "ethq-mpl/ethtool_-S_bnx2x": "bnx2x",
    "ethq-mpl/ethtool_-S_bnxt_en": "bnxt",
    "ethq-mpl/ethtool_-S_e1000e": "e1000e",
    "ethq-mpl/ethtool_-S_ena": "ena",
    "ethq-mpl/ethtool_-S_fsl_dpaa2_eth": "dpaa2",
    "ethq-mpl/ethtool_-S_i40e": "i40e",
    "ethq-mpl/ethtool_-S_i40e-v2.3.2k": "i40e",
    "ethq-mpl/ethtool_-S_iavf": "iavf",
    "ethq-mpl/ethtool_-S_ice": "ice",
    "ethq-mpl/ethtool_-S_mlx5_core": "mlx5",
    "ethq-mpl/ethtool_-S_r8169": "r8169",
    "ethq-mpl/ethtool_-S_sfc": "sfc",
    "ethq-mpl/ethtool_-S_tg3": "tg3",
    "ethq-mpl/ethtool_-S_vmxnet3": "vmxnet3",
    "igb-many-queues/ethtool_-S_eth0": "igb",
    "igb-start/ethtool_-S_igb_start": "igb",
    "igb-two-samples/ethtool_-S_mgmt0.first": "igb",
    "mtk-page-pool/ethtool_-S_mtk_with_page_pool": "mtk_eth_soc",
    "sfc-telegraf/ethtool_-S_sfc_eth1": "sfc",
    "be2net-lines/ethtool_-S_eth0": "be2net",
    "virtio_net/ethtool_-S_ens3": "virtio_net",
    "virtio_net-6.18/ethtool_-S_eth0": "virtio_net",
}


def names_of(path):
    return tuple(re.findall(r"^(\s*\S.*?)\s*: [0-9]+\s*$", path.read_text(), re.MULTILINE))


@pytest.mark.parametrize("path", WHOLE)
def test_the_driver_of_a_published_answer_is_guessed(path):
    found = guess(names_of(CAPTURES / path))
    assert found is not None
    assert found.driver == WHOLE[path]


@pytest.mark.parametrize(
    ("driver", "names"),
    [
        ("8139cp", "tx_ok rx_ok tx_err rx_err rx_fifo frame_align rx_ok_phys tx_abort rx_frags"),
        ("8139too", "early_rx tx_buf_mapped tx_timeouts rx_lost_in_ring"),
        ("atlantic", "InPackets InErrors InPacketsDma InDroppedDma"),
        ("bcmgenet", "rx_packets rx_dropped rbuf_ovflow_cnt alloc_rx_buff_failed rx_dma_failed tx_dma_failed"),
        ("cxgb4", "tx_frames_ok rx_frames_ok rx_bg0_frames_dropped db_drop write_coal_success"),
        ("e100", "rx_packets rx_missed_errors tx_flow_control_pause rx_flow_control_unsupported rx_tco_packets"),
        ("enic", "tx_drops rx_frames_ok rx_frames_total rx_drop rx_no_bufs"),
        ("fm10k", "rx_dropped rx_alloc_failed rx_drops_nic rx_overrun_pf rx_overrun_vf"),
        ("gve", "rx_dropped page_alloc_fail stats_report_trigger_cnt rx_posted_desc[0] adminq_prod_cnt"),
        ("hns3", "txq0_dropped rxq0_dropped rxq0_l3l4_csum_err mac_rx_mac_pause_num"),
        ("igbvf", "rx_packets lbrx_bytes lbrx_packets tx_restart_queue alloc_rx_buff_failed"),
        ("mana", "stop_queue hc_tx_ucast_pkts rx_coalesced_err rx_0_packets"),
        ("mlx4", "rx_dropped queue_stopped rx_alloc_pages pf_rx_packets rx_packets_phy rx0_dropped"),
        ("mlx5_rep", "rx_packets vport_rx_packets vport_tx_packets rx_vport_rdma_unicast_packets"),
        ("mlxsw", "a_frames_received_ok if_in_discards ecn_marked tc_transmit_queue_tc_0"),
        ("mvneta", "good_frames_received bad_crc_event rx_discard rx_overrun refill_errors"),
        ("mvpp2", "rx_fifo_overrun bad_crc_event rx_fifo_or_parser_overrun_drops rxq_0_queue_full_drops"),
        ("netvsc", "tx_no_memory tx_send_full rx_comp_busy rx_no_memory rx_queue_0_packets vf_rx_packets"),
        ("nfp", "rvec_0_rx_pkts rx_replace_buf_alloc_fail dev_rx_discards dev_rx_errors"),
        ("qede", "no_buff_discards brb_truncates brb_discards rx_pause_frames"),
        ("stmmac", "rx_missed_cntr rx_overflow_cntr rx_buf_unav_irq threshold"),
        ("xennet", "rx_gso_checksum_fixup"),
    ],
)
def test_a_driver_is_guessed_by_names_that_no_other_has(driver, names):
    found = guess(tuple(names.split()))
    assert found is not None
    assert found.driver == driver


KNOWN = [(CAPTURES / path, driver) for path, driver in WHOLE.items()] + [
    (CAPTURES / "ethq-mpl/ethtool_-S_virtio_net", "virtio_net"),
    *((path, found.driver) for path in sorted(PUBLIC.rglob("ethtool_-S_*")) if (found := guess(names_of(path)))),
]


@pytest.mark.parametrize(("path", "driver"), KNOWN, ids=[str(path.relative_to(path.parents[2])) for path, _ in KNOWN])
def test_no_counter_of_a_published_answer_that_looks_like_a_drop_is_left_unexplained(path, driver):
    names = names_of(path)
    known = all_maps()[driver]
    left = [name for name in names if known.explain(name) is None]
    assert [name for name in left if LOOKS_LIKE_A_DROP.search(name) and not LEFT_OUT.search(name)] == []
    assert known.unmapped(names) == ()
