from pathlib import Path

import pytest

from brimful.evidence.event import Fact
from brimful.evidence.moment import Moment
from brimful.evidence.origin import Blind, Unread
from brimful.roots.base import Document
from brimful.sources import SOURCES
from brimful.sources.session_recovery import REQUEST, session_recovery

CAPTURES = Path(__file__).parents[1] / "captures" / "session_recovery"
ARTICLE = (CAPTURES / "article" / "show_session_recovery_status_verbose.txt").read_bytes()
AT = Moment(1)


def read(data):
    return list(session_recovery(Document(REQUEST, "file", data, at=AT)))


def facts(items, name):
    return {fact.place: fact.value for fact in items if isinstance(fact, Fact) and fact.name == name}


def test_all_ten_cards_of_the_article_are_read():
    items = read(ARTICLE)
    active = {f"card {card}": "Active" for card in range(3, 12)}
    assert facts(items, "staros.card_state") == active | {"card 12": "Standby"}
    assert facts(items, "staros.demux_card") == {"card 6": "Good (Demux)"}
    assert len(items) == 11
    assert {fact.at for fact in items} == {AT}
    (demux,) = [fact for fact in items if fact.name == "staros.demux_card"]
    assert demux.origin.raw == "6/0 Active   0      0        0      0        10      Good (Demux)"
    assert demux.origin.line == 12


@pytest.mark.parametrize(
    ("row", "demux"),
    [
        ("5/0 Active 0 0 0 0 14 Good (Demux)", {"card 5": "Good (Demux)"}),
        ("5/0 Active 0 0 0 0 14 Good", {"card 5": "Good"}),
        ("5/0 Active 0 0 0 0 0 Good (Demux)", {"card 5": "Good (Demux)"}),
        ("5/0 Active 0 0 0 0 0 Good", {}),
    ],
)
def test_the_demux_card_is_told_by_its_managers_or_its_status(row, demux):
    assert facts(read(row.encode()), "staros.demux_card") == demux


def test_the_further_processors_of_a_card_are_places_of_their_own():
    items = read(b"5/0 Active 24 1 24 1 0 Good\n5/2 Standby 24 1 24 1 3 Good\n")
    assert facts(items, "staros.card_state") == {"card 5": "Active", "card 5/cpu 2": "Standby"}
    assert facts(items, "staros.demux_card") == {"card 5": "Good"}


def test_a_problem_stands_beside_the_state():
    items = read(b"7/0 Active 24 1 24 1 0 sessmgr instances missing\n")
    assert facts(items, "staros.card_state") == {"card 7": "Active: sessmgr instances missing"}


@pytest.mark.parametrize(
    "row",
    [
        b"7/0 Active 24 1 24 1 Good",
        b"7/0 Active 24 1 24 1 \xc2\xb2 Good",
        b"7/0 Active 24 1 24 1 -1 Good",
        b"7/0 Active 24 1 24 1 0",
        b"7/0 12 24 1 24 1 0 Good",
    ],
)
def test_a_damaged_row_costs_one_line(row):
    items = read(row + b"\n8/0 Active 24 1 24 1 0 Good\n")
    assert [item.origin.line for item in items if isinstance(item, Unread)] == [1]
    assert facts(items, "staros.card_state") == {"card 8": "Active"}


def test_rows_cut_out_are_said():
    items = read("…\n3/0 Active 24 1 24 1 0 Good\n…\n".encode())
    assert [item.remedy for item in items if isinstance(item, Blind)] == [REQUEST]


def test_prose_below_the_table_is_nothing():
    prose = b"\nshow cloud monitor di-network detail\n\n- Use the outputs of 6/0\n2023-Nov-16+09:18:03.205 [x 1 info]\n"
    assert len(read(ARTICLE + prose)) == 11


def test_it_is_registered_for_its_command():
    assert SOURCES["session_recovery"].requests == ("show session recovery status verbose",)
