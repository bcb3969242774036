"""The closed vocabulary of what a number, an event or a fact can mean, whatever its raw name was.

A meaning is `stage.event`. Counter names are from the kernel and the drivers; these are ours, so that a rule is
written once. The raw name travels with the series and its origin.
"""

from enum import StrEnum

import msgspec

from brimful.chain.stage import STAGES, Stage


class Kind(StrEnum):
    """What sort of number it is, hence what may be done with it."""

    PASSED = "passed"
    LOST = "lost"
    NEAR_MISS = "near_miss"
    MIXED = "mixed"
    LEVEL = "level"
    LIMIT = "limit"
    WINDOW = "window"
    TIME = "time"
    TRACED = "traced"


KIND_TEXT = {
    Kind.PASSED: "counter: packets that went through",
    Kind.LOST: "counter: packets that are gone",
    Kind.NEAR_MISS: "counter: a near miss, nothing lost yet",
    Kind.MIXED: "counter of several things at once: never blamed on its own",
    Kind.LEVEL: "a level now",
    Kind.LIMIT: "a limit",
    Kind.WINDOW: "a count over a window that the device keeps itself",
    Kind.TIME: "counter: a time",
    Kind.TRACED: "counter: packets the kernel was seen to drop, another view of losses counted elsewhere",
}


class Meaning(msgspec.Struct, frozen=True):
    """One word of the vocabulary. `limit` names, for a level, the limit at which it overflows."""

    name: str
    kind: Kind
    unit: str
    text: str
    limit: str = ""

    @property
    def stage(self) -> Stage:
        """The buffer it speaks of."""
        return STAGES[self.name.rpartition(".")[0]]


_ALL = (
    # network and fabric
    Meaning("network.path.corrupted", Kind.LOST, "packets", "frames that arrived damaged: cable, optics or peer"),
    Meaning(
        "network.path.allowance_exceeded", Kind.LOST, "packets", "dropped by the cloud above the instance's allowance"
    ),
    Meaning("network.path.allowance_available", Kind.LEVEL, "flows", "what is left of the cloud's allowance"),
    Meaning("switch.queue.depth", Kind.LEVEL, "bytes", "bytes waiting in an egress queue of a switch port"),
    Meaning(
        "switch.queue.dropped", Kind.LOST, "packets", "packets a switch dropped because an egress queue had no buffer"
    ),
    Meaning("fabric.link.passed", Kind.PASSED, "packets", "packets on the card-to-card or service port of a card"),
    Meaning("fabric.link.rate", Kind.LEVEL, "packets/s", "the chassis's own rate of a port"),
    Meaning("fabric.link.control_sent", Kind.WINDOW, "probes", "control-plane heartbeats sent from card to card"),
    Meaning("fabric.link.control_received", Kind.WINDOW, "probes", "control-plane heartbeats that came back"),
    Meaning("fabric.link.data_missed", Kind.WINDOW, "probes", "data-plane probes that did not arrive"),
    Meaning("fabric.link.data_hit", Kind.WINDOW, "probes", "data-plane probes that arrived"),
    Meaning("fabric.link.heartbeat_loss", Kind.WINDOW, "1/100 %", "heartbeat loss as the chassis prints it"),
    # NIC
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
    # the machine
    Meaning("host.memory.total", Kind.LIMIT, "bytes", "memory of the machine"),
    Meaning("host.memory.available", Kind.LEVEL, "bytes", "memory that can be had without swapping (MemAvailable)"),
    Meaning("host.memory.free", Kind.LEVEL, "bytes", "memory that is free (MemFree)"),
    Meaning(
        "host.memory.slab_unreclaimable", Kind.LEVEL, "bytes", "kernel memory that cannot be reclaimed (SUnreclaim)"
    ),
    Meaning(
        "host.memory.unaccounted",
        Kind.LEVEL,
        "bytes",
        "memory that no line of /proc/meminfo names: drivers' pages, leaks",
    ),
    Meaning("host.memory.cpu_lists", Kind.LEVEL, "bytes", "free pages on per-CPU lists, which MemFree leaves out"),
    Meaning("host.memory.stalled", Kind.TIME, "us", "time in which some task waited for memory (PSI)"),
    Meaning("host.memory.alloc_stalled", Kind.NEAR_MISS, "events", "allocations that had to wait for reclaim"),
    Meaning(
        "host.memory.compact_failed",
        Kind.NEAR_MISS,
        "events",
        "times no larger block of memory could be made: memory is in pieces",
    ),
    Meaning("host.memory.killed", Kind.NEAR_MISS, "events", "processes killed for want of memory"),
    Meaning("host.memory.refused", Kind.LOST, "packets", "packets dropped because the machine had no memory"),
    # softirq and protocols
    Meaning("softnet.backlog.passed", Kind.PASSED, "packets", "packets a CPU's softirq processed"),
    Meaning("softnet.backlog.dropped", Kind.LOST, "packets", "packets dropped because a CPU's backlog was full"),
    Meaning(
        "softnet.backlog.squeezed", Kind.NEAR_MISS, "events", "softirq stopped with work left: budget or time ran out"
    ),
    Meaning(
        "softnet.backlog.flow_limited",
        Kind.NEAR_MISS,
        "packets",
        "packets of one dominant flow refused (part of dropped)",
    ),
    Meaning("softnet.backlog.received_rps", Kind.PASSED, "events", "times another CPU was woken to take packets (RPS)"),
    Meaning("softnet.backlog.length", Kind.LEVEL, "packets", "packets in the backlog now", "softnet.backlog.limit"),
    Meaning("softnet.backlog.limit", Kind.LIMIT, "packets", "net.core.netdev_max_backlog"),
    Meaning("softnet.backlog.softirq_time", Kind.TIME, "ticks", "time a CPU spent in softirq (1/100 s)"),
    Meaning("softnet.backlog.idle_time", Kind.TIME, "ticks", "time a CPU was idle or waited for disks (1/100 s)"),
    Meaning("softnet.backlog.stolen_time", Kind.TIME, "ticks", "time the hypervisor gave to others (1/100 s)"),
    Meaning("softnet.backlog.total_time", Kind.TIME, "ticks", "all time of a CPU (1/100 s)"),
    Meaning("softnet.backlog.ksoftirqd_time", Kind.TIME, "ticks", "time ksoftirqd ran on a CPU (1/100 s)"),
    Meaning("softnet.backlog.receive_softirqs", Kind.PASSED, "events", "receive softirqs (NET_RX) a CPU has run"),
    Meaning("softnet.backlog.traced", Kind.TRACED, "packets", "packets seen to be dropped at a CPU's backlog"),
    Meaning(
        "protocol.input.rx_dropped",
        Kind.MIXED,
        "packets",
        "rx_dropped of a link: driver, backlog and unwanted protocols together",
    ),
    Meaning("protocol.input.errors", Kind.MIXED, "packets", "all input errors of a protocol or link together"),
    Meaning("protocol.input.checksum", Kind.LOST, "packets", "packets with a bad checksum"),
    Meaning("protocol.input.no_listener", Kind.LOST, "packets", "datagrams for a port nobody listens on"),
    Meaning(
        "protocol.input.no_handler",
        Kind.LOST,
        "packets",
        "packets that no protocol wanted, or on an inactive link of a bond",
    ),
    Meaning(
        "protocol.input.discarded", Kind.LOST, "packets", "valid packets discarded by IP, usually for want of memory"
    ),
    Meaning("protocol.input.filtered", Kind.LOST, "packets", "packets a filter or program refused"),
    Meaning("protocol.input.passed", Kind.PASSED, "packets", "packets IP received"),
    Meaning("protocol.input.delivered", Kind.PASSED, "packets", "packets IP handed to protocols"),
    Meaning("protocol.input.forwarded", Kind.PASSED, "packets", "packets IP forwarded"),
    Meaning("protocol.input.header_errors", Kind.LOST, "packets", "packets with a header that IP refuses"),
    Meaning(
        "protocol.input.no_route", Kind.LOST, "packets", "packets without a route, or for an address that is not ours"
    ),
    Meaning("protocol.input.truncated", Kind.LOST, "packets", "packets shorter than they say"),
    Meaning("protocol.input.reverse_path", Kind.LOST, "packets", "packets whose source has no way back (rp_filter)"),
    Meaning("protocol.input.unknown", Kind.LOST, "packets", "packets of a protocol that nothing here speaks"),
    Meaning(
        "protocol.input.traced",
        Kind.TRACED,
        "packets",
        "packets seen to be refused: filters, policy, nobody who wants them",
    ),
    Meaning(
        "protocol.input.unnamed",
        Kind.TRACED,
        "packets",
        "packets seen to be dropped for a reason the kernel does not name",
    ),
    Meaning(
        "kernel.table.conntrack_used", Kind.LEVEL, "entries", "connections tracked", "kernel.table.conntrack_limit"
    ),
    Meaning("kernel.table.conntrack_limit", Kind.LIMIT, "entries", "net.netfilter.nf_conntrack_max"),
    Meaning(
        "kernel.table.conntrack_dropped", Kind.LOST, "packets", "packets dropped because no connection could be tracked"
    ),
    Meaning("kernel.table.conntrack_evicted", Kind.NEAR_MISS, "entries", "connections forgotten early to make room"),
    Meaning(
        "kernel.table.conntrack_failed",
        Kind.MIXED,
        "packets",
        "connections that could not be entered: clashes, or no room",
    ),
    Meaning(
        "kernel.table.neighbour_used",
        Kind.LEVEL,
        "entries",
        "neighbours known (ARP, ND)",
        "kernel.table.neighbour_limit",
    ),
    Meaning("kernel.table.neighbour_limit", Kind.LIMIT, "entries", "gc_thresh3 of the neighbour table"),
    Meaning(
        "kernel.table.neighbour_overflowed",
        Kind.LOST,
        "packets",
        "packets dropped because the neighbour table was full",
    ),
    Meaning(
        "kernel.table.neighbour_dropped",
        Kind.LOST,
        "packets",
        "packets dropped while the link address of their next hop was not known",
    ),
    Meaning("kernel.table.neighbour_failed", Kind.NEAR_MISS, "events", "times a next hop did not answer (ARP, ND)"),
    Meaning(
        "kernel.table.fragments_used",
        Kind.LEVEL,
        "bytes",
        "memory of fragments that wait",
        "kernel.table.fragments_limit",
    ),
    Meaning("kernel.table.fragments_limit", Kind.LIMIT, "bytes", "net.ipv4.ipfrag_high_thresh"),
    Meaning(
        "kernel.table.reassembly_timed_out",
        Kind.NEAR_MISS,
        "packets",
        "packets whose last fragments did not come in time",
    ),
    Meaning("kernel.table.traced", Kind.TRACED, "packets", "packets seen to be dropped at a table of the kernel"),
    Meaning("kernel.table.reassembly_failed", Kind.LOST, "packets", "fragments that could not be put together"),
    Meaning(
        "protocol.memory.used", Kind.LEVEL, "pages", "pages held by all sockets of a protocol", "protocol.memory.limit"
    ),
    Meaning("protocol.memory.limit", Kind.LIMIT, "pages", "tcp_mem or udp_mem, third value"),
    Meaning(
        "protocol.memory.refused",
        Kind.LOST,
        "packets",
        "packets refused because the protocol's memory limit was reached",
    ),
    Meaning("protocol.memory.pressure", Kind.NEAR_MISS, "events", "times TCP entered memory pressure"),
    Meaning("protocol.memory.aborted", Kind.LOST, "connections", "connections aborted for want of socket memory"),
    Meaning("protocol.memory.sockets", Kind.LEVEL, "sockets", "sockets of the protocol in use"),
    Meaning(
        "protocol.memory.orphans",
        Kind.LEVEL,
        "sockets",
        "TCP sockets that no process holds any more",
        "protocol.memory.orphan_limit",
    ),
    Meaning("protocol.memory.orphan_limit", Kind.LIMIT, "sockets", "net.ipv4.tcp_max_orphans"),
    Meaning(
        "protocol.memory.cgroup_used",
        Kind.LEVEL,
        "bytes",
        "socket memory charged to a cgroup",
        "protocol.memory.cgroup_limit",
    ),
    Meaning(
        "protocol.memory.cgroup_total",
        Kind.LEVEL,
        "bytes",
        "all memory charged to a cgroup, part of which can be reclaimed",
        "protocol.memory.cgroup_limit",
    ),
    Meaning("protocol.memory.cgroup_limit", Kind.LIMIT, "bytes", "memory limit of a cgroup"),
    Meaning(
        "protocol.memory.cgroup_refused",
        Kind.NEAR_MISS,
        "events",
        "times a cgroup was refused memory, sockets or other",
    ),
    Meaning("protocol.memory.traced", Kind.TRACED, "packets", "packets seen to be dropped for want of protocol memory"),
    # sockets
    Meaning("socket.receive.passed", Kind.PASSED, "packets", "datagrams delivered to sockets"),
    Meaning(
        "socket.receive.full",
        Kind.LOST,
        "packets",
        "datagrams dropped because the socket's buffer was full, all sockets",
    ),
    Meaning("socket.receive.dropped", Kind.LOST, "packets", "packets this socket dropped (sk_drops)"),
    Meaning(
        "socket.receive.tcp_dropped", Kind.LOST, "packets", "TCP data thrown away because a receive buffer was full"
    ),
    Meaning(
        "socket.receive.chunks_discarded",
        Kind.MIXED,
        "chunks",
        "SCTP data that was thrown away: a full receive buffer, duplicates, bad streams",
    ),
    Meaning("socket.receive.pruned", Kind.NEAR_MISS, "events", "TCP squeezed a receive queue that was over its limit"),
    Meaning(
        "socket.receive.window_closed",
        Kind.NEAR_MISS,
        "events",
        "TCP told a peer to stop sending: the receive buffer had no room",
    ),
    Meaning(
        "socket.receive.queued", Kind.LEVEL, "bytes", "memory charged to the receive queue", "socket.receive.limit"
    ),
    Meaning("socket.receive.limit", Kind.LIMIT, "bytes", "receive buffer of the socket"),
    Meaning("socket.receive.unread", Kind.LEVEL, "bytes", "payload that the process has not read yet"),
    Meaning(
        "socket.receive.messages",
        Kind.LEVEL,
        "messages",
        "messages that the process has not read yet",
        "socket.receive.messages_limit",
    ),
    Meaning(
        "socket.receive.messages_limit",
        Kind.LIMIT,
        "messages",
        "most messages a socket may hold (net.unix.max_dgram_qlen)",
    ),
    Meaning(
        "socket.receive.sender_blocked",
        Kind.NEAR_MISS,
        "events",
        "senders seen waiting because the receiver's queue is full",
    ),
    Meaning(
        "socket.receive.overflows",
        Kind.NEAR_MISS,
        "events",
        "times a receive queue was seen to be full (sock_rcvqueue_full)",
    ),
    Meaning(
        "socket.receive.overflow_bytes",
        Kind.NEAR_MISS,
        "bytes",
        "truesize of the packets that found a receive queue full",
    ),
    Meaning(
        "socket.receive.reader_waited",
        Kind.TIME,
        "us",
        "time in which the process that holds a socket could have run and was given no CPU",
    ),
    Meaning("socket.receive.cpu_waited", Kind.TIME, "us", "time in which some task waited for a CPU (PSI)"),
    Meaning("socket.receive.traced", Kind.TRACED, "packets", "packets seen to be dropped at a socket's receive buffer"),
    Meaning("socket.listen.passed", Kind.PASSED, "connections", "connections that listeners took in"),
    Meaning(
        "socket.listen.overflowed", Kind.LOST, "connections", "connections dropped because the accept queue was full"
    ),
    Meaning("socket.listen.dropped", Kind.MIXED, "connections", "connections dropped by listeners for any reason"),
    Meaning(
        "socket.listen.request_queue_full",
        Kind.NEAR_MISS,
        "events",
        "the SYN queue was full: cookies were sent instead",
    ),
    Meaning(
        "socket.listen.request_queue_dropped",
        Kind.LOST,
        "connections",
        "requests to connect dropped because the SYN queue was full",
    ),
    Meaning(
        "socket.listen.queued", Kind.LEVEL, "connections", "connections waiting for accept()", "socket.listen.limit"
    ),
    Meaning("socket.listen.limit", Kind.LIMIT, "connections", "backlog of the listener"),
    Meaning("socket.listen.traced", Kind.TRACED, "packets", "packets seen to be dropped at a full accept queue"),
    Meaning("socket.send.full", Kind.LOST, "packets", "datagrams refused because the send buffer was full"),
    Meaning("socket.send.queued", Kind.LEVEL, "bytes", "memory charged to the send queue"),
    Meaning("socket.send.limit", Kind.LIMIT, "bytes", "send buffer of the socket"),
    Meaning("socket.send.unsent", Kind.LEVEL, "bytes", "payload not yet sent or not yet acknowledged"),
    Meaning("socket.send.retransmitted", Kind.NEAR_MISS, "packets", "TCP segments or SCTP packets sent again"),
    # egress
    Meaning("qdisc.queue.passed", Kind.PASSED, "packets", "packets a queueing discipline has let through"),
    Meaning("qdisc.queue.dropped", Kind.LOST, "packets", "packets a queueing discipline has dropped"),
    Meaning(
        "qdisc.queue.drops_mixed",
        Kind.MIXED,
        "packets",
        "packets a queueing discipline and those below it have dropped together",
    ),
    Meaning(
        "qdisc.queue.over_limit",
        Kind.NEAR_MISS,
        "packets",
        "packets dropped because the limit was reached (part of dropped)",
    ),
    Meaning("qdisc.queue.flow_limited", Kind.NEAR_MISS, "packets", "packets of one flow refused (part of dropped)"),
    Meaning("qdisc.queue.overlimits", Kind.NEAR_MISS, "events", "times a shaper held packets back"),
    Meaning("qdisc.queue.requeued", Kind.NEAR_MISS, "packets", "packets the driver refused: its ring was full"),
    Meaning("qdisc.queue.marked", Kind.NEAR_MISS, "packets", "packets marked with ECN instead of being dropped"),
    Meaning("qdisc.queue.length", Kind.LEVEL, "packets", "packets in the queueing discipline", "qdisc.queue.limit"),
    Meaning("qdisc.queue.limit", Kind.LIMIT, "packets", "most packets the queueing discipline holds"),
    Meaning("qdisc.queue.backlog", Kind.LEVEL, "bytes", "bytes in the queueing discipline", "qdisc.queue.limit_bytes"),
    Meaning("qdisc.queue.limit_bytes", Kind.LIMIT, "bytes", "most bytes the queueing discipline holds"),
    Meaning("qdisc.queue.traced", Kind.TRACED, "packets", "packets seen to be dropped by a queueing discipline"),
    # other sockets that kernel and programs share
    Meaning(
        "netlink.socket.dropped", Kind.LOST, "messages", "messages a netlink socket lost because its buffer was full"
    ),
    Meaning("netlink.socket.queued", Kind.LEVEL, "bytes", "memory charged to a netlink socket", "netlink.socket.limit"),
    Meaning("netlink.socket.limit", Kind.LIMIT, "bytes", "receive buffer of a netlink socket"),
    Meaning("capture.ring.dropped", Kind.LOST, "packets", "packets a capturing program did not take out in time"),
    Meaning("capture.ring.queued", Kind.LEVEL, "bytes", "memory charged to a packet socket", "capture.ring.limit"),
    Meaning("capture.ring.limit", Kind.LIMIT, "bytes", "receive buffer of a packet socket"),
    Meaning(
        "capture.ring.traced", Kind.TRACED, "packets", "packets seen to be dropped at a ring shared with a program"
    ),
    # user-space dataplanes
    Meaning("kni.queue.dropped", Kind.LOST, "packets", "packets dropped between the dataplane and the kernel (KNI)"),
    Meaning("kni.queue.drop_rate", Kind.LEVEL, "packets/s", "the dataplane's own rate of KNI drops"),
    Meaning(
        "dataplane.queue.dropped", Kind.LOST, "packets", "packets dropped between the dataplane's threads and sessions"
    ),
    Meaning("dataplane.queue.drop_rate", Kind.LEVEL, "packets/s", "the dataplane's own rate of such drops"),
    Meaning("dataplane.queue.drops_total", Kind.MIXED, "packets", "sum of all drops the dataplane counts"),
    Meaning("dataplane.queue.discards", Kind.MIXED, "packets", "discards whose meaning is not published"),
    Meaning("dataplane.queue.discard_rate", Kind.LEVEL, "packets/s", "rate of discards whose meaning is not published"),
    Meaning(
        "dataplane.queue.fragment_errors", Kind.LOST, "packets", "fragments the dataplane could not put together or cut"
    ),
)

MEANINGS: dict[str, Meaning] = {meaning.name: meaning for meaning in _ALL}
