import pytest

from brimful.evidence.moment import SECOND, Moment
from brimful.roots.folder import FolderRoot, Parts, date
from brimful.roots.tree import Stored, Tree

S = "ethtool -S {interface}"
NIC = b"NIC statistics:\n"


def parts_of(catalog, files, links=()):
    tree = Tree("top")
    for path, data in files.items():
        tree.add(path, Stored(data))
    for path, target in dict(links).items():
        tree.link(path, target)
    return tree, Parts(tree, catalog).of()


def root_of(catalog, files, links=(), zone=None):
    tree, (part,) = parts_of(catalog, files, links)
    return FolderRoot(tree, part, "name", zone)


def bases(catalog, *paths):
    return [part.base for part in parts_of(catalog, dict.fromkeys(paths, b""))[1]]


def test_a_sosreport_is_read_through_its_links(catalog):
    root = root_of(
        catalog,
        {
            "sos-1/proc/96008/net/snmp": b"Ip: Forwarding\n",
            "sos-1/sos_commands/networking/ethtool_-S_eth0": NIC,
            "sos-1/sos_commands/networking/ethtool_-S_eth1": b"no stats available\n",
            "sos-1/sos_commands/date/date": b"Fri Feb 11 19:23:39 UTC 2022\n",
            "sos-1/sos_commands/host/hostname": b"web1\n",
            "sos-1/sos_commands/host/hostnamectl_status": b" Machine ID: %s\n    Boot ID: %s\n"
            % (b"a" * 32, b"b" * 32),
            "sos-1/sys/devices/pci0/net/eth0/statistics/rx_dropped": b"7\n",
            "sos-1/version.txt": b"sosreport: 4.2",
        },
        {
            "sos-1/proc/net": "self/net",
            "sos-1/proc/self": "96008",
            "sos-1/sys/class/net/eth0": "../../devices/pci0/net/eth0",
            "sos-1/sys/devices/pci0/net/eth0/subsystem": "../../../../class/net",
        },
    )

    (snmp,) = root.documents("/proc/net/snmp")
    (rx,) = root.documents("/sys/class/net/{interface}/statistics/{counter}")

    assert (root.kind, root.identity, root.boot) == ("sosreport", "web1 " + "a" * 32, "b" * 32)
    assert (snmp.name, snmp.file, bytes(snmp.data)) == (
        "/proc/net/snmp",
        "top/sos-1/proc/net/snmp",
        b"Ip: Forwarding\n",
    )
    assert (snmp.boot, str(snmp.at), snmp.at.uncertainty_ns) == ("b" * 32, "2022-02-11T19:23:39Z", 60 * SECOND)
    assert (rx.name, rx.of) == (
        "/sys/class/net/eth0/statistics/rx_dropped",
        {"interface": "eth0", "counter": "rx_dropped"},
    )
    assert [d.of["interface"] for d in root.documents(S)] == ["eth0", "eth1"]
    assert list(root.documents("nstat -zas")) == []
    assert root.blind() == []


def test_samples_come_in_the_order_of_their_moments(catalog):
    names = ["ethtool_-S_eth0.10s", "ethtool_-S_eth0.2s", "ethtool_-S_eth0.0s"]
    root = root_of(catalog, dict.fromkeys(names, NIC))

    assert [d.at for d in root.documents(S)] == [Moment(n * SECOND, "relative") for n in (0, 2, 10)]
    assert root.kind == "folder"


def test_samples_that_are_only_numbered_have_no_moment(catalog):
    names = ["softnet_stat2", "softnet_stat10", "softnet_stat1", "softnet_stat_short", "date"]
    line = b"00000000 " * 9
    root = root_of(catalog, {name: line + name.encode() for name in names} | {"date": b"2022-02-11T19:23:39Z"})

    documents = list(root.documents("/proc/net/softnet_stat"))

    assert [d.file.rpartition("_stat")[2] for d in documents] == ["1", "2", "10"]
    assert [d.at for d in documents] == [None] * 3
    assert [blind.what for blind in root.blind()] == ["top/softnet_stat_short"]


def test_two_files_without_an_order_are_not_two_samples(catalog):
    files = {
        "proc/net/snmp": b"Ip: Forwarding\n1",
        "net_snmp": b"Ip: Forwarding\n2",
        "proc_net_snmp": b"Ip: Forwarding\n1",
    }
    root = root_of(catalog, files)

    (only,) = root.documents("/proc/net/snmp")

    assert only.file == "top/net_snmp"
    assert {blind.why for blind in root.blind()} == {"two files answer /proc/net/snmp: used net_snmp"}


def test_equal_copies_are_no_doubt(catalog):
    root = root_of(catalog, {"net_snmp": b"x", "proc_net_snmp": b"x"})

    assert len(list(root.documents("/proc/net/snmp"))) == 1
    assert root.blind() == []


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        (["nstat_-zas", "rebuilt/ethtool_-S_a.0s", "rebuilt/ethtool_-S_a.1s", "case.toml"], [""]),
        (["one/ethtool_-S_a", "two/ethtool_-S_b"], [""]),
        (["one/ethtool_-S_a", "two/ethtool_-S_a"], ["one", "two"]),
        (["one/rebuilt/ethtool_-S_a.0s", "two/rebuilt/ethtool_-S_a.1s"], ["one/rebuilt", "two/rebuilt"]),
        (["proc/net/snmp", "two/proc/net/snmp", "three/nstat_-zas"], ["", "three", "two"]),
        (["a/x/nstat_-zas", "a/y/nstat_-zas", "b/net_snmp"], ["a/x", "a/y", "b"]),
        (["one/sos_commands/n/nstat_-zas", "two/net_snmp"], ["one", "two"]),
        (["one/proc/net/snmp", "two/nstat_-zas"], [""]),
        (["a/b/c/proc/net/snmp"], ["a/b/c"]),
        (["notes", "a/README"], []),
        (["proc/net/snmp", "proc/1/net/snmp", "var/log/kern.log"], [""]),
    ],
)
def test_which_files_are_one_machine(catalog, paths, expected):
    assert sorted(bases(catalog, *paths)) == expected


def test_a_file_in_proc_is_never_looked_into(catalog):
    assert parts_of(catalog, {"proc/kmsg": NIC, "sys/x": NIC})[1] == []
    assert len(parts_of(catalog, {"kmsg": NIC})[1]) == 1


@pytest.mark.parametrize(
    ("files", "identity"),
    [
        ({}, ""),
        ({"hostname": b"web1\n"}, "web1"),
        ({"hostname": b"localhost\n"}, ""),
        ({"hostname": b"localhost\n", "etc/machine-id": b"77\n"}, "localhost 77"),
        ({"etc/hostname": b"web1\n", "proc/sys/kernel/random/boot_id": b"a-b-c\n"}, "web1 abc"),
        ({"etc/machine-id": b"77", "proc/sys/kernel/random/boot_id": b"a-b-c\n"}, "77"),
    ],
)
def test_identity(catalog, files, identity):
    assert root_of(catalog, files | {"net_snmp": b"x"}).identity == identity


def test_a_loop_of_links_is_borne(catalog):
    root = root_of(
        catalog, {"sys/class/net/eth0/statistics/rx": b"1"}, {"sys/class/net/eth0/up": "..", "proc/net": "net"}
    )

    assert [d.of["interface"] for d in root.documents("/sys/class/net/{interface}/statistics/{counter}")] == ["eth0"]


EAST = -4 * 3600


@pytest.mark.parametrize(
    ("text", "zone", "moment"),
    [
        ("Fri Feb 11 19:23:39 UTC 2022", None, Moment(1644607419 * SECOND)),
        ("Fri Feb 11 19:23:39 UTC 2022", EAST, Moment(1644607419 * SECOND)),
        ("Fri Feb 11 15:23:39 EDT 2022", EAST, Moment(1644607419 * SECOND)),
        ("Fri Feb 11 19:23:39 EDT 2022", None, Moment(1644607419 * SECOND, zone_known=False)),
        ("Fri Feb 11 07:23:39 PM UTC 2022", None, Moment(1644607419 * SECOND)),
        ("2022-02-11T19:23:39+00:00", None, Moment(1644607419 * SECOND)),
        ("Fri Feb 31 19:23:39 UTC 2022", None, None),
        ("Fri Foo 11 19:23:39 UTC 2022", None, None),
        ("soon", None, None),
    ],
)
def test_dates(text, zone, moment):
    assert date(text, zone) == moment
