"""How many received frames a second a PCIe link can carry, by the bytes that each of them costs.

After the model of Neugebauer et al., "Understanding PCIe performance for end host networking", SIGCOMM 2018
(pcie-bench/pcie-model): the link's rate after encoding, less its acknowledgements, flow control updates and skip
ordered sets; and for each frame its data in packets of at most the maximum payload, the write-back of its descriptor
and the request for a new one. It is a ceiling: what the host needs of the link for other things comes on top.
"""

from math import ceil

EFFICIENCY = {2.5: 0.8, 5.0: 0.8, 8.0: 128 / 130, 16.0: 128 / 130, 32.0: 128 / 130, 64.0: 1.0}
"""Share of the line rate left after encoding, by GT/s: drivers/pci/pci.h, PCIE_SPEED2MBS_ENC."""

LIMITS = {
    128: {1: 237, 2: 128, 4: 73, 8: 67, 12: 58, 16: 48, 32: 33},
    256: {1: 416, 2: 217, 4: 118, 8: 107, 12: 90, 16: 72, 32: 45},
    512: {1: 559, 2: 289, 4: 154, 8: 86, 12: 109, 16: 86, 32: 52},
}
"""Bytes between two acknowledgements, and between two flow control updates, by payload and lanes, at 2.5 GT/s.

PCI Express Base Specification, tables of the AckNak and UpdateFC transmission latency limits.
"""

LATER = {2.5: 0, 5.0: 51}
LATEST = 96
"""What the internal delay adds to these limits at 5 GT/s, and from 8 GT/s on."""

LINK_PACKET = 8
"""Bytes of an acknowledgement or a flow control update."""
SKIP = 4 / 1538

WRITE_HEADER = 20
"""Bytes around each write of data: framing, sequence, header of three words, check."""
DESCRIPTOR = 16 + 24 + 24 + 7
"""Write-back of a descriptor of 16 bytes, the request for the next, a share of the interrupt's write."""

FCS = 4
"""Bytes of a frame that the NIC checks and does not hand on."""
BETWEEN = 20
"""Bytes of preamble and gap around each frame on the wire (IEEE 802.3)."""


def bandwidth(speed: float, lanes: float) -> float:
    """Return the bits a second of a link after encoding, from GT/s and lanes."""
    return speed * 1e9 * EFFICIENCY.get(speed, 1.0) * lanes


def frames(speed: float, lanes: int, size: float, payload: int = 0) -> float:
    """Return how many received frames of `size` bytes (with FCS) a second a link carries at most.

    `payload`: the maximum payload in bytes; where 0, it is 128 at 2.5 GT/s and 256 above, as usual.
    """
    payload = payload or (128 if speed <= 2.5 else 256)  # noqa: PLR2004 - the first generation
    limits = LIMITS[max((known for known in LIMITS if known <= payload), default=128)]
    limit = limits[max((known for known in limits if known <= lanes), default=1)] + LATER.get(speed, LATEST)
    useful = bandwidth(speed, lanes) / 8 * (1 - 2 * LINK_PACKET / limit - SKIP)
    data = max(size - FCS, 1)
    return useful / (ceil(data / payload) * WRITE_HEADER + data + DESCRIPTOR)


def line_rate(megabits: float, size: float) -> float:
    """Return how many frames of `size` bytes (with FCS) a second an Ethernet link of so many Mb/s carries."""
    return megabits * 1e6 / (8 * (size + BETWEEN))
