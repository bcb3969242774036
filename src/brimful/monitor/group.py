"""What a monitor does: its groups, as the configuration says.

The language is that of NVIDIA Cumulus Linux's asic-monitor (its documentation, "Buffer Monitoring" and "ASIC Monitoring"),
with more of it: any number can be watched, by rise and fall, share of a limit, slope or number of incidents.
"""

from enum import StrEnum

import msgspec


class Deed(StrEnum):
    """What can be done."""

    LOG = "log"
    SNAPSHOT = "snapshot"
    COLLECT = "collect"
    WEBHOOK = "webhook"
    RECORD = "record"


class Level(msgspec.Struct, frozen=True):
    """A level that is crossed: a number in the unit of what is watched, or a share (0 to 1) of its limit."""

    value: float
    of_limit: bool = False


class Condition(msgspec.Struct, frozen=True):
    """When an action is taken. All empty: always.

    `statistic` names what is compared: `queue_bytes`, `packet_error_drops`, `packet_congestion_drops`, `count`, `value`.
    It holds from `rise` or more until below `fall` (the same as `rise` unless said). `slope`: rise a second, in the unit
    of what is watched. `incidents` in `within_s` seconds are needed before anything is done. After that nothing is done
    for `cool_down_s`, and no more than `most` times in `most_within_s`.
    """

    statistic: str = ""
    rise: Level | None = None
    fall: Level | None = None
    slope: float | None = None
    incidents: int = 1
    within_s: float = 0.0
    cool_down_s: float = 0.0
    most: int = 0
    most_within_s: float = 0.0


class Action(msgspec.Struct, frozen=True):
    """One action of a group.

    `file`, `file_count` and `file_bytes` (0: unbounded) are of snapshot and record, `groups` of collect, `target` of log
    (`syslog`, `journald`, `udp://host:port`, `tcp://host:port`) and webhook (a URL), `form` of log (`rfc3164`, `rfc5424`),
    `before_s` of record: how many seconds before the trigger it keeps.
    """

    deed: Deed
    when: Condition = Condition()
    file: str = ""
    file_count: int = 64
    file_bytes: int = 0
    groups: tuple[str, ...] = ()
    target: str = ""
    form: str = ""
    before_s: float = 0.0
    timeout_s: float = 5.0


class Range(msgspec.Struct, frozen=True):
    """The ranges of a histogram, as configured: bytes, packets or nanoseconds."""

    minimum: int = 960
    size: int = 12288


class Group(msgspec.Struct, frozen=True):
    """One port group. `timer_s` is None for one that runs only when another collects it.

    `stat_type` is a kind of asic-monitor (`histogram`, `buffer`, `packet`, ...) or a meaning, as `nic.ring.used`; it may
    hold globs, as `socket.receive.*`. `ports` are interfaces, or the places of a meaning: names, globs and ranges such as
    `swp1-swp50`; empty for all.
    """

    name: str
    stat_type: str
    ports: tuple[str, ...] = ()
    cos: tuple[int, ...] = (0,)
    counter_types: tuple[str, ...] = ()
    timer_s: float | None = None
    actions: tuple[Action, ...] = ()
    ranges: tuple[Range, ...] = (Range(),)
    sample_ns: int = 1024
    adapt: bool = False

    def action(self, deed: Deed) -> Action | None:
        """Return the action of a kind, if it has one."""
        return next((one for one in self.actions if one.deed is deed), None)


class Config(msgspec.Struct, frozen=True):
    """All groups: those that are listed, in the order of the list, then those that are only collected."""

    listed: tuple[str, ...] = ()
    groups: dict[str, Group] = {}
