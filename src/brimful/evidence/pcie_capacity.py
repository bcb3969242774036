"""How many frames a second a PCIe link can carry, by the bytes that each of them costs.

After the model of Neugebauer et al., "Understanding PCIe performance for end host networking", SIGCOMM 2018
(pcie-bench/pcie-model): the link's rate after encoding, less its acknowledgements, flow control updates and skip
ordered sets; and for each frame its data in packets of at most the maximum payload, and what its descriptors cost. It is a
ceiling: what the host needs of the link for other things comes on top.

A received frame goes up to the host as writes. One that is sent comes down as completions of reads, each at most a
maximum payload, asked for by requests of at most the maximum read request.
"""

from math import ceil

import msgspec

EFFICIENCY = {2.5: 0.8, 5.0: 0.8, 8.0: 128 / 130, 16.0: 128 / 130, 32.0: 128 / 130, 64.0: 1.0}
"""Share of the line rate left after encoding, by GT/s: drivers/pci/pci.h, PCIE_SPEED2MBS_ENC."""

LIMITS = {
    128: {1: 237, 2: 128, 4: 73, 8: 67, 12: 58, 16: 48, 32: 33},
    256: {1: 416, 2: 217, 4: 118, 8: 107, 12: 90, 16: 72, 32: 45},
    512: {1: 559, 2: 289, 4: 154, 8: 86, 12: 109, 16: 86, 32: 52},
    1024: {1: 1071, 2: 545, 4: 282, 8: 150, 12: 194, 16: 150, 32: 84},
    2048: {1: 2095, 2: 1057, 4: 538, 8: 278, 12: 365, 16: 278, 32: 148},
    4096: {1: 4143, 2: 2081, 4: 1050, 8: 534, 12: 706, 16: 534, 32: 276},
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

HEADER = 24
"""Bytes around each write, and of each read request: framing, sequence, header of four words, check."""
COMPLETION = 20
"""Bytes around each completion with data: one word less."""
DESCRIPTOR = 16
POINTER = 4
"""Bytes of a descriptor, and of the register that tells where a ring begins or ends."""

FCS = 4
"""Bytes of a frame that the NIC checks and does not hand on."""
BETWEEN = 20
"""Bytes of preamble and gap around each frame on the wire (IEEE 802.3)."""


class Driver(msgspec.Struct, frozen=True):
    """What a NIC and its driver cost the link beside the data, with addresses of 64 bits.

    Of received frames: whether the request for a descriptor is counted, frames to an interrupt and to each time that the
    driver reads how far the NIC is (never, where 0). Of frames that are sent: descriptors read at once, and written back
    at once (never, where 0), frames for each time that the driver tells of them, and to an interrupt and a read as above.
    """

    name: str
    request: bool = True
    received_interrupt: float = 32
    received_read: float = 8
    sent_fetched: int = 40
    sent_returned: int = 8
    sent_told: int = 1
    sent_interrupt: float = 32
    sent_read: float = 1


KERNEL = Driver("a driver of the Linux kernel")
"""As ixgbe uses an 82599: a descriptor is fetched and written back for each frame."""

BENCH_KERNEL = Driver("pcie-bench: kernel driver", request=False)
BENCH_POLL = Driver(
    "pcie-bench: poll mode driver",
    request=False,
    received_interrupt=0,
    received_read=0,
    sent_told=32,
    sent_interrupt=0,
    sent_read=0,
)
BENCH_SIMPLE = Driver(
    "pcie-bench: simple NIC",
    request=False,
    received_interrupt=1,
    received_read=1,
    sent_fetched=1,
    sent_returned=0,
    sent_interrupt=1,
)
"""The three that pcie-bench publishes: it leaves the request for a descriptor out of what a received frame sends up."""


def bandwidth(speed: float, lanes: float) -> float:
    """Return the bits a second of a link after encoding, from GT/s and lanes."""
    return speed * 1e9 * EFFICIENCY.get(speed, 1.0) * lanes


def usual_payload(speed: float) -> int:
    """Return the maximum payload in bytes that is usual at so many GT/s."""
    return 128 if speed <= 2.5 else 256  # noqa: PLR2004 - the first generation


def useful(speed: float, lanes: int, payload: int = 0) -> float:
    """Return the bits a second that are left for packets of the transaction layer, in each direction.

    `payload`: the maximum payload in bytes; where 0, what is usual.
    """
    payload = payload or usual_payload(speed)
    limits = LIMITS[max((known for known in LIMITS if known <= payload), default=128)]
    limit = limits[max((known for known in limits if known <= lanes), default=1)] + LATER.get(speed, LATEST)
    return bandwidth(speed, lanes) * (1 - 2 * LINK_PACKET / limit - SKIP)


def received(size: float, payload: int, driver: Driver = KERNEL) -> float:
    """Return the bytes that a received frame of `size` bytes (with FCS) sends up."""
    data = max(size - FCS, 1)
    descriptor = DESCRIPTOR + HEADER + driver.request * HEADER
    told = _share(POINTER + HEADER, driver.received_interrupt) + _share(POINTER + COMPLETION, driver.received_read)
    return ceil(data / payload) * HEADER + data + descriptor + told


def sent(
    size: float, payload: int, *, request: int = 512, boundary: int = 0, driver: Driver = KERNEL
) -> tuple[float, float]:
    """Return the bytes that a frame of `size` bytes (with FCS) costs to send: up, and down.

    `request`: the maximum read request; `boundary`: the read completion boundary, of a host that cuts completions there.
    """
    data, piece = max(size - FCS, 1), boundary or payload
    read, back = DESCRIPTOR * driver.sent_fetched, DESCRIPTOR * driver.sent_returned
    up = (ceil(data / request) + ceil(read / request) / driver.sent_fetched) * HEADER
    up += _share(ceil(back / payload) * HEADER + back, driver.sent_returned)
    up += _share(POINTER + HEADER, driver.sent_interrupt) + _share(POINTER + COMPLETION, driver.sent_read)
    down = ceil(data / piece) * COMPLETION + data + (ceil(read / piece) * COMPLETION + read) / driver.sent_fetched
    return up, down + (POINTER + HEADER) / driver.sent_told + _share(HEADER, driver.sent_read)


def _share(size: float, count: float) -> float:
    """Return what each of so many frames has of so many bytes; nothing where that never happens."""
    return size / count if count else 0.0


def frames(speed: float, lanes: int, size: float, payload: int = 0, driver: Driver = KERNEL) -> float:
    """Return how many received frames of `size` bytes (with FCS) a second a link carries at most."""
    payload = payload or usual_payload(speed)
    return useful(speed, lanes, payload) / 8 / received(size, payload, driver)


def frames_sent(  # noqa: PLR0913 - the settings of a link
    speed: float,
    lanes: int,
    size: float,
    payload: int = 0,
    *,
    request: int = 512,
    boundary: int = 0,
    driver: Driver = KERNEL,
) -> float:
    """Return how many frames of `size` bytes (with FCS) a second can be sent through a link at most."""
    payload = payload or usual_payload(speed)
    costs = sent(size, payload, request=request, boundary=boundary, driver=driver)
    return useful(speed, lanes, payload) / 8 / max(costs)


def line_rate(megabits: float, size: float) -> float:
    """Return how many frames of `size` bytes (with FCS) a second an Ethernet link of so many Mb/s carries."""
    return megabits * 1e6 / (8 * (size + BETWEEN))
