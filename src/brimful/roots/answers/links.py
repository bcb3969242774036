"""The statistics of all links, as `ip -j -s -s link` prints them."""

from array import array
from collections.abc import Iterator

from brimful.kernel.netlink import NetlinkError
from brimful.kernel.rtnetlink import STATISTICS_SKIP, STATISTICS_STRIDE, STATS64, link_stats, statistics
from brimful.roots import commands
from brimful.roots.answers import answer, table
from brimful.roots.base import Document, Table
from brimful.roots.doors import Doors, now

COMMAND = "ip -j -s -s link"


@answer(COMMAND)
def links(doors: Doors) -> Iterator[Document]:
    """Yield one answer for all links."""
    try:
        found = link_stats(doors.route)
    except NetlinkError as error:
        doors.see_not(COMMAND, str(error))
        return
    if not found.whole:
        doors.see_not(COMMAND, "interfaces came and went while they were listed: some may be missing")
    yield doors.document(COMMAND, commands.ip_links(found.links))


@table(COMMAND)
def numbers(doors: Doors) -> Iterator[Table]:
    """Yield the same numbers in one table."""
    at = now()
    names = dict(doors.interfaces())
    try:
        found = statistics(doors.route)
        if found is not None and names.keys() >= set(found[0]):
            rows = commands.all_shown(tuple(names[index] for index in found[0]))
            yield Table(COMMAND, rows, STATS64, found[1], STATISTICS_STRIDE, STATISTICS_SKIP, at, doors.boot)
            return
        links_ = link_stats(doors.route)
    except NetlinkError as error:
        doors.see_not(COMMAND, str(error))
        return
    if not links_.whole:
        doors.see_not(COMMAND, "interfaces came and went while they were listed: some may be missing")
    whole = [link for link in links_.links if len(link.stats) == len(STATS64)]
    values = array("Q", (value for link in whole for value in link.stats.values()))
    rows = commands.all_shown(tuple(link.name for link in whole))
    yield Table(COMMAND, rows, STATS64, values, len(STATS64), 0, at, doors.boot)
