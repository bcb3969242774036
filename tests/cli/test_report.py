"""The JSON object, of machines made by hand."""

import json

import pytest
from msgspec.structs import replace
from tests.cli.machines import DROPS, OPEN, PASSED, VERDICT, Fake, frame, machine, sampled

from brimful import __version__
from brimful.cli.report import as_json, outcome, span
from brimful.compare import Effect, Result, earlier
from brimful.evidence.event import Fact
from brimful.evidence.evidence import Evidence
from brimful.evidence.origin import Origin
from brimful.evidence.series import Series
from brimful.judge import Outcome
from brimful.sampler import Cost


def report(*machines):
    return json.loads(as_json(list(machines)))


HURT = machine(verdicts=(VERDICT,), notes=("a note",))
UNSURE = machine(Outcome.UNDECIDED, OPEN.statement, name="other", opens=(OPEN,), root=Fake("/saved/other", "folder"))
WELL = machine(Outcome.HEALTHY, "Nothing was lost.", evidence=Evidence())


def test_a_verdict_is_written_whole():
    (found,) = report(HURT)["verdicts"]
    assert found == {
        "root": "host",
        "owner": "kernel",
        "stage": "nic.ring",
        "place": "eth0",
        "confidence": "high",
        "rule": "nic_ring",
        "statement": "The ring ran dry.",
        "because": [
            {
                "text": "5 frames dropped",
                "file": "/saved/counters",
                "line": 3,
                "raw": "rx_missed: 6",
                "value": 5,
                "at": "1970-01-01T00:00:10Z",
            },
            {"text": "squeezed too", "file": "/saved/softnet", "line": None, "raw": None, "value": None, "at": None},
        ],
        "against": [
            {"text": "the CPU was idle", "file": None, "line": None, "raw": None, "value": None, "at": None},
        ],
        "doubts": ["one NIC of two", "a guess"],
        "do": [
            {"text": "enlarge the ring", "command": "ethtool -G eth0 rx 4096", "temporary": True},
            {"text": "spread the queues", "command": "", "temporary": False},
        ],
        "collect": [{"text": "the counters", "command": "ethtool -S eth0"}, {"text": "a trace", "command": ""}],
    }


def test_what_is_open_is_written_whole():
    (found,) = report(UNSURE)["open"]
    assert found == {
        "root": "other",
        "stage": "nic.fifo",
        "place": "eth1",
        "rule": "nic_fifo",
        "statement": "Frames were lost in eth1.",
        "because": [
            {"text": "9 overruns", "file": "/saved/counters", "line": 4, "raw": None, "value": None, "at": None}
        ],
        "doubts": ["by name only"],
        "collect": [{"text": "the counters", "command": "ethtool -S eth1"}],
    }


def test_the_rest_of_the_report_says_of_which_machine_it_is():
    found = report(HURT, UNSURE)
    assert (found["brimful"], found["schema"], found["outcome"]) == (__version__, 1, "verdict")
    assert found["statement"] == "The ring ran dry. Frames were lost in eth1."
    assert found["roots"] == [
        {
            "name": "host",
            "kind": kind,
            "path": path,
            "from": "1970-01-01T00:00:00Z",
            "until": "1970-01-01T00:00:10Z",
        }
        for kind, path in (("file", "/saved/host.txt"), ("folder", "/saved/other"))
    ]
    assert found["notes"] == [{"root": "host", "text": "a note"}]
    assert found["chain"][1] == {"root": "host", "stage": "nic.ring", "known": True, "lost": 1234, "level": 0.5}
    assert [sink["root"] for sink in found["chain"]] == ["host"] * 3 + ["other"] * 3
    assert found["unread"] == 2 * [{"file": "/saved/host.txt", "line": 7, "text": "scrambled", "why": "not a row"}]
    assert found["blind"] == [
        {"root": name, "what": "ss", "why": "permission denied", "remedy": "run as root"} for name in ("host", "other")
    ]


def test_losses_and_what_is_unexplained_are_written_in_their_units():
    (loss, _) = report(HURT, UNSURE)["losses"]
    assert loss == loss | {
        "root": "host",
        "stage": "nic.ring",
        "place": "eth0",
        "meaning": "nic.ring.no_buffer",
        "lost": 5,
        "near_missed": 0,
        "passed": 95,
        "seconds": 10.0,
        "source": "/saved/counters:1",
        "counter": "rx_missed",
        "lifetime": False,
    }
    (rest, _) = report(HURT, UNSURE)["unexplained"]
    assert rest == {
        "root": "host",
        "between": ["nic.ring", "protocol.input"],
        "place": "eth0",
        "packets": 3,
        "seconds": 10.0,
    }


@pytest.mark.parametrize(
    ("machines", "worst"),
    [
        ((WELL, UNSURE, HURT), Outcome.VERDICT),
        ((WELL, UNSURE), Outcome.UNDECIDED),
        ((WELL, WELL), Outcome.HEALTHY),
    ],
)
def test_the_worst_of_several_machines_counts(machines, worst):
    assert outcome(machines) is worst


def test_the_time_watched_is_that_of_the_frames_where_they_can_be_compared():
    first, last = span(sampled())
    assert (str(first), str(last)) == ("1970-01-01T00:00:00Z", "1970-01-01T00:00:10Z")
    assert span(Evidence()) is None
    assert span(Evidence([frame({DROPS: 1}, None)])) is None
    assert span(Evidence([frame({DROPS: 1}, 3, "relative"), frame({DROPS: 1}, 9)])) is None
    assert report(WELL)["roots"][0]["from"] is None


def test_what_arrived_is_accounted_for():
    arrived = Series("nic.fifo.arrived", "eth0", "port.rx", "nic_counters")
    evidence = Evidence([frame({arrived: 0, DROPS: 1, PASSED: 100}), frame({arrived: 1000, DROPS: 6, PASSED: 195}, 10)])
    (account,) = report(machine(evidence=evidence))["accounts"]
    assert account == {
        "root": "host",
        "place": "eth0",
        "stages": ["nic.fifo", "nic.ring"],
        "arrived": 1000,
        "delivered": 95,
        "losses": [{"meaning": "nic.ring.no_buffer", "counter": "rx_missed", "packets": 5}],
        "unexplained": 900,
        "seconds": 10.0,
        "doubt": account["doubt"],
    }
    assert account["doubt"].startswith("frames for other users of the port")
    assert report(WELL)["accounts"] == []


def test_what_fills_is_foretold():
    level = Series("softnet.backlog.length", "cpu 0", "backlog", "softnet", width_bits=0)
    limit = Series("softnet.backlog.limit", "", "netdev_max_backlog", "sysctl", width_bits=0)
    frames = [frame({level: 100 * second, limit: 1000}, second) for second in range(1, 7)]
    (found,) = report(machine(evidence=Evidence(frames)))["forecasts"]
    assert found == {
        "root": "host",
        "stage": "softnet.backlog",
        "place": "cpu 0",
        "meaning": "softnet.backlog.length",
        "level": 600,
        "limit": 1000,
        "unit": "packets",
        "per_second": 100.0,
        "overflow_seconds": 4.0,
        "overflow_seconds_low": 4.0,
        "overflow_seconds_high": 4.0,
        "source": "/saved/counters:1",
    }


def test_what_a_watch_cost_and_what_became_of_a_verdict_are_told_of_each_machine():
    cost = Cost("softnet", 1.0, 2.0, reads=3, late=1, cpu_s=0.25)
    effect = Effect("kernel", "nic.ring", "eth0", Result.WORKED, "gone", 5.0, 0.0, 0.1, 0.0)
    found = report(replace(WELL, costs=(cost,), effects=(effect,)), replace(UNSURE, costs=(cost,)))
    assert [(one["root"], one["source"], one["period_s"], one["late"]) for one in found["cost"]] == [
        ("host", "softnet", 2.0, 1),
        ("other", "softnet", 2.0, 1),
    ]
    (after,) = found["after"]
    assert after == {
        "root": "host",
        "owner": "kernel",
        "stage": "nic.ring",
        "place": "eth0",
        "result": "worked",
        "text": "gone",
        "before_per_second": 5.0,
        "now_per_second": 0.0,
        "before_share": 0.1,
        "now_share": 0.0,
    }
    assert report(HURT)["after"] == report(HURT)["cost"] == []


def test_a_counter_that_no_map_explains_is_told_once_with_its_latest_number():
    facts = [Fact("nic.unmapped", "eth0/odd", f"odd {number}", Origin("f")) for number in (3, 4)]
    assert report(machine(evidence=Evidence(facts)))["unmapped"] == [
        {"root": "host", "place": "eth0/odd", "counter": "odd 4"}
    ]


def test_a_report_can_be_read_back_as_the_earlier_one():
    before = earlier(as_json([HURT, UNSURE]))
    assert (before.outcome, [one.place for one in before.verdicts]) == ("verdict", ["eth0"])
    assert [(one.root, one.lost) for one in before.losses] == [("host", 5), ("other", 5)]
