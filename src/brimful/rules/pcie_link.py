"""The PCIe links on the way to a NIC: narrower or slower than the card can do speaks for the bus, full speed against."""

from collections.abc import Iterator

from brimful.evidence.event import Fact
from brimful.evidence.evidence import Evidence
from brimful.evidence.origin import Exhibit
from brimful.rules import Finding, State, rule

EFFICIENCY = {2.5: 0.8, 5.0: 0.8, 8.0: 128 / 130, 16.0: 128 / 130, 32.0: 128 / 130, 64.0: 1.0}
"""Share of the line rate left after encoding, by GT/s: drivers/pci/pci.h, PCIE_SPEED2MBS_ENC."""

ENOUGH = 2.0
"""A link with this many times the port's rate is called ample: small frames cost the bus about twice their bits."""


@rule(
    "pci.speed", "pci.speed_maximum", "pci.width", "pci.width_maximum", "pci.path", "nic.bus_address", "nic.link_speed"
)
def pcie_link(evidence: Evidence) -> Iterator[Finding]:
    """Is a PCIe link on the way to the NIC narrower or slower than the card?"""
    interfaces = {str(fact.value): fact.place for fact in evidence.facts("nic.bus_address")}
    devices = dict.fromkeys(fact.place for fact in evidence.facts("pci.width"))
    for device in devices:
        if device in interfaces:
            yield from _judge(evidence, interfaces[device], device)
        elif len(devices) == 1:  # one device was saved: it is what the capture is about
            yield from _judge(evidence, device, device)


def _judge(evidence: Evidence, interface: str, address: str) -> Iterator[Finding]:
    path = evidence.fact("pci.path", address)
    links = [_link(evidence, device) for device in (str(path.value).split("/") if path else [address])]
    known = [link for link in links if link]
    if not known or known[-1][0] != address:
        return
    narrowest = min(known, key=lambda link: link[1])
    able = _bandwidth(evidence, address, "_maximum")
    speed, width = evidence.fact("pci.speed", narrowest[0]), evidence.fact("pci.width", narrowest[0])
    if speed is None or width is None:
        return
    where = "" if narrowest[0] == interface else f" at {narrowest[0]}"
    runs = f"{float(speed.value):g} GT/s x{width.value} ({narrowest[1]:.1f} Gb/s){where}"
    link = f"the narrowest PCIe link to {interface} runs at {runs}"
    port = evidence.fact("nic.link_speed", interface)
    if port and narrowest[1] * 1000 >= ENOUGH * float(port.value):
        text = f"{link}, ample for a port of {float(port.value) / 1000:g} Gb/s"
        yield Finding(stage="nic.fifo", place=interface, state=State.NOTE, against=(Exhibit(text, width.origin),))
    elif able and narrowest[1] < able:
        share = 100 * narrowest[1] / able
        yield _narrow(interface, f"{link}; the card can do {able:.1f} Gb/s", width, share)


def _narrow(interface: str, text: str, width: Fact, share: float) -> Finding:
    """A narrow link alone loses nothing: it is evidence where frames are lost, and worth a line where they are not."""
    return Finding(
        stage="nic.fifo",
        place=interface,
        state=State.NOTE,
        subject="the narrow PCIe link",
        statement=f"{text[0].upper()}{text[1:]}: it has {share:.0f} % of that.",
        because=(Exhibit(text, width.origin),),
    )


def _link(evidence: Evidence, device: str) -> tuple[str, float] | None:
    bandwidth = _bandwidth(evidence, device, "")
    return (device, bandwidth) if bandwidth else None


def _bandwidth(evidence: Evidence, device: str, which: str) -> float | None:
    """Gb/s of a device's link in use, or with `_maximum` of what it can do."""
    speed, width = evidence.fact(f"pci.speed{which}", device), evidence.fact(f"pci.width{which}", device)
    if speed is None or width is None:
        return None
    return float(speed.value) * EFFICIENCY.get(float(speed.value), 1.0) * float(width.value)
