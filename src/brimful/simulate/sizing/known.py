"""What a host, a capture or a scenario tells of the inputs: each with the place where it says so."""

from collections.abc import Iterator

from brimful.evidence import pcie_capacity
from brimful.evidence.event import Fact
from brimful.evidence.evidence import Evidence
from brimful.simulate.scenario import Bad, Scenario
from brimful.simulate.sizing.answer import Input

SMALLEST = 64
STEADY = {"constant", "poisson"}
LIMITS = {"ring": "nic.ring.size", "ring-maximum": "nic.ring.size_maximum"}


def cards(evidence: Evidence) -> list[str]:
    """Return the interfaces with hardware, or at least a ring, behind them."""
    named = [fact.place for name in ("nic.link_speed", "nic.bus_address") for fact in evidence.facts(name)]
    return sorted({*named, *evidence.places("nic.ring.size")})


def interfaces(evidence: Evidence) -> list[str]:
    """Return all interfaces of which anything is known that sizes depend on."""
    return sorted({*cards(evidence), *evidence.places("nic.ring.passed")})


def observed(evidence: Evidence, interface: str) -> dict[str, Input]:
    """Return what was read of one interface. What was not read is left out."""
    found = [*_link(evidence, interface), *_limits(evidence, interface), *_bus(evidence, interface)]
    found += [*_frames(evidence, interface), *_buffer(evidence)]
    return {item.name: item for item in found}


def _link(evidence: Evidence, interface: str) -> Iterator[Input]:
    speed = evidence.fact("nic.link_speed", interface)
    if speed:
        yield Input("link-speed", float(speed.value) * 1e6, "bit/s", str(speed.origin))
    moderation = evidence.fact("nic.coalescing", interface)
    words = str(moderation.value).split() if moderation else []
    if moderation and "rx-usecs" in words and words[words.index("rx-usecs") + 1].isdecimal():
        wait = float(words[words.index("rx-usecs") + 1]) / 1e6
        yield Input("moderation", wait, "s", str(moderation.origin))


def _limits(evidence: Evidence, interface: str) -> Iterator[Input]:
    for name, meaning in LIMITS.items():
        for reading in evidence.readings(meaning, place=interface)[:1]:
            yield Input(name, float(reading.last), "descriptors", str(reading.origin))


def _frames(evidence: Evidence, interface: str) -> Iterator[Input]:
    """Yield how many frames came and their mean size, from one source that counts both frames and bytes."""
    for octets in evidence.readings("nic.ring.bytes", place=interface):
        for packets in evidence.readings("nic.ring.passed", place=interface):
            same = (octets.series.source, octets.series.place) == (packets.series.source, packets.series.place)
            if same and octets.series.place == interface and octets.delta and packets.delta:
                size = max(octets.delta / packets.delta + pcie_capacity.FCS, SMALLEST)
                yield Input("frame-size", round(size, 1), "bytes", f"mean of those that came: {octets.origin}")
                if packets.seconds:
                    yield Input("seen-rate", packets.delta / packets.seconds, "frames/s", str(packets.origin))
                return


def _bus(evidence: Evidence, interface: str) -> Iterator[Input]:
    """Yield the narrowest link on the way to the NIC."""
    addresses = [str(fact.value) for fact in evidence.facts("nic.bus_address", interface)]
    path = evidence.fact("pci.path", addresses[-1]) if addresses else None
    devices = str(path.value).split("/") if path else addresses
    links = [link for device in devices if (link := _pcie(evidence, device))]
    if links:
        speed, width = min(links, key=lambda link: pcie_capacity.bandwidth(float(link[0].value), float(link[1].value)))
        yield Input("pcie-speed", float(speed.value), "GT/s", str(speed.origin))
        yield Input("lanes", float(width.value), "", str(width.origin))
        payload = evidence.fact("pci.payload", speed.place)
        if payload:
            yield Input("payload", float(payload.value), "bytes", str(payload.origin))


def _pcie(evidence: Evidence, device: str) -> tuple[Fact, Fact] | None:
    speed, width = evidence.fact("pci.speed", device), evidence.fact("pci.width", device)
    return (speed, width) if speed and width else None


def _buffer(evidence: Evidence) -> Iterator[Input]:
    default = evidence.fact("sysctl", "net.core.rmem_default")
    if default and str(default.value).isdecimal():
        yield Input("receive-buffer", float(default.value), "bytes", str(default.origin))


def supposed(scenario: Scenario, name: str) -> dict[str, Input]:
    """Return what a scenario says, its defaults included; `name` is that of its file.

    Bursts come at the rate of the link; several rings, and a trace, are not sized for.
    """
    traffic, nic, cpu, socket = scenario.traffic, scenario.nic, scenario.cpu, scenario.socket
    if traffic.trace is not None:
        raise Bad(f"{name}: traffic.trace: a trace has no rate to size for: --rate and --frame-size give one")
    if nic.queues > 1:
        raise Bad(f"{name}: nic.queues: one ring is sized: give the rate of its frames alone")
    rows = [
        ("link-speed", traffic.link_mbps * 1e6, "bit/s", "traffic"),
        ("frame-size", traffic.mean_bytes(), "bytes", "traffic"),
        ("ring", nic.ring, "descriptors", "nic.ring"),
        ("fifo", nic.fifo_bytes, "bytes", "nic.fifo_bytes"),
        ("moderation", nic.moderation_ns / 1e9, "s", "nic.moderation_ns"),
        ("cost", (cpu.packet_ns + cpu.byte_ns * traffic.mean_bytes()) / 1e9, "s", "cpu.packet_ns"),
    ]
    if traffic.pattern in STEADY:
        rows.append(("rate", 1e9 / traffic.gap_ns(), "frames/s", "traffic"))
    if cpu.stolen_ns:
        rows += [
            ("stall", cpu.stolen_ns / 1e9, "s", "cpu.stolen_ns"),
            ("every", cpu.stolen_every_ns / 1e9, "s", "cpu.stolen_every_ns"),
        ]
    if nic.pcie:
        rows += [
            ("pcie-speed", nic.pcie.gigatransfers, "GT/s", "nic.pcie.generation"),
            ("lanes", nic.pcie.lanes, "", "nic.pcie.lanes"),
        ]
        rows += [("payload", nic.pcie.payload_bytes, "bytes", "nic.pcie.payload_bytes")] * bool(nic.pcie.payload_bytes)
    if socket:
        rows.append(("receive-buffer", socket.receive_buffer_bytes, "bytes", "socket.receive_buffer_bytes"))
        rows += [("truesize", socket.truesize_bytes, "bytes", "socket.truesize_bytes")] * bool(socket.truesize_bytes)
        rows.append(
            ("read", (socket.read_ns + socket.read_byte_ns * traffic.mean_bytes()) / 1e9, "s", "socket.read_ns")
        )
        rows += [("pause", socket.pause_ns / 1e9, "s", "socket.pause_ns")] * bool(socket.pause_ns)
    return {key: Input(key, float(value), unit, f"{name}: {where}") for key, value, unit, where in rows}
