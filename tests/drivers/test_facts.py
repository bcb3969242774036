"""The maps agree with a table of counters that was made from the drivers' sources apart from them."""

import csv
from pathlib import Path

import pytest

from brimful.drivers.maps import all_maps

TABLE = Path(__file__).parent / "facts" / "nic_counters.csv"
ROLES = {
    ("no_buffer", "near_miss"): {"nic.ring.waited"},
    ("no_buffer", "loss"): {"nic.ring.no_buffer"},
    ("no_buffer", "unknown"): {"nic.ring.emptied"},
    ("fifo_overrun", "loss"): {"nic.fifo.overrun"},
    ("alloc_failed", "unknown"): {"driver.memory.alloc_failed"},
    ("alloc_failed", "loss"): {"driver.memory.dropped"},
    ("bus", "loss"): {"nic.fifo.bus_overflow"},
    ("bus", "evidence"): {"nic.fifo.bus_stalled", "nic.fifo.bus_stalled_seconds", "nic.fifo.bus_errors"},
    ("pressure", "near_miss"): {
        "nic.fifo.pause_sent",
        "nic.fifo.high_watermark",
        "nic.tx_ring.full",
        "network.path.allowance_available",
        "qdisc.queue.marked",
    },
    ("policy", "loss"): {"network.path.allowance_exceeded"},
}
"""What a role of the table is called here; the second word tells whether it is a loss."""

DIFFERENT = {
    ("bnxt", "rx_total_buf_errors"): ("nic.ring.drops_mixed", "the frame is lost, and it is no want of memory"),
    ("bnxt", "[{n}]: missed_irqs"): ("", "late interrupts: no buffer"),
    ("ena", "queue_{n}_rx_refil_partial"): ("", "the refill that rx_page_alloc_fail stopped: the same event"),
    ("ena", "queue_{n}_rx_skb_alloc_fail"): ("driver.memory.dropped", "ena_netdev.c gives the packet's buffers back"),
    ("enic", "rx_drop"): ("nic.ring.drops_mixed", "no source tells what it is: never blamed"),
    ("gve", "rx_consumed_desc[{n}]"): ("", "buffers posted, not packets that wait: full while all is well"),
    ("gve", "rx_skb_alloc_fail"): ("driver.memory.dropped", "gve_rx.c drops the frame"),
    ("i40e", "rx_cache_busy"): ("", "reuse of pages"),
    ("i40e", "rx_cache_waive"): ("", "reuse of pages"),
    ("igb", "tx_dma_out_of_sync"): ("", "the source does not tell what it costs"),
    ("igc", "tx_dma_out_of_sync"): ("", "the source does not tell what it costs"),
    ("ixgbe", "rx_no_buffer_count"): ("", "0 on every chip but the 82598: it cannot move"),
    ("mlx4", "rx{n}_dropped"): ("nic.ring.drops_mixed", "no line of the driver counts it up"),
    ("mlx5", "rx_wqe_err"): ("", "the source does not tell the cause"),
    ("mlx5", "tx_pause_storm_warning_events"): ("", "pause that lasted: counted as pause_sent already"),
    ("mlx5", "tx_pause_storm_error_events"): ("", "pause that lasted: counted as pause_sent already"),
    ("mlxsw", "if_in_discards"): ("nic.ring.drops_mixed", "want of buffers, filters and VLAN rules together"),
    ("mlxsw", "tc_no_buffer_discard_uc_tc_{n}"): ("switch.queue.dropped", "a queue of a switch, not of a NIC"),
    ("mlxsw", "tc_transmit_queue_tc_{n}"): ("switch.queue.depth", "a level, not a near miss"),
    ("netvsc", "rx_comp_busy"): ("", "buffers given back later; no frame lost or held"),
    ("netvsc", "rx_no_memory"): ("driver.memory.dropped", "netvsc_drv.c drops the frame"),
    ("netvsc", "tx_no_memory"): ("nic.tx_ring.dropped", "on the way out"),
    ("netvsc", "tx_no_space"): ("nic.tx_ring.dropped", "netvsc_drv.c drops the packet"),
    ("netvsc", "tx_send_full"): ("", "the packet is handed over in another way"),
    ("qede", "{n}: rx_alloc_errors"): ("driver.memory.dropped", "qede_fp.c drops the frame"),
    ("sfc", "rx_frm_trunc"): ("nic.ring.drops_mixed", "the driver counts other faults in it too"),
    ("tg3", "dma_read_prioq_full"): ("", "points at the bus, loses nothing"),
    ("tg3", "dma_readq_full"): ("", "points at the bus, loses nothing"),
    ("tg3", "dma_write_prioq_full"): ("", "points at the bus, loses nothing"),
    ("tg3", "dma_writeq_full"): ("", "points at the bus, loses nothing"),
    ("tg3", "rx_threshold_hit"): ("", "a threshold the driver source does not explain"),
    ("virtio_net", "rx_queue_{n}_drops"): ("nic.ring.drops_mixed", "no memory, bad frames and XDP together"),
    ("virtio_net", "tx_queue_{n}_kicks"): ("", "notifications to the hypervisor"),
}
"""Where a map says something else on purpose, and why."""

with TABLE.open(encoding="utf-8", newline="") as file:
    ROWS = [(row["driver"], row["counter_pattern"], row) for row in csv.DictReader(file)]


def meaning_of(driver, name):
    (series,) = all_maps()[driver].series_for((name.replace("{n}", "0"),), "eth0")
    return series.meaning if series else ""


@pytest.mark.parametrize(("driver", "name", "row"), ROWS, ids=[f"{driver}-{name}" for driver, name, _ in ROWS])
def test_a_row_of_the_table(driver, name, row):
    found = meaning_of(driver, name)
    if (driver, name) in DIFFERENT:
        assert found == DIFFERENT[driver, name][0]
        return
    assert found in ROLES[row["role"], row["loss_or_near_miss"]]


@pytest.mark.parametrize(("driver", "name", "row"), [r for r in ROWS if r[2]["width_bits"]], ids=lambda v: str(v)[:40])
def test_a_width_of_the_table(driver, name, row):
    (series,) = all_maps()[driver].series_for((name.replace("{n}", "0"),), "eth0")
    assert series.width_bits == int(row["width_bits"])


def test_every_difference_is_one_and_is_of_a_row():
    rows = {(driver, name): row for driver, name, row in ROWS}
    for key, (meaning, why) in DIFFERENT.items():
        assert meaning not in ROLES.get((rows[key]["role"], rows[key]["loss_or_near_miss"]), ())
        assert why
