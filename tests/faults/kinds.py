"""The table of faults: what each kind brings about, and what the law of the sink says of it."""

from typing import NamedTuple

Blame = tuple[str, str]
"""Owner and stage of a verdict."""


class Kind(NamedTuple):
    """One kind of fault.

    `expected`: the verdicts that have to be there, none for a kind that nobody is to be blamed for; `says`: what a note
    has to say then. `acceptable`: other first verdicts that are not wrong. `alone`: it fills a CPU or moves counters of
    the whole machine, so that nothing else may run beside it.
    """

    name: str
    why: str
    expected: tuple[Blame, ...]
    acceptable: tuple[Blame, ...] = ()
    says: str = ""
    alone: bool = False


SLOW_READER = (("application", "socket.receive"),)
REFUSED = (("policy", "protocol.input"),)
SHAPED = (("policy", "qdisc.queue"),)

KINDS = (
    Kind("slow_udp_reader", "the socket was full and its reader is what empties it", SLOW_READER),
    Kind("small_receive_buffer", "bursts are larger than the buffer the reader asked for", SLOW_READER),
    Kind("slow_tcp_reader", "TCP tells its peer to wait: nothing is lost, so nobody is blamed", ()),
    Kind("full_accept_queue", "the accept queue was full and accept() is what empties it", (("application", "socket.listen"),)),
    Kind("syn_flood", "requests wait for peers that do not answer: the drain is theirs", (("network", "socket.listen"),)),
    Kind("nobody_listens", "no buffer is full: nobody opened the port", REFUSED),
    Kind("filtered", "no buffer is full: somebody set the filter", REFUSED),
    Kind("reverse_path", "no buffer is full: somebody set rp_filter", REFUSED),
    Kind("shaper", "the queue was full, what leaves it is bounded by a rate that somebody set", SHAPED),
    Kind("full_queue", "the queue was full, and the ring of the link below it", (("network", "nic.tx_ring"),), acceptable=(("network", "qdisc.queue"),)),
    Kind("full_send_buffer", "what is in the send buffer waits in a shaper", SHAPED, acceptable=(("network", "socket.send"),)),
    Kind("netlink_reader_asleep", "the netlink socket was full and its program empties it", (("application", "netlink.socket"),)),
    Kind("sniffer_asleep", "the packet socket was full and its program empties it", (("application", "capture.ring"),)),
    Kind("unix_reader_asleep", "the unix socket is full and its reader empties it", SLOW_READER),
    Kind("tun_reader_asleep", "the ring of the tun device was full and its program empties it", (("application", "capture.ring"),)),
    Kind("full_fragment_table", "the table was at the limit that somebody set", (("policy", "kernel.table"),)),
    Kind("missing_fragments", "the table had room: the pieces never came", (("network", "kernel.table"),)),
    Kind("full_conntrack_table", "the table was at the limit that somebody set", (("policy", "kernel.table"),)),
    Kind("silent_next_hop", "packets waited for an address that the next hop does not tell", (("network", "kernel.table"),), alone=True),
    Kind("starved_reader", "the reader was not given a CPU", (("host", "socket.receive"),), alone=True),
    Kind("full_backlog", "the CPU's backlog was full and softirq empties it", (("kernel", "softnet.backlog"),), alone=True),
    Kind("slow_reader_and_shaper", "two buffers were full, each with its own drain", (*SLOW_READER, *SHAPED)),
    Kind("netlink_reader_and_accept_queue", "two buffers were full, each with its own drain", (("application", "netlink.socket"), ("application", "socket.listen"))),
)  # fmt: skip

LEFT_OUT = {
    "UDP memory exhausted": "net.ipv4.udp_mem is one value for the whole machine: others would lose their datagrams",
    "neighbour table full": "gc_thresh3 and the table it bounds are one for the whole machine",
    "raw socket whose reader is asleep": "without the module raw_diag the kernel tells no program of raw sockets as it does of others, and brimful says that it is blind there",
}
"""Kinds that cannot be brought about here without harm to others, and why."""
