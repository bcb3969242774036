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


KIND_TEXT = {
    Kind.PASSED: "counter: packets that went through",
    Kind.LOST: "counter: packets that are gone",
    Kind.NEAR_MISS: "counter: a near miss, nothing lost yet",
    Kind.MIXED: "counter of several things at once: never blamed on its own",
    Kind.LEVEL: "a level now",
    Kind.LIMIT: "a limit",
    Kind.WINDOW: "a count over a window that the device keeps itself",
    Kind.TIME: "a time",
}


class Meaning(msgspec.Struct, frozen=True):
    """One word of the vocabulary."""

    name: str
    kind: Kind
    unit: str
    text: str

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
    Meaning("nic.ring.used", Kind.LEVEL, "descriptors", "descriptors in use"),
    Meaning("nic.ring.size", Kind.LIMIT, "descriptors", "receive descriptors configured"),
    Meaning("nic.ring.size_maximum", Kind.LIMIT, "descriptors", "receive descriptors the driver allows"),
    Meaning("nic.ring.drops_mixed", Kind.MIXED, "packets", "no-buffer drops together with others"),
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
    Meaning("softnet.backlog.length", Kind.LEVEL, "packets", "packets in the backlog now"),
    Meaning("softnet.backlog.limit", Kind.LIMIT, "packets", "net.core.netdev_max_backlog"),
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
    Meaning("kernel.table.reassembly_failed", Kind.LOST, "packets", "fragments that could not be put together"),
    Meaning("protocol.memory.used", Kind.LEVEL, "pages", "pages held by all sockets of a protocol"),
    Meaning("protocol.memory.limit", Kind.LIMIT, "pages", "tcp_mem or udp_mem, third value"),
    Meaning(
        "protocol.memory.refused",
        Kind.LOST,
        "packets",
        "packets refused because the protocol's memory limit was reached",
    ),
    Meaning("protocol.memory.pressure", Kind.NEAR_MISS, "events", "times TCP entered memory pressure"),
    Meaning("protocol.memory.aborted", Kind.LOST, "connections", "connections aborted for want of socket memory"),
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
    Meaning("socket.receive.pruned", Kind.NEAR_MISS, "events", "TCP squeezed a receive queue that was over its limit"),
    Meaning(
        "socket.receive.window_closed",
        Kind.NEAR_MISS,
        "events",
        "TCP told a peer to stop sending: the receive buffer had no room",
    ),
    Meaning("socket.receive.queued", Kind.LEVEL, "bytes", "memory charged to the receive queue"),
    Meaning("socket.receive.limit", Kind.LIMIT, "bytes", "receive buffer of the socket"),
    Meaning("socket.listen.passed", Kind.PASSED, "connections", "connections that listeners took in"),
    Meaning(
        "socket.listen.overflowed", Kind.LOST, "connections", "connections dropped because the accept queue was full"
    ),
    Meaning("socket.listen.dropped", Kind.MIXED, "connections", "connections dropped by listeners for any reason"),
    Meaning(
        "socket.listen.request_queue_full",
        Kind.NEAR_MISS,
        "events",
        "the SYN queue was full: cookies sent or requests dropped",
    ),
    Meaning("socket.listen.queued", Kind.LEVEL, "connections", "connections waiting for accept()"),
    Meaning("socket.listen.limit", Kind.LIMIT, "connections", "backlog of the listener"),
    Meaning("socket.send.full", Kind.LOST, "packets", "datagrams refused because the send buffer was full"),
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

EVENTS: dict[str, str] = {
    "kni.out_of_memory": "the dataplane found no buffer for its KNI queue",
    "kni.backup_pool_exhausted": "the backup pool was empty too: packets are dropped",
    "gtpc.path_failure": "a GTP-C peer stopped answering",
    "gtpc.path_restored": "a GTP-C peer answers again",
    "cpu.warning": "the chassis warned of a busy CPU",
}

FACTS: dict[str, str] = {
    "host.name": "name the machine gives itself",
    "host.boot": "identity of the machine's run",
    "host.uptime": "seconds since boot: the greatest age a counter can have",
    "host.cpus": "processors online",
    "nic.driver": "driver of an interface",
    "nic.driver_version": "version of the driver",
    "nic.firmware": "firmware of the NIC",
    "nic.bus_address": "PCI address of the NIC",
    "nic.link_speed": "link speed, Mb/s",
    "nic.state": "operational state of the link",
    "pci.speed": "PCIe speed in use, GT/s",
    "pci.speed_maximum": "PCIe speed the device can do, GT/s",
    "pci.width": "PCIe lanes in use",
    "pci.width_maximum": "PCIe lanes the device can use",
    "pci.path": "PCI addresses from root port to device",
    "sysctl": "a kernel setting",
    "socket.owner": "process that holds a socket",
    "staros.demux_card": "the card that runs the demux managers",
    "staros.card_state": "state of a card",
    "fabric.health": "the chassis's own word on a link between two cards",
}
