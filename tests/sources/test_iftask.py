from pathlib import Path

import pytest

from brimful.evidence.evidence import Evidence
from brimful.evidence.frame import Frame
from brimful.evidence.moment import SECOND, Moment
from brimful.evidence.origin import Blind, Unread
from brimful.roots.base import Document
from brimful.sources.iftask import REQUEST, iftask

ARTICLE = (Path(__file__).parents[1] / "captures" / "iftask" / "article" / "show_iftask_stats.txt").read_bytes()
BLOCK = "CARD 6 STATS\nCounters    SF6      SF6_PPS\n"


def read(text, at=None):
    data = text if isinstance(text, bytes) else text.encode()
    items = list(iftask(Document(REQUEST, "file", data, at=at)))
    frames = [item for item in items if isinstance(item, Frame)]
    values = {(s.meaning, s.place): v for f in frames for s, v in zip(f.layout.series, f.values, strict=True)}
    return values, items


def unread(items):
    return [(item.origin.line, item.why) for item in items if isinstance(item, Unread)]


def test_all_counters_of_the_article_are_read():
    values, items = read(ARTICLE)
    assert len(values) == 2 * 24 * 2
    assert unread(items) == []
    assert sum(isinstance(item, Blind) for item in items) == 1
    assert sum(isinstance(item, Frame) for item in items) == 1


@pytest.mark.parametrize(
    ("name", "meaning", "rate", "card", "total"),
    [
        ("svc_rx", "fabric.link.passed", "fabric.link.rate", (2587301598, 2203), (27964563261, 24791)),
        ("svc_tx", "fabric.link.passed", "fabric.link.rate", (548969428, 295), (36109966153, 30168)),
        ("di_rx", "fabric.link.passed", "fabric.link.rate", (2260147059, 2258), (74133486629, 51929)),
        ("di_tx", "fabric.link.passed", "fabric.link.rate", (4072038717, 3966), (73958155063, 50897)),
        ("__ALL_DROPS__", "dataplane.queue.drops_total", "dataplane.queue.drop_rate", (0, 0), (0, 0)),
        ("kni_thread_drops", "kni.queue.dropped", "kni.queue.drop_rate", (0, 0), (0, 0)),
        ("kni_drops", "kni.queue.dropped", "kni.queue.drop_rate", (0, 0), (0, 0)),
        ("cpeth0_drops", "kni.queue.dropped", "kni.queue.drop_rate", (0, 0), (0, 0)),
        ("svc_tx_drops", "dataplane.queue.dropped", "dataplane.queue.drop_rate", (0, 0), (0, 0)),
        ("mcdma_summary_drops", "dataplane.queue.dropped", "dataplane.queue.drop_rate", (0, 0), (0, 0)),
        ("reassembly_ring_enq_err", "dataplane.queue.fragment_errors", "dataplane.queue.drop_rate", (0, 0), (0, 0)),
        ("__DISCARDS__", "dataplane.queue.discards", "dataplane.queue.discard_rate", (241984, 0), (2324968, 0)),
        (
            "__BOND_DISCARDS__",
            "dataplane.queue.discards",
            "dataplane.queue.discard_rate",
            (55282718, 142),
            (55635534, 149),
        ),
    ],
)
def test_counts_and_rates_of_a_card_and_of_all(name, meaning, rate, card, total):
    values, _ = read(ARTICLE)
    assert (values[meaning, f"card 6/{name}"], values[rate, f"card 6/{name}"]) == card
    assert (values[meaning, f"all cards/{name}"], values[rate, f"all cards/{name}"]) == total


def test_a_counter_is_wide_and_a_rate_is_a_level():
    _, (frame,) = read(BLOCK + "kni_drops 5 1\n", at=Moment(1))
    assert [(s.raw, s.width_bits) for s in frame.layout.series] == [("kni_drops", 64), ("kni_drops", 0)]
    assert (frame.at, frame.origin(0).line) == (Moment(1), 3)


def test_two_samples_share_their_layout_and_give_a_rate():
    _, (first,) = read(BLOCK + "kni_drops 5 1\n", at=Moment(0))
    _, (second,) = read(BLOCK + "kni_drops 65 1\n", at=Moment(60 * SECOND))
    assert first.layout is second.layout
    (reading,) = Evidence([first, second]).readings("kni.queue.dropped")
    assert (reading.delta, reading.seconds) == (60, 60.0)


def test_a_missing_rate_is_not_zero():
    values, items = read(BLOCK + "kni_drops 5\n")
    assert values == {("kni.queue.dropped", "card 6/kni_drops"): 5}
    assert unread(items) == []


@pytest.mark.parametrize("row", ["new_ring_drops 5 0", "new_ring_drops 5", "strange 12 3", "__NEW__ 1 2"])
def test_an_unknown_counter_is_seen(row):
    values, items = read(f"{BLOCK}{row}\nkni_drops 5 1\n")
    assert unread(items) == [(3, "unknown counter")]
    assert len(values) == 2


@pytest.mark.parametrize(
    "columns",
    ["", "five 1", "-5 1", "5 -1", "² 0", "18446744073709551616 0", "5 18446744073709551616", "1 2 3", "N/A N/A"],
)
def test_a_damaged_row_costs_one_line(columns):
    values, items = read(f"{BLOCK}kni_drops {columns}\nkni_thread_drops 18446744073709551615 1\n")
    assert unread(items) == [(3, "not a count and a rate")]
    assert values["kni.queue.dropped", "card 6/kni_thread_drops"] == 2**64 - 1


def test_a_row_of_no_card_is_not_given_to_the_one_before():
    values, items = read(f"kni_drops 5 1\n{BLOCK}CARD X STATS\nkni_drops 5 1\n")
    assert values == {}
    assert [line for line, _ in unread(items)] == [1, 4, 5]


def test_the_same_counter_again_is_not_a_second_sample():
    values, items = read(f"{BLOCK}kni_drops 5 1\n{BLOCK}kni_drops 900 1\n")
    assert values["kni.queue.dropped", "card 6/kni_drops"] == 5
    assert [line for line, _ in unread(items)] == [6]


@pytest.mark.parametrize(
    "line",
    [
        "NDR is      100.0000",
        "CONTINUE_TRAFFIC",
        "-" * 75,
        "Counters    SF6      SF6_PPS",
        "Counters   TOTAL     TOTAL_PPS",
        "Step 4. Check the Hardware Drivers",
        "driver.",
        "With the application layer cleared from culpability, focus on underlying drivers at the hardware level to",
        "level. The defective hardware driver",
    ],
)
def test_what_is_around_the_rows_is_nothing(line):
    assert read(f"{BLOCK}{line}\n") == ({}, [])


def test_leading_zeros_of_a_card_are_no_other_card():
    values, _ = read("  CARD  06  STATS \nkni_drops 5 1\nTOTAL STATS\nkni_drops 7 1\n")
    assert values["kni.queue.dropped", "card 6/kni_drops"] == 5
    assert values["kni.queue.dropped", "all cards/kni_drops"] == 7
