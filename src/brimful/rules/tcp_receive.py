"""TCP data thrown away because a receive buffer was full: the sender must send it again."""

from collections.abc import Iterator

from brimful.evidence.evidence import Evidence
from brimful.evidence.weight import one_view, weigh
from brimful.rules import Collect, Finding, State, Treatment, rule

COLLECT = (
    Collect("sockets with their queues and buffers", "ss -tanmpei"),
    Collect("the TCP counters, twice, 10 s apart", "nstat -az"),
)


@rule("socket.receive.tcp_dropped", "socket.receive.passed", "protocol.memory.pressure")
def tcp_receive(evidence: Evidence) -> Iterator[Finding]:
    """Does TCP throw data away because receive buffers are full?"""
    dropped = one_view(evidence.readings("socket.receive.tcp_dropped"))
    weight = weigh(dropped, one_view(evidence.readings("socket.receive.passed", place="tcp")))
    if not (weight.now or weight.over):
        return
    moved = [r for r in dropped if r.counted]
    pressed = any(r.rising for r in evidence.readings("protocol.memory.pressure"))
    yield Finding(
        stage="socket.receive",
        place="tcp",
        state=State.LOST if weight.now else State.OVER,
        statement=f"Applications {'do not read' if weight.now else 'have not read'} their TCP sockets fast enough: received data {'is' if weight.now else 'was'} thrown away.",
        because=tuple(r.exhibit(f"{r.series.raw} {r.counted:,}") for r in moved),
        doubts=(
            "which socket it is is not shown",
            *(("TCP as a whole was short of memory too",) if pressed else ()),
        ),
        do=(
            Treatment("find the sockets whose receive queue is full and see what their process waits for", "ss -tanmp"),
        ),
        collect=COLLECT,
        harm=weight.lost,
    )
