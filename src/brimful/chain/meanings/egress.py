"""What leaves: queueing disciplines."""

from brimful.chain.word import Kind, Meaning

ALL = (
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
    Meaning("qdisc.queue.latency", Kind.LEVEL, "ns", "time that packets spent in the queueing discipline"),
    Meaning("qdisc.queue.traced", Kind.TRACED, "packets", "packets seen to be dropped by a queueing discipline"),
)
