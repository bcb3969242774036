"""Sockets of TCP, UDP, SCTP and of programs on one machine."""

from brimful.chain.word import Kind, Meaning

ALL = (
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
)
