"""The times that StarOS prints, as moments. English names only, whatever the locale is.

Shapes (Cisco, "Troubleshoot KNI: Out of Memory Errors"; ASR5500 System Administration Guide, "Understanding Event ID
Information in Logged Output"):

    Tuesday October 24 11:21:46 EDT 2023                  below the header of a section; local time
    Wed Aug 10 09:54:52 2022                              trap history and iftask's own log; no zone
    2023-Nov-16+09:18:03.205                              event log; local time, the hour may have one digit
    CPU[3/0]: Nov 16 14:18:03                             what a card's Linux logged; UTC (inference), no year
    2023-10-23T00:14:33.813+00:00 ... [local-60sec33.780] sent to a syslog server; the second is that of the event
"""

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache

from brimful.evidence.moment import SECOND, Moment

ANY_ZONE_NS = 14 * 3600 * SECOND
"""How far local time may be from UTC: the easternmost zone is 14 h ahead."""

MINUTE_NS = 60 * SECOND
YEAR_NS = 31_556_952 * SECOND
"""A year of the Gregorian calendar, on average."""

YEARS = range(1970, 2262)
"""Other years are no dates of a running chassis; nanoseconds beyond do not fit 64 signed bits."""

QUARTER = 900
"""Zones differ from UTC by multiples of 15 minutes."""

RELAY_SECONDS = 60
"""How far two stamps of one line may be apart beyond their zone."""

_MONTHS = "january february march april may june july august september october november december"
_DAYS = "monday tuesday wednesday thursday friday saturday sunday"
_MONTH = {name: number for number, full in enumerate(_MONTHS.split(), 1) for name in (full, full[:3])}
_DAY = {name for full in _DAYS.split() for name in (full, full[:3])}

_ZONES = {
    -10: "HST",
    -9: "AKST",
    -8: "AKDT",
    -7: "MST PDT",
    -6: "MDT",
    -5: "EST CDT COT PET",
    -4: "EDT BOT",
    -3: "ADT ART BRT UYT",
    -2: "BRST",
    0: "UTC GMT UCT Z WET",
    1: "WEST CET WAT",
    2: "CEST EET CAT SAST",
    3: "EEST EAT IDT",
    5: "PKT",
    7: "WIB",
    8: "HKT SGT AWST",
    9: "JST",
    9.5: "ACST",
    10: "AEST",
    10.5: "ACDT",
    11: "AEDT",
    12: "NZST",
    13: "NZDT",
}
"""Hours east of UTC, of the names that say so for sure: those of the United States as RFC 5322 section 4.3 has them, those
with one offset only in the tz database since 2005, and those of South America from before 2017.

CST, PST, AST, IST, BST, GST and the like are not here: China, the Philippines, Arabia, India ... use them as well.
"""

_HOURS = {name: hours for hours, names in _ZONES.items() for name in names.split()}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CLOCK = r"(\d{1,2}):(\d\d):(\d\d)"
_DATE = re.compile(
    rf"([A-Za-z]+)\s+([A-Za-z]+)\s+(\d{{1,2}})\s+{_CLOCK}(?:\s+([A-Za-z]+|[+-]\d\d(?:\d\d)?))?\s+(\d{{4}})", re.ASCII
)
_EVLOGD = re.compile(rf"(\d{{4}})-([A-Za-z]{{3}})-(\d{{1,2}})\+{_CLOCK}(?:\.(\d{{1,9}}))?", re.ASCII)
_EMBEDDED = re.compile(rf"([A-Za-z]{{3}})\s+(\d{{1,2}})\s+{_CLOCK}", re.ASCII)
_RFC3339 = re.compile(rf"(\d{{4}})-(\d\d)-(\d\d)T{_CLOCK}(?:[.,](\d{{1,9}})\d*)?(?:Z|([+-])(\d\d):?(\d\d))", re.ASCII)
_SECOND = re.compile(r"\[local-60sec(\d{1,2})(?:\.(\d{1,9}))?\]", re.ASCII)


def date(text: str, zone: tzinfo | None = None) -> Moment | None:
    """Return the moment of a date with a weekday and a year; None for anything else and for days there are not.

    `zone` is taken where the text names none for sure; without it UTC is, with `zone_known` false.
    """
    match = _DATE.fullmatch(text.strip())
    if match is None or match[1].lower() not in _DAY:
        return None
    _, month, day, hour, minute, second, name, year = match.groups()
    ns = _ns(year, _MONTH.get(month.lower(), 0), day, hour, minute, second)
    return None if ns is None else _in_zone(ns, _offset(name or ""), zone)


def evlogd(text: str, zone: tzinfo | None = None) -> Moment | None:
    """Return the moment of the first event-log stamp in a text: local time, `zone` as in `date`."""
    match = _EVLOGD.search(text)
    if match is None:
        return None
    year, month, day, hour, minute, second, fraction = match.groups()
    ns = _ns(year, _MONTH.get(month.lower(), 0), day, hour, minute, second, fraction)
    return None if ns is None else _in_zone(ns, None, zone)


def embedded(text: str, near: Moment | None) -> Moment | None:
    """Return the moment of a Linux syslog stamp, UTC without a year: the year that brings it nearest to `near`."""
    match = _EMBEDDED.fullmatch(text.strip())
    if match is None or near is None:
        return None
    year = 1970 + near.ns // YEAR_NS
    nearest: int | None = None
    for candidate in (year, year - 1, year + 1):
        ns = _ns(str(candidate), _MONTH.get(match[1].lower(), 0), *match.group(2, 3, 4, 5))
        if ns is not None and (nearest is None or abs(ns - near.ns) < abs(nearest - near.ns)):
            nearest = ns
        if nearest is not None and abs(nearest - near.ns) < YEAR_NS // 2:
            break
    return None if nearest is None else Moment(nearest)


def relayed(text: str) -> Moment | None:
    """Return the moment of a line sent to a syslog server: the relay's stamp, corrected by the event's own second.

    The relay's minute may be a later one than the event's, or with clocks apart an earlier one: the nearest is taken.
    """
    match = _RFC3339.search(text)
    if match is None:
        return None
    year, month, day, hour, minute, second, fraction, sign, hours, minutes = match.groups()
    ns = _ns(year, int(month), day, hour, minute, second, fraction)
    if ns is None:
        return None
    ahead = 60 * (60 * int(hours or 0) + int(minutes or 0))
    if ahead * SECOND > ANY_ZONE_NS:
        return None
    ns -= (-ahead if sign == "-" else ahead) * SECOND
    event = _SECOND.search(text)
    if event is not None and int(event[1]) * SECOND < MINUTE_NS:
        late = (ns - int(event[1]) * SECOND - _fraction(event[2])) % MINUTE_NS
        ns -= late if late <= MINUTE_NS // 2 else late - MINUTE_NS
    return Moment(ns)


def logged(text: str, zone: tzinfo | None = None) -> Moment | None:
    """Return the moment of a log line in any of its forms: relayed, event log, or iftask's own."""
    found = evlogd(text, zone) or relayed(text)
    if found is None:
        match = _DATE.search(text)
        # whether iftask's log is in local time or UTC is not published: a user's zone does not settle it
        found = date(match[0]) if match else None
    return found


def stamp(text: str) -> Moment | None:
    """Return the moment of an ISO 8601 time with a zone, or of one without, taken as UTC; None for anything else."""
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        return None
    if when.year not in YEARS:
        return None
    known = when.tzinfo is not None
    try:
        whole = (when if known else when.replace(tzinfo=UTC)).astimezone(UTC)
    except OverflowError:
        return None
    seconds = int(whole.replace(microsecond=0).timestamp())
    return Moment(seconds * SECOND + whole.microsecond * 1000, zone_known=known)


def zone_offset(local: Moment, utc: Moment) -> int | None:
    """Return the seconds east of UTC that a local stamp, read as UTC, reveals beside one in UTC (inference).

    None when the two are not a zone apart: then they are not of the same moment.
    """
    seconds = (local.ns - utc.ns) / SECOND
    offset = round(seconds / QUARTER) * QUARTER
    if abs(seconds - offset) > RELAY_SECONDS or abs(offset) * SECOND > ANY_ZONE_NS:
        return None
    return offset


def fixed(seconds: str) -> tzinfo | None:
    """Return the zone of a number of seconds east of UTC, as a root hands it to its sources; None for anything else."""
    try:
        return timezone(timedelta(seconds=int(seconds)))
    except (ValueError, OverflowError):
        return None


def _in_zone(ns: int, offset: int | None, zone: tzinfo | None) -> Moment:
    """Return the moment of a local time, by the offset its zone's name has, else by the zone a user gave."""
    if offset is None and zone is not None:
        given = zone.utcoffset(_EPOCH.replace(tzinfo=None) + timedelta(microseconds=ns // 1000))
        offset = None if given is None else round(given.total_seconds())
    if offset is None:
        return Moment(ns, uncertainty_ns=ANY_ZONE_NS, zone_known=False)
    return Moment(ns - offset * SECOND)


def _offset(name: str) -> int | None:
    """Return the seconds east of UTC of a zone's name or of `-03`; None when it is not known for sure."""
    if name[:1] in ("+", "-"):
        seconds = int(name[1:3]) * 3600 + int(name[3:] or 0) * 60
        return None if seconds * SECOND > ANY_ZONE_NS else int(name[0] + "1") * seconds
    hours = _HOURS.get(name.upper())
    return None if hours is None else round(hours * 3600)


def _ns(  # noqa: PLR0913, PLR0917 - the parts of a date
    year: str, month: int, day: str, hour: str, minute: str, second: str, fraction: str | None = None
) -> int | None:
    """Return nanoseconds since 1970 as if the date were UTC; None for one there is not, such as February 30."""
    days = _days(year, month, day)
    h, m, s = int(hour), int(minute), int(second)
    if days is None or h > 23 or m > 59 or s > 59:  # noqa: PLR2004 - hours, minutes and seconds of a clock
        return None
    return (((days * 24 + h) * 60 + m) * 60 + s) * SECOND + _fraction(fraction)


@lru_cache(maxsize=1024)
def _days(year: str, month: int, day: str) -> int | None:
    """Return the days since 1970; the lines of a log are of few different days."""
    try:
        return (datetime(int(year), month, int(day), tzinfo=UTC) - _EPOCH).days if int(year) in YEARS else None
    except ValueError:
        return None


def _fraction(digits: str | None) -> int:
    """Return the nanoseconds of the digits behind a second's point."""
    return int(digits.ljust(9, "0")) if digits else 0
