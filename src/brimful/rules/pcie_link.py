"""The PCIe links on the way to a NIC: what the narrowest of them carries, beside what the card and its port could.

Small frames cost the bus more than their bits, so a link is compared in frames a second at the size that is seen
(`brimful.evidence.pcie_capacity`), and in bits where no size is known. A narrow link alone loses nothing: it is evidence
where frames are lost, and worth a line where they are not.
"""

from collections.abc import Iterator

import msgspec

from brimful.evidence import pcie_capacity
from brimful.evidence.event import Fact
from brimful.evidence.evidence import Evidence
from brimful.evidence.origin import Exhibit
from brimful.evidence.weight import one_view, weigh
from brimful.rules import Finding, State, Treatment, rule

ENOUGH = 2.0
"""A link with this many times the port's rate is called ample: small frames cost the bus about twice their bits."""

AMPLE = 1.25
"""The same in frames a second of the size that is seen: the model is a ceiling, the host needs the link too."""

CLOSE = 0.8
"""Frames a second as a share of what the link carries, from which the next burst may be too much. [inference]"""

SMALLEST = 64


class Link(msgspec.Struct, frozen=True):
    """One link: its device, what it runs at, and its bits a second after encoding."""

    device: str
    speed: float
    width: Fact
    bits: float

    def __str__(self) -> str:
        """`5 GT/s x1 (4.0 Gb/s)`."""
        return f"{self.speed:g} GT/s x{self.width.value} ({self.bits / 1e9:.1f} Gb/s)"


class Load(msgspec.Struct, frozen=True):
    """Frames a second: what the link carries at their size, what the port brings at most, and what has come."""

    size: float
    carried: float
    port: float | None
    seen: float

    def __str__(self) -> str:
        """Say all of it in one clause."""
        brings = "" if self.port is None else f", its port can bring {_millions(self.port)}"
        return (
            f"at {self.size:,.0f} bytes a frame that link carries at most {_millions(self.carried)} million frames a second"
            f"{brings}, and {_millions(self.seen)} came"
        )


@rule(
    "pci.speed",
    "pci.speed_maximum",
    "pci.width",
    "pci.width_maximum",
    "pci.path",
    "pci.payload",
    "nic.bus_address",
    "nic.link_speed",
    "nic.ring.bytes",
    "nic.ring.passed",
    "nic.fifo.overrun",
    "nic.fifo.bus_errors",
)
def pcie_link(evidence: Evidence) -> Iterator[Finding]:
    """Is a PCIe link on the way to the NIC narrower or slower than the card?"""
    interfaces = {str(fact.value): fact.place for fact in evidence.facts("nic.bus_address")}
    devices = dict.fromkeys(fact.place for fact in evidence.facts("pci.width"))
    for device in devices:
        if device in interfaces:
            yield from _judge(evidence, interfaces[device], device)
            yield from _errors(evidence, interfaces[device], device)
        elif len(devices) == 1:  # one device was saved: it is what the capture is about
            yield from _judge(evidence, device, device)


def _judge(evidence: Evidence, interface: str, address: str) -> Iterator[Finding]:
    known = [link for device in _path(evidence, address) if (link := _link(evidence, device))]
    if not known or known[-1].device != address:
        return
    narrowest = min(known, key=lambda link: link.bits)
    able = _link(evidence, address, "_maximum")
    port = evidence.fact("nic.link_speed", interface)
    load = _load(evidence, interface, narrowest, port)
    where = "" if narrowest.device == interface else f" at {narrowest.device}"
    text = f"the narrowest PCIe link to {interface} runs at {narrowest}{where}"
    if _is_ample(narrowest, load, port) and port:
        text = f"{text}, ample for a port of {float(port.value) / 1000:g} Gb/s{f': {load}' if load else ''}"
        yield _note(interface, against=(Exhibit(text, narrowest.width.origin),))
    elif able and narrowest.bits < able.bits:
        text = f"{text}; the card can do {able.bits / 1e9:.1f} Gb/s"
        share = f"it has {100 * narrowest.bits / able.bits:.0f} % of that{f'; {load}' if load else ''}"
        yield _narrow(evidence, interface, load, Exhibit(text, narrowest.width.origin), f"{_capital(text)}: {share}.")
    elif load and load.port and load.carried < load.port:
        yield _full(evidence, interface, load, Exhibit(f"{text}: {load}", narrowest.width.origin))


def _note(interface: str, *, because: tuple[Exhibit, ...] = (), against: tuple[Exhibit, ...] = ()) -> Finding:
    return Finding(
        stage="nic.fifo",
        place=interface,
        state=State.NOTE,
        subject="the narrow PCIe link" if because else "",
        because=because,
        against=against,
    )


def _narrow(evidence: Evidence, interface: str, load: Load | None, exhibit: Exhibit, statement: str) -> Finding:
    because = (exhibit, *((Exhibit(str(load)),) if load else ()))
    finding = msgspec.structs.replace(_note(interface, because=because), statement=statement)
    if not _close(evidence, interface, load):
        return finding
    move = Treatment(
        f"move the card of {interface} to a slot with all its lanes", "lspci -vvv | grep -E 'LnkCap|LnkSta'"
    )
    return msgspec.structs.replace(finding, state=State.NEAR, do=(move,))


def _full(evidence: Evidence, interface: str, load: Load, exhibit: Exhibit) -> Finding:
    """The card has all its lanes, and they are too few for its port at this size: worth a line when it comes to that."""
    finding = _note(interface, because=(exhibit,))
    if not _close(evidence, interface, load):
        return finding
    return msgspec.structs.replace(finding, state=State.NEAR, statement=f"{_capital(exhibit.text)}.")


def _close(evidence: Evidence, interface: str, load: Load | None) -> bool:
    """Whether the link is nearly full, and has lost nothing yet: what lost frames is judged by the loss."""
    lost = weigh(one_view(evidence.readings("nic.fifo.overrun", place=interface)))
    return load is not None and load.seen >= CLOSE * load.carried and not lost.now


def _is_ample(narrowest: Link, load: Load | None, port: Fact | None) -> bool:
    if port is None:
        return False
    if load and load.port:
        return load.carried >= AMPLE * load.port
    return narrowest.bits >= ENOUGH * float(port.value) * 1e6


def _load(evidence: Evidence, interface: str, link: Link, port: Fact | None) -> Load | None:
    """Return what came in the window, from one source that counts both frames and bytes; None where nothing did."""
    for octets in evidence.readings("nic.ring.bytes", place=interface):
        packets = [
            reading
            for reading in evidence.readings("nic.ring.passed", place=interface)
            if (reading.series.source, reading.series.place) == (octets.series.source, octets.series.place)
        ]
        if octets.series.place != interface or not packets or not octets.delta or not octets.seconds:
            continue
        count = packets[0].delta
        if count:
            size = max(octets.delta / count + pcie_capacity.FCS, SMALLEST)
            payload = evidence.fact("pci.payload", link.device)
            carried = pcie_capacity.frames(
                link.speed, int(link.width.value), size, int(payload.value) if payload else 0
            )
            brings = pcie_capacity.line_rate(float(port.value), size) if port else None
            return Load(size, carried, brings, count / octets.seconds)
    return None


def _errors(evidence: Evidence, interface: str, address: str) -> Iterator[Finding]:
    """Errors that either end of a link on the way has reported in the window."""
    found = [
        reading.exhibit(f"{device} reported {reading.counted:,} PCIe errors ({reading.series.raw})")
        for device in _path(evidence, address)
        for reading in evidence.readings("nic.fifo.bus_errors", place=device)
        if reading.delta
    ]
    if found:
        text = f"The PCIe links to {interface} have errors: {'; '.join(exhibit.text for exhibit in found)}."
        yield msgspec.structs.replace(
            _note(interface, because=tuple(found)), subject="the errors of the PCIe link", statement=text
        )


def _path(evidence: Evidence, address: str) -> list[str]:
    path = evidence.fact("pci.path", address)
    return str(path.value).split("/") if path else [address]


def _link(evidence: Evidence, device: str, which: str = "") -> Link | None:
    """Return a device's link as it runs, or with `_maximum` as it could."""
    speed, width = evidence.fact(f"pci.speed{which}", device), evidence.fact(f"pci.width{which}", device)
    if speed is None or width is None:
        return None
    bits = pcie_capacity.bandwidth(float(speed.value), float(width.value))
    return Link(device, float(speed.value), width, bits) if bits else None


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]


def _millions(rate: float) -> str:
    return f"{rate / 1e6:.3g}"
