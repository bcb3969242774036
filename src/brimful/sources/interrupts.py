"""Read `/proc/interrupts`: which CPUs serve which queue of which NIC, by the names that drivers give their interrupts.

A line is the number, a count for each CPU, the chip (and the address of the PCI device, from Linux 6.7 on), and the
names of those that asked for it (kernel/irq/proc.c). Most drivers name a queue's interrupt for the interface:
`eth0-TxRx-3`, `i40e-eth0-TxRx-3`, `ens192-rxtx-0`, `eth0`. virtio and mlx5 do not: theirs are found by the PCI address,
or stay with the device (`virtio2`). Of the CPUs those are told that have served it at all.
"""

import re
from collections.abc import Iterator

from brimful.evidence.event import Fact
from brimful.evidence.evidence import Item
from brimful.evidence.number import unsigned
from brimful.evidence.samples import Samples
from brimful.evidence.series import Series
from brimful.roots.base import Document
from brimful.sources import NOW_AND_THEN, source, unread

_LINE = re.compile(r"\s*(?P<irq>[0-9]{1,6}):(?P<counts>(?:\s+[0-9]+)+)\s+(?P<rest>\D.*)")
_HEADING = re.compile(r"\s*CPU[0-9]{1,6}(?:\s+CPU[0-9]{1,6})*\s*")
_ADDRESS = r"[0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]"
_CHIP = re.compile(rf"\S*?(?P<address>{_ADDRESS})\s")
_QUEUE = re.compile(
    r"(?:(?:i40e|iavf|ice|fm10k|ixgbevf|bnxt)-)?(?P<interface>[^\s@:]+?)"
    r"-(?P<kind>TxRx|Tx-Rx|rxtx|rx|Rx|fp|tx|Tx)-?(?P<queue>[0-9]{1,4})\b"
)
_NUMBERED = re.compile(r"(?P<interface>[^\s@:-]+)-(?P<queue>[0-9]{1,4})")
_VIRTIO = re.compile(r"(?P<interface>virtio[0-9]+)-(?P<kind>input|output)\.(?P<queue>[0-9]{1,4})")
_MLX = re.compile(rf"mlx[45]_comp(?P<queue>[0-9]{{1,4}})@pci:(?P<interface>{_ADDRESS})")
_ALONE = re.compile(r"(?:eth|en[opsx]|em|ib|p[0-9]+p)[0-9a-z]+", re.ASCII)
"""What the kernel and systemd call an interface (systemd.net-naming-scheme(7))."""
_SENDING = frozenset(("tx", "Tx", "output"))


def _place(document: Document, rest: str) -> str:
    """Return the queue or interface whose interrupt it is; nothing where it is of no NIC."""
    chip = _CHIP.match(f"{rest} ")
    words = rest.partition(",")[0].split()
    name = words[-1] if words else ""
    found = _QUEUE.fullmatch(name) or _VIRTIO.fullmatch(name) or _MLX.fullmatch(name)
    if found is None:
        numbered = _NUMBERED.fullmatch(name)
        if numbered and _is_interface(document, numbered["interface"]):
            return f"{numbered['interface']}/rx-{numbered['queue']}"
        return name if _is_interface(document, name) else ""
    interface = found["interface"]
    if chip and found.re is _VIRTIO:
        interface = chip["address"]
    side = "tx" if found.groupdict().get("kind") in _SENDING else "rx"
    return f"{interface}/{side}-{found['queue']}"


def _is_interface(document: Document, name: str) -> bool:
    return name in document.drivers or bool(_ALONE.fullmatch(name))


@source(
    "/proc/interrupts",
    looks_like=r"\A\s*(?:CPU[0-9]+\s+)+\n\s*[0-9]+:\s",
    meanings=("nic.ring.interrupts", "nic.interrupt"),
    every_s=NOW_AND_THEN,
    hurry=("nic.ring.no_buffer", "nic.fifo.overrun"),
)
def interrupts(document: Document) -> Iterator[Item]:
    """Read which CPUs serve the interrupts of NICs (/proc/interrupts)."""
    samples = Samples(document.origin, document.at, document.boot)
    cpus: list[int] = []
    for number, line in document.numbered():
        if _HEADING.fullmatch(line):
            cpus = [int(word) for word in re.findall(r"[0-9]{1,6}", line)]
        found = _LINE.fullmatch(line)
        place = _place(document, found["rest"]) if found else ""
        if found is None or not place:
            continue
        counts = [unsigned(word) for word in found["counts"].split()]
        if None in counts or (cpus and len(counts) < len(cpus)):
            yield unread(document, number, f"not a count for each of {len(cpus) or 'the'} CPUs")
            continue
        # on some kernels the address of the interrupt follows the counts as a number of its own
        served = {cpu: count for cpu, count in zip(cpus or range(len(counts)), counts, strict=False) if count}
        for cpu, count in served.items():
            raw = f"irq {found['irq']} cpu {cpu}"
            samples.add(Series("nic.ring.interrupts", place, raw, "interrupts", width_bits=32), count, number)
        if served:
            busiest = max(served, key=served.__getitem__)
            value = f"irq {found['irq']} cpu {busiest}"
            yield Fact("nic.interrupt", place, value, document.origin(number), document.at)
    yield from samples.frames()
