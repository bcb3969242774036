"""What `ethtool` prints: counters, driver and rings of each interface."""

from collections.abc import Callable, Iterator

from brimful.kernel.ethtool import EthtoolError
from brimful.roots import commands
from brimful.roots.answers import answer, table
from brimful.roots.base import Counters, Document, Table
from brimful.roots.doors import Doors, now


@answer("ethtool -S {interface}")
def statistics(doors: Doors) -> Iterator[Document]:
    """Yield the driver's own counters."""

    def ask(index: int, interface: str) -> Document:
        found = doors.ethtool.statistics(interface, index)
        counters = Counters(found.names, found.values)
        return commands.CountersDocument(commands.shown(interface), counters, now(), doors.boot)

    return _each(doors, "-S", ask)


@table("ethtool -S {interface}")
def counters(doors: Doors) -> Iterator[Table]:
    """Yield the same numbers, one table for all interfaces that count the same things."""
    at = now()
    found = doors.ethtool.sweep(doors.interfaces())
    for block in found.blocks:
        rows = commands.all_shown(block.interfaces)
        yield Table("ethtool -S {interface}", rows, block.names, block.values, block.stride, 1, at, doors.boot)
    for interface, error in found.errors:
        doors.refused(f"ethtool -S {commands.shown(interface)}", error)


@answer("ethtool -i {interface}")
def drivers(doors: Doors) -> Iterator[Document]:
    """Yield the driver, its version and its firmware."""

    def ask(_: int, interface: str) -> Document:
        return _of(doors, "-i", interface, commands.ethtool_driver(doors.ethtool.driver(interface)))

    return _each(doors, "-i", ask)


@answer("ethtool -g {interface}")
def rings(doors: Doors) -> Iterator[Document]:
    """Yield the sizes of the rings."""

    def ask(_: int, interface: str) -> Document:
        text = commands.ethtool_rings(commands.shown(interface), doors.ethtool.rings(interface))
        return _of(doors, "-g", interface, text)

    return _each(doors, "-g", ask)


def _each(doors: Doors, option: str, ask: Callable[[int, str], Document]) -> Iterator[Document]:
    """Yield what `ask` returns for each interface; those without an answer, or gone meanwhile, yield none."""
    for index, interface in doors.interfaces():
        try:
            yield ask(index, interface)
        except EthtoolError as error:
            doors.refused(f"ethtool {option} {commands.shown(interface)}", error)


def _of(doors: Doors, option: str, interface: str, text: str) -> Document:
    name = commands.shown(interface)
    return doors.document(f"ethtool {option} {name}", text.encode(), interface=name)
