"""Networks: the path to us, switches, the fabric of a chassis."""

from brimful.chain.word import Kind, Meaning

ALL = (
    Meaning("network.path.corrupted", Kind.LOST, "packets", "frames that arrived damaged: cable, optics or peer"),
    Meaning(
        "network.path.allowance_exceeded", Kind.LOST, "packets", "dropped by the cloud above the instance's allowance"
    ),
    Meaning("network.path.allowance_available", Kind.LEVEL, "flows", "what is left of the cloud's allowance"),
    Meaning(
        "switch.queue.depth",
        Kind.LEVEL,
        "bytes",
        "bytes waiting in an egress queue of a switch port",
        "switch.queue.limit",
    ),
    Meaning(
        "switch.queue.peak",
        Kind.LEVEL,
        "bytes",
        "most bytes that waited in an egress queue since its watermark was cleared",
        "switch.queue.limit",
    ),
    Meaning("switch.queue.limit", Kind.LIMIT, "bytes", "most bytes that an egress queue of a switch may hold"),
    Meaning("switch.queue.passed", Kind.PASSED, "packets", "packets that an egress queue of a switch sent"),
    Meaning(
        "switch.queue.dropped", Kind.LOST, "packets", "packets a switch dropped because an egress queue had no buffer"
    ),
    Meaning("switch.queue.dropped_early", Kind.LOST, "packets", "packets dropped by WRED before the queue was full"),
    Meaning("switch.queue.marked", Kind.NEAR_MISS, "packets", "packets marked with ECN because a queue was long"),
    Meaning("switch.queue.stormed", Kind.NEAR_MISS, "events", "times a queue was paused so long that it was cut off"),
    Meaning("switch.queue.dropped_stormed", Kind.LOST, "packets", "packets dropped because a paused queue was cut off"),
    Meaning("switch.queue.pause_received", Kind.NEAR_MISS, "frames", "pause frames a switch port received"),
    Meaning("switch.queue.latency", Kind.LEVEL, "ns", "time that packets spent in a switch"),
    Meaning("switch.queue.sent_bytes", Kind.PASSED, "bytes", "bytes that a port of a switch sent"),
    Meaning(
        "switch.queue.sampled_bytes", Kind.LEVEL, "bytes", "bytes that passed a port of a switch within one sample"
    ),
    Meaning("switch.queue.sampled_packets", Kind.LEVEL, "packets", "packets that passed a port within one sample"),
    Meaning("switch.queue.sampled_errors", Kind.LEVEL, "packets", "packets with a bad checksum within one sample"),
    Meaning("switch.pool.received_bytes", Kind.PASSED, "bytes", "bytes that a port of a switch received"),
    Meaning("switch.pool.level", Kind.LEVEL, "bytes", "bytes in use of a switch's shared buffer", "switch.pool.limit"),
    Meaning(
        "switch.pool.peak",
        Kind.LEVEL,
        "bytes",
        "most bytes of a shared buffer in use since its watermark was cleared",
        "switch.pool.limit",
    ),
    Meaning("switch.pool.limit", Kind.LIMIT, "bytes", "bytes of a switch's shared buffer"),
    Meaning(
        "switch.pool.headroom_peak",
        Kind.LEVEL,
        "bytes",
        "most bytes of headroom in use since its watermark was cleared",
        "switch.pool.headroom_limit",
    ),
    Meaning("switch.pool.headroom_limit", Kind.LIMIT, "bytes", "bytes of headroom for frames that are under way"),
    Meaning(
        "switch.pool.dropped", Kind.LOST, "packets", "packets a switch dropped on arrival because it had no buffer"
    ),
    Meaning("switch.pool.pause_sent", Kind.NEAR_MISS, "frames", "pause frames a switch port sent"),
    Meaning("fabric.link.passed", Kind.PASSED, "packets", "packets on the card-to-card or service port of a card"),
    Meaning("fabric.link.rate", Kind.LEVEL, "packets/s", "the chassis's own rate of a port"),
    Meaning("fabric.link.control_sent", Kind.WINDOW, "probes", "control-plane heartbeats sent from card to card"),
    Meaning("fabric.link.control_received", Kind.WINDOW, "probes", "control-plane heartbeats that came back"),
    Meaning("fabric.link.data_missed", Kind.WINDOW, "probes", "data-plane probes that did not arrive"),
    Meaning("fabric.link.data_hit", Kind.WINDOW, "probes", "data-plane probes that arrived"),
    Meaning("fabric.link.heartbeat_loss", Kind.WINDOW, "1/100 %", "heartbeat loss as the chassis prints it"),
)
