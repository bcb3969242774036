"""What is exported of each NIC, and how: a name with its unit for each meaning, twenty at most.

Names follow https://prometheus.io/docs/practices/naming/: the unit is in the name, counters end in `_total`.
"""

import msgspec

from brimful.chain.meaning import MEANINGS
from brimful.chain.place import CGROUP, whole


class NicSeries(msgspec.Struct, frozen=True):
    """One metric of each NIC. `name` without the `_total` that a counter gets."""

    meaning: str
    name: str
    is_counter: bool = True

    @property
    def text(self) -> str:
        """What it counts."""
        return MEANINGS[self.meaning].text


NIC = (
    NicSeries("nic.ring.passed", "brimful_nic_received_packets"),
    NicSeries("nic.ring.bytes", "brimful_nic_received_bytes"),
    NicSeries("nic.tx_ring.passed", "brimful_nic_sent_packets"),
    NicSeries("nic.fifo.overrun", "brimful_nic_fifo_overrun_packets"),
    NicSeries("nic.fifo.bus_overflow", "brimful_nic_bus_overflow_packets"),
    NicSeries("nic.fifo.pause_sent", "brimful_nic_pause_sent_frames"),
    NicSeries("nic.ring.no_buffer", "brimful_nic_no_buffer_packets"),
    NicSeries("nic.ring.waited", "brimful_nic_waited_packets"),
    NicSeries("nic.ring.emptied", "brimful_nic_ring_emptied_events"),
    NicSeries("nic.ring.size", "brimful_nic_ring_size_descriptors", is_counter=False),
    NicSeries("nic.ring.size_maximum", "brimful_nic_ring_size_maximum_descriptors", is_counter=False),
    NicSeries("driver.memory.dropped", "brimful_nic_no_memory_packets"),
    NicSeries("driver.memory.alloc_failed", "brimful_nic_allocation_failed_events"),
    NicSeries("network.path.corrupted", "brimful_nic_corrupted_packets"),
    NicSeries("network.path.allowance_exceeded", "brimful_nic_allowance_exceeded_packets"),
    NicSeries("protocol.input.rx_dropped", "brimful_nic_receive_dropped_mixed_packets"),
    NicSeries("qdisc.queue.dropped", "brimful_nic_qdisc_dropped_packets"),
    NicSeries("nic.tx_ring.pause_received", "brimful_nic_pause_received_frames"),
    NicSeries("nic.tx_ring.full", "brimful_nic_transmit_ring_full_events"),
    NicSeries("nic.tx_ring.errors", "brimful_nic_transmit_error_packets"),
)

BY_MEANING = {series.meaning: series for series in NIC}

OF_SOCKETS = ("socket.", "netlink.", "capture.")
"""How stages begin whose places are sockets: there may be any number."""
OF_INTERFACES = ("nic.", "driver.", "network.", "qdisc.", "softnet.")
"""How stages begin whose places are interfaces, queues or CPUs: each NIC has metrics of its own."""
NOT_PLACES = ("protocol.input",)


def bounded(stage: str, place: str) -> str:
    """Return a place of which there are only so many on a machine: of sockets their protocol, of interfaces nothing."""
    if place.startswith(CGROUP):
        return "cgroup"
    if stage.startswith(OF_SOCKETS):
        return whole(place).partition(" ")[0]
    if stage.startswith(OF_INTERFACES) or (stage in NOT_PLACES and place not in PROTOCOLS):
        return ""
    return whole(place)


PROTOCOLS = frozenset(("ip", "ip6", "tcp", "udp", "udp6", "udplite", "udplite6", "icmp", "icmp6", "sctp", "dccp"))
