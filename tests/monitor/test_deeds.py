"""Actions for real: files, a socket, a web server, and what is told of them."""

import json
import socket

import pytest
from tests.monitor.fakes import action, config, group, histogram, number, state

from brimful.evidence.evidence import Evidence
from brimful.monitor.conditions import Crossing, Trigger
from brimful.monitor.deeds import Hands
from brimful.monitor.group import Action, Deed
from brimful.monitor.happening import Kind
from brimful.roots.base import Document
from brimful.sources.recording import recording

QUEUE = Crossing("swp1/tc 0", "qdisc.queue.backlog", 960, "bytes", 500)
TRIGGER = Trigger((QUEUE,), 3)


class Recorder:
    def __init__(self, before_s):
        self.before_s = before_s
        self.evidence = Evidence()
        self.sweeps = 0

    def sweep(self):
        self.sweeps += 1


@pytest.fixture
def told():
    return []


@pytest.fixture
def hands(told):
    made = Hands(told.append, recorder=Recorder)
    yield made
    made.close()


def test_a_snapshot_is_written_and_told(hands, told, tmp_path):
    one = action(Deed.SNAPSHOT, file=str(tmp_path / "s"), file_count=2)
    hands.prepare(config(group("pg", one)))
    for _ in range(3):
        hands.do(group("pg", one), one, state(histogram([1, 2])), TRIGGER)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["s_0", "s_1"]
    assert [(one.kind, one.group, one.deed, one.file) for one in told] == [
        (Kind.DONE, "pg", "snapshot", f"{tmp_path}/s_{number}") for number in (0, 1, 0)
    ]
    assert json.loads((tmp_path / "s_0").read_bytes())["histogram_tc_info"]["swp1"]["0"]["data"]["960:2495"] == 2
    assert json.loads(told[0].as_json())["withheld"] == 3


def test_what_cannot_be_written_is_told_once_and_again_when_it_can(hands, told, tmp_path):
    (tmp_path / "a").touch()
    one = action(Deed.SNAPSHOT, file=str(tmp_path / "a" / "s"))
    hands.prepare(config(group("pg", one)))
    for _ in range(3):
        hands.do(group("pg", one), one, state(), TRIGGER)
    (tmp_path / "a").unlink()
    hands.do(group("pg", one), one, state(), TRIGGER)
    assert [str(one.kind) for one in told] == ["failed", "recovered", "done"]
    assert told[0].text.startswith(f"{tmp_path}/a/s_0: cannot be written: ")
    assert told[1].text == "can be written again; 3 were not"


def test_two_rings_may_not_share_their_files(hands, tmp_path):
    file = str(tmp_path / "s")
    one, alike, other = (action(Deed.SNAPSHOT, file=file, file_count=count) for count in (6, 6, 2))
    hands.prepare(config(group("pg", one), group("too", alike)))
    with pytest.raises(ValueError, match=rf"^more: snapshot: {file} is the ring of pg too, with other bounds$"):
        hands.prepare(config(group("pg", one), group("more", other)))


def test_a_log_line_is_sent(hands, told, tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "log"))
        listener.settimeout(5)
        one = action(Deed.LOG, "queue_bytes", 500, target=f"unix:{tmp_path}/log")
        hands.prepare(config(group("pg", one)))
        hands.do(group("pg", one), one, state(), Trigger((QUEUE,)))
        assert listener.recv(4096).endswith(b": Egress queue(s) greater than 500 bytes in monitor port group pg")
    assert str(told[0]).endswith("Z pg: log: Egress queue(s) greater than 500 bytes in monitor port group pg")


def test_targets_that_stay_are_kept_and_the_others_go(hands):
    def listener():
        made = socket.create_server(("127.0.0.1", 0))
        made.settimeout(5)
        return made

    with listener() as first, listener() as second:
        goes, stays = (
            group(name, action(Deed.LOG, target=f"tcp://127.0.0.1:{one.getsockname()[1]}"))
            for name, one in (("a", first), ("b", second))
        )
        hands.prepare(config(goes, stays))
        for one in (goes, stays):
            hands.do(one, one.actions[0], state(), Trigger())
        gone, _ = first.accept()
        kept, _ = second.accept()
        gone.settimeout(5)
        kept.settimeout(5)
        with gone, kept:
            hands.prepare(config(stays))
            assert gone.recv(4096).endswith(b"port group a")
            assert gone.recv(4096) == b""
            hands.do(stays, stays.actions[0], state(), Trigger())
            data = b""
            while data.count(b"port group b") < 2:  # both over the one connection
                data += kept.recv(4096)


def test_targets_that_are_none_are_all_told_and_nothing_changes(hands):
    wrong = config(group("a", Action(Deed.LOG, target="nonsense")), group("b", Action(Deed.WEBHOOK, target="ftp://x")))
    with pytest.raises(ValueError, match=r"\Aa: log: 'nonsense' is no target.*\nb: webhook: 'ftp://x' is no URL"):
        hands.prepare(wrong)


def test_what_was_not_handed_over_is_told_at_the_end(hands, told, tmp_path):
    one = action(Deed.LOG, target=f"unix:{tmp_path}/nobody")
    hands.prepare(config(group("pg", one)))
    hands.do(group("pg", one), one, state(), TRIGGER)
    hands.close()
    assert told[-1].text == "1 messages could not be handed over before the end"


def test_the_recorder_keeps_as_long_as_the_longest_asks(tmp_path):
    made = []
    hands = Hands(lambda _: None, recorder=lambda before_s: made.append(Recorder(before_s)) or made[-1])
    records = [action(Deed.RECORD, file=str(tmp_path / "r"), before_s=before_s) for before_s in (5.0, 30.0)]
    hands.prepare(config(group("a", records[0]), group("b", records[1])))
    hands.pulse()
    hands.prepare(config(group("b", records[1])))
    hands.pulse()
    assert [(one.before_s, one.sweeps) for one in made] == [(30.0, 2)]
    hands.prepare(config(group("a")))
    hands.pulse()
    assert made[0].sweeps == 2
    hands.prepare(config(group("a", records[0])))
    hands.pulse()
    assert [(one.before_s, one.sweeps) for one in made] == [(30.0, 2), (5.0, 1)]


def test_a_recording_holds_the_trigger_and_the_reading(hands, tmp_path):
    one = action(Deed.RECORD, file=str(tmp_path / "r"), before_s=5.0)
    hands.prepare(config(group("pg", one)))
    peaks = {"swp1/tc 0": 960}
    reading = state(histogram([1, 2]), numbers=[number(5)], peaks=peaks, blind=("swp9: no such port",))
    hands.do(group("pg", one), one, reading, TRIGGER)
    path = tmp_path / "r_0"
    evidence = Evidence(recording(Document("brimful monitor record", str(path), path.read_bytes())))
    (event,) = evidence.events("monitor.triggered")
    assert (event.place, event.at, event.fields) == (
        "swp1/tc 0",
        reading.end,
        {"group": "pg", "name": "qdisc.queue.backlog", "value": 960, "unit": "bytes", "level": 500.0},
    )
    assert evidence.histograms("qdisc.queue.backlog") == list(reading.histograms)
    (burst,) = evidence.bursts("qdisc.queue.backlog", place="swp1/tc 0")
    assert (burst.peak, burst.limit, burst.start) == (960, None, None)
    assert [str(blind) for blind in evidence.blind] == ["pg: swp9: no such port"]
    assert not evidence.unread


def test_a_ring_that_another_has_gone_on_with_is_looked_at_again(hands, tmp_path):
    def take(count, times):
        one = group("pg", action(Deed.SNAPSHOT, file=str(tmp_path / "s"), file_count=count))
        hands.prepare(config(one))
        for _ in range(times):
            hands.do(one, one.actions[0], state(histogram([5])), Trigger())

    take(4, 3)
    take(2, 3)
    take(4, 2)
    found = {path.name: json.loads(path.read_bytes())["timestamp_info"]["sequence"] for path in tmp_path.iterdir()}
    assert found == {"s_0": 6, "s_1": 7, "s_2": 8}
