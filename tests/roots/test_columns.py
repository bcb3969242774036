"""Tables become frames: the same series and values as the documents that say the same."""

import socket
from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.namespaces import in_namespace, ip

from brimful.evidence.frame import Frame
from brimful.evidence.moment import Moment
from brimful.evidence.origin import Blind
from brimful.evidence.series import Series
from brimful.kernel.netlink import NetlinkError
from brimful.kernel.rtnetlink import STATISTICS_SKIP, STATISTICS_STRIDE, STATS64, Link, Links
from brimful.roots.answers import ANSWERS, TABLES, links
from brimful.roots.base import Table
from brimful.roots.columns import frame
from brimful.roots.doors import Doors
from brimful.roots.live import LiveRoot
from brimful.sources import SOURCES

DRIVERS = ("", "veth", "igb", "ixgbe", "mlx5_core", "virtio_net", "i40e", "no_such_driver")
AT = Moment(1, "host")


def table(rows, names, values, skip=0):
    made = Table("a table", rows, names, values, len(names) + skip, skip, AT, "boot")
    made.drivers = {"eth1": "odd"}
    return made


def meanings(row, driver, names):
    """Columns of an even name mean something, unless the driver is odd; on eth9 nothing does."""
    return tuple(
        None if row == "eth9" or (int(name) % 2) != (driver == "odd") else Series("nic.ring.passed", row, name, "t")
        for name in names
    )


def values_of(found):
    return {(one.place, one.raw): value for one, value in zip(found.layout.series, found.values, strict=True)}


@given(st.lists(st.sampled_from(["eth0", "eth1", "eth2", "eth9", "eth10"]), unique=True), st.integers(0, 4))
def test_what_means_something_is_picked_out_wherever_it_stands(rows, skip):
    names = ("0", "1", "2", "3", "4")
    stride = len(names) + skip
    made = table(tuple(rows), names, array("Q", range(1000, 1000 + stride * len(rows))), skip)
    expected = {
        (row, name): 1000 + at * stride + skip + column
        for at, row in enumerate(rows)
        for column, name in enumerate(names)
        if meanings(row, made.drivers.get(row, ""), names)[column]
    }
    found = frame(made, meanings)
    assert (found is None) == (not expected)
    if found is not None:
        assert values_of(found) == expected
        assert (found.at, found.boot, found.lines) == (AT, "boot", None)
        assert found.origin(0).file == "a table"
        again = frame(made, meanings)
        assert again.layout is found.layout


def test_a_column_of_a_table_is_its_own():
    made = table(("a", "b"), ("0", "1"), array("Q", range(8)), skip=2)
    assert (list(made.column(0)), list(made.column(1))) == ([2, 6], [3, 7])


def counted(items):
    """Series and values; there is nothing but frames."""
    found = {}
    for item in items:
        assert isinstance(item, Frame)
        for series, value in zip(item.layout.series, item.values, strict=True):
            assert series not in found
            found[series] = value
    return found


def as_documents(source, documents, drivers):
    items = []
    for document in documents:
        document.drivers = drivers
        document.of.setdefault("driver", drivers.get(document.of.get("interface", ""), ""))
        items += source(document)
    return items


def as_tables(source, tables, drivers):
    items = []
    for one in tables:
        one.drivers = drivers
        items += source.tabulate(one)
    return items


names = st.text(
    st.characters(codec="ascii", exclude_characters="/: \0", categories=["L", "N"]), min_size=1, max_size=15
)
numbers = st.lists(st.integers(0, 2**64 - 1), min_size=25, max_size=25)


@given(st.dictionaries(names, st.tuples(numbers, st.sampled_from(DRIVERS)), max_size=8), st.booleans())
def test_links_as_a_table_say_what_their_document_says(made, fast):
    listed = list(enumerate(made, 1))
    parts = tuple(
        Link(index, name, "UP", 1500, "", dict(zip(STATS64, made[name][0], strict=True)), 1) for index, name in listed
    )
    drivers = {name: driver for name, (_, driver) in made.items() if driver}
    rows = array("Q")
    for _, name in listed:
        rows.extend([0] * STATISTICS_SKIP + made[name][0])
    assert len(rows) == len(made) * STATISTICS_STRIDE
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(links, "link_stats", lambda _: Links(parts))
        patch.setattr(links, "statistics", lambda _: (tuple(range(1, len(made) + 1)), rows) if fast else None)
        patch.setattr(Doors, "interfaces", lambda _: listed)
        doors = Doors()
        documents = list(ANSWERS[links.COMMAND].give(doors))
        tables = list(TABLES[links.COMMAND].give(doors))
    source = SOURCES["link"]
    assert counted(as_tables(source, tables, drivers)) == counted(as_documents(source, documents, drivers))


def fixed(monkeypatch, listed, found, fallback):
    monkeypatch.setattr(Doors, "interfaces", lambda _: listed)
    monkeypatch.setattr(links, "statistics", lambda _: found)
    monkeypatch.setattr(links, "link_stats", fallback)
    doors = Doors()
    return [one.rows for one in TABLES[links.COMMAND].give(doors)], doors.blind()


def link(index, name, count=25):
    return Link(index, name, "UP", 1500, "", dict(zip(STATS64, range(count), strict=False)), 1)


def test_links_that_came_since_the_list_was_read_are_asked_for_by_name(monkeypatch):
    found = ((1, 2), array("Q", range(2 * STATISTICS_STRIDE)))
    both = Links((link(1, "lo"), link(2, "eth0")))
    assert fixed(monkeypatch, [(1, "lo")], found, lambda _: both) == ([("lo", "eth0")], [])
    assert fixed(monkeypatch, [(1, "lo"), (2, "eth0"), (3, "gone")], found, None) == ([("lo", "eth0")], [])


def test_links_with_fewer_numbers_and_lists_that_are_not_whole(monkeypatch):
    some = Links((link(1, "lo"), link(2, "eth0", 24)), whole=False)
    rows, blind = fixed(monkeypatch, [(1, "lo")], None, lambda _: some)
    assert rows == [("lo",)]
    why = "interfaces came and went while they were listed: some may be missing"
    assert blind == [Blind(links.COMMAND, why)]


def test_links_that_the_kernel_refuses_are_a_blind_spot(monkeypatch):
    def refuse(_):
        raise NetlinkError("netlink dump", 1)

    rows, blind = fixed(monkeypatch, [(1, "lo")], None, refuse)
    assert rows == []
    assert blind == [Blind(links.COMMAND, "netlink dump: Operation not permitted")]


@pytest.mark.kernel
def test_tables_and_documents_of_the_kernel_say_the_same():
    def look():
        for number in range(20):
            queues = f"numrxqueues {1 + number % 2} numtxqueues {1 + number % 2}"
            ip(f"link add a{number} {queues} type veth peer name b{number} {queues}")
        ip("tuntap add dev tap0 mode tap")
        root = LiveRoot()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
            one.bind(("127.0.0.1", 0))
            one.sendto(b"x", one.getsockname())
        drivers = {name: "veth" for _, name in root.interfaces() if name[0] in "ab"}
        found = []
        for name in ("link", "nic_counters"):
            source = SOURCES[name]
            request = source.requests[0]
            tables = list(root.tables(request))
            found.append((as_tables(source, tables, drivers), as_documents(source, root.documents(request), drivers)))
        return found

    (link_tables, link_texts), (nic_tables, nic_texts) = in_namespace(look)
    assert counted(link_tables) == counted(link_texts)
    assert len({series.place for series in counted(link_tables)}) == 42

    def split(items):
        frames = counted(item for item in items if isinstance(item, Frame))
        return frames, {item for item in items if isinstance(item, Blind)}

    assert split(nic_tables) == split(nic_texts)
    assert len({series.place.partition("/")[0] for series in split(nic_tables)[0]}) == 40
