import math
import random

import pytest

from brimful.evidence.evidence import Evidence
from brimful.evidence.forecast import forecasts
from brimful.evidence.frame import Sheet
from brimful.evidence.moment import SECOND, Moment
from brimful.evidence.origin import Origin
from brimful.evidence.series import Series

LENGTH = Series("softnet.backlog.length", "cpu 3", "backlog", "softnet", width_bits=0)
LIMIT = Series("softnet.backlog.limit", "", "net.core.netdev_max_backlog", "sysctl", width_bits=0)


def watched(levels, limit=1000, series=LENGTH, limits=LIMIT, step=1.0):
    evidence = Evidence()
    for number, level in enumerate(levels):
        sheet = Sheet(lambda line: Origin("x", line), Moment(int(number * step * SECOND)))
        sheet.add(series, level, 1)
        if limit is not None:
            sheet.add(limits, limit, 2)
        evidence.add(sheet.frame())
    return evidence


def test_a_straight_rise_is_carried_on_to_the_limit():
    (found,) = forecasts(watched([100, 200, 300, 400, 500]))
    assert (found.stage, found.place, found.level, found.limit, found.unit) == (
        "softnet.backlog", "cpu 3", 500, 1000, "packets",
    )  # fmt: skip
    assert (found.per_second, found.seconds, found.seconds_low, found.seconds_high) == (100, 5, 5, 5)
    assert found.share == 0.5


def test_one_outlier_moves_the_slope_little_and_widens_the_interval():
    (found,) = forecasts(watched([0, 10, 20, 900, 40, 50, 60, 70, 80, 90]))
    assert found.per_second == pytest.approx(10)
    assert found.seconds == pytest.approx(91)
    assert found.seconds_low <= found.seconds <= found.seconds_high
    assert found.seconds_high < 120


def test_the_interval_holds_the_true_slope_nineteen_times_in_twenty():

    random_ = random.Random(7)  # noqa: S311 - noise, the same each time
    hits = 0
    for _ in range(400):
        levels = [max(0, round(1000 + 20 * t + random_.gauss(0, 15))) for t in range(11)]
        found = forecasts(watched(levels, limit=100_000))
        room = 100_000 - levels[-1]
        hits += bool(found) and found[0].seconds_low <= room / 20 <= found[0].seconds_high
    assert 370 <= hits <= 400


@pytest.mark.parametrize(
    "levels",
    [
        [5, 5, 5, 5, 5],
        [500, 400, 300, 200, 100],
        [100, 200, 300, 400],  # too few
        [10, 900, 20, 800, 15, 850, 30],  # up and down
        [600, 700, 800, 900, 1000],  # full already
        [],
    ],
)
def test_what_is_not_shown_to_rise_is_not_forecast(levels):
    assert forecasts(watched(levels)) == []


def test_without_a_limit_or_with_none_above_zero_there_is_none():
    assert forecasts(watched([1, 2, 3, 4, 5], limit=None)) == []
    assert forecasts(watched([1, 2, 3, 4, 5], limit=0)) == []


def test_soonest_comes_first_and_the_own_limit_before_the_machines():
    evidence = watched([1, 2, 3, 4, 5])
    other = Series("softnet.backlog.length", "cpu 4", "backlog", "softnet", width_bits=0)
    own = Series("softnet.backlog.limit", "cpu 4", "x", "sysctl", width_bits=0)
    for frame in watched([1, 2, 3, 4, 5], 10, other, own).frames():
        evidence.add(frame)
    assert [(f.place, f.limit, f.seconds) for f in forecasts(evidence)] == [("cpu 4", 10, 5), ("cpu 3", 1000, 995)]


def test_samples_at_one_moment_make_no_slope():
    assert forecasts(watched([1, 2, 3, 4, 5], step=0)) == []
    assert math.isfinite(forecasts(watched([1, 2, 3, 4, 5], step=1e-6))[0].seconds)


def test_a_watermark_is_a_level_with_a_limit_and_never_a_forecast():
    peak = Series("switch.queue.peak", "Ethernet0/queue 3", "max", "devlink_sb", width_bits=0)
    limit = Series("switch.queue.limit", "Ethernet0/queue 3", "threshold", "devlink_sb", width_bits=0)
    evidence = watched([100, 200, 300, 400, 500], 1000, peak, limit)
    assert forecasts(evidence) == []
    depth = Series("switch.queue.depth", "Ethernet0/queue 3", "current", "devlink_sb", width_bits=0)
    (found,) = forecasts(watched([100, 200, 300, 400, 500], 1000, depth, limit))
    assert (found.stage, found.seconds) == ("switch.queue", 5)
