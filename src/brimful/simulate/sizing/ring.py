"""A receive ring: how large for a stall or a load, how long it lasts, how often it must be polled.

Frames are taken to come steadily: at the line rate of a link nothing can come faster.
"""

from brimful.simulate import laws
from brimful.simulate.sizing.answer import RATE, Answer, Given, Question, arriving, span

LARGEST = 32_768
"""Descriptors that the longest ring of the drivers known has: ixgbe on an X550."""


def _fifo(given: Given) -> tuple[int, tuple[str, ...], tuple[str, ...]]:
    """Return how many frames the FIFO takes, the line that says so, and a note where it is not known."""
    size = given.maybe("frame-size")
    fifo = given.maybe("fifo") if size else None
    if not fifo or not size:
        return 0, (), ("the NIC's FIFO is not counted: --fifo and --frame-size tell what it holds",)
    held = laws.fifo_frames(fifo, size)
    return held, (f"fifo frames = floor(fifo / frame) = floor({fifo:,g} / {size:,g}) = {held:,}",), ()


def ring(given: Given) -> Answer:
    """Return the smallest ring: for a stall, or for random arrivals at a load."""
    return _ring_stall(given) if given.maybe("stall") is not None else _ring_random(given)


def _ring_stall(given: Given) -> Answer:
    stall, come, cost = given["stall"], arriving(given), given.maybe("cost")
    held, fifo_text, notes = _fifo(given)
    every, loss = given.maybe("every"), given.maybe("loss")
    allowed = loss * come.rate * every if loss and every else 0.0
    if loss and not every:
        notes += ("sized to lose nothing: how often a stall comes is not known (--every)",)
    needed = laws.ring_for_stall(stall, held, come.rate, cost_s=cost or 0.0, allowed=allowed)
    words = "ceil(rate * stall - fifo frames"
    terms = f"ceil({come.rate:,.0f} * {span(stall)} - {held:,}"
    if cost:
        words = "1 + ceil(rate * (stall + cost) - fifo frames"
        terms = f"1 + ceil({come.rate:,.0f} * ({span(stall)} + {span(cost)}) - {held:,}"
    if allowed:
        words += " - loss * rate * every"
        terms += f" - {allowed:,.0f}"
    formula = (*come.formula, *fifo_text, f"ring = {words}) = {terms}) = {needed:,}")
    if cost is None:
        notes += ("that the CPU catches up afterwards is taken for granted: --cost is its time for a packet",)
    else:
        load, most = come.rate * cost, 1 - stall / every if every else 1.0
        share = "1 - stall / every" if every else "1"
        formula += (f"load = rate * cost = {come.rate:,.0f} * {span(cost)} = {load:.3g}, at most {share} = {most:.3g}",)
        if not laws.catches_up(load, stall, every):
            said = f"No ring is large enough: the CPU is busy {100 * load:.0f} % of the time and has {100 * most:.0f} % of it."
            return given.answer("ring", None, "descriptors", said, formula=formula, notes=notes)
    lost = f"loses no more than {loss:g} of all frames in stalls" if allowed else "loses nothing in a stall"
    said = f"A ring of {needed:,} descriptors {lost} of {span(stall)}."
    return given.answer("ring", needed, "descriptors", said, formula=formula, notes=notes + _settable(given, needed))


def _ring_random(given: Given) -> Answer:
    cost, loss = given["cost"], given["loss"]
    come = arriving(given)
    load = come.rate * cost
    needed = laws.smallest_ring(load, loss)
    formula = (
        *come.formula,
        f"load = rate * cost = {come.rate:,.0f} * {span(cost)} = {load:.4g}",
        "M/D/1/K with K = ring + 1: loss = 1 - 1 / (p0 + load), p0 of the chain embedded at departures",
    )
    notes = ("random (Poisson) arrivals and a CPU that is never away: stalls need more (--stall)",)
    if needed is None:
        said = (
            f"No ring is large enough: at a load of {load:.3g} more than {loss:g} is lost in any up to {laws.MOST:,}."
        )
        return given.answer("ring", None, "descriptors", said, formula=formula, notes=notes)
    said = f"A ring of {needed:,} descriptors loses no more than {loss:g} of random arrivals at a load of {load:.3g}."
    return given.answer("ring", needed, "descriptors", said, formula=formula, notes=notes + _settable(given, needed))


def _settable(given: Given, needed: int) -> tuple[str, ...]:
    """Return what to set, and whether the driver allows it."""
    most = given.maybe("ring-maximum")
    if most is not None and needed > most:
        return (f"the driver allows {most:,g} descriptors at most: poll more often, or use more queues",)
    if needed > LARGEST:
        return (
            f"no driver known has more than {LARGEST:,} descriptors to a ring: poll more often, or use more queues",
        )
    power = max(64, 1 << (needed - 1).bit_length())
    step = min(power, int(most)) if most is not None else power
    now = given.maybe("ring")
    if now is not None and now >= needed:
        return (f"the ring has {now:,g} descriptors: enough",)
    return (f"to set: ethtool -G INTERFACE rx {step}",)


def stall(given: Given) -> Answer:
    """Return how long nobody may poll a ring."""
    size, come, cost = given["ring"], arriving(given), given.maybe("cost")
    held, fifo_text, notes = _fifo(given)
    before, longest = laws.stall(size, 0, come.rate), laws.stall(size, held, come.rate, cost or 0.0)
    words, terms = "(ring + fifo frames) / rate", f"({size:,g} + {held:,}) / {come.rate:,.0f}"
    if cost:
        words = "(ring + fifo frames - 1) / rate - cost"
        terms = f"({size:,g} + {held:,} - 1) / {come.rate:,.0f} - {span(cost)}"
    formula = (*come.formula, *fifo_text, f"stall = {words} = {terms} = {span(longest)}")
    formula += (f"of that, until frames wait in the FIFO = ring / rate = {span(before)}",) if held else ()
    said = f"A stall of {span(longest)} loses nothing; a longer one does."
    asked = given.maybe("stall")
    if asked is not None:
        lost = max(0.0, asked - longest) * come.rate
        notes += (f"a stall of {span(asked)} {f'loses {lost:,.0f} frames' if lost >= 1 else 'fits'}",)
    return given.answer("stall", longest, "s", said, formula=formula, notes=notes + _moderated(given, longest))


def poll(given: Given) -> Answer:
    """Return how often a ring must be polled: before it is full, and before more has come than one poll takes."""
    size, come = given["ring"], arriving(given)
    held, fifo_text, notes = _fifo(given)
    budget = given.maybe("budget")
    taken = size if budget is None else min(size, budget)
    interval = taken / come.rate
    what = "ring / rate" if budget is None else "min(ring, budget) / rate"
    formula = (*come.formula, f"interval = {what} = {taken:,g} / {come.rate:,.0f} = {span(interval)}")
    if held:
        lost = span(laws.stall(size, held, come.rate))
        formula += (*fifo_text, f"frames are lost from (ring + fifo frames) / rate = {lost} on")
    cost = given.maybe("cost")
    if cost is not None:
        formula += (f"load = rate * cost = {come.rate:,.0f} * {span(cost)} = {come.rate * cost:.3g}, below 1",)
    if cost is not None and come.rate * cost >= 1:
        said = f"No interval is short enough: {come.rate:,.0f} frames/s * {span(cost)} is more than one CPU."
        return given.answer("poll", None, "s", said, formula=formula, notes=notes)
    said = f"The ring must be polled each {span(interval)} at least, or frames find no descriptor."
    return given.answer("poll", interval, "s", said, formula=formula, notes=notes + _moderated(given, interval))


def _moderated(given: Given, longest: float) -> tuple[str, ...]:
    """Return what interrupt moderation takes of a time."""
    wait = given.maybe("moderation")
    if wait is None:
        return ()
    if wait >= longest:
        return (f"interrupt moderation (rx-usecs) of {span(wait)} is longer than that",)
    return (f"interrupt moderation (rx-usecs) takes {span(wait)} of that",) if wait else ()


RING = Question("ring", ((("stall",), ("cost", "loss")), RATE), ring)
STALL = Question("stall", ((("ring",),), RATE), stall)
POLL = Question("poll", ((("ring",),), RATE), poll)
