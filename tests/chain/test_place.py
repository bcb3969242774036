import pytest

from brimful.chain.place import meet, whole


@pytest.mark.parametrize(
    ("place", "expected"),
    [("eth0/rx-3", "eth0"), ("eth0", "eth0"), ("", ""), ("udp 0.0.0.0:53/ino 7", "udp 0.0.0.0:53")],
)
def test_whole(place, expected):
    assert whole(place) == expected


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("eth0/rx-3", "eth0", True),
        ("eth0", "eth1", False),
        ("", "eth1", True),
        ("card 6", "", True),
        ("card 6", "card 60", False),
    ],
)
def test_places_meet_in_the_whole(one, other, expected):
    assert meet(one, other) is expected
