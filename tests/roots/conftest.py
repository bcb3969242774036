import pytest

from brimful.roots.catalog import Catalog

ENTRIES = [
    (("ethtool -S {interface}",), r"^NIC statistics:"),
    (("ethtool -i {interface}",), r"^driver: \S+\r?$"),
    (("ethtool {interface}",), r"^Settings for "),
    (("/proc/net/softnet_stat",), r"\A(?:[0-9a-f]{8} ){8,}"),
    (("/proc/net/snmp",), r"^Ip: Forwarding"),
    (("/proc/net/netstat",), r"^TcpExt: "),
    (("netstat -s",), r"^Tcp:$"),
    (("/proc/net/bonding/{bond}",), r"^Ethernet Channel Bonding"),
    (("/proc/net/pf_ring/{ring}",), ""),
    (("/sys/devices/{bridge}/current_link_speed",), ""),
    (("/sys/class/net/{interface}/statistics/{counter}",), ""),
    (("/proc/sys/net/core/rmem_max",), ""),
    (("nstat -zas",), r"^#kernel"),
    (("ip {options} link",), r"^\d+: lo: <"),
    (("ss -peaonmi",), ""),
    (("dmesg", "/var/log/kern.log", "/var/log/syslog"), r"^\[ *\d+\.\d{6}\]"),
]


@pytest.fixture
def catalog():
    return Catalog(ENTRIES)
