"""`brimful explain`: what a counter, a meaning or a stage is, whose drain it speaks of, how fresh and how wide it is."""

from collections.abc import Iterable, Iterator
from textwrap import wrap
from typing import NamedTuple

import click

from brimful.chain.fact import EVENTS, FACTS
from brimful.chain.meaning import MEANINGS
from brimful.chain.stage import STAGES, Stage
from brimful.chain.word import KIND_TEXT, Meaning
from brimful.cli.options import refuse
from brimful.drivers.maps import GENERIC, Counter, DriverMap, all_maps, driver_map
from brimful.drivers.mib import MIB

BITS = 64
FEW = 2
"""Drivers that are described in full; of more, a line each."""
WIDTH = 80
INDENT = "  "


@click.command(name="explain")
@click.argument("words", nargs=-1, metavar="[DRIVER] [NAME]")
def command(words: tuple[str, ...]) -> None:
    """Say what NAME is: a counter, a meaning, a stage, an event or a fact.

    A counter's meaning depends on its driver: `brimful explain mlx5 rx_out_of_buffer`. Without a driver, all drivers
    that have a counter of that name are shown. `brimful explain mlx5` lists the counters of a driver, and without any
    word all other names are listed.
    """
    if not words:
        found = list(_names())
    elif words[0] in _drivers():
        driver = all_maps().get(words[0]) or driver_map(words[0])
        name = " ".join(words[1:])
        found = [_describe(one) for one in _counters(driver, name)] if name else [_driver(driver)]
    else:
        found = list(_anything(" ".join(words)))
    if not found:
        refuse(
            f"{' '.join(words)}: no such counter, meaning, stage, event or fact is known (brimful explain lists them)"
        )
    click.echo("\n\n".join(found))


def _drivers() -> set[str]:
    return {name for driver in all_maps().values() for name in (driver.driver, *driver.description.names)}


def _names() -> Iterator[str]:
    """Yield the names that there are, but for the counters of drivers, which are too many."""
    yield "brimful explain NAME says what one of these is, brimful explain DRIVER which counters a driver has."
    yield "\n".join(
        ["stages, each with its meanings", *(f"{INDENT}{one.name:20} {one.sink}" for one in STAGES.values())]
    )
    yield _listed("meanings", MEANINGS)
    yield _listed("events", EVENTS)
    yield _listed("facts", FACTS)
    yield _listed("counters of /proc/net/snmp, /proc/net/netstat and nstat", (f"{group}{raw}" for group, raw in MIB))
    yield _listed("drivers", (name for name in all_maps() if name != GENERIC))


def _listed(title: str, names: Iterable[str]) -> str:
    """Return names as a paragraph that is cut between them only."""
    text = ", ".join(names)
    lines = wrap(
        text, WIDTH, initial_indent=INDENT, subsequent_indent=INDENT, break_long_words=False, break_on_hyphens=False
    )
    return "\n".join([title, *lines])


def _driver(driver: DriverMap) -> str:
    """Return all counters of a driver, with their meanings."""
    known = driver.description
    lines = [f"{driver.driver}: a driver, {known.source}"]
    for title, counters in (("ethtool -S", known.counters), ("link statistics", known.rtnl)):
        names = [
            (name, counter.meaning or "says nothing of a buffer") for counter in counters for name in counter.names
        ]
        lines += [f"{INDENT}{title}"] if names else []
        lines += [f"{2 * INDENT}{name:40} {meaning}" for name, meaning in names]
    return "\n".join(lines)


def _anything(name: str) -> Iterator[str]:
    if name in STAGES:
        yield _stage(STAGES[name])
    if name in MEANINGS:
        yield _meaning(MEANINGS[name])
    if name in EVENTS:
        yield f"{name}: an event\n  {EVENTS[name]}"
    if name in FACTS:
        yield f"{name}: a fact\n  {FACTS[name]}"
    yield from _mib(name)
    counters = [
        found for driver in all_maps().values() if driver.driver != GENERIC for found in _counters(driver, name)
    ]
    if len(counters) > FEW:
        yield "\n".join([f"{name}, by driver (with the driver's name: all about it)", *map(_short, counters)])
    else:
        yield from map(_describe, counters)


class Found(NamedTuple):
    """What one driver means by a counter of one kind."""

    title: str
    counter: Counter
    refresh_seconds: float
    source: str


def _stage(stage: Stage) -> str:
    lines = [f"{stage.name}: {stage.sink}", f"  emptied by   {stage.drain}", f"  owner        {stage.owner}"]
    if stage.held_by:
        lines.append(f"  held up by   {', '.join(stage.held_by)}")
    lines += [f"  {meaning.name:40} {meaning.text}" for meaning in MEANINGS.values() if meaning.stage is stage]
    return "\n".join(lines)


def _meaning(meaning: Meaning) -> str:
    stage = meaning.stage
    return "\n".join(
        (
            f"{meaning.name}: {meaning.text}",
            f"  kind         {KIND_TEXT[meaning.kind]}",
            f"  unit         {meaning.unit}",
            f"  buffer       {stage.name}: {stage.sink}",
            f"  its drain    {stage.drain}, owner {stage.owner}",
        )
    )


def _counters(driver: DriverMap, raw: str) -> Iterator[Found]:
    """Yield what one driver means by a counter, in `ethtool -S` and in the link statistics."""
    known = driver.description
    own = driver.explain(raw)
    if own is not None:
        yield Found(f"{driver.driver} {raw} (ethtool -S)", own, known.refresh_seconds, known.source)
    for field in known.rtnl:
        if raw in field.names:
            yield Found(f"{driver.driver} {raw} (link statistics)", field, known.rtnl_refresh_seconds, known.source)


def _short(found: Found) -> str:
    title = found.title.replace(" (", ", ").rstrip(")").replace(f" {found.title.split()[1]}", "")
    meaning = found.counter.meaning
    return f"  {title:28} {f'{meaning}: {MEANINGS[meaning].text}' if meaning else found.counter.note}"


def _describe(found: Found) -> str:
    title, counter, refresh, source = found
    if not counter.meaning:
        return f"{title}: says nothing of a buffer\n  note         {counter.note}\n  source       {source}"
    meaning = MEANINGS[counter.meaning]
    lines = [
        f"{title}: {meaning.text}",
        f"  meaning      {meaning.name}: {KIND_TEXT[meaning.kind]}",
        f"  its drain    {meaning.stage.drain}, owner {meaning.stage.owner}",
        f"  width        {counter.width_bits} bits"
        + ("" if counter.width_bits == BITS else f", wraps at {1 << counter.width_bits:,}"),
        f"  freshness    {f'up to {refresh:g} s old when read' if refresh else 'live when read'}",
    ]
    lines += [f"  doubt        {counter.doubt}"] if counter.doubt else []
    lines += [f"  note         {counter.note}"] if counter.note else []
    return "\n".join([*lines, f"  source       {source}"])


def _mib(name: str) -> Iterator[str]:
    """Yield what a counter of /proc/net/snmp, netstat or nstat means, under any of its spellings."""
    wanted = name.replace(".", "").replace(" ", "").replace(":", "")
    for (group, raw), (meaning, place) in MIB.items():
        if wanted in {f"{group}{raw}", raw}:
            known = MEANINGS[meaning]
            yield (
                f"{group}.{raw} (/proc/net/snmp, /proc/net/netstat, nstat): {known.text}\n"
                f"  meaning      {known.name} at {place}: {KIND_TEXT[known.kind]}\n"
                f"  its drain    {known.stage.drain}, owner {known.stage.owner}\n"
                f"  freshness    live when read, in the network namespace of the reader"
            )
