"""Reads a configuration: `monitor.conf` as asic-monitor has it, with more keys (`brimful.monitor.keys`).

A line is `monitor.<group>.<key> = value`, with any blanks; `#` begins a comment. What the releases of Cumulus Linux and
the files in the field write differently is understood (`bin_size_bytes`, `allports`, a list without its bracket).
"""

import errno
import os
import re
from collections import defaultdict
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import TypeVar, cast

import msgspec

from brimful.monitor import ports
from brimful.monitor.group import Action, Condition, Config, Deed, Group, Level, Range
from brimful.monitor.keys import KEYS, KINDS, LIST, STATISTICS, Key
from brimful.monitor.measure import DROPS

T = TypeVar("T")

LARGEST_FILE = 1 << 20
"""Bytes; a longer file is no configuration."""

MOST_GROUPS = 256
MOST_FAULTS = 100
"""After so many, reading ends."""

SHOWN = 60
"""Characters of a wrong value that are shown."""

NEEDED = {
    Deed.SNAPSHOT: "snapshot.file",
    Deed.COLLECT: "collect.port_group_list",
    Deed.WEBHOOK: "webhook.url",
    Deed.RECORD: "record.file",
}
"""The setting without which an action is nothing."""

_COMMENT = re.compile(r"(?:^|(?<=[\s\]]))#.*")
_KEY = re.compile(r"monitor\.(?:(?P<group>[\w-]+)\.)?(?P<name>[\w.-]+)", re.ASCII)


class Fault(msgspec.Struct, frozen=True):
    """What is wrong with one line; 0 is the file as a whole. `key` is what follows `monitor.`."""

    line: int
    key: str
    why: str

    def told(self, file: str) -> str:
        """Return it as one line of text that begins with its file and line."""
        where = f"{file}:{self.line}" if self.line else file
        return f"{where}: {self.key}: {self.why}" if self.key else f"{where}: {self.why}"


class Faulty(Exception):
    """A configuration that cannot be used: all that is wrong with it, in the order of its lines."""

    def __init__(self, file: str, faults: list[Fault]) -> None:
        self.file = file
        self.faults = tuple(sorted(faults, key=lambda fault: fault.line))
        super().__init__("\n".join(fault.told(file) for fault in self.faults))


class Setting(msgspec.Struct, frozen=True):
    """One line: the key as it is written there, without `monitor.`, and its value, read."""

    line: int
    key: str
    value: object


class Written(msgspec.Struct, frozen=True):
    """A configuration with the lines it was read from.

    `settings` are those of each group by the name of the key, `listing` is the list of groups. `remarks` tell of what
    was understood though it is not as it should be.
    """

    file: str
    config: Config
    listing: Setting | None
    settings: dict[str, dict[str, Setting]]
    remarks: tuple[Fault, ...]

    def line(self, group: str, name: str = "") -> int:
        """Return where a key of a group is set, or its first one; 0 where it is not set."""
        known = self.settings.get(group, {})
        if name:
            return known[name].line if name in known else 0
        return min((one.line for one in known.values()), default=0)


def read(path: str) -> Config:
    """Read a configuration; `Faulty` with everything that is wrong with it."""
    return written(path).config


def written(path: str) -> Written:
    """Read a configuration with its lines; `Faulty` with everything that is wrong with it."""
    try:
        with Path(path).open("rb") as file:
            data = file.read(LARGEST_FILE + 1)
    except (OSError, ValueError) as why:
        raise Faulty(path, [Fault(0, "", getattr(why, "strerror", None) or os.strerror(errno.EINVAL))]) from None
    return parsed(data, path)


def parsed(data: bytes, file: str) -> Written:
    """Read a configuration from its bytes; `Faulty` with everything that is wrong with it."""
    if len(data) > LARGEST_FILE:
        raise Faulty(file, [Fault(0, "", f"is longer than {LARGEST_FILE >> 20} MiB: expected a monitor.conf")])
    reading = _Reading()
    for number, line in enumerate(data.decode("utf-8-sig", "replace").split("\n"), 1):
        reading.take(number, _COMMENT.sub("", line).strip())
        if len(reading.faults) >= MOST_FAULTS:
            raise Faulty(file, [*reading.faults, Fault(number, "", "reading ends here: so much is wrong")])
    groups = {name: reading.group(name) for name in reading.settings}
    if reading.faults:
        raise Faulty(file, reading.faults)
    listed = cast("tuple[str, ...]", reading.listing.value) if reading.listing else ()
    if len({*groups, *listed}) > MOST_GROUPS:
        raise Faulty(file, [Fault(0, "", f"has more than {MOST_GROUPS} port groups")])
    order = [name for name in listed if name in groups]
    config = Config(listed, {name: groups[name] for name in (*order, *(set_ for set_ in groups if set_ not in order))})
    return Written(file, config, reading.listing, dict(reading.settings), tuple(reading.remarks))


class _Reading:
    """What has been read so far of a file."""

    def __init__(self) -> None:
        self.listing: Setting | None = None
        self.settings: dict[str, dict[str, Setting]] = defaultdict(dict)
        self.faults: list[Fault] = []
        self.remarks: list[Fault] = []

    def take(self, number: int, line: str) -> None:
        """Read one line without its comment."""
        if not line:
            return
        if "\N{REPLACEMENT CHARACTER}" in line:
            self.faults.append(Fault(number, "", f"expected UTF-8, not {_shown(line)}"))
            return
        left, equals, text = line.partition("=")
        key = _KEY.fullmatch(left.strip())
        if key is None or not equals:
            self.faults.append(Fault(number, "", f"expected monitor.<group>.<key> = value, not {_shown(line)}"))
            return
        group, name = key["group"] or "", key["name"]
        spelt = f"{group}.{name}" if group else name
        known = KEYS.get(name) if group else LIST if name == LIST.name else None
        if known is None:
            self.faults.append(Fault(number, spelt, _unknown(group, name)))
            return
        value = self._value(number, spelt, text.strip(), known)
        self._keep(Setting(number, spelt, value), group, known.same_as or name)

    def _value(self, number: int, spelt: str, text: str, key: Key) -> object:
        """Return what a text says; None, and a fault, when it says nothing."""
        if text.startswith("[") and not text.endswith("]"):
            self.remarks.append(Fault(number, spelt, "the list has no closing bracket"))
        try:
            return key.read(text)
        except ValueError:
            self.faults.append(Fault(number, spelt, f"expected {key.expects}, not {_shown(text)}"))
            return None

    def _keep(self, setting: Setting, group: str, name: str) -> None:
        """Keep a setting by the first of its spellings."""
        earlier = self.settings[group].get(name) if group else self.listing
        if earlier:
            self.remarks.append(Fault(setting.line, setting.key, f"is set in line {earlier.line} too: this one holds"))
        if group:
            self.settings[group][name] = setting
        else:
            self.listing = setting

    def group(self, name: str) -> Group:
        """Put one group together."""
        return _Builder(name, self.settings[name], self.faults).group()


class _Builder:
    """One group: its settings checked against each other. What was not readable is taken for not set."""

    def __init__(self, name: str, settings: dict[str, Setting], faults: list[Fault]) -> None:
        self.name = name
        self.settings = settings
        self.faults = faults
        self.first = min(setting.line for setting in settings.values())

    def group(self) -> Group:
        """Return the group, or what can be made of it."""
        kind = self._get("stat_type", "")
        self._need("stat_type", "a group must say what it watches")
        if kind in KINDS:
            self._need("port_set", f"a group of {kind} must say which ports")
        if kind == "histogram_counter":
            self._need("counter_type", "a group of histogram_counter must say which")
        if "trigger_type" in self.settings:
            self._need("timer", "the trigger is a timer", at=self.settings["trigger_type"].line)
        return Group(
            self.name,
            kind,
            self._ports(kind),
            self._get("cos_list", (0,)),
            self._get("counter_type", ()),
            self._get("timer", None) if "trigger_type" in self.settings else None,
            tuple(action for deed in self._deeds() for action in self._actions(deed)),
            self._ranges(),
            self._get("histogram.sample_time_ns", 1024),
            self._get("histogram.adapt", False),  # noqa: FBT003 - the default
        )

    def _get(self, name: str, default: T) -> T:
        setting = self.settings.get(name)
        return default if setting is None or setting.value is None else cast("T", setting.value)

    def _need(self, name: str, why: str, *, at: int = 0) -> None:
        if name not in self.settings:
            self.faults.append(
                Fault(at or self.first, f"{self.name}.{name}", f"is not set: expected {KEYS[name].expects}; {why}")
            )

    def _wrong(self, name: str, why: str) -> None:
        setting = self.settings[name]
        self.faults.append(Fault(setting.line, setting.key, why))

    def _ports(self, kind: str) -> tuple[str, ...]:
        text = self._get("port_set", "all")
        try:
            return ports.patterns(text, blanks=kind in KINDS)
        except ValueError as why:
            self._wrong("port_set", f"expected {KEYS['port_set'].expects}: {why}")
            return ()

    def _deeds(self) -> tuple[Deed, ...]:
        return tuple(dict.fromkeys((*self._get("action_list", ()), *self._get("log.action_list", ()))))

    def _actions(self, deed: Deed) -> Iterator[Action]:
        """Yield an action for each of its thresholds; one that is always done when it has none."""
        if deed in NEEDED:
            where = self.settings.get("action_list")
            self._need(NEEDED[deed], f"the action {deed} needs it", at=where.line if where else 0)
        plain = self._plain(deed)
        for when in self._conditions(deed):
            yield msgspec.structs.replace(plain, when=when)

    def _plain(self, deed: Deed) -> Action:
        target, form = "", ""
        if deed is Deed.LOG:
            target = self._get("log.target", "syslog")
            form = self._get("log.form", "rfc3164" if target == "syslog" else "rfc5424" if target != "journald" else "")
        return Action(
            deed,
            file=self._get(f"{deed}.file", ""),
            file_count=self._get(f"{deed}.file_count", 64),
            file_bytes=self._get(f"{deed}.file_bytes", 0),
            groups=self._get("collect.port_group_list", ()) if deed is Deed.COLLECT else (),
            target=self._get("webhook.url", "") if deed is Deed.WEBHOOK else target,
            form=form,
            before_s=self._get("record.before", 30.0) if deed is Deed.RECORD else 0.0,
            timeout_s=self._get("webhook.timeout", 5.0) if deed is Deed.WEBHOOK else 5.0,
        )

    def _conditions(self, deed: Deed) -> list[Condition]:
        """Return the thresholds of an action; `rise` is the one of what the group watches."""
        own = statistic(self._get("stat_type", ""))
        levels = {name: self._level(f"{deed}.{name}") for name in STATISTICS if f"{deed}.{name}" in self.settings}
        if f"{deed}.rise" in self.settings:
            if own in levels:
                self._wrong(f"{deed}.rise", f"says the same as {self.name}.{deed}.{own}: expected one of them")
            levels[own] = self._level(f"{deed}.rise")
        fall = self._get(f"{deed}.fall", cast("Level | None", None))
        for rise in levels.values():
            self._check_fall(deed, rise, fall)
        if fall and not levels:
            self._wrong(f"{deed}.fall", f"is of no use without {self.name}.{deed}.rise")
        incidents, within_s = self._get(f"{deed}.incidents", (1, 0.0))
        most, most_within_s = self._get(f"{deed}.rate_limit", (0, 0.0))
        shared = Condition(
            fall=fall,
            slope=self._get(f"{deed}.slope", cast("float | None", None)),
            incidents=incidents,
            within_s=within_s,
            cool_down_s=self._get(f"{deed}.cool_down", 0.0),
            most=most,
            most_within_s=most_within_s,
        )
        if not levels:
            return [msgspec.structs.replace(shared, statistic=own if shared.slope is not None else "")]
        drops = (
            {"value": DROPS} if own == "value" and f"{deed}.value" in self.settings and self._counts_packets() else {}
        )
        return [
            msgspec.structs.replace(shared, statistic=drops.get(name, name), rise=rise) for name, rise in levels.items()
        ]

    def _counts_packets(self) -> bool:
        """Whether `value` is a number of packets that were dropped (5.14)."""
        return self._get("stat_type", "").startswith("packet")

    def _level(self, name: str) -> Level | None:
        return self._get(name, cast("Level | None", None))

    def _check_fall(self, deed: Deed, rise: Level | None, fall: Level | None) -> None:
        if rise is None or fall is None:
            return
        if rise.of_limit is not fall.of_limit:
            self._wrong(f"{deed}.fall", "expected a share of the limit where the rise is one, and else none")
        elif fall.value > rise.value:
            self._wrong(f"{deed}.fall", "expected no more than the rise")

    def _ranges(self) -> tuple[Range, ...]:
        lows = self._get("histogram.minimum_bytes_boundary", (960,))
        sizes = self._get("histogram.histogram_size_bytes", (12288,))
        count = max(len(lows), len(sizes))
        if not {len(lows), len(sizes)} <= {1, count}:
            self._wrong(
                "histogram.histogram_size_bytes",
                f"has {len(sizes)} sizes for {len(lows)} boundaries: expected one for each, or one for all",
            )
            return ()
        return tuple(
            Range(low, size)
            for low, size in zip(lows * (count // len(lows)), sizes * (count // len(sizes)), strict=True)
        )


def statistic(kind: str) -> str:
    """Return what `rise` is compared with in a group of this kind."""
    if kind == "histogram_counter":
        return "count"
    return "queue_bytes" if kind in {"histogram", "histogram_tc", "histogram_pg"} else "value"


def _unknown(group: str, name: str) -> str:
    if not group:
        (near,) = get_close_matches(name[:SHOWN], [LIST.name], 1, 0.0)
        return f"no such key: expected monitor.{near}, or monitor.<group>.<key>"
    (near,) = get_close_matches(name.lower()[:SHOWN], KEYS, 1, 0.0)
    return f"no such key: the nearest is monitor.{group}.{near}"


def _shown(text: str) -> str:
    return repr(text if len(text) <= SHOWN else text[: SHOWN - 3] + "...") if text else "nothing"
