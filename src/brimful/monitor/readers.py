"""Which reader a group has: histograms are counted from queues, all else is read as numbers."""

from brimful.monitor.adapting import Adapting
from brimful.monitor.group import Group
from brimful.monitor.numbers import Numbers
from brimful.monitor.state import Reader

HISTOGRAM = "histogram"


def reader(group: Group) -> Reader:
    """Make the reader of a group; `ValueError` with one line where such a group cannot be read here."""
    if group.stat_type.startswith(HISTOGRAM):
        from brimful.monitor.queues import reader as counted  # noqa: PLC0415 - BPF only where a group asks for it

        return Adapting(group, counted) if group.adapt else counted(group)
    return Numbers(group)
