"""Network interfaces and their drivers."""

from brimful.chain.word import Kind, Meaning

ALL = (
    Meaning("nic.fifo.arrived", Kind.PASSED, "packets", "good frames seen by the port, before any loss in the host"),
    Meaning("nic.fifo.overrun", Kind.LOST, "packets", "frames dropped because the NIC's packet buffer was full"),
    Meaning("nic.fifo.bus_overflow", Kind.LOST, "packets", "frames dropped because the PCIe buffer was full"),
    Meaning(
        "nic.fifo.bus_stalled", Kind.LEVEL, "%", "share of the last second in which the NIC waited for PCIe credits"
    ),
    Meaning(
        "nic.fifo.bus_stalled_seconds",
        Kind.NEAR_MISS,
        "s",
        "seconds in which the NIC waited for PCIe for more than 30 %",
    ),
    Meaning("nic.fifo.bus_errors", Kind.NEAR_MISS, "events", "signal integrity errors on the PCIe link"),
    Meaning("nic.fifo.high_watermark", Kind.NEAR_MISS, "events", "the port buffer was over its own warning mark"),
    Meaning("nic.fifo.pause_sent", Kind.NEAR_MISS, "frames", "pause frames sent: overload pushed back to the sender"),
    Meaning("nic.ring.passed", Kind.PASSED, "packets", "frames handed to the kernel"),
    Meaning(
        "nic.ring.no_buffer", Kind.LOST, "packets", "frames dropped for want of a receive descriptor with a buffer"
    ),
    Meaning(
        "nic.ring.waited", Kind.NEAR_MISS, "packets", "frames that found no descriptor and waited in the NIC's buffer"
    ),
    Meaning("nic.ring.emptied", Kind.NEAR_MISS, "events", "times the receive ring ran empty"),
    Meaning("nic.ring.used", Kind.LEVEL, "descriptors", "descriptors in use", "nic.ring.size"),
    Meaning("nic.ring.size", Kind.LIMIT, "descriptors", "receive descriptors configured"),
    Meaning("nic.ring.size_maximum", Kind.LIMIT, "descriptors", "receive descriptors the driver allows"),
    Meaning("nic.ring.drops_mixed", Kind.MIXED, "packets", "no-buffer drops together with others"),
    Meaning("nic.ring.bytes", Kind.PASSED, "bytes", "bytes handed to the kernel, without the frame check sequence"),
    Meaning("nic.ring.polls", Kind.PASSED, "events", "times the ring was polled (NAPI)"),
    Meaning("nic.ring.polled", Kind.PASSED, "packets", "packets that polls took out of rings"),
    Meaning(
        "nic.ring.polls_exhausted",
        Kind.NEAR_MISS,
        "events",
        "polls that used up their budget: the ring was not emptied",
    ),
    Meaning("nic.ring.interrupts", Kind.PASSED, "events", "interrupts of the interface"),
    Meaning("nic.tx_ring.used", Kind.LEVEL, "bytes", "bytes handed to the NIC and not yet sent (BQL)"),
    Meaning("nic.tx_ring.limit", Kind.LIMIT, "bytes", "most bytes that byte queue limits allow in flight"),
    Meaning(
        "nic.tx_ring.pause_received",
        Kind.NEAR_MISS,
        "frames",
        "pause frames received: the switch or peer asked us to stop sending",
    ),
    Meaning("nic.tx_ring.size", Kind.LIMIT, "descriptors", "transmit descriptors configured"),
    Meaning("nic.tx_ring.full", Kind.NEAR_MISS, "events", "times the transmit ring was full"),
    Meaning("nic.tx_ring.passed", Kind.PASSED, "packets", "frames sent"),
    Meaning("nic.tx_ring.dropped", Kind.MIXED, "packets", "frames dropped on the way out, by driver or stack"),
    Meaning("nic.tx_ring.errors", Kind.LOST, "packets", "frames the NIC could not send"),
    Meaning("nic.tx_ring.timeouts", Kind.LOST, "events", "times the transmit queue hung and was reset"),
    Meaning(
        "driver.memory.alloc_failed", Kind.NEAR_MISS, "events", "the driver got no memory for a buffer: refill delayed"
    ),
    Meaning("driver.memory.dropped", Kind.LOST, "packets", "frames dropped because the driver got no memory"),
    Meaning("driver.memory.recycle_failed", Kind.NEAR_MISS, "events", "pages that could not be recycled"),
    Meaning("driver.memory.pages", Kind.LEVEL, "pages", "pages that a page pool has handed out and not got back"),
    Meaning("driver.memory.bytes", Kind.LEVEL, "bytes", "memory that a page pool has handed out and not got back"),
    Meaning(
        "driver.memory.orphaned",
        Kind.LEVEL,
        "pages",
        "pages of page pools that their driver has let go of: somebody still holds them",
    ),
    Meaning("driver.memory.slab", Kind.LEVEL, "bytes", "kernel memory of one slab cache"),
)
