"""The stages of the chain: each a kind of buffer, what empties it, and who owns that drain.

The judge walks from a full buffer to the buffers that can hold its drain up (`held_by`). Only back-pressure counts
there: a NIC's FIFO waits for descriptors, but a socket that is full drops and holds nobody up.
"""

import msgspec

from brimful.chain.owner import Owner


class Stage(msgspec.Struct, frozen=True):
    """One kind of buffer.

    `held_by`: stages that, when full, stop this one's drain. `proof`: those of them that must be *shown* to have room
    before the drain of this stage may be blamed.
    """

    name: str
    sink: str
    drain: str
    owner: Owner
    held_by: tuple[str, ...] = ()
    proof: tuple[str, ...] = ()


_ALL = (
    Stage("network.path", "the wire or fabric to us", "the network", Owner.NETWORK),
    Stage("switch.queue", "egress queue of a port and class", "the egress link", Owner.NETWORK),
    Stage("switch.pool", "shared buffer and headroom of a switch", "the egress links", Owner.NETWORK),
    Stage(
        "fabric.link",
        "card-to-card network of a virtual chassis",
        "the host's NIC: physical and virtual function drivers",
        Owner.DRIVER,
        held_by=("kni.queue", "dataplane.queue"),
        proof=("kni.queue", "dataplane.queue"),
    ),
    Stage(
        "nic.fifo",
        "packet buffer inside the NIC",
        "DMA into posted descriptors over the bus",
        Owner.BUS,
        held_by=("nic.ring",),
        proof=("nic.ring",),
    ),
    Stage("nic.ring", "descriptors with posted buffers", "poll and refill", Owner.KERNEL, held_by=("driver.memory",)),
    Stage(
        "driver.memory",
        "pages and slabs behind the ring",
        "giving buffers back",
        Owner.DRIVER,
        held_by=("host.memory",),
    ),
    Stage("softnet.backlog", "per-CPU backlog", "softirq", Owner.KERNEL),
    Stage("kernel.table", "conntrack, fragments, neighbours", "timeouts and limits", Owner.POLICY),
    Stage("protocol.input", "not a buffer: checksums, MTU, no listener, filters", "-", Owner.POLICY),
    Stage("host.memory", "the machine's pages", "reclaim", Owner.HOST),
    Stage(
        "protocol.memory",
        "sum of all socket buffers of a protocol",
        "the host's limits",
        Owner.HOST,
        held_by=("host.memory",),
    ),
    Stage("socket.receive", "receive queue of a socket", "the reader", Owner.APPLICATION, held_by=("protocol.memory",)),
    Stage("socket.listen", "accept queue of a listener", "accept()", Owner.APPLICATION),
    Stage(
        "socket.send",
        "send queue of a socket",
        "the link and the peer",
        Owner.NETWORK,
        held_by=("qdisc.queue", "protocol.memory"),
    ),
    Stage("qdisc.queue", "egress queueing discipline", "the link", Owner.NETWORK, held_by=("nic.tx_ring",)),
    Stage("nic.tx_ring", "transmit descriptors", "the NIC", Owner.DRIVER),
    Stage(
        "pool.mbuf",
        "user-space buffer pool",
        "the dataplane giving buffers back",
        Owner.APPLICATION,
        held_by=("dataplane.queue",),
    ),
    Stage(
        "kni.queue",
        "the pool's door to the kernel",
        "the dataplane's KNI thread",
        Owner.APPLICATION,
        held_by=("pool.mbuf",),
    ),
    Stage(
        "dataplane.queue",
        "rings between the threads of a user-space dataplane and its sessions",
        "the threads and session managers that read them",
        Owner.APPLICATION,
    ),
    Stage("capture.ring", "ring shared with a program", "the program", Owner.APPLICATION),
    Stage("counter.artefact", "not a buffer: a counter that wrapped, lies or counts twice", "-", Owner.NONE),
    Stage("netlink.socket", "netlink receive buffer of a routing daemon", "the daemon", Owner.APPLICATION),
    Stage("route.table", "not a buffer: what the kernel forwards by", "the routing daemon", Owner.APPLICATION),
)

STAGES: dict[str, Stage] = {stage.name: stage for stage in _ALL}

RECEIVE = ("nic.fifo", "nic.ring", "driver.memory", "softnet.backlog", "protocol.memory", "socket.receive")
"""What a packet crosses on its way up a Linux host, in order."""

CHASSIS = ("fabric.link", "dataplane.queue", "kni.queue", "pool.mbuf")
"""What a packet crosses on its way into a card of a virtual StarOS chassis, in order."""
