"""Coalescing, channels and flow control of each interface, as `ethtool -c`, `-l` and `-I -a` print them."""

from collections.abc import Callable, Iterator
from functools import partial

from brimful.kernel.ethtool import EthtoolError
from brimful.kernel.genetlink import ABSENT
from brimful.kernel.netlink import NetlinkError
from brimful.kernel.nic_settings import CHANNELS, COALESCING, PAUSE, Group, Settings, by_ioctl, settings
from brimful.roots import commands
from brimful.roots.answers import answer
from brimful.roots.base import Document
from brimful.roots.doors import Doors

_COALESCING = (
    ("stats-block-usecs", "sample-interval", "pkt-rate-low", "pkt-rate-high"),
    ("rx-usecs", "rx-frames", "rx-usecs-irq", "rx-frames-irq"),
    ("tx-usecs", "tx-frames", "tx-usecs-irq", "tx-frames-irq"),
    ("rx-usecs-low", "rx-frame-low", "tx-usecs-low", "tx-frame-low"),
    ("rx-usecs-high", "rx-frame-high", "tx-usecs-high", "tx-frame-high"),
)
"""The paragraphs of `ethtool -c`; it writes `rx-frame-low` for what it takes as `rx-frames-low`."""

_CHANNELS = (("RX:\t\t", "rx"), ("TX:\t\t", "tx"), ("Other:\t\t", "other"), ("Combined:\t", "combined"))


def coalescing(interface: str, found: Settings) -> str:
    """Return `ethtool -c`: paragraphs of settings, n/a where the driver does not have one."""
    adaptive = f"Adaptive RX: {_switch(found, 'adaptive-rx')}  TX: {_switch(found, 'adaptive-tx')}"
    lines = [f"Coalesce parameters for {interface}:", adaptive]
    for names in _COALESCING:
        lines += [f"{name}: {found.values.get(name.replace('frame-', 'frames-'), 'n/a')}" for name in names]
        lines.append("")
    lines.append(f"CQE mode RX: {_switch(found, 'cqe-mode-rx')}  TX: {_switch(found, 'cqe-mode-tx')}")
    return "\n".join([*lines, "", ""])


def channels(interface: str, found: Settings) -> str:
    """Return `ethtool -l`: how many queues of each kind there may be, and how many there are."""
    lines = [f"Channel parameters for {interface}:"]
    for heading, suffix in (("Pre-set maximums:", "-max"), ("Current hardware settings:", "")):
        lines += [heading, *(f"{name}{found.values.get(key + suffix, 'n/a')}" for name, key in _CHANNELS)]
    return "\n".join([*lines, ""])


def pause(interface: str, found: Settings) -> str:
    """Return `ethtool -I -a`: flow control, and the frames where the driver counts them the standard way."""
    lines = [f"Pause parameters for {interface}:", f"Autonegotiate:\t{_switch(found, 'autoneg')}"]
    lines += [f"{name}:\t\t{_switch(found, name.lower())}" for name in ("RX", "TX")]
    if found.statistics:
        lines += ["Statistics:", *(f"  {name}: {value}" for name, value in found.statistics.items())]
    return "\n".join([*lines, ""])


def _switch(found: Settings, name: str) -> str:
    value = found.values.get(name)
    return "n/a" if value is None else "on" if value else "off"


def _each(doors: Doors, command: str, group: Group, show: Callable[[str, Settings], str]) -> Iterator[Document]:
    for found in _settings(doors, command, group):
        name = commands.shown(found.interface)
        yield doors.document(f"{command} {name}", show(name, found).encode(), interface=name)


def _settings(doors: Doors, command: str, group: Group) -> Iterator[Settings]:
    """Yield what all interfaces say, by netlink where the kernel speaks it, else by ioctl."""
    try:
        yield from tuple(settings(doors.generic, group))
    except NetlinkError as error:
        if error.errno not in ABSENT:
            doors.see_not(command, str(error))
            return
        for found in by_ioctl(doors.ethtool, group, [name for _, name in doors.interfaces()]):
            if isinstance(found, EthtoolError):
                doors.refused(f"{command} {commands.shown(found.interface)}", found)
            else:
                yield found


for _option, _group, _show in (("-c", COALESCING, coalescing), ("-l", CHANNELS, channels), ("-I -a", PAUSE, pause)):
    _command = f"ethtool {_option}"
    answer(f"{_command} {{interface}}")(partial(_each, command=_command, group=_group, show=_show))
