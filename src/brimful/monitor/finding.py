"""What a check of a configuration found: a problem, or a remark."""

from enum import StrEnum

import msgspec

from brimful.monitor.conf import Written


class Severity(StrEnum):
    """A problem does not do what is written; a remark does it otherwise than one may think."""

    PROBLEM = "problem"
    REMARK = "remark"


class Finding(msgspec.Struct, frozen=True):
    """One of them. `line` counts from 1, 0 is the file as a whole; `key` is what follows `monitor.`."""

    line: int
    key: str
    severity: Severity
    what: str


def problem(written: Written, group: str, name: str, what: str) -> Finding:
    """Return a problem with a key of a group; with the group where it has no such key."""
    return _at(written, group, name, Severity.PROBLEM, what)


def remark(written: Written, group: str, name: str, what: str) -> Finding:
    """Return a remark on a key of a group; on the group where it has no such key."""
    return _at(written, group, name, Severity.REMARK, what)


def _at(written: Written, group: str, name: str, severity: Severity, what: str) -> Finding:
    setting = written.settings.get(group, {}).get(name)
    if setting is None:
        return Finding(written.line(group), group, severity, what)
    return Finding(setting.line, setting.key, severity, what)
