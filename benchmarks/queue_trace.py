"""What measuring queues in the kernel costs each packet: our programs beside empty ones and beside none.

Datagrams are sent through a tbf that never holds them, on a pair of interfaces in a network namespace of its own: each
comes into the queue and is taken out again.
"""

import ctypes
import os
import socket
import statistics
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from functools import partial
from pathlib import Path

from brimful.evidence.histogram import asic_lows
from brimful.kernel import drop_programs
from brimful.kernel.bpf import BpfError, Program, attach
from brimful.kernel.btf import BtfError
from brimful.kernel.queue_plan import Ranges
from brimful.kernel.queue_trace import QueueTrace
from brimful.kernel.tracing import Tracing, TracingError

PACKETS = 50_000
RUNS = 15
NEW_NAMESPACE = 0x40000000
NEAR, FAR = "10.9.0.1", "10.9.0.2"
SETUP = f"""
ip link add va type veth peer name vb
ip addr add {NEAR}/24 dev va
ip link set vb up
ip link set va up
ip neigh add {FAR} lladdr 02:00:00:00:00:02 dev va
tc qdisc add dev va root tbf rate 100gbit burst 10000000 limit 10000000
"""
"""The far end throws the packets away: they are for another hardware address."""

BYTES = asic_lows(960, 12288, 96)
COUNTS = (0, 1, 2, 4, 8, 16, 32, 64, 128, 256)
TIMES = asic_lows(1000, 1_000_000, 1)
VARIANTS: dict[str, Ranges] = {
    "depth in bytes": Ranges(bytes=(BYTES,)),
    "depth in bytes and packets": Ranges(bytes=(BYTES,), packets=(COUNTS,)),
    "three ranges of each": Ranges(bytes=(BYTES,) * 3, packets=(COUNTS,) * 3),
    "time in the queue": Ranges(waits=(TIMES,)),
    "all of it": Ranges(bytes=(BYTES,), packets=(COUNTS,), waits=(TIMES,)),
}


def run(_: Path) -> None:
    """Time all variants in turn, several times."""
    thread = threading.Thread(target=_in_namespace)
    thread.start()
    thread.join()


def _in_namespace() -> None:
    if ctypes.CDLL(None).unshare(NEW_NAMESPACE):
        print("queue_trace: not measured, it takes root")
        return
    try:
        for line in SETUP.strip().splitlines():
            subprocess.run(line.split(), check=True)
        _measure()
    except (BpfError, BtfError, TracingError, OSError, subprocess.CalledProcessError) as error:
        print(f"queue_trace: not measured, {error}")


def _measure() -> None:
    os.sched_setaffinity(threading.get_native_id(), {min(os.sched_getaffinity(0))})
    watched = [(socket.if_nametoindex("va"), Path("/proc/thread-self/ns/net").stat().st_ino)]
    variants: dict[str, Callable[[], AbstractContextManager[object]]] = {"none": nullcontext, "empty": _empty}
    variants |= {name: partial(_traced, ranges, watched) for name, ranges in VARIANTS.items()}
    variants["another interface"] = partial(_traced, VARIANTS["all of it"], [(1 << 20, 1)])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as source:
        source.bind((NEAR, 0))
        source.connect((FAR, 9))
        _send(source)
        times: dict[str, list[float]] = {name: [] for name in variants}
        for _ in range(RUNS):
            for name, variant in variants.items():
                with variant():
                    times[name].append(_send(source))
        _print(times)
        _by_the_kernel(source, watched)


def _print(times: dict[str, list[float]]) -> None:
    none = times.pop("none")
    print(
        f"a packet without any program: {statistics.median(none) / PACKETS * 1e9:,.0f} ns ({RUNS} runs of {PACKETS:,})"
    )
    for name, own in times.items():
        more = sorted((with_it - without) / PACKETS * 1e9 for with_it, without in zip(own, none, strict=True))
        ratio = statistics.median(a / b for a, b in zip(own, none, strict=True))
        median = statistics.median(more)
        print(f"  {name}: {median:+,.0f} ns ({more[0]:+,.0f} to {more[-1]:+,.0f}), ratio {ratio:.3f}")


def _by_the_kernel(source: socket.socket, watched: list[tuple[int, int]]) -> None:
    """Print what the kernel's own clock says of a run; there are two to a packet, or a third that finds nothing left."""
    for name, ranges in VARIANTS.items():
        with closing(QueueTrace(ranges, watched, measured=True)) as trace:
            _send(source)
            found = trace.read()
            each = found.nanoseconds / found.runs
            print(
                f"  {name} by the kernel's clock: {each:,.0f} ns a run, {found.runs / PACKETS:.2f} runs a packet, {found.missed} missed"
            )


def _send(source: socket.socket) -> float:
    """Return the processor time of sending: the packet has left the queue before send() returns."""
    send = source.send
    begin = time.thread_time()
    for _ in range(PACKETS):
        send(b"x" * 64)
    return time.thread_time() - begin


@contextmanager
def _empty() -> Iterator[None]:
    tracing = Tracing()
    coming, going = (Program(drop_programs.empty(), "GPL", "empty") for _ in range(2))
    numbers = [tracing.tracepoint("qdisc", f"qdisc_{way}").number for way in ("enqueue", "dequeue")]
    with closing(coming), closing(going), closing(attach(coming, numbers[0])), closing(attach(going, numbers[1])):
        yield


@contextmanager
def _traced(ranges: Ranges, watched: list[tuple[int, int]]) -> Iterator[None]:
    with closing(QueueTrace(ranges, watched)):
        yield
