"""SIGHUP while it runs: what is good is taken, what is bad refused, and no beat is lost."""

import signal
from itertools import pairwise

import pytest
from tests.monitoring.test_faults import GROUP

pytestmark = pytest.mark.kernel


def conf(*names, **more):
    groups = "".join(GROUP.format(name=name, folder="/var/lib/cumulus", count=64) for name in names)
    lines = "".join(f"monitor.{name.replace('__', '.')} = {value}\n" for name, value in more.items())
    return f"monitor.port_group_list = [{','.join(names)}]{groups}{lines}"


def test_no_beat_is_lost_whatever_is_read_again(switch):
    switch.port(1)
    switch.port(2)
    path = switch.configuration(conf("a"))
    with switch.monitor(path) as running:

        def reload(text, kind, count):
            path.write_text(text)
            running.signal(signal.SIGHUP)
            running.wait_for(kind, count=count)

        running.wait_for("done", "a_0")
        reload(conf("a", a__nonsense=1, a__timer="soon"), "refused", 2)
        reload(conf("a", "b", b__snapshot__file="/var/lib/cumulus/other"), "reloaded", 1)
        running.wait_for("done", "other_0")
        # a kind that no host has: it is left out, now as at the start
        reload(conf("a", "c", c__stat_type="histogram_pg"), "reloaded", 2)
        running.wait_for("done", "a_3")
        reload(conf("c", c__stat_type="histogram_pg"), "refused", 3)
        running.wait_for("done", "a_4")
        assert running.end() == ""
    refused = running.said("refused")
    assert all(text.endswith("; the configuration before goes on") for text in refused)
    lost = "c: histogram_pg cannot be read on this host: its NICs have no such buffers"
    assert refused[2] == f"{lost}; the configuration before goes on"
    assert running.said("failed", "c") == [f"{lost.removeprefix('c: ')}; it is left out"]
    assert switch.snapshots("other")
    found = switch.snapshots("a")
    # one a second, and each window begins where the one before it ended
    assert [one["timestamp_info"]["sequence"] for one in found.values()] == list(range(1, len(found) + 1))
    times = [one["timestamp_info"] for one in found.values()]
    for one, other in pairwise(times):
        assert one["end_datetime"][:23] == other["start_datetime"][:23]
    assert running.said("skipped") == []
