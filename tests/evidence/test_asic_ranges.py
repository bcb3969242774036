import pytest
from hypothesis import given
from hypothesis import strategies as st

from brimful.evidence.asic_ranges import Ranges, ranges

CONF = """\
monitor.port_group_list = [a-pg, b_pg,c_pg]
  monitor.a-pg.stat_type=histogram_tc
monitor.a-pg.snapshot.file                     =  /var/lib/cumulus/a_stats   # trailing
monitor.a-pg.histogram.minimum_bytes_boundary  = 960
monitor.a-pg.histogram.histogram_size_bytes    = 12288
monitor.a-pg.histogram.sample_time_ns          = 512
monitor.b_pg.stat_type = histogram
monitor.b_pg.snapshot.file = /var/lib/cumulus/b_stats
monitor.b_pg.histogram.minimum_bytes_boundary = 1024
monitor.b_pg.histogram.bin_size_bytes = 1024
# monitor.b_pg.histogram.sample_time_ns = 4096
monitor.c_pg.stat_type = histogram_pg
monitor.c_pg.histogram.sample_time_ns = 0
"""
EGRESS = ("histogram", "histogram_tc")


@pytest.mark.parametrize(
    ("file", "kinds", "expected"),
    [
        ("/saved/a_stats_12", EGRESS, Ranges(512, 960, 12288)),
        ("b_stats_0", EGRESS, Ranges(None, 1024, 1024)),
        # two groups of the kind, and none of them named so
        ("other_0", EGRESS, Ranges()),
        ("other_0", ("histogram",), Ranges(None, 1024, 1024)),
        ("other_0", ("histogram_pg",), Ranges()),
        ("other_0", ("histogram_latency",), Ranges()),
    ],
)
def test_the_group_of_a_file(file, kinds, expected):
    assert ranges(CONF, file, kinds) == expected


def test_no_configuration_says_nothing():
    assert ranges("", "a_stats_0", EGRESS) == Ranges()


@given(st.text())
def test_any_text(text):
    found = ranges("monitor.a.stat_type = histogram\nmonitor.a.histogram.sample_time_ns =" + text, "a_0", EGRESS)
    assert found.sample_ns is None or found.sample_ns > 0
