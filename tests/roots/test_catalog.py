import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from brimful.evidence.clock import stamp
from brimful.evidence.moment import SECOND, Moment

BY_NAME = [
    ("sos_commands/networking/ethtool_-S_eth0", "ethtool -S eth0", {"interface": "eth0"}),
    ("ethtool_-i_eth3.27", "ethtool -i eth3.27", {"interface": "eth3.27"}),
    ("ethtool_-S_eth3.27.txt", "ethtool -S eth3.27", {"interface": "eth3.27"}),
    ("ethtool -S eth0", "ethtool -S eth0", {"interface": "eth0"}),
    ("ethtool_eth0", "ethtool eth0", {"interface": "eth0"}),
    ("nstat_-zas", "nstat -zas", {}),
    ("ss_-peaonmi.out", "ss -peaonmi", {}),
    ("ip_-s_-d_link", "ip -s -d link", {"options": "-s -d"}),
    ("dmesg_-T", "dmesg", {}),
    ("proc_net_softnet_stat", "/proc/net/softnet_stat", {}),
    ("proc.net.snmp", "/proc/net/snmp", {}),
    ("net_netstat", "/proc/net/netstat", {}),
    ("softnet_stat", "/proc/net/softnet_stat", {}),
    ("proc_sys_net_core_rmem_max", "/proc/sys/net/core/rmem_max", {}),
    ("proc_net_pf_ring_3973-enp4s0.7", "/proc/net/pf_ring/3973-enp4s0.7", {"ring": "3973-enp4s0.7"}),
    ("kern.log", "/var/log/kern.log", {}),
    ("syslog.gz", "/var/log/syslog", {}),
]

BY_PATH = [
    ("proc/net/snmp", "/proc/net/snmp", {}),
    ("host7/data/proc/net/snmp", "/proc/net/snmp", {}),
    ("proc/sys/net/core/rmem_max", "/proc/sys/net/core/rmem_max", {}),
    (
        "sys/devices/pci0000:00/0000:00:03.0/current_link_speed",
        "/sys/devices/pci0000:00/0000:00:03.0/current_link_speed",
        {"bridge": "pci0000:00/0000:00:03.0"},
    ),
    (
        "sys/class/net/eth0/statistics/rx_dropped",
        "/sys/class/net/eth0/statistics/rx_dropped",
        {"interface": "eth0", "counter": "rx_dropped"},
    ),
]

NOTHING = [
    "ethtool_--show-priv-flags_ens3",
    "ethtool_-k_eth0",
    "proc/96008/net/other",
    "notes.txt",
    "README",
    "snmp6",
    "proc_net_snmp6",
    "ip_netns_exec_blue_ethtool_-S_eth0",
    "kern.log.2",
    "bonding_bond0",
]

BY_CONTENT = [
    ("eth0.txt", b"NIC statistics:\n     rx: 1\n", "ethtool -S eth0"),
    ("ethtool__EXAMPLE.txt", b"NIC statistics:\n", "ethtool -S EXAMPLE"),
    ("ethtool-S-eth1", b"NIC statistics:\r\n", "ethtool -S eth1"),
    ("ethtool_eth0_driver", b"driver: e1000e\nversion: 1\n", "ethtool -i eth0_driver"),
    ("netstat", b"Tcp:\n    5 active\n", "netstat -s"),
    ("netstat", b"TcpExt: A\nTcpExt: 1\n", "/proc/net/netstat"),
    ("netstat", b"", "/proc/net/netstat"),
    ("kern.log", b"[    1.000000] x\n", "/var/log/kern.log"),
    ("proc_net_softnet_stat_11_columns", b"00000000 " * 11, "/proc/net/softnet_stat"),
    ("proc_net_other", b"00000000 " * 11, None),
    ("ethtool_stats.pl", b"Show adapter(s)\n", None),
    ("anything", b"Tcp:\nNIC statistics:\n", "netstat -s"),
    ("junk", bytes(range(256)), None),
]


@pytest.mark.parametrize(("path", "name", "of"), BY_NAME + BY_PATH)
def test_a_file_is_known_by_its_name(catalog, path, name, of):
    answer = catalog.answer(path)

    assert (answer.name, answer.of, answer.at, answer.sequence) == (name, of, None, None)
    assert catalog.wants(path)


@pytest.mark.parametrize("path", NOTHING)
def test_other_names_answer_nothing(catalog, path):
    assert catalog.answer(path) is None


@pytest.mark.parametrize(("base", "text", "name"), BY_CONTENT)
def test_content_decides_where_the_name_does_not(catalog, base, text, name):
    answer = catalog.answer(base, lambda: text)

    assert (answer.name if answer else None) == name


def test_a_name_that_is_sure_is_not_looked_into(catalog):
    def head():
        raise AssertionError

    assert catalog.answer("proc_net_snmp", head).sure
    assert catalog.answer("ethtool_-S_eth0", head).sure
    assert not catalog.answer("snmp").sure


@pytest.mark.parametrize(
    ("base", "seconds", "interface"),
    [
        ("ethtool_-S_mlx5p1.0s", 0, "mlx5p1"),
        ("ethtool_-S_mlx5p1.10s", 10, "mlx5p1"),
        ("ethtool_-S_eth3.27.1.5s.txt", 1.5, "eth3.27"),
    ],
)
def test_a_sample_suffix_is_a_moment_and_a_vlan_is_not(catalog, base, seconds, interface):
    answer = catalog.answer(base)

    assert answer.of == {"interface": interface}
    assert answer.at == Moment(int(seconds * SECOND), "relative")


@pytest.mark.parametrize(
    ("path", "name", "seconds"),
    [
        ("proc/net/softnet_stat.0s", "/proc/net/softnet_stat", 0),
        ("h/proc/net/bonding/bond0.60s.txt", "/proc/net/bonding/bond0", 60),
    ],
)
def test_a_sample_may_stand_below_proc(catalog, path, name, seconds):
    answer = catalog.answer(path)

    assert (answer.name, answer.at) == (name, Moment(seconds * SECOND, "relative"))
    assert catalog.wants(path)


def test_a_command_with_options_is_no_file_of_its_name(catalog):
    assert catalog.answer("netstat_-W_-neopa") is None
    assert catalog.answer("dmesg_-T").name == "dmesg"


def test_a_time_stamp_suffix_is_a_moment(catalog):
    answer = catalog.answer("ethtool_-S_mgmt0.2019-08-01T11:14:50Z")

    assert (answer.name, str(answer.at)) == ("ethtool -S mgmt0", "2019-08-01T11:14:50Z")


@pytest.mark.parametrize("base", ["softnet_stat12", "proc_net_softnet_stat.12", "softnet_stat_12.txt"])
def test_a_number_at_the_end_is_a_place_in_a_row(catalog, base):
    answer = catalog.answer(base)

    assert (answer.name, answer.sequence, answer.at) == ("/proc/net/softnet_stat", 12, None)


def test_the_target_of_a_link_is_wanted(catalog):
    assert catalog.wants("top/proc/96008/net/snmp")
    assert catalog.wants("top/sys/devices/pci0000:00/net/eth0/statistics/rx_dropped")
    assert not catalog.wants("top/etc/passwd")


@pytest.mark.parametrize(
    ("text", "known"),
    [("2022-02-11T19:23:39+00:00", True), ("2022-02-11T20:23:39+01:00", True), ("2022-02-11 19:23:39", False)],
)
def test_iso_times(text, known):
    assert stamp(text) == Moment(1644607419 * SECOND, zone_known=known)


@pytest.mark.parametrize("text", ["", "yesterday", "0001-01-01T00:00:00+14:00", "2022-13-01T00:00:00Z"])
def test_what_is_no_time_is_none(text):
    assert stamp(text) is None


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=60), st.binary(max_size=200))
def test_any_name_and_any_bytes_are_borne(catalog, path, text):
    answer = catalog.answer(path, lambda: text)

    assert answer is None or answer.request in catalog.requests
