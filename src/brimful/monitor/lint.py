"""What is doubtful in a configuration that can be read: what never happens, what a switch cannot do, what costs too much."""

import os
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from fnmatch import fnmatchcase

import msgspec

from brimful.chain.meaning import MEANINGS
from brimful.chain.word import Kind, Meaning
from brimful.monitor import asic, collecting, hardware
from brimful.monitor.conf import Written
from brimful.monitor.cost import Cost, cost, free_bytes
from brimful.monitor.finding import Finding, Severity, problem, remark
from brimful.monitor.group import Action, Config, Deed, Group
from brimful.monitor.keys import HISTOGRAMS, KINDS, LIST
from brimful.monitor.log import RFC5424, SYSLOG


class Report(msgspec.Struct, frozen=True):
    """What a check found, in the order of the lines, and what each group costs that has settings."""

    findings: tuple[Finding, ...]
    costs: tuple[Cost, ...]

    def count(self, severity: Severity) -> int:
        """Return how many findings are such."""
        return sum(finding.severity is severity for finding in self.findings)


def lint(written: Written, cells: Sequence[int] = tuple(asic.CHIPS)) -> Report:
    """Check a configuration for the ASICs with such cells."""
    config = written.config
    periods = collecting.periods(config)
    costs = tuple(cost(group, periods.get(group.name)) for group in config.groups.values())
    found = [
        *(Finding(one.line, one.key, Severity.REMARK, one.why) for one in written.remarks),
        *_service(written),
        *_chain(written, periods),
        *hardware.queue_limit(written),
        *_rings(written, costs),
    ]
    for group in config.groups.values():
        found += _useless(written, group)
        found += _not_understood(written, group)
        found += _never_compared(written, group)
        for check in hardware.CHECKS:
            found += check(written, group, cells)
        found += hardware.too_fast(written, group, periods.get(group.name))
    return Report(tuple(sorted(found, key=lambda one: (one.line, one.severity))), costs)


def _service(written: Written) -> Iterator[Finding]:
    """Yield why nothing would run at all."""
    config = written.config
    line = written.listing.line if written.listing else 0
    if not config.listed:
        yield Finding(line, LIST.name, Severity.PROBLEM, "names no port group: the service stops")
    elif not any(config.groups[name].timer_s for name in config.listed if name in config.groups):
        yield Finding(line, LIST.name, Severity.PROBLEM, "no group of the list has a timer: the service ends at once")


def _chain(written: Written, periods: dict[str, float]) -> Iterator[Finding]:
    """Yield what is wrong with who collects whom."""
    config = written.config
    for name, collectors in collecting.missing(config).items():
        idle = [one for one in config.groups if one not in periods]
        near = idle if len(idle) == 1 and name in config.listed else get_close_matches(name, idle, 1)
        what = "has no settings in this file: nothing is read for it" + (f"; is {near[0]} meant?" if near else "")
        if name in config.listed:
            line = written.listing.line if written.listing else 0
            yield Finding(line, LIST.name, Severity.PROBLEM, f"{name} {what}")
        for collector in collectors if name not in config.listed else ():
            yield problem(written, collector, "collect.port_group_list", f"{name} {what}")
    for circle in collecting.cycles(config):
        way = " collects ".join((*circle, circle[0]))
        yield problem(
            written, circle[0], "collect.port_group_list", f"{way}: a circle; each of them is read once a round"
        )
    for group in config.groups.values():
        if group.name not in periods:
            yield problem(written, group.name, "", f"is never read: {_why_never(config, group)}")
        if group.timer_s is None and "timer" in written.settings[group.name]:
            yield remark(written, group.name, "timer", "has no effect without trigger_type = timer")


def _why_never(config: Config, group: Group) -> str:
    if group.name not in config.listed:
        return "it is not listed, and no group that runs collects it"
    return "it has no timer, and no group that runs collects it"


def _useless(written: Written, group: Group) -> Iterator[Finding]:
    """Yield settings that have no effect."""
    deeds = {action.deed for action in group.actions}
    for name in written.settings[group.name]:
        first = name.partition(".")[0]
        if first in set(Deed) - deeds:
            yield remark(written, group.name, name, f"has no effect: {first} is not in action_list")
        if first == "histogram" and group.stat_type not in HISTOGRAMS:
            yield remark(written, group.name, name, f"has no effect: a group of {group.stat_type} has no histogram")
    if group.stat_type == "histogram_latency" and "histogram.sample_time_ns" in written.settings[group.name]:
        yield remark(written, group.name, "histogram.sample_time_ns", "has no effect: latency is not sampled")


def _not_understood(written: Written, group: Group) -> Iterator[Finding]:
    """Yield log lines in a form that who takes them does not know."""
    if any(action.deed is Deed.LOG and (action.target, action.form) == (SYSLOG, RFC5424) for action in group.actions):
        what = 'over the local socket rsyslog understands rfc5424 only with UseSpecialParser="off"'
        yield remark(written, group.name, "log.form", what)


def _never_compared(written: Written, group: Group) -> Iterator[Finding]:
    """Yield thresholds of what such a group does not read."""
    for action in group.actions:
        name = f"{action.deed}.{action.when.statistic}"
        if name in written.settings[group.name] and not _read(group, action.when.statistic):
            yield problem(
                written, group.name, name, f"is never compared: a group of {group.stat_type} reads no such number"
            )
        elif name in written.settings[group.name] and group.stat_type == "buffer":
            what = "asic-monitor has no threshold for the occupancy of buffers; it is compared here"
            yield remark(written, group.name, name, what)
        if _share_of_nothing(group, action):
            key = name if name in written.settings[group.name] else f"{action.deed}.rise"
            yield problem(written, group.name, key, f"no limit is known of what a group of {group.stat_type} reads")


def _read(group: Group, statistic: str) -> bool:
    """Tell whether a group reads what a statistic is about."""
    known = _meanings(group)
    if statistic == "queue_bytes":
        return group.stat_type in {*asic.QUEUE_KINDS, "buffer"} or any(
            meaning.kind is Kind.LEVEL and meaning.unit == "bytes" for meaning in known
        )
    if statistic.endswith("_drops"):
        return group.stat_type.startswith("packet") or any(meaning.kind is Kind.LOST for meaning in known)
    return True


def _share_of_nothing(group: Group, action: Action) -> bool:
    share = any(level is not None and level.of_limit for level in (action.when.rise, action.when.fall))
    return share and group.stat_type not in KINDS and not any(meaning.limit for meaning in _meanings(group))


def _meanings(group: Group) -> list[Meaning]:
    return [meaning for name, meaning in MEANINGS.items() if fnmatchcase(name, group.stat_type)]


def _rings(written: Written, costs: tuple[Cost, ...]) -> Iterator[Finding]:
    """Yield files that are written by several groups, have no room, or are to be where nobody can say."""
    owners: dict[str, str] = {}
    sizes = {one.group: one.ring_bytes for one in costs if not one.measured}
    for group in written.config.groups.values():
        for deed in (Deed.SNAPSHOT, Deed.RECORD):
            action = group.action(deed)
            if action is None:
                continue
            name = f"{deed}.file"
            first = owners.setdefault(action.file, group.name)
            if first != group.name:
                yield remark(
                    written, group.name, name, f"{action.file} is also the ring of {first}: they share its files"
                )
            if not os.path.isabs(action.file):  # noqa: PTH117 - a prefix, no path
                yield remark(
                    written, group.name, name, "is no absolute path: it depends on where the service is started"
                )
            free, needed = free_bytes(action.file), sizes.get(group.name)
            if deed is Deed.SNAPSHOT and free is not None and needed is not None and needed > free:
                what = f"{action.file_count} files take about {needed:,} bytes, and {free:,} are free there"
                yield problem(written, group.name, name, what)
