import locale
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brimful.evidence import clock
from brimful.evidence.moment import SECOND, Moment

HOURS_14 = 14 * 3600 * SECOND
BOGOTA = timezone(timedelta(hours=-5))


def ns(text):
    stamp = datetime.fromisoformat(text)
    return round((stamp - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(microseconds=1)) * 1000


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("Tuesday October 24 11:21:46 EDT 2023", "2023-10-24T15:21:46Z"),
        ("  Tuesday October 24 11:21:46 EDT 2023 ", "2023-10-24T15:21:46Z"),
        ("Tue Oct  3 1:02:03 CDT 2023", "2023-10-03T06:02:03Z"),
        ("Friday May 31 23:59:59 ART 2019", "2019-06-01T02:59:59Z"),
        ("Thursday February 29 00:00:00 UTC 2024", "2024-02-29T00:00:00Z"),
        ("Monday July 01 12:00:00 ACST 2024", "2024-07-01T02:30:00Z"),
        ("Monday July 01 12:00:00 -03 2024", "2024-07-01T15:00:00Z"),
        ("Monday July 01 12:00:00 +0545 2024", "2024-07-01T06:15:00Z"),
        ("TUESDAY OCTOBER 24 11:21:46 edt 2023", "2023-10-24T15:21:46Z"),
    ],
)
def test_a_section_date_with_a_sure_zone(text, utc):
    assert clock.date(text) == Moment(ns(utc))


@pytest.mark.parametrize("zone", ["", "CST ", "IST ", "AST ", "PST ", "BST ", "GST ", "XYZ ", "+1500 "])
def test_without_a_sure_zone_utc_is_assumed_and_said(zone):
    at = clock.date(f"Wednesday November 15 17:20:30 {zone}2023")
    assert at == Moment(ns("2023-11-15T17:20:30Z"), uncertainty_ns=HOURS_14, zone_known=False)


@pytest.mark.parametrize("zone", [BOGOTA, ZoneInfo("America/Bogota")])
def test_a_given_zone_stands_in_for_an_unsure_one_only(zone):
    assert clock.date("Wed Nov 15 17:20:30 CST 2023", zone) == Moment(ns("2023-11-15T22:20:30Z"))
    assert clock.date("Wed Nov 15 17:20:30 2023", zone) == Moment(ns("2023-11-15T22:20:30Z"))
    assert clock.date("Wed Nov 15 17:20:30 JST 2023", zone) == Moment(ns("2023-11-15T08:20:30Z"))


def test_a_given_zone_knows_summer():
    berlin = ZoneInfo("Europe/Berlin")
    assert clock.date("Wed Aug 10 09:54:52 2022", berlin) == Moment(ns("2022-08-10T07:54:52Z"))
    assert clock.date("Thu Feb 10 09:54:52 2022", berlin) == Moment(ns("2022-02-10T08:54:52Z"))


class Nowhere(tzinfo):
    def utcoffset(self, _dt):
        return None


def test_a_zone_without_an_offset_is_no_zone():
    assert clock.date("Wed Aug 10 09:54:52 2022", Nowhere()).zone_known is False


@pytest.mark.parametrize(
    "text",
    [
        "Tuesday February 30 11:21:46 EDT 2023",
        "Tuesday February 29 11:21:46 EDT 2023",
        "Tuesday October 24 24:00:00 EDT 2023",
        "Tuesday October 24 11:60:00 EDT 2023",
        "Tuesday October 24 11:00:60 EDT 2023",
        "Tuesday October 0 11:21:46 EDT 2023",
        "Dienstag Oktober 24 11:21:46 CEST 2023",
        "Tuesday Okt 24 11:21:46 CEST 2023",
        "Someday October 24 11:21:46 EDT 2023",
        "Tuesday October 24 11:21:46 EDT 0000",
        "Tuesday October 24 11:21:46 EDT 9999",
        "Tuesday October 24 11:21:46 EDT 1969",
        "Tuesday October ²4 11:21:46 EDT 2023",
        "Tuesday October 24 11:21:46 EDT 2023 more",
        "",
    ],
)
def test_a_bad_date_is_none(text):
    assert clock.date(text) is None


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2023-Nov-16+09:18:03.205 [iftask 214701 error]", "2023-11-16T09:18:03.205Z"),
        ("2011-Dec-11+5:18:41.993 [cli 30005 info]", "2011-12-11T05:18:41.993Z"),
        ("file.log:12:2023-Nov-16+09:18:03 text", "2023-11-16T09:18:03Z"),
    ],
)
def test_an_event_log_stamp_is_local(text, utc):
    assert clock.evlogd(text) == Moment(ns(utc), uncertainty_ns=HOURS_14, zone_known=False)
    assert clock.evlogd(text, BOGOTA) == Moment(ns(utc) + 5 * 3600 * SECOND)


@pytest.mark.parametrize("text", ["2023-Feb-30+09:18:03.205", "2023-Nov-16 09:18:03", "2023-11-16+09:18:03", ""])
def test_a_bad_event_log_stamp_is_none(text):
    assert clock.evlogd(text) is None


@pytest.mark.parametrize(
    ("text", "near", "utc"),
    [
        ("Nov 16 14:18:03", "2023-11-16T09:18:03Z", "2023-11-16T14:18:03Z"),
        ("Jan  1 02:00:00", "2023-12-31T21:00:00Z", "2024-01-01T02:00:00Z"),
        ("Dec 31 23:30:00", "2024-01-01T09:30:00Z", "2023-12-31T23:30:00Z"),
        ("Feb 29 12:00:00", "2024-02-29T07:00:00Z", "2024-02-29T12:00:00Z"),
        ("Jan  1 00:00:00", "1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z"),
    ],
)
def test_an_embedded_stamp_takes_the_year_nearest_to_its_line(text, near, utc):
    assert clock.embedded(text, Moment(ns(near), zone_known=False)) == Moment(ns(utc))


@pytest.mark.parametrize("text", ["Feb 30 12:00:00", "Nov 16 25:18:03", "Now 16 14:18:03", "16 Nov 14:18:03", ""])
def test_a_bad_embedded_stamp_is_none(text):
    assert clock.embedded(text, Moment(ns("2023-11-16T09:18:03Z"))) is None


def test_an_embedded_stamp_alone_has_no_year():
    assert clock.embedded("Nov 16 14:18:03", None) is None


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2023-10-23T00:14:33.813+00:00 n evlogd: [local-60sec33.780] x", "2023-10-23T00:14:33.780Z"),
        ("2023-10-23T00:14:33.813Z n evlogd: x", "2023-10-23T00:14:33.813Z"),
        ("2023-10-23T02:14:33+0200 n evlogd: [local-60sec33] x", "2023-10-23T00:14:33Z"),
        ("2023-10-22T19:14:33.813-05:00 n evlogd: [local-60sec33.780]", "2023-10-23T00:14:33.780Z"),
        ("2023-10-23T00:15:00.010+00:00 n evlogd: [local-60sec59.990]", "2023-10-23T00:14:59.990Z"),
        ("2023-10-23T00:14:59.990+00:00 n evlogd: [local-60sec0.010]", "2023-10-23T00:15:00.010Z"),
        ("2023-10-23T00:14:33.813+00:00 n evlogd: [local-60sec60.780]", "2023-10-23T00:14:33.813Z"),
        ("2024-01-01T00:00:00.001+00:00 n evlogd: [local-60sec59.999]", "2023-12-31T23:59:59.999Z"),
    ],
)
def test_a_relayed_line_is_of_the_second_of_its_event(text, utc):
    assert clock.relayed(text) == Moment(ns(utc))
    assert clock.logged(text) == Moment(ns(utc))


@pytest.mark.parametrize("text", ["2023-02-30T00:14:33.813Z", "2023-10-23T00:14:33.813", "2023-10-23T00:14:33+15:00"])
def test_a_bad_relay_stamp_is_none(text):
    assert clock.relayed(text) is None


def test_a_log_line_is_timed_in_whichever_form_it_is():
    assert clock.logged("2023-Nov-16+09:18:03.205 [iftask", BOGOTA) == Moment(ns("2023-11-16T14:18:03.205Z"))
    assert clock.logged("no time at all") is None


def test_whether_iftask_logs_local_time_is_not_settled_by_a_zone():
    at = clock.logged("Wed Nov 15 17:20:30 2023 PID:7387 KNI", BOGOTA)
    assert at == Moment(ns("2023-11-15T17:20:30Z"), uncertainty_ns=HOURS_14, zone_known=False)


@pytest.mark.parametrize(
    ("local", "utc", "offset"),
    [
        ("2023-11-16T09:18:03.205Z", "2023-11-16T14:18:03Z", -18000),
        ("2023-11-16T20:03:03Z", "2023-11-16T14:18:03Z", 20700),
        ("2023-11-16T14:18:03Z", "2023-11-16T14:18:03Z", 0),
        ("2023-11-16T14:19:03Z", "2023-11-16T14:18:03Z", 0),
        ("2023-11-16T14:19:04Z", "2023-11-16T14:18:03Z", None),
        ("2023-11-17T04:18:03Z", "2023-11-16T14:18:03Z", 50400),
        ("2023-11-17T04:33:03Z", "2023-11-16T14:18:03Z", None),
    ],
)
def test_two_stamps_of_one_line_reveal_the_zone(local, utc, offset):
    assert clock.zone_offset(Moment(ns(local)), Moment(ns(utc))) == offset


@pytest.mark.parametrize(("text", "hours"), [("-18000", -5), ("20700", 5.75), ("0", 0)])
def test_a_zone_is_handed_on_as_seconds(text, hours):
    assert clock.fixed(text).utcoffset(None) == timedelta(hours=hours)


@pytest.mark.parametrize("text", ["", "EDT", "90000", "9" * 400, "²"])
def test_what_is_no_zone_is_none(text):
    assert clock.fixed(text) is None


def test_names_are_english_under_any_locale():
    """Strptime %B would read `Oktober` here and refuse `October`."""
    code = (
        "import locale; locale.setlocale(locale.LC_ALL, '');"
        "from brimful.evidence import clock; print(clock.date('Tuesday October 24 11:21:46 EDT 2023'))"
    )
    names = [name for name in ("de_DE.UTF-8", "fr_FR.UTF-8", "C.UTF-8") if _available(name)]
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "LC_ALL": names[0]}, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "2023-10-24T15:21:46Z"


def _available(name):
    before = locale.setlocale(locale.LC_TIME)
    try:
        locale.setlocale(locale.LC_TIME, name)
    except locale.Error:
        return False
    locale.setlocale(locale.LC_TIME, before)
    return True


PIECES = st.sampled_from(
    ["Tuesday", "October", "24", "30", "Feb", "11:21:46", "99:99:99", "EDT", "2023", "0001", "9999"]
)
STAMPS = st.sampled_from(
    ["2023-Nov-16+", "2023-10-23T", "00:14:33.8", "+00:00", "-99:99", "[local-60sec59.9]", "[local-60sec99]"]
)


@settings(deadline=None, max_examples=300)
@given(st.one_of(st.text(), st.lists(PIECES).map(" ".join), st.lists(STAMPS).map("".join)))
def test_any_text_is_a_moment_that_can_be_printed_or_none(text):
    near = Moment(ns("2024-01-01T00:00:00Z"))
    for at in (
        clock.date(text, BOGOTA),
        clock.evlogd(text),
        clock.embedded(text, near),
        clock.relayed(text),
        clock.logged(text),
    ):
        assert at is None or str(at)
    clock.fixed(text)
