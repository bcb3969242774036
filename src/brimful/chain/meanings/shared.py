"""Sockets and rings that kernel and programs share."""

from brimful.chain.word import Kind, Meaning

ALL = (
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
)
