"""Sixty-four files and the next one, with real queues and a clock that goes faster."""

import json
import subprocess

import pytest
from tests.monitor.fakes import Clock
from tests.namespaces import in_namespace, ip, needs

from brimful.monitor.conf import parsed
from brimful.monitor.deeds import Hands
from brimful.monitor.engine import Engine
from brimful.monitor.readers import reader

pytestmark = pytest.mark.kernel

CONF = """
monitor.port_group_list = [histogram_pg]
monitor.histogram_pg.port_set = lo
monitor.histogram_pg.stat_type = {kind}
monitor.histogram_pg.trigger_type = timer
monitor.histogram_pg.timer = 1s
monitor.histogram_pg.action_list = [snapshot]
monitor.histogram_pg.snapshot.file = {folder}/histogram_stats
monitor.histogram_pg.snapshot.file_count = 64
"""


class Bench:
    """An engine that reads for real and is not waited for."""

    def __init__(self, conf):
        self.told = []
        self.clock = Clock()
        self.hands = Hands(self.told.append)
        self.engine = Engine(parsed(conf.encode(), "x").config, reader, self.hands, self.told.append, clock=self.clock)

    def run(self, beats):
        for _ in range(beats):
            self.clock.now_s = self.engine.next_due()
            self.engine.turn()

    def close(self):
        self.engine.close()
        self.hands.close()


@pytest.mark.parametrize("kind", ["histogram", "packet"])
def test_the_65th_snapshot_takes_the_place_of_the_first_and_a_restart_goes_on(tmp_path, kind):
    needs("tc")
    conf = CONF.format(kind=kind, folder=tmp_path)

    def body():
        ip("link set lo down")
        subprocess.run(["tc", "qdisc", "add", "dev", "lo", "root", "pfifo"], check=True)  # else it has no queue
        ip("link set lo up")
        files = []
        for beats in (64, 3, 70):
            bench = Bench(conf)
            bench.run(beats)
            bench.close()
            assert len([one for one in bench.told if one.deed == "snapshot"]) == beats
            files.append({path.name: sequence(path) for path in tmp_path.iterdir()})
        return files

    def sequence(path):
        return json.loads(path.read_bytes())["timestamp_info"]["sequence"]

    first, second, third = in_namespace(body)
    assert first == {f"histogram_stats_{number}": number + 1 for number in range(64)}
    assert second == first | {"histogram_stats_0": 65, "histogram_stats_1": 66, "histogram_stats_2": 67}
    # 137 in all: the last 64 are there, each under its number
    assert third == {f"histogram_stats_{(number - 1) % 64}": number for number in range(74, 138)}
