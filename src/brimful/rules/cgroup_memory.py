"""A cgroup at its memory limit: the sockets of a container are refused memory though the machine has some."""

from collections.abc import Iterator

from brimful.chain.owner import Owner
from brimful.evidence.cgroup import MUCH, Group, refused_groups
from brimful.evidence.evidence import Evidence
from brimful.evidence.weight import percent
from brimful.rules import Collect, Confidence, Finding, State, Treatment, rule

SOME = 0.1
"""Share of the limit below which a refusal has most likely nothing to do with sockets."""

ANY_MEMORY = "`max` of memory.events counts refusals of any memory, and those that reclaim made good"


@rule(
    "protocol.memory.cgroup_used",
    "protocol.memory.cgroup_total",
    "protocol.memory.cgroup_limit",
    "protocol.memory.cgroup_refused",
)
def cgroup_memory(evidence: Evidence) -> Iterator[Finding]:
    """Are the sockets of a cgroup refused memory because the cgroup is at its limit?"""
    for group in refused_groups(evidence):
        if group.sure or (group.share or 0) >= SOME:
            yield _refused(group)
        if group.sure:  # what TCP throws away then is counted as if a reader had been slow (TCPRcvQDrop)
            yield Finding(
                stage="socket.receive",
                place="tcp",
                state=State.NOTE,
                subject=f"the memory limit of {group.place}",
                against=(next(group.exhibits()),),
            )


def _refused(group: Group) -> Finding:
    place, share = group.place, group.share or 0
    named = f"{place[0].upper()}{place[1:]}"
    return Finding(
        stage="protocol.memory",
        place=place,
        state=_state(group),
        statement=f"The sockets of {place} are refused memory: the limit of the cgroup, not the machine's memory and not one buffer."
        if group.sure
        else f"{named} is at its memory limit, and its sockets hold {percent(share)} of it.",
        subject=f"the memory limit of {place}",
        owner=Owner.POLICY,
        confidence=Confidence.MEDIUM if group.sure else Confidence.LOW,
        because=tuple(group.exhibits()),
        doubts=() if group.of_sockets else (ANY_MEMORY,),
        do=(
            Treatment("find the sockets of the group that hold most of it", "ss -anmp"),
            Treatment(f"raise the limit of {place} if the machine has memory", _command(group)),
        ),
        collect=(Collect("the memory of the group, twice, 10 s apart", f"grep . {_folder(group)}/memory.*"),),
    )


def _state(group: Group) -> State:
    """The limit of v1 is one of sockets alone: at it, the next packet is refused. v2 reclaims other memory first."""
    if group.of_tcp and group.used and group.limit and group.used.last >= group.limit.last:
        return State.FULL
    return State.HOLDS if group.sure or (group.share or 0) >= MUCH else State.NEAR


def _folder(group: Group) -> str:
    return f"/sys/fs/cgroup{'/memory' if group.of_tcp else ''}{group.place.partition(' ')[2]}"


def _command(group: Group) -> str:
    return f"echo <bytes> > {_folder(group)}/{'memory.kmem.tcp.limit_in_bytes' if group.of_tcp else 'memory.max'}"
