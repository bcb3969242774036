"""The PCIe link of a NIC: how wide it must be, and what is left of one."""

import msgspec

from brimful.evidence import pcie_capacity
from brimful.simulate.sizing.answer import RATE, Answer, Given, Question, arriving, bits

AMPLE = 1.25
"""Frames a second that a slot should carry beside those that come: the model is a ceiling, the host needs the bus too."""
SPEEDS = {1: 2.5, 2: 5.0, 3: 8.0, 4: 16.0, 5: 32.0}
"""GT/s by generation of PCI Express."""
LANES = (1, 2, 4, 8, 16)


class Slot(msgspec.Struct, frozen=True):
    """One PCIe link: its generation, lanes and the frames a second that it carries up."""

    generation: int
    lanes: int
    carries: float

    def __str__(self) -> str:
        """`gen3 x8 (47.6 M/s)`."""
        return f"gen{self.generation} x{self.lanes} ({self.carries / 1e6:.3g} M/s)"


def slots(size: float, needed: float, payload: int = 0) -> list[Slot]:
    """Return for each generation the narrowest link that carries so many frames a second."""
    found = []
    for generation, speed in SPEEDS.items():
        able = (Slot(generation, lanes, pcie_capacity.frames(speed, lanes, size, payload)) for lanes in LANES)
        found += [slot for slot in able if slot.carries >= needed][:1]
    return found


def slot(given: Given) -> Answer:
    """Return the narrowest PCIe link of each generation that carries the frames, with something left."""
    size, come = given["frame-size"], arriving(given)
    payload = int(given.maybe("payload") or 0)
    needed = come.rate * AMPLE
    fitting = slots(size, needed, payload)
    formula = (*come.formula, f"needed = {AMPLE:g} * rate = {needed / 1e6:.3g} M frames/s", *_carried(size, payload))
    if not fitting:
        said = f"No slot up to gen5 x16 carries {needed / 1e6:.3g} million frames of {size:,g} bytes a second."
        return given.answer("slot", None, "lanes", said, formula=formula)
    said = f"Of each generation, the narrowest slot that will do: {', '.join(str(one) for one in fitting)}."
    return given.answer("slot", fitting[0].lanes, f"lanes of gen{fitting[0].generation}", said, formula=formula)


def _carried(size: float, payload: int) -> tuple[str, ...]:
    data = max(size - pcie_capacity.FCS, 1)
    most = f"{payload:,}" if payload else "payload (128 in gen1, else 256)"
    other = pcie_capacity.received(size, 1 << 20) - data - pcie_capacity.HEADER
    text = (
        f"bytes = ceil(data / payload) * {pcie_capacity.HEADER} + data + {other:g} = "
        f"ceil({data:,g} / {most}) * {pcie_capacity.HEADER} + {data:,g} + {other:g}"
    )
    return (
        text,
        "carried = GT/s * encoding * lanes * (1 - acknowledgements - flow control - skips) / (8 * bytes)",
    )


def headroom(given: Given) -> Answer:
    """Return how much of a PCIe link frames of a size take."""
    speed, lanes = given["pcie-speed"], int(given["lanes"])
    size, come = given["frame-size"], arriving(given)
    payload = int(given.maybe("payload") or pcie_capacity.usual_payload(speed))
    up = pcie_capacity.frames(speed, lanes, size, payload)
    down = pcie_capacity.frames_sent(speed, lanes, size, payload)
    useful, each = pcie_capacity.useful(speed, lanes, payload), pcie_capacity.received(size, payload)
    left = 1 - come.rate / up
    formula = (
        *come.formula,
        f"useful = {speed:g} GT/s x{lanes} less encoding, acknowledgements, flow control and skips = {bits(useful)}",
        *_carried(size, payload)[:1],
        f"carried = useful / (8 * bytes) = {bits(useful)} / (8 * {each:,.4g}) = {up / 1e6:.4g} M frames/s",
        f"headroom = 1 - rate / carried = 1 - {come.rate / 1e6:.4g} / {up / 1e6:.4g} = {100 * left:.0f} %",
    )
    carries = f"{speed:g} GT/s x{lanes} carries {up / 1e6:.3g} million received frames of {size:,g} bytes a second"
    most = f"{come.rate / 1e6:.3g} million"
    come_word = "can come" if come.formula else "come"
    said = f"{carries}; {most} {come_word}: {100 * left:.0f} % are left."
    if left < 0:
        said = f"{carries}, {100 * up / come.rate:.0f} % of the {most} that {come_word}."
    notes: tuple[str, ...] = (f"it carries {down / 1e6:.3g} million such frames a second the other way, to be sent",)
    seen = given.maybe("seen-rate")
    if seen is not None:
        notes += (f"{seen:,.0f} frames a second came: {100 * seen / up:.2g} % of what it carries",)
    return given.answer("headroom", left, "share", said, formula=formula, notes=notes)


SLOT = Question("slot", ((("frame-size",),), RATE), slot)
HEADROOM = Question("headroom", ((("pcie-speed", "lanes"),), (("frame-size",),), RATE), headroom)
