"""What the kernel does with packets: softirq, tables, protocols."""

from brimful.chain.word import Kind, Meaning

ALL = (
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
)
