"""What counting drops in the kernel costs each packet that is dropped: our programs beside an empty one and beside none.

Datagrams are sent to a full socket on the loopback of a network namespace of its own, so that each is dropped.
"""

import ctypes
import os
import socket
import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from brimful.kernel import btf, drop_programs
from brimful.kernel.bpf import BpfError, Program, attach, measure
from brimful.kernel.counter import Counter, Counting
from brimful.kernel.drop_programs import DROP_KEY, offsets_of
from brimful.kernel.drops import ENTRIES, Drop, Drops
from brimful.kernel.tracing import Tracing, TracingError

DROPS = 100_000
RUNS = 15
NEW_NAMESPACE = 0x40000000


def run(_: Path) -> None:
    """Time all variants in turn, several times."""
    thread = threading.Thread(target=_in_namespace)
    thread.start()
    thread.join()


def _in_namespace() -> None:
    if ctypes.CDLL(None).unshare(NEW_NAMESPACE) or os.system("ip link set lo up"):  # noqa: S605 - constant
        print("bpf: not measured, it takes root")
        return
    try:
        _measure()
    except (BpfError, TracingError) as error:
        print(f"bpf: not measured, {error}")


def _measure() -> None:
    os.sched_setaffinity(threading.get_native_id(), {min(os.sched_getaffinity(0))})
    with _full_socket() as source:
        _send(source)
        variants = {"none": _nothing, "empty": _empty, "drops": _drops, "all three": _all}
        times: dict[str, list[float]] = {name: [] for name in variants}
        for _ in range(RUNS):
            for name, variant in variants.items():
                with variant():
                    times[name].append(_send(source))
        _print(times)
        _by_the_kernel(source)


def _print(times: dict[str, list[float]]) -> None:
    none = times["none"]
    print(f"a drop without any program: {statistics.median(none) / DROPS * 1e9:,.0f} ns ({RUNS} runs of {DROPS:,})")
    for name in ("empty", "drops", "all three"):
        more = sorted((with_it - without) / DROPS * 1e9 for with_it, without in zip(times[name], none, strict=True))
        ratio = statistics.median(a / b for a, b in zip(times[name], none, strict=True))
        print(f"  {name}: {statistics.median(more):+,.0f} ns ({more[0]:+,.0f} to {more[-1]:+,.0f}), ratio {ratio:.3f}")


def _by_the_kernel(source: socket.socket) -> None:
    """Print what the kernel's own clock says; reading it is part of each run, of the empty program's as well."""
    program = Program(drop_programs.empty(), "GPL", "empty")
    point = Tracing().tracepoint("skb", "kfree_skb")
    with closing(program), closing(attach(program, point.number)), closing(measure()):
        _send(source)
        run = program.run()
        if run and run.count:
            print(f"  empty by the kernel's clock: {run.nanoseconds / run.count:,.0f} ns a run")
    with closing(Drops(measured=True)) as counted:
        _send(source)
        for cost in counted.read().costs:
            if cost.runs:
                each = cost.nanoseconds / cost.runs
                print(f"  {cost.tracepoint} by the kernel's clock: {each:,.0f} ns a run, {cost.missed} missed")


@contextmanager
def _full_socket() -> Iterator[socket.socket]:
    with ExitStack() as stack:
        full, source = (stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) for _ in range(2))
        full.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        full.bind(("127.0.0.1", 0))
        source.connect(full.getsockname())
        yield source


def _send(source: socket.socket) -> float:
    """Return the processor time of sending: the datagram is dropped before send() returns."""
    send = source.send
    begin = time.thread_time()
    for _ in range(DROPS):
        send(b"x")
    return time.thread_time() - begin


@contextmanager
def _nothing() -> Iterator[None]:
    yield


@contextmanager
def _empty() -> Iterator[None]:
    program = Program(drop_programs.empty(), "GPL", "empty")
    with closing(program), closing(attach(program, Tracing().tracepoint("skb", "kfree_skb").number)):
        yield


@contextmanager
def _drops() -> Iterator[None]:
    point = Tracing().tracepoint("skb", "kfree_skb")
    counting = Counting("kfree_skb", DROP_KEY, 1, ENTRIES, drop_programs.drops, _unnamed, Drop)
    with closing(Counter(point, counting, offsets_of(btf.kernel()))):
        yield


def _unnamed(*parts: int) -> tuple[int, ...]:
    return parts


@contextmanager
def _all() -> Iterator[None]:
    with closing(Drops()):
        yield
