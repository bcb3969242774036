import pytest

from brimful.chain.place import association_place, meet, outward, part, protocol, whole


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ("eth0/rx-3", "eth0"),
        ("eth0", "eth0"),
        ("", ""),
        ("udp 0.0.0.0:53/ino 7", "udp 0.0.0.0:53"),
        ("cgroup /system.slice/web.service", "cgroup /system.slice/web.service"),
    ],
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
        ("cgroup /a", "cgroup /b", False),
    ],
)
def test_places_meet_in_the_whole(one, other, expected):
    assert meet(one, other) is expected


@pytest.mark.parametrize(
    ("local", "peer", "inode", "place"),
    [
        ("127.0.0.1:6000", "127.0.0.1:6001", "7", "sctp 127.0.0.1:6000 from 127.0.0.1:6001/7"),
        ("::1:6000", "[2001:db8::1]:6001", "", "sctp [::1]:6000 from [2001:db8::1]:6001"),
    ],
)
def test_an_association_is_named_by_both_of_its_ends(local, peer, inode, place):
    assert association_place(local, peer, inode) == place


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ("eth0/rx-3", ("eth0/rx-3", "eth0", "")),
        ("cgroup /a/b", ("cgroup /a/b", "cgroup /a/b", "")),
        ("", ("", "", "")),
    ],
)
def test_outward_is_nearest_first(place, expected):
    assert outward(place) == expected


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ("udp 0.0.0.0:53/4242", "udp"),
        ("udp [::]:53", "udp"),
        ("udp6", "udp"),
        ("udp", "udp"),
        ("eth0", "eth0"),
        ("", ""),
    ],
)
def test_a_socket_and_the_sum_of_all_have_one_protocol(place, expected):
    assert protocol(place) == expected


@pytest.mark.parametrize(
    ("place", "port", "inner"),
    [
        ("Ethernet1/36/queue 3", "Ethernet1/36", "queue 3"),
        ("Ethernet1/36", "Ethernet1/36", ""),
        ("Ethernet3/2/1/tc 1", "Ethernet3/2/1", "tc 1"),
        ("Eth1/2/uc 0", "Eth1/2", "uc 0"),
        ("Ethernet0/queue 3", "Ethernet0", "queue 3"),
        ("Ethernet/1", "Ethernet", "1"),
        ("eth0/rx-3", "eth0", "rx-3"),
        ("eth1/2", "eth1", "2"),
        ("eth0", "eth0", ""),
        ("cgroup /a/b", "cgroup /a/b", ""),
    ],
)
def test_a_port_of_a_switch_of_modules_has_slashes_in_its_name(place, port, inner):
    assert (whole(place), part(place)) == (port, inner)
