"""Numbered files: whole or not at all, in order over restarts, kills, full disks and steps of the clock."""

import json
import os
import random
import signal
import subprocess
import sys
import time

import msgspec
import pytest
from tests.namespaces import needs

from brimful.evidence.moment import SECOND, Moment
from brimful.monitor.ring import Ring, Unwritten, spoken

HEAD = "timestamp_info"
BEGIN = 1_493_237_681


def at(seconds):
    return Moment(round((BEGIN + seconds) * SECOND), "host")


def write(ring, number, **parts):
    raw = {name: msgspec.Raw(json.dumps(value).encode()) for name, value in parts.items()}
    return ring.write(HEAD, at(number - 1), at(number), raw or {"x_info": msgspec.Raw(b"{}")})


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def ends(folder, prefix="s"):
    """The second at which what is in each file ended, by number."""
    found = {}
    for path in folder.glob(f"{prefix}_*"):
        text = json.loads(path.read_bytes())[HEAD]["end_datetime"]
        found[int(path.name.rpartition("_")[2])] = int(text[-9:-7]) - int(spoken(at(0))[-9:-7])
    return found


def test_a_time_is_written_as_asic_monitor_does():
    assert spoken(Moment(1_493_237_681_559_967_123)) == "2017-04-26 20:14:41.559967"


def test_the_sixty_fifth_overwrites_the_first(tmp_path):
    ring = Ring(str(tmp_path / "snapshot"), 64)
    written = [write(ring, number).name for number in range(64)]
    assert written == [f"snapshot_{number}" for number in range(64)]
    assert write(ring, 64).name == "snapshot_0"
    assert write(ring, 65).name == "snapshot_1"
    assert len(names(tmp_path)) == 64


def test_the_head_tells_when(tmp_path):
    path = write(Ring(str(tmp_path / "s"), 4), 1, histogram_tc_info={"swp1": {}})
    assert json.loads(path.read_bytes()) == {
        "timestamp_info": {
            "start_datetime": "2017-04-26 20:14:41.000000",
            "end_datetime": "2017-04-26 20:14:42.000000",
            "sequence": 1,
        },
        "histogram_tc_info": {"swp1": {}},
    }


def test_the_numbering_goes_on_after_a_restart(tmp_path):
    for number in range(6):
        write(Ring(str(tmp_path / "s"), 4), number)
    assert ends(tmp_path) == {0: 4, 1: 5, 2: 2, 3: 3}


@pytest.mark.parametrize("step", [-3000, 3000])
def test_a_clock_that_steps_does_not_disturb_the_order(tmp_path, step):
    for number in range(6):
        ring = Ring(str(tmp_path / "s"), 4)
        path = ring.write(HEAD, at(0), at(number + (step if number >= 3 else 0)), {})
        assert path.name == f"s_{number % 4}"


def test_files_of_asic_monitor_itself_are_ordered_by_the_time_inside(tmp_path):
    for number, minute in enumerate((10, 12, 11)):
        stamp = {"start_datetime": f"2017-04-26 20:{minute}:00.000000"}
        (tmp_path / f"s_{number}").write_text(json.dumps({HEAD: stamp}))
    (tmp_path / "s_2").touch()
    assert write(Ring(str(tmp_path / "s"), 4), 1).name == "s_2"


def test_what_is_torn_or_no_file_of_the_ring_is_passed_over(tmp_path):
    write(Ring(str(tmp_path / "s"), 4), 1)
    (tmp_path / "s_1").write_bytes(b"")
    (tmp_path / "s_2").write_text('{"timestamp_info": {"start_datetime": "2030-01-01 00')
    for other in ("s_03", "s_9", "s_x", "ss_1", "s_1_2"):
        (tmp_path / other).write_text(
            '{"timestamp_info": {"start_datetime": "2030-01-01 00:00:00.000000", "sequence": 99}}'
        )
    (tmp_path / "s_3").mkdir()
    assert write(Ring(str(tmp_path / "s"), 4), 2).name == "s_1"


def test_what_a_kill_left_behind_is_removed(tmp_path):
    (tmp_path / ".s_0_abc.part").touch()
    (tmp_path / ".other_0_abc.part").touch()
    write(Ring(str(tmp_path / "s"), 4), 1)
    assert names(tmp_path) == [".other_0_abc.part", "s_0"]


def test_the_folder_is_made(tmp_path):
    assert write(Ring(str(tmp_path / "a" / "b" / "s"), 4), 1).is_file()


def test_all_files_together_keep_to_their_bound(tmp_path):
    size = len(write(Ring(str(tmp_path / "other"), 1), 1, x="y" * 1000).read_bytes())
    ring = Ring(str(tmp_path / "s"), 8, 3 * size)
    for number in range(1, 7):
        write(ring, number, x="y" * 1000)
        assert sum(path.stat().st_size for path in tmp_path.glob("s_*")) <= 3 * size
    assert ends(tmp_path) == {3: 4, 4: 5, 5: 6}
    # after a restart it goes on, and round the end of the ring the oldest goes first
    ring = Ring(str(tmp_path / "s"), 8, 3 * size)
    for number in range(7, 10):
        write(ring, number, x="y" * 1000)
    assert ends(tmp_path) == {6: 7, 7: 8, 0: 9}


def test_one_that_alone_is_longer_than_the_bound_is_not_written_and_takes_nothing_away(tmp_path):
    ring = Ring(str(tmp_path / "s"), 8, 500)
    write(ring, 1)
    with pytest.raises(
        Unwritten, match=r"s_1: cannot be written: it is 1,\d+ bytes long, and all of them may take 500"
    ):
        write(ring, 2, x="y" * 1000)
    assert names(tmp_path) == ["s_0"]
    assert write(ring, 3).name == "s_1"


def test_a_folder_that_is_none_is_a_clear_message_and_it_recovers(tmp_path):
    (tmp_path / "a").touch()
    ring = Ring(str(tmp_path / "a" / "s"), 4)
    with pytest.raises(Unwritten, match=r"/a/s_0: cannot be written: (?:Not a directory|File exists)\Z"):
        write(ring, 1)
    (tmp_path / "a").unlink()
    assert write(ring, 2).name == "s_0"


FULL = """
import json, os, subprocess, sys
from pathlib import Path
import msgspec
from brimful.evidence.moment import Moment
from brimful.monitor.ring import Ring, Unwritten

folder = Path(sys.argv[1])
subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", folder], check=True)
ring = Ring(str(folder / "s"), 64)
raw = {"x_info": msgspec.Raw(json.dumps("y" * 5000).encode())}
told, wrote = [], []
def write():
    try:
        wrote.append(ring.write("timestamp_info", Moment(10**18), Moment(10**18), raw).name)
    except Unwritten as why:
        told.append(str(why))
for turn in range(20):
    write()
full = sorted(path.name for path in folder.iterdir())
whole = all(json.loads(path.read_bytes()) for path in folder.iterdir())
(folder / "s_3").unlink()
write()
subprocess.run(["mount", "-o", "remount,ro", folder], check=True)
write()
print(json.dumps([told[0], len(told), told[-1], wrote, full, whole]))
"""


def test_a_full_disk_and_one_that_is_read_only(tmp_path):
    needs("unshare", "mount")
    command = ["unshare", "--mount", "--propagation", "private", sys.executable, "-c", FULL, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    first, count, last, wrote, full, whole = json.loads(done.stdout)
    fit = len(wrote) - 1
    assert first == f"{tmp_path}/s_{fit}: cannot be written: No space left on device"
    assert count == 20 - fit + 1
    assert full == sorted(f"s_{number}" for number in range(fit))
    assert whole
    assert wrote[-1] == f"s_{fit}"  # no number is lost
    assert last == f"{tmp_path}/s_{fit + 1}: cannot be written: Read-only file system"


KILLED = """
import sys
import msgspec
from brimful.evidence.moment import Moment
from brimful.monitor.ring import Ring
import time
ring = Ring(sys.argv[1], 8)
raw = {"x_info": msgspec.Raw(b'"' + b"y" * 200000 + b'"')}
print("ready", flush=True)
while True:
    now = Moment(time.time_ns())
    ring.write("timestamp_info", now, now, raw)
"""


def test_killed_at_any_moment_no_file_is_torn_and_no_number_is_left_out(tmp_path):
    order = random.Random(5)  # noqa: S311 - moments, not secrets
    last = 0
    for _ in range(20):
        with subprocess.Popen([sys.executable, "-c", KILLED, tmp_path / "s"], stdout=subprocess.PIPE) as process:
            process.stdout.readline()
            time.sleep(order.uniform(0.0, 0.08))
            process.send_signal(signal.SIGKILL)
        found = {}
        for path in tmp_path.glob("s_*"):
            whole = json.loads(path.read_bytes())  # a torn one would raise
            assert len(whole["x_info"]) == 200000
            found[whole[HEAD]["sequence"]] = int(path.name.rpartition("_")[2])
        sequences = sorted(found)
        assert sequences == list(range(sequences[0], sequences[-1] + 1))
        assert all(number == (sequence - 1) % 8 for sequence, number in found.items())
        assert sequences[-1] >= last
        last = sequences[-1]
    assert last > 20
    write(Ring(str(tmp_path / "s"), 8), 1)
    assert not list(tmp_path.glob(".*"))


def test_files_are_for_their_group_only(tmp_path):
    before = os.umask(0)
    try:
        path = write(Ring(str(tmp_path / "s"), 4), 1)
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o640


def test_the_order_goes_on_when_there_are_fewer_files_than_before_and_then_more_again(tmp_path):
    ring = Ring(str(tmp_path / "s"), 6)
    for number in range(1, 7):
        write(ring, number)
    fewer = Ring(str(tmp_path / "s"), 2)
    assert [write(fewer, number).name for number in (7, 8, 9)] == ["s_0", "s_1", "s_0"]
    assert write(Ring(str(tmp_path / "s"), 6), 10).name == "s_1"
