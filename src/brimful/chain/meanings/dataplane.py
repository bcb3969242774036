"""User-space dataplanes."""

from brimful.chain.word import Kind, Meaning

ALL = (
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
