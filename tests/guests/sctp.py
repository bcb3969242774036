"""brimful inside a QEMU guest whose SCTP reader is stopped: the verdict, and what the kernel and ss say of it.

The guest is booted once: the reader keeps up, then it is stopped and the sender goes on until it is blocked. `make guests`
runs this; `pytest` alone does not collect it. `python -m tests.guests.sctp` saves the texts anew.
"""

import json
import os
from functools import cache
from pathlib import Path

import pytest
from tests.guests.guest import Told, tell
from tests.guests.image import missing

CAPTURES = Path(__file__).parents[1] / "captures"
TIMEOUT_S = 150
PHASES = (("modest", False, 16), ("stopped", True, 20))
"""Name, whether the reader is stopped, seconds that brimful watches."""

PLACE = "sctp 127.0.0.1:6000 from 127.0.0.1:6001"
SS = "ss -OHtuwSanmpe"
SAVED = {
    "/proc/net/sctp/assocs": "sctp_associations/guest",
    "/proc/net/sctp/snmp": "snmp/sctp",
    "ss -Sanmpe": "sockets/sctp",
    SS: "sockets/sctp",
}

if missing():
    if os.environ.get("CI"):
        pytest.fail(f"guests need {', '.join(missing())}, and CI has them", pytrace=False)
    pytest.skip(f"guests need {', '.join(missing())}", allow_module_level=True)


@cache
def told() -> Told:
    return tell({"device": "e1000", "frame_bytes": 64, "messages": 3000, "phases": PHASES}, TIMEOUT_S)


def report(phase):
    """Return what brimful said, as the guest's status and its JSON."""
    heard = told().phases[phase]
    assert heard["in time"], "brimful had ended before the messages were sent"
    said = json.loads(heard["said"])
    assert said["unread"] == []
    assert [blind for blind in said["blind"] if "sctp" in blind["what"]] == []
    assert heard["status"] == {"healthy": 0, "verdict": 1, "undecided": 3}[said["outcome"]]
    return said


def plain(line):
    """Of what ss adds, the lists of addresses, timers, control group and arrows are not printed."""
    words = line.split()
    return [word for word in words if not word.startswith(("locals:", "peers:", "timer:", "cgroup:", "<->"))]


def discards(when):
    words = told().phases[when]["/proc/net/sctp/snmp"].split()
    return int(words[words.index("SctpInDataChunkDiscards") + 1])


def test_a_reader_that_keeps_up_is_healthy():
    assert report("modest")["outcome"] == "healthy", report("modest")["statement"]
    assert told().phases["modest"]["sent"] == 3000
    assert discards("modest after") == 0


def test_a_reader_that_is_stopped_is_blamed_by_its_name():
    said = report("stopped")
    reader = told().phases["setup"]["reader"]
    assert [(v["owner"], v["stage"], v["place"]) for v in said["verdicts"]] == [
        ("application", "socket.receive", PLACE)
    ]
    assert said["statement"].startswith(f"reader (pid {reader}) does not read {PLACE} as fast as data arrives")
    assert discards("stopped after") > 0


def test_the_sender_is_blocked_by_what_both_buffers_hold():
    # 208 messages in the send buffer, 915 in the receive buffer (net/sctp: 1,024 and 233 bytes charged for each)
    assert told().phases["stopped"]["sent"] == 212992 // 1024 + 213195 // 233


def test_associations_are_printed_as_ss_prints_them():
    told_ = told().phases["stopped after"]
    theirs = [plain(line) for line in told_[SS].splitlines()]
    assert [plain(line) for line in told_["live"].splitlines()] == theirs
    assert [words[0] for words in theirs] == ["sctp", "sctp", "`-", "sctp", "`-"]


def save():
    """Write the captures: cases quote their numbers, so that these have to follow."""
    for name, folder in SAVED.items():
        path = CAPTURES / folder / name.strip("/").replace("/", "_").replace(" ", "_")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(told().phases["stopped after"][name], encoding="utf-8")


if __name__ == "__main__":
    save()
