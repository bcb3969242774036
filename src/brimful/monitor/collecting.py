"""Which group collects which: the chain from a timer to all that it reads."""

import math

from brimful.monitor.group import Config, Deed


def collected(config: Config) -> dict[str, tuple[str, ...]]:
    """Return the groups that each group collects, in the order they are named."""
    return {
        group.name: tuple(
            dict.fromkeys(name for action in group.actions if action.deed is Deed.COLLECT for name in action.groups)
        )
        for group in config.groups.values()
    }


def missing(config: Config) -> dict[str, list[str]]:
    """Return the names that are listed or collected and have no settings, each with the groups that collect it."""
    found: dict[str, list[str]] = {name: [] for name in config.listed if name not in config.groups}
    for name, targets in collected(config).items():
        for target in targets:
            if target not in config.groups:
                found.setdefault(target, []).append(name)
    return found


def cycles(config: Config) -> list[tuple[str, ...]]:
    """Return the circles in which groups collect each other, each once: its groups, beginning with the first in the file."""
    edges = collected(config)
    order = {name: number for number, name in enumerate(config.groups)}
    return [
        (start, *way)
        for start in edges
        for way in [_way_back(start, edges)]
        if way is not None and all(order[start] <= order[name] for name in way)
    ]


def periods(config: Config) -> dict[str, float]:
    """Return every how many seconds each group is read at most often, by its own timer or by who collects it.

    Groups that are never read are not in it: those that have no timer or are not listed, and that nobody reads collects.
    """
    edges = collected(config)
    found: dict[str, float] = {}
    timers = [(config.groups[name].timer_s, name) for name in config.listed if name in config.groups]
    for timer_s, name in sorted((timer_s, name) for timer_s, name in timers if timer_s is not None):
        reach = [name]
        while reach:
            one = reach.pop()
            if one in config.groups and timer_s < found.get(one, math.inf):
                found[one] = timer_s
                reach += edges[one]
    return found


def _way_back(start: str, edges: dict[str, tuple[str, ...]]) -> tuple[str, ...] | None:
    """Return the groups on the shortest way from a group back to itself; None where there is none."""
    before: dict[str, str] = {}
    reach = [start]
    for one in reach:
        for target in edges.get(one, ()):
            if target == start:
                return _way(one, start, before)
            if target not in before:
                before[target] = one
                reach.append(target)
    return None


def _way(end: str, start: str, before: dict[str, str]) -> tuple[str, ...]:
    """Return the groups after `start` up to `end`."""
    way: list[str] = []
    while end != start:
        way.append(end)
        end = before[end]
    return tuple(reversed(way))
