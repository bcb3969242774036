import pytest

from brimful.chain.place import numbered, socket_place, whole


@pytest.mark.parametrize(
    ("local", "inode", "place"),
    [
        ("0.0.0.0:53", "4242", "udp 0.0.0.0:53/4242"),
        ("0.0.0.0%virbr0:67", "", "udp 0.0.0.0%virbr0:67"),
        ("*:68", "0", "udp *:68"),
        (":::111", "", "udp [::]:111"),
        ("::1:5997", "7", "udp [::1]:5997/7"),
        ("[fe80::1]%eth0:546", "", "udp [fe80::1]%eth0:546"),
    ],
)
def test_every_tool_s_way_to_write_a_socket_is_one_place(local, inode, place):
    assert socket_place("udp", local, inode) == place


def test_a_place_that_is_taken_gets_a_number_and_stays_part_of_the_same_whole():
    taken = set()
    assert [numbered("udp *:53", taken) for _ in range(3)] == ["udp *:53", "udp *:53/2", "udp *:53/3"]
    assert {whole(place) for place in taken} == {"udp *:53"}
