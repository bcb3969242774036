"""Reads a scenario from its file, looks whether its parts go together, and goes through its sweep."""

import tomllib
from math import isfinite, prod
from pathlib import Path
from typing import Any

import msgspec

from brimful.simulate.scenario import Bad, Scenario, Value

MOST_POINTS = 4096
"""Points of a sweep: what is more than this is a mistake."""
TINY = 1e-9
"""Part of a time that is lost in rounding."""


class Point(msgspec.Struct, frozen=True):
    """One point of a sweep: the scenario, and which keys are set to what in it."""

    set: tuple[tuple[str, Value], ...]
    scenario: Scenario


def read(path: str) -> Scenario:
    """Return the scenario of a file; `Bad` names the file, the key and why it cannot be used."""
    try:
        text = Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise Bad(f"{path}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise Bad(f"{path}: is not text in UTF-8") from error
    try:
        scenario = parse(text)
    except Bad as why:
        raise Bad(f"{path}: {why}") from why
    if scenario.traffic.trace is None:
        return scenario
    beside = str(Path(path).parent / scenario.traffic.trace)
    return msgspec.structs.replace(scenario, traffic=msgspec.structs.replace(scenario.traffic, trace=beside))


def parse(text: str) -> Scenario:
    """Return the scenario of a text in TOML; `Bad` names the key."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Bad(f"is not TOML: {error}") from error
    scenario = _converted(table)
    for key, values in scenario.sweep.items():
        if key.startswith("run."):
            raise Bad(f"sweep.{key}: is the same for all points")
        if not values:
            raise Bad(f"sweep.{key}: has no values")
    if points(scenario) > MOST_POINTS:
        raise Bad(f"sweep: {points(scenario):,} points: {MOST_POINTS:,} at most")
    for number in range(points(scenario)):
        _sensible(point(scenario, number).scenario)
    return scenario


def points(scenario: Scenario) -> int:
    """Return how many points the sweep has; 1 without one."""
    return prod(len(values) for values in scenario.sweep.values())


def point(scenario: Scenario, number: int) -> Point:
    """Return a point of the sweep, the last key changing fastest; the scenario itself where there is none."""
    chosen: list[tuple[str, Value]] = []
    for key, values in reversed(scenario.sweep.items()):
        number, which = divmod(number, len(values))
        chosen.insert(0, (key, values[which]))
    table = msgspec.to_builtins(scenario)
    table["sweep"] = {}
    for key, value in chosen:
        _put(table, key, value)
    return Point(tuple(chosen), _converted(table))


def _put(table: dict[str, Any], key: str, value: Value) -> None:
    """Set a key such as `nic.pcie.lanes`; a section that is not there is made with its defaults."""
    *sections, last = key.split(".")
    if not sections:
        raise Bad(f"sweep.{key}: is no key of a section: write it as nic.ring")
    for section in sections:
        inner = table.get(section)
        if not isinstance(inner, dict):
            inner = table[section] = {}
        table = inner
    table[last] = value


def _converted(table: dict[str, Any]) -> Scenario:
    _finite(table, "")
    try:
        return msgspec.convert(table, Scenario)
    except msgspec.ValidationError as error:
        what, _, where = str(error).partition(" - at `$")
        where = where.rstrip("`").lstrip(".")
        raise Bad(f"{where}: {what}" if where else what) from error


def _finite(value: object, where: str) -> None:
    if isinstance(value, dict):
        for key, inner in value.items():
            _finite(inner, f"{where}.{key}".lstrip("."))
    elif isinstance(value, list):
        for inner in value:
            _finite(inner, where)
    elif isinstance(value, float) and not isfinite(value):
        raise Bad(f"{where}: {value} is no number to simulate with")


def _sensible(scenario: Scenario) -> None:
    """Refuse what the types cannot: keys that do not go together."""
    _sensible_traffic(scenario)
    nic, pool, socket = scenario.nic, scenario.pool, scenario.socket
    if nic.refill > nic.ring and not nic.rest:
        raise Bad(f"nic.refill: a ring of {nic.ring:,} never has {nic.refill:,} descriptors to give back")
    if scenario.transmit is not None and scenario.transmit.wake > scenario.transmit.ring:
        raise Bad(f"transmit.wake: a ring of {scenario.transmit.ring:,} never has so many descriptors free")
    if scenario.switch is not None and scenario.switch.others_bytes >= scenario.switch.buffer_bytes:
        raise Bad("switch.others_bytes: leaves nothing of switch.buffer_bytes")
    if pool is not None and socket is not None:
        raise Bad("pool: a dataplane in user space takes the packets that [socket] would wait for: leave one out")
    if scenario.shaper is not None and scenario.transmit is not None:
        raise Bad("shaper: is a queueing discipline in place of that of [transmit]: leave one out")
    pauses = {"cpu.stolen": (scenario.cpu.stolen_ns, scenario.cpu.stolen_every_ns)}
    pauses |= {"socket.pause": (socket.pause_ns, socket.pause_every_ns)} if socket else {}
    pauses |= {"pool.pause": (pool.pause_ns, pool.pause_every_ns)} if pool else {}
    for name, (length_ns, every_ns) in pauses.items():
        if length_ns >= every_ns:
            raise Bad(f"{name}_ns: leaves nothing of {name}_every_ns")


def _sensible_traffic(scenario: Scenario) -> None:
    traffic = scenario.traffic
    sizes = traffic.sizes()
    if traffic.pattern == "trace" and traffic.trace is None:
        raise Bad('traffic.trace: names no file, but traffic.pattern is "trace"')
    if traffic.pattern != "trace" and traffic.trace is not None:
        raise Bad(f'traffic.trace: names a file, but traffic.pattern is "{traffic.pattern}"')
    if scenario.switch is None and traffic.gap_ns() < traffic.frame_ns() * (1 - TINY):
        raise Bad(f"traffic: {1e9 / traffic.gap_ns():,.0f} packets a second are more than the link carries")
    round_ns = traffic.jitter_ns + traffic.burst_packets * traffic.frame_ns()
    if traffic.pattern == "incast" and round_ns > traffic.every_ns:
        raise Bad("traffic.every_ns: is shorter than what each sender sends")
    if max(sizes) > scenario.nic.fifo_bytes:
        raise Bad(f"nic.fifo_bytes: {scenario.nic.fifo_bytes:,} bytes hold no frame of {max(sizes):,} bytes")
