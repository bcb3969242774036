"""What counts on the way through an interface: `ip -s -s link`, and `tc -s qdisc` of the queue that sends."""

from collections.abc import Iterator

import msgspec

from brimful.drivers.maps import driver_map
from brimful.kernel.rtnetlink import STATS64, Link
from brimful.roots import commands
from brimful.simulate.render import View, renders
from brimful.simulate.render.nic import FCS

MTU = 1500


@renders("ip -j -s -s link")
def link(view: View) -> Iterator[tuple[str, str]]:
    """Write the link statistics of the host's interface, as its driver fills them in."""
    if view.switch:
        return
    stats = dict.fromkeys(STATS64, 0)
    for counter in driver_map(view.driver).description.rtnl:
        for name in counter.names:
            if name in stats and counter.meaning:
                stats[name] = view.counted(counter.meaning)
    received, sent = view.account("nic"), view.account("transmit")
    stats["rx_packets"], stats["tx_packets"] = received.delivered, sent.delivered
    stats["rx_bytes"] = view.octets.get("nic", 0) - FCS * received.delivered
    stats["tx_bytes"] = view.octets.get("transmit", 0) - FCS * sent.delivered
    links = [Link(2, view.interface, "UP", MTU, "", stats)]
    yield "", commands.ip_links(links).decode()


@renders("tc -s -j qdisc show")
def discipline(view: View) -> Iterator[tuple[str, str]]:
    """Write the queueing discipline that sends, a pfifo."""
    given = view.scenario.transmit
    if given is None or view.switch:
        return
    account = view.account("transmit")
    length = account.level.get("qdisc.queue", 0)
    row = {
        "kind": "pfifo",
        "handle": "8001:",
        "dev": view.interface,
        "root": True,
        "refcnt": 2,
        "options": {"limit": given.packets},
        "bytes": view.octets.get("transmit", 0),
        "packets": account.delivered,
        "drops": view.counted("qdisc.queue.dropped"),
        "overlimits": 0,
        "requeues": 0,  # a driver stops its queue before the ring is full, and nothing is put back
        "backlog": round(length * view.scenario.traffic.mean_bytes()),
        "qlen": length,
    }
    yield "", msgspec.json.encode([row]).decode() + "\n"
