"""Exact answers of queueing theory that simulations are held against, and how far a simulation is from one."""

from collections.abc import Iterator, Sequence
from math import exp, sqrt

import numpy as np

State = tuple[int, int, bool]
Rates = tuple[float, float, float]


def mm1k(load: float, places: int) -> float:
    """Return the share of the customers lost by M/M/1/K (Kleinrock, Queueing Systems 1, section 3.6)."""
    return (1 - load) * load**places / (1 - load ** (places + 1))


def md1k(load: float, places: int) -> float:
    """Return the share lost by M/D/1/K: M/G/1 as departures leave it, cut at K - 1 (Gross and Harris, section 5.1.8)."""
    arrive = [exp(-load)]
    for number in range(1, places + 1):
        arrive.append(arrive[-1] * load / number)
    left = [1.0]
    for level in range(places - 1):
        inflow = sum(left[before] * arrive[level - before + 1] for before in range(1, level + 1))
        left.append((left[level] - inflow - left[0] * arrive[level]) / arrive[0])
    return 1 - 1 / (left[0] / sum(left) + load)


def tandem(rates: Rates, places: tuple[int, int], *, blocking: bool) -> tuple[float, float]:
    """Return the shares lost at the first and at the second of two exponential servers, of those that come to each.

    Where `blocking`, a customer served by the first stays there until the second has a place: none is lost between.
    """
    states: list[State] = [(a, b, False) for a in range(places[0] + 1) for b in range(places[1] + 1)]
    if blocking:
        states += [(a, places[1], True) for a in range(1, places[0] + 1)]
    index = {state: number for number, state in enumerate(states)}
    flow = np.zeros((len(states), len(states)))
    for state in states:
        for after, rate in moves(state, rates, places, blocking=blocking):
            flow[index[after], index[state]] += rate
            flow[index[state], index[state]] -= rate
    flow[-1] = 1.0
    share = np.linalg.solve(flow, np.eye(len(states))[-1])
    full = float(sum(share[index[state]] for state in states if state[0] == places[0]))
    if blocking:
        return full, 0.0
    found_full = float(sum(share[index[state]] for state in states if state[0] and state[1] == places[1]))
    return full, found_full * rates[1] / (rates[0] * (1 - full))


def moves(state: State, rates: Rates, places: tuple[int, int], *, blocking: bool) -> Iterator[tuple[State, float]]:
    """Yield where a tandem goes from a state (customers at each, whether one waits for a place), and at which rate."""
    one, two, blocked = state
    if one < places[0]:
        yield (one + 1, two, blocked), rates[0]
    if one and not blocked:
        if two < places[1]:
            yield (one - 1, two + 1, False), rates[1]
        else:
            yield (one, two, True) if blocking else (one - 1, two, False), rates[1]
    if blocked:
        yield (one - 1, two, False), rates[2]
    elif two:
        yield (one, two - 1, False), rates[2]


def z_score(values: Sequence[float], exact: float) -> float:
    """Return how many standard errors the mean of independent runs is from the exact value."""
    mean = sum(values) / len(values)
    spread = sqrt(sum((value - mean) ** 2 for value in values) / (len(values) - 1))
    return (mean - exact) / (spread / sqrt(len(values)))
