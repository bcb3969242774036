"""What befalls a monitor at work: killed at any moment, no room on the disk, clocks that step, a log that is gone."""

import os
import random
import signal
import socket
import subprocess
import time
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime

import pytest
from tests.monitoring.switch import PORT, wait_for
from tests.namespaces import needs

pytestmark = pytest.mark.kernel

GROUP = """
monitor.{name}.port_set = swp1
monitor.{name}.stat_type = histogram
monitor.{name}.trigger_type = timer
monitor.{name}.timer = 1s
monitor.{name}.action_list = [snapshot]
monitor.{name}.snapshot.file = {folder}/{name}
monitor.{name}.snapshot.file_count = {count}
"""
LOGGED = """
monitor.port_group_list = [a]
monitor.a.port_set = swp1
monitor.a.stat_type = histogram
monitor.a.trigger_type = timer
monitor.a.timer = 1s
monitor.a.action_list = [log]
"""
STEPPED = """
import sys, time
from pathlib import Path
real, by = time.time_ns, Path(sys.argv.pop(1))
time.time_ns = lambda: real() + int(by.read_text()) * 10**9
from brimful.cli import main
main()
"""
"""brimful with a time of day that can be set."""

UNDER_ROOT = ("setpriv", "--bounding-set", "-dac_override,-dac_read_search")
"""Root, but for the right to write where it may not."""

RUNS, ROUNDS = 4, 4


def one_group(switch, count=64, name="s"):
    listed = f"monitor.port_group_list = [{name}]"
    return switch.configuration(listed + GROUP.format(name=name, folder="/var/lib/cumulus", count=count))


def sequences(switch, prefix="s"):
    return [one["timestamp_info"]["sequence"] for one in switch.snapshots(prefix).values()]


def test_killed_at_any_moment_no_snapshot_is_torn_and_no_number_lost(switch):
    switch.port(1)
    names = [f"s{number}" for number in range(RUNS)]
    confs = {}
    for name in names:
        text = f"monitor.port_group_list = [{name}]" + GROUP.format(name=name, folder="/var/lib/cumulus", count=3)
        confs[name] = switch.configuration(text, f"{name}.conf")
    chance = random.Random(4)  # noqa: S311 - no secret
    told = dict.fromkeys(names, 0)
    for kills in range(ROUNDS):
        with ExitStack() as stack:
            runs = {name: stack.enter_context(switch.monitor(confs[name])) for name in names}
            for one in runs.values():
                one.wait_for("started")
            # most of them near a beat, when files are written
            time.sleep(chance.choice([chance.uniform(0, 2), *(beat + chance.uniform(0, 0.05) for beat in (1, 2))]))
            for one in runs.values():
                one.signal(signal.SIGKILL)
        for name, one in runs.items():
            found = sequences(switch, name)  # each is whole
            told[name] += len(one.done(name, "snapshot"))
            newest = max(found, default=0)
            # one may have been written and not told any more
            assert told[name] <= newest <= told[name] + kills + 1
            assert sorted(found) == list(range(max(1, newest - 2), newest + 1))
            assert all((number - 1) % 3 == place for place, number in enumerate(found))
    with switch.monitor(confs["s0"], "--once") as last:
        assert last.ended() == ""
    assert not list(switch.files.glob(".s0_*"))
    assert sum(told.values()) > 0


@contextmanager
def small_disk(folder):
    """A file system of 128 KiB."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=128k,mode=755", "brimful-test", str(folder)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(path):
    with suppress(OSError), path.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))


def test_a_full_disk_and_a_folder_that_may_not_be_written_are_told_and_it_goes_on(switch):
    needs("setpriv")
    switch.port(1)
    with small_disk(switch.files), switch.monitor(one_group(switch), before=UNDER_ROOT) as running:
        running.wait_for("done", "s_1")
        filler = switch.files / "filler"
        fill(filler)
        running.wait_for("failed", "No space left on device")
        time.sleep(1.1)  # another one that cannot be written: it is not told again
        filler.unlink()
        running.wait_for("recovered")
        os.chown(switch.files, 65534, 65534)
        running.wait_for("failed", "Permission denied")
        os.chown(switch.files, 0, 0)
        running.wait_for("recovered", count=2)
        assert running.end() == ""
        numbers = sequences(switch)
    path = "/var/lib/cumulus/s_"
    full, forbidden = running.said("failed", "s")
    assert full.startswith(path)
    assert full.endswith(": cannot be written: No space left on device")
    assert forbidden.startswith(path)
    assert forbidden.endswith(": cannot be written: Permission denied")
    for text in running.said("recovered", "s"):
        assert text.startswith("can be written again; ")
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) == len(running.done("s", "snapshot")) - 4


def test_steps_of_the_time_of_day_move_no_beat_and_no_number(switch):
    switch.port(1)
    by = switch.folder / "by"
    by.write_text("0")
    conf = one_group(switch, count=4)
    steps = ("3600", "-86400")
    for restart in range(2):
        with switch.monitor(conf, program=("-c", STEPPED, str(by))) as running:
            running.wait_for("done", count=1)
            began = time.monotonic()
            by.write_text(steps[restart])
            running.wait_for("done", count=3)
            assert abs(time.monotonic() - began - 2) < 0.5
            assert running.end() == ""
            assert running.said("skipped") == []
    snapshots = switch.snapshots("s")
    assert {place: one["timestamp_info"]["sequence"] for place, one in snapshots.items()} == {0: 5, 1: 6, 2: 3, 3: 4}
    # each window is a second, whatever the time of day did in it
    for one in snapshots.values():
        times = one["timestamp_info"]
        begin, end = (datetime.fromisoformat(times[name]) for name in ("start_datetime", "end_datetime"))
        counted = sum(one["histogram_tc_info"]["swp1"]["0"]["counted"]["counts"]) / 1e9
        assert abs((end - begin).total_seconds() - counted) < 0.01


def test_a_log_that_is_gone_gets_all_lines_when_it_is_back(switch):
    switch.port(1)
    with switch.monitor(switch.configuration(LOGGED)) as running:
        running.wait_for("target", "syslog: is gone: No such file or directory")
        with switch.rsyslog():
            running.wait_for("target", "syslog: is back")
            running.wait_for("done", count=3)
            wait_for(lambda: len(switch.logged()) >= 3)
        running.wait_for("target", "syslog: is gone", count=2)
        running.wait_for("done", count=5)
        with switch.rsyslog():
            running.wait_for("target", "syslog: is back", count=2)
            assert running.end() == ""
            wait_for(lambda: len(switch.logged()) >= len(running.done("a", "log")))
    lines = [line.partition("INFO: ")[2] for line in switch.logged()]
    assert lines == sorted(set(lines))  # each once, in their order
    assert len(lines) == len(running.done("a", "log"))
    assert all(line.endswith(": Statistics collected in monitor port group a") for line in lines)


def test_rsyslog_takes_lines_from_every_way_there_is(switch):
    switch.port(1)
    ways = [("imuxsock", "syslog", "rfc3164")]
    for name in ("udp", "tcp"):
        ways += [(f"im{name}", f"{name}://127.0.0.1:{PORT}", form) for form in ("rfc3164", "rfc5424")]
    text = f"monitor.port_group_list = [{','.join(f'{name}-{form}' for name, _, form in ways)}]\n"
    for name, target, form in ways:
        group = f"{name}-{form}"
        text += LOGGED.partition("\n")[2].partition("\n")[2].replace(".a.", f".{group}.")
        text += f"monitor.{group}.log.target = {target}\nmonitor.{group}.log.form = {form}\n"
    with switch.rsyslog(), switch.monitor(switch.configuration(text), "--once") as running:
        assert running.ended() == ""
        wait_for(lambda: sum(len(switch.logged(name)) for name in {name for name, _, _ in ways}) == len(ways))
    for name, _, form in ways:
        (line,) = [line for line in switch.logged(name) if line.endswith(form)]
        _, host, program, level, rest = line.split(maxsplit=4)
        assert (host, program, level) == (socket.gethostname(), "asic-monitor-module", "INFO:")
        assert rest.endswith(f": Statistics collected in monitor port group {name}-{form}")
