"""Simulates what an answer says, and one size less: does it lose nothing, and does less lose something?

Each is a short run: one stall of a NIC's ring, one pause of a reader, or random arrivals at a queue. What would take more
packets than `MOST`, or speaks of losses too rare to be seen in so many, is left as it is.
"""

from collections.abc import Callable, Sequence
from math import ceil

from msgspec.structs import replace

from brimful.simulate import arrivals, laws
from brimful.simulate.chain import run
from brimful.simulate.pauses import Pauses
from brimful.simulate.replications import interval
from brimful.simulate.sizing.answer import Answer, Given, Simulated, arriving, span
from brimful.simulate.stage import Stage
from brimful.simulate.stages import nic, socket
from brimful.simulate.stages.queue import Queue
from brimful.simulate.stages.reading import Reader
from brimful.simulate.stages.service import Service

MOST = 200_000
"""Packets of all runs together: less than a second without compiled code."""
RUNS = 8
SEEN = 20
"""Losses that a target must let expect in all runs, to be looked for."""
LESS, FRAMES = 0.99, 4
"""A size that is too small: this share of what is needed, and so many frames less: an answer is safe by less than these."""
NS = 1e9
SMALLEST = 64
BEFORE = 8
"""Frames that come before a stall, with a CPU that is quick: the ring is empty when it begins."""


def confirm(answer: Answer) -> Answer:
    """Return an answer with what a simulation says of it, where that can be told in a moment."""
    simulate = WAYS.get(answer.question)
    if answer.value is None or simulate is None:
        return answer
    found = simulate(answer.value, Given({item.name: item for item in answer.inputs}))
    return replace(answer, simulated=found) if found else answer


def _ring(needed: float, given: Given) -> Simulated | None:
    stall, loss, every = given.maybe("stall"), given.maybe("loss"), given.maybe("every")
    if stall is None:
        return _random(int(needed), given)
    fewer = min(int(needed) - FRAMES, int(needed * LESS))
    sizes = [(f"{size:,} descriptors", _stalled(size, stall, given)) for size in (int(needed), fewer) if size > 0]
    return _compare(
        f"one stall of {span(stall)}", sizes, arriving(given).rate * loss * every if loss and every else 0.0
    )


def _stall(longest: float, given: Given) -> Simulated | None:
    ring = int(given["ring"])
    longer = longest / LESS + FRAMES / arriving(given).rate
    times = [(span(time), _stalled(ring, time, given)) for time in (longest * LESS, longer)]
    return _compare(f"a ring of {ring:,} descriptors", times)


def _stalled(ring: int, stall: float, given: Given) -> int | None:
    """Return the frames that one stall loses, while frames come steadily; None where that takes too long."""
    rate, cost, size, fifo = arriving(given).rate, given.maybe("cost"), given.maybe("frame-size"), given.maybe("fifo")
    gap, packets = NS / rate, ceil(stall * rate) + 2 * BEFORE
    if packets > MOST // 2:
        return None
    length = max(SMALLEST, round(size or SMALLEST))
    counted = fifo is not None and size is not None
    cpu = nic.Cpu(
        packet_ns=(cost or 0.0) * NS,
        interrupt_ns=0.0,
        moderation_ns=0.0,
        yield_ns=0.0,
        pauses=Pauses(((BEFORE - 0.5) * gap,), (stall * NS,)),
    )
    stage = nic.Nic(
        fifo_bytes=int(fifo) if fifo is not None and counted else BEFORE * length,
        bus=nic.fixed(gap / 8),
        ring=ring,
        refill=1,
        cpus=(cpu,),
        drops=not counted,
    )
    return _lost(stage, arrivals.Constant(gap), packets, length)


def _random(ring: int, given: Given) -> Simulated | None:
    """Compare with a queue and random arrivals, in several runs: losses come in clusters."""
    rate, cost, target, packets = arriving(given).rate, given["cost"], given["loss"], MOST // RUNS
    if target * packets * RUNS < SEEN:
        return None
    shares = []
    for number in range(RUNS):
        stage = Queue("ring", ring + 1, Service(fixed_ns=cost * NS), seed=str(number))
        lost = _lost(stage, arrivals.Poisson(NS / rate), packets, SMALLEST, str(number))
        shares.append(lost / packets)
    seen = interval(shares)
    high = "" if seen.high is None else f" to {seen.high:.2g}"
    outcome = f"{seen.mean:.2g} lost (95 %: {seen.low:.2g}{high})"
    return Simulated(f"{RUNS} runs of {packets:,} random arrivals", outcome, seen.low <= target)


def _buffer(needed: float, given: Given) -> Simulated | None:
    """Compare with one pause of a reader that had read all before it."""
    rate, pause, read = given["rate"], given["pause"], given.maybe("read") or 0.0
    count, gap = laws.messages(pause, rate, read), NS / rate
    charge = int(needed) // count
    fewer = min(count - FRAMES, int(count * LESS))
    if count > MOST // 2 or fewer < 1:
        return None
    reader = Reader(packet_ns=read * NS, pauses=Pauses(((BEFORE - 0.5) * gap,), (pause * NS,)))
    sizes = []
    for room in (count * charge, fewer * charge):
        stage = socket.socket(receive_buffer=room, charge=charge, reader=reader)
        sizes.append((f"{room:,} bytes", _lost(stage, arrivals.Constant(gap), count + 2 * BEFORE, SMALLEST)))
    return _compare(f"one pause of {span(pause)}", sizes)


def _lost(stage: Stage, pattern: arrivals.Pattern, packets: int, size: int, seed: str = "") -> int:
    return run(arrivals.arrivals(pattern, {size: 1.0}, seed=seed, most=packets), [stage]).lost


def _compare(what: str, tried: Sequence[tuple[str, int | None]], allowed: float = 0.0) -> Simulated | None:
    """Return whether the first, which should do, loses no more than is allowed, and the second more."""
    lost = [count for _, count in tried if count is not None]
    if len(lost) < 2:  # noqa: PLR2004 - the two that are compared
        return None
    outcome = ", ".join(f"{count:,} lost with {size}" for size, count in tried)
    return Simulated(what, outcome, lost[0] <= allowed < lost[1])


WAYS: dict[str, Callable[[float, Given], Simulated | None]] = {"ring": _ring, "stall": _stall, "buffer": _buffer}
"""How an answer's value and inputs are simulated, by the question."""
