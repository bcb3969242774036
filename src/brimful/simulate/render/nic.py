"""What `ethtool` says of an interface: counters by the map of its driver, ring, driver; and its speed."""

from collections.abc import Callable, Iterator

from brimful.chain.meaning import MEANINGS
from brimful.chain.word import Kind
from brimful.drivers.maps import Counter, driver_map
from brimful.kernel.ethtool import DriverInfo, Rings
from brimful.roots import commands
from brimful.roots.base import Counters
from brimful.simulate.render import View, renders

FCS = 4
"""Bytes of the frame check sequence, which drivers do not count."""
LARGEST_RING = 4096
"""Descriptors that most drivers allow at the most."""
ADDRESS = "0000:01:00.0"

_PASSED: dict[str, Callable[[View], int]] = {
    "nic.fifo.arrived": lambda view: view.account("nic").arrived,
    "nic.ring.passed": lambda view: view.account("nic").delivered,
    "nic.ring.bytes": lambda view: view.octets.get("nic", 0) - FCS * view.account("nic").delivered,
    "nic.tx_ring.passed": lambda view: view.account("transmit").delivered,
    "switch.queue.depth": lambda view: view.account("switch").level.get("switch.queue.bytes", 0),
}
"""What is no loss and no near miss."""
_NOT_SHOWN = (Kind.LEVEL, Kind.LIMIT, Kind.TIME)


@renders("ethtool -S {interface}")
def statistics(view: View) -> Iterator[tuple[str, str]]:
    """Write all counters that the map of the driver knows by a meaning; what is not simulated did not happen."""
    rows = {
        name: _value(view, counter)
        for counter in driver_map(view.driver).description.counters
        if _is_shown(counter)
        for name in _written(counter)
    }
    if rows:
        yield view.interface, commands.ethtool_statistics(Counters(tuple(rows), tuple(rows.values())))


@renders("ethtool -i {interface}")
def driver(view: View) -> Iterator[tuple[str, str]]:
    """Write the driver."""
    yield view.interface, commands.ethtool_driver(DriverInfo(view.driver, "", "", ADDRESS, "", 0, 1, 0, 0, 0))


@renders("ethtool -g {interface}")
def ring(view: View) -> Iterator[tuple[str, str]]:
    """Write the sizes of the rings."""
    if not view.switch:
        given = view.scenario
        sent = given.transmit.ring if given.transmit else LARGEST_RING
        most = max(LARGEST_RING, given.nic.ring)
        rings = Rings(most, 0, 0, max(LARGEST_RING, sent), given.nic.ring, 0, 0, sent)
        yield view.interface, commands.ethtool_rings(view.interface, rings)


@renders("/sys/class/net/{interface}/speed")
def speed(view: View) -> Iterator[tuple[str, str]]:
    """Write the speed of the link in Mb/s."""
    given = view.scenario
    mbps = given.switch.link_mbps if given.switch is not None else given.traffic.link_mbps
    yield view.interface, f"{mbps:.0f}\n"


@renders("lspci -vvv")
def bus(view: View) -> Iterator[tuple[str, str]]:
    """Write the PCIe link as it was negotiated, where the scenario names one."""
    pcie = view.scenario.nic.pcie
    if pcie is not None and not view.switch:
        link = f"LnkSta:\tSpeed {pcie.gigatransfers:g}GT/s, Width x{pcie.lanes}"
        yield "", f"{ADDRESS.removeprefix('0000:')} Ethernet controller: simulated\n\t\t{link}\n"


def _is_shown(counter: Counter) -> bool:
    """Whether a counter has a meaning that is known here: levels that nobody simulates are left out."""
    if not counter.meaning:
        return False
    return counter.meaning in _PASSED or MEANINGS[counter.meaning].kind not in _NOT_SHOWN


def _written(counter: Counter) -> Iterator[str]:
    """Yield the first name of a counter, of queue 0: what all queues did is shown of one. The others are of other versions."""
    for name in counter.names:
        if "*" not in name:
            before, brace, rest = name.partition("{")
            yield f"{before}0{rest.partition('}')[2]}" if brace else name
            return


def _value(view: View, counter: Counter) -> int:
    known = _PASSED.get(counter.meaning)
    value = known(view) if known else view.counted(counter.meaning)
    return value % (1 << counter.width_bits) if counter.width_bits else value
