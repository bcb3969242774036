"""Probe losses between cards, on counts made by hand."""

import pytest

from brimful.evidence.evidence import Evidence
from brimful.evidence.frame import Sheet
from brimful.evidence.matrix import degraded, matrices
from brimful.evidence.origin import Origin
from brimful.evidence.series import Series

DATA = ("fabric.link.data_missed", "fabric.link.data_hit")
CONTROL = ("fabric.link.control_sent", "fabric.link.control_received")
LOSS = ("fabric.link.heartbeat_loss",)


def table(meanings, **windows):
    """Counts by window of one link, from card 2 to card 6."""
    sheet = Sheet(lambda line: Origin("file", line))
    for window, counts in windows.items():
        for meaning, count in zip(meanings, counts, strict=False):
            sheet.add(Series(meaning, f"card 2 -> card 6/{window[1:]}", meaning, "test", width_bits=0), count, 1)
    return sheet.frame()


def cell(evidence, plane, window="5min"):
    found = matrices(evidence)[plane].cells["card 2", "card 6", window]
    return found.lost, found.sent, found.percent


def test_each_table_says_it_in_its_own_way():
    evidence = Evidence([table(DATA, _5min=(3, 97)), table(CONTROL, _5min=(200, 190)), table(LOSS, _5min=(150,))])
    assert cell(evidence, "data") == (3, 100, 3.0)
    assert cell(evidence, "control") == (10, 200, 5.0)
    assert cell(evidence, "heartbeat") == (None, None, 1.5)


def test_more_received_than_sent_is_no_loss():
    assert cell(Evidence([table(CONTROL, _5min=(200, 201))]), "control") == (0, 200, 0.0)


@pytest.mark.parametrize(
    "frame", [table(DATA, _5min=(0, 0)), table(CONTROL, _5min=(0, 0)), table(DATA[:1], _5min=(3,))]
)
def test_without_probes_or_without_one_of_the_counts_nothing_is_known(frame):
    assert not any(matrices(Evidence([frame])).values())
    assert degraded(Evidence([frame])) is None


@pytest.mark.parametrize(
    ("windows", "found"),
    [
        ({"_5min": (1, 99)}, False),
        ({"_5min": (11, 989)}, True),
        ({"_60min": (11, 989)}, True),
        ({"_15s": (50, 50)}, False),
        ({"_5min": (0, 100), "_60min": (5, 95)}, True),
    ],
)
def test_a_link_is_degraded_above_one_percent_in_a_lasting_window(windows, found):
    assert degraded(Evidence([table(DATA, **windows)])) is found


def test_one_degraded_table_is_enough():
    assert degraded(Evidence([table(DATA, _5min=(0, 100)), table(LOSS, _5min=(900,))])) is True


def test_a_matrix_knows_its_links():
    data = matrices(Evidence([table(DATA, _5min=(3, 97))]))["data"]
    assert data.pairs() == {("card 2", "card 6")}
    assert data.percent("card 2", "card 6", "5min") == 3.0
    assert data.percent("card 6", "card 2", "5min") is None
