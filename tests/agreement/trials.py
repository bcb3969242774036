"""Trials: packets sent to a kernel, and the same to the simulator; what each lost.

What is predicted is never measured: charges follow from how the kernel allocates a packet, times of the packets that are sent
by the clock are the one thing that the simulator is told of a run.
"""

import platform
import re
import socket
import time
from contextlib import suppress
from math import inf
from pathlib import Path
from typing import NamedTuple

from tests.agreement.scene import counters, inside, scene, tc

from brimful.simulate import chain
from brimful.simulate.arrivals import blocks
from brimful.simulate.pauses import Pauses
from brimful.simulate.stages.reading import Reader
from brimful.simulate.stages.shaper import Shaper
from brimful.simulate.stages.socket import socket as simulated

ETHERNET, IP, UDP, FCS = 14, 20, 8, 4
AROUND = ETHERNET + IP + UDP + FCS
MTU = {"lo": 65536, "veth": 1500}
ROOM_BEFORE, EXTRA = 16, 15
"""Bytes that IP leaves for the link's header, and for one of a tunnel (net/ipv4/ip_output.c, __ip_append_data)."""
LINE, SHARED_INFO, SK_BUFF, PAGE = 64, 320, 256, 4096
SO_SNDBUFFORCE, SO_RCVBUFFORCE = 32, 33
ETH_P_IP = 0x0800
STEP_NS = 1e6
PATIENCE = 200


class Result(NamedTuple):
    """What one trial came to: `sent`, `predicted` and `measured` losses, and by how much they may differ."""

    path: str
    what: str
    sent: int
    charge: str
    predicted: int
    measured: int
    bound: int

    @property
    def agrees(self):
        return abs(self.predicted - self.measured) <= self.bound


class Reads(NamedTuple):
    """A socket and its reader: `steps` are datagrams that are sent (positive) or read (negative), in turn."""

    path: str
    payload: int
    buffer: int
    steps: tuple[int, ...]
    kind: str = "udp"


class Shapes(NamedTuple):
    """A tbf: bits a second, bytes of burst and limit; `bursts` of `packets` each, `gap_s` apart, `every_s`.

    The packets have these payloads, over and over.
    """

    path: str
    payloads: tuple[int, ...]
    rate: int
    burst: int
    limit: int
    packets: int
    bursts: int = 1
    gap_s: float = 0.0
    every_s: float = 0.0
    bound: int = 0


def charge(path, payload):
    """Return what a datagram that this host sends is charged where it arrives, x86-64.

    On both paths it keeps the memory that it was sent in (net/core/skbuff.c, kmalloc_reserve): from 6.3 on small heads have a
    slab of their own; what is longer has a power of two. What does not fit into four pages (SKB_MAX_ALLOC) lies in page
    fragments, charged by the byte, behind a small head. One of several IP fragments is charged what they are together.
    """
    whole, most = UDP + payload, (MTU[path] - IP) // 8 * 8
    return sum(_charge(min(most, whole - first)) for first in range(0, whole, most))


def _charge(length):
    """Return what one IP packet with so many bytes behind its header is charged."""
    if length + IP + ROOM_BEFORE + EXTRA >= 4 * PAGE - SHARED_INFO:
        return _head(UDP) + SK_BUFF + length - UDP
    return _head(length) + SK_BUFF


def _head(length):
    needed = -(-(length + IP + ROOM_BEFORE + EXTRA) // LINE) * LINE + SHARED_INFO
    small = _small_head()
    return small if needed <= small else 1 << (needed - 1).bit_length()


def _small_head():
    """Return the bytes of an object of the slab `skbuff_small_head`: that depends on how the kernel was configured."""
    found = re.search(r"(?m)^skbuff_small_head +\d+ +\d+ +(\d+)", Path("/proc/slabinfo").read_text("ascii"))
    return int(found[1]) if found else 512


def rule():
    """Return how the running kernel admits datagrams: it changed with 6.16."""
    major, minor = map(int, platform.release().split(".")[:2])
    return "udp" if (major, minor) >= (6, 16) else "udp before 6.16"


def read(trial):
    """Do the steps with a socket of the kernel and with a simulated one."""
    measured, charged = _read(trial)
    times, pauses = _schedule(trial.steps)
    stage = simulated(
        receive_buffer=2 * trial.buffer,
        charge=charge(trial.path, trial.payload),
        reader=Reader(packet_ns=1.0, pauses=pauses),
        kind=rule() if trial.kind == "udp" else trial.kind,
    )
    outcome = chain.run(blocks(times, [trial.payload + AROUND] * len(times)), [stage])
    steps = " ".join(f"{'send' if step > 0 else 'read'} {abs(step)}" for step in trial.steps)
    what = f"{trial.kind} socket, {trial.buffer} bytes doubled; {trial.payload} bytes each: {steps}"
    charges = f"{charge(trial.path, trial.payload)} / {charged}"
    return Result(trial.path, what, len(times), charges, outcome.lost, measured, 0)


def _schedule(steps):
    """Return when packets come, a nanosecond apart, and when the reader does not read: one step each millisecond."""
    times, starts, lengths = [], [0.0], []
    for number, step in enumerate(steps, 1):
        begin = number * STEP_NS
        if step > 0:
            times += [begin + index for index in range(step)]
        else:
            lengths.append(begin - starts[-1])
            starts.append(begin - step)
    return times, Pauses(tuple(starts), (*lengths, inf if len(starts) > len(lengths) + 1 else STEP_NS * len(steps) * 2))


class Receiver:
    """A socket of the kernel that packets come to, and what brimful reads of it."""

    def __init__(self, trial, where):
        self._where = where
        self._udp = trial.kind == "udp"
        sink = inside(where.far, lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        sink.bind((where.address, 0))
        self.to = sink.getsockname()
        self._sockets = [sink] if self._udp else [inside(where.far, lambda: _packet_socket(where.arrives)), sink]
        self._sockets[0].setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, trial.buffer)
        self.taken = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for one in self._sockets:
            one.close()

    def read(self, most):
        """Read so many, or those there are."""
        with suppress(BlockingIOError):
            for _ in range(most):
                self._sockets[0].recv(1 << 16, socket.MSG_DONTWAIT)
                self.taken += 1

    def settled(self, least=0):
        """Return what is charged and how many were dropped, when at least so much is and it no longer changes."""
        before = None
        for _ in range(PATIENCE):
            now = self._counted()
            if now == before and now[0] >= least:
                return now
            before = now
            time.sleep(0.01)
        raise AssertionError(f"{now} still changes")

    def _counted(self):
        if self._udp:
            found = counters(self._where.far, "sockets", f"udp {self.to[0]}:{self.to[1]}")
            return found["socket.receive.queued"], found["socket.receive.dropped"]
        found = counters(self._where.far, "local_sockets", "packet")
        return found["capture.ring.queued"], found["capture.ring.dropped"]


def _read(trial):
    """Return what a socket of the kernel lost, and what it was charged for the first datagram."""
    charged = came = 0
    with scene(trial.path) as where, Receiver(trial, where) as receiver, inside(where.near, sender) as out:
        for step in trial.steps:
            for _ in range(step):
                out.sendto(bytes(trial.payload), receiver.to)
                charged = charged or receiver.settled(1)[0]
                came += 1
            receiver.settled()
            receiver.read(-step)
        _, lost = receiver.settled()
        receiver.read(came)
        if came != receiver.taken + lost:
            raise AssertionError(f"{came} sent, {receiver.taken} read, {lost} counted as lost")
    return lost, charged


def _packet_socket(device):
    found = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    found.bind((device, ETH_P_IP))
    return found


def sender():
    """Open a socket to send from that nothing holds up."""
    out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    out.setsockopt(socket.SOL_SOCKET, SO_SNDBUFFORCE, 1 << 24)
    return out


def shape(trial):
    """Send bursts through a tbf of the kernel and, at the very times they were sent, through a simulated one."""
    with scene(trial.path) as where, inside(where.far, lambda: _sink(where)) as sink:
        tc(
            where.near,
            f"qdisc add dev {where.device} root tbf rate {trial.rate}bit burst {trial.burst} limit {trial.limit}",
        )
        with inside(where.near, sender) as out:
            times = _burst(trial, out, (where.address, sink.getsockname()[1]))
            found = counters(where.near, "qdisc", where.device)
    stage = Shaper(bits_per_s=trial.rate, burst_bytes=trial.burst, limit_bytes=trial.limit)
    lengths = [trial.payloads[packet % len(trial.payloads)] + AROUND for packet in range(trial.packets)]
    outcome = chain.run(blocks(times, lengths * trial.bursts), [stage])
    measured = found["qdisc.queue.drops_mixed"]  # those of the queue inside are among them
    if len(times) != found["qdisc.queue.passed"] + found["qdisc.queue.length"] + measured:
        raise AssertionError(f"{len(times)} sent: {found}")
    what = f"tbf {trial.rate} bit/s, burst {trial.burst}, limit {trial.limit}; {', '.join(map(str, trial.payloads))} bytes each: "
    what += f"{trial.bursts} x {trial.packets}" + (f", {1e6 * trial.gap_s:.0f} us apart" if trial.gap_s else "")
    what += f", every {1e3 * trial.every_s:.0f} ms" if trial.bursts > 1 else ""
    return Result(trial.path, what, len(times), "", outcome.lost, measured, trial.bound)


def _sink(where):
    reader = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    reader.bind((where.address, 0))
    return reader


def _burst(trial, out, to):
    """Send, and return when each was sent: ns of the clock by which the kernel fills the bucket."""
    times, begin = [], time.monotonic()
    for burst in range(trial.bursts):
        for packet in range(trial.packets):
            due = begin + burst * trial.every_s + packet * trial.gap_s
            while time.monotonic() < due:
                time.sleep(max(0.0, min(due - time.monotonic() - 2e-4, 0.01)))
            payload = bytes(trial.payloads[packet % len(trial.payloads)])
            times.append(float(time.monotonic_ns()))
            out.sendto(payload, to)
    return [one - times[0] for one in times]
