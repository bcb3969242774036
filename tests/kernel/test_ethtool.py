import ctypes
import errno
import fcntl
import socket
import struct
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.namespaces import in_namespace, ip

from brimful.kernel import ethtool
from brimful.kernel.ethtool import Ethtool, EthtoolError, Rings

GCHANNELS, SCHANNELS = 0x3C, 0x3D


class Kernel:
    """Answers ioctl as net/ethtool/ioctl.c does: with as many counters as there are now.

    `careful`: as Linux since 6.12, which writes nothing when the caller expected another number; before, it writes
    all there are. `changes` are the counters there will be from each GSTATS on.
    """

    def __init__(self, names, *changes, careful):
        self.names = names
        self.changes = list(changes)
        self.careful = careful
        self.asked = []

    def __call__(self, _socket, request, ifreq):
        assert request == 0x8946
        name, pointer = struct.unpack_from("16sP", ifreq)
        command, expected = struct.unpack("=II", ctypes.string_at(pointer, 8))
        self.asked.append((name.rstrip(b"\0").decode(), command))
        if command == ethtool.GSSET_INFO:
            ctypes.memmove(pointer + 8, struct.pack("=Q", 2 if self.names else 0), 8)
            if self.names:
                ctypes.memmove(pointer + 16, struct.pack("=I", len(self.names)), 4)
        elif command == ethtool.GSTRINGS:
            (expected,) = struct.unpack("=I", ctypes.string_at(pointer + 8, 4))
            self.write(pointer + 8, expected, b"".join(name.ljust(32, b"\0") for name in self.names))
        elif command == ethtool.GSTATS:
            if self.changes:
                self.names = self.changes.pop(0)
            self.write(pointer + 4, expected, struct.pack(f"={len(self.names)}Q", *range(len(self.names))))

    def write(self, pointer, expected, data):
        count = 0 if self.careful and expected != len(self.names) else len(self.names)
        ctypes.memmove(pointer, struct.pack("=I", count), 4)
        if count:
            ctypes.memmove(pointer + 4, data, len(data))


def names_of(count, word=b"queue"):
    return [b"%s_%d" % (word, number) for number in range(count)]


@pytest.fixture
def kernel(monkeypatch):
    def make(*states, careful=False):
        made = Kernel(*states, careful=careful)
        monkeypatch.setattr(fcntl, "ioctl", made)
        return made

    return make


@pytest.mark.parametrize("careful", [False, True])
@pytest.mark.parametrize(("before", "after"), [(2, 200_000), (300, 3), (4, 5)])
def test_when_the_number_of_counters_changes_names_and_numbers_are_read_again(kernel, careful, before, after):
    made = kernel(names_of(before), names_of(before), names_of(after), careful=careful)
    door = Ethtool()
    assert len(door.statistics("eth0", 4).names) == before
    found = door.statistics("eth0", 4)
    assert found.names == tuple(name.decode() for name in names_of(after))
    assert found.values == tuple(range(after))
    assert [command for _, command in made.asked] == [0x37, 0x1B, 0x1D, 0x1D, 0x37, 0x1B, 0x1D]


def test_the_buffer_has_room_for_far_more_than_was_announced(kernel):
    made = kernel(names_of(300_000), careful=False)
    with pytest.raises(EthtoolError) as caught:
        Ethtool().statistics("eth0")
    assert caught.value.errno == errno.E2BIG
    assert [command for _, command in made.asked] == [0x37]
    assert ethtool.MARGIN * (12 + 300_000 * 32) > ethtool.RESERVED > 2_000_000 * 8


@pytest.mark.parametrize("careful", [False, True])
def test_counters_that_never_stay_the_same_are_an_error(kernel, careful):
    made = kernel(names_of(1), *(names_of(count) for count in range(2, 20)), careful=careful)
    with pytest.raises(EthtoolError) as caught:
        Ethtool().statistics("eth0")
    assert caught.value.errno == errno.EAGAIN
    assert sum(command == ethtool.GSTATS for _, command in made.asked) == ethtool.TRIES


@pytest.mark.parametrize("careful", [False, True])
def test_names_that_change_while_they_are_read_are_not_believed(kernel, careful):
    """Three counters when asked how many, four of other names when the names are read, then three again."""
    made = kernel(names_of(3), names_of(3, b"last"), names_of(3, b"last"), careful=careful)
    answer = made.write

    def write(pointer, expected, data):
        if made.names == names_of(3):
            made.names = names_of(4, b"new")
            data = b"".join(name.ljust(32, b"\0") for name in made.names)
        answer(pointer, expected, data)
        made.names = names_of(3, b"last")

    made.write = write
    assert Ethtool().statistics("eth0").names == ("last_0", "last_1", "last_2")


def test_names_are_kept_for_one_interface_only(kernel):
    made = kernel(names_of(2), careful=False)
    door = Ethtool()
    door.statistics("eth0", 4)
    made.names = names_of(2, b"other")
    assert door.statistics("eth0", 4).names == ("queue_0", "queue_1")
    assert door.statistics("eth0", 5).names == ("other_0", "other_1")
    assert door.statistics("eth1", 4).names == ("other_0", "other_1")
    assert door.statistics("eth0").names == ("other_0", "other_1")
    made.names = names_of(2, b"third")
    assert door.statistics("eth0").names == ("third_0", "third_1")


def test_names_of_interfaces_long_gone_are_forgotten(kernel, monkeypatch):
    monkeypatch.setattr(ethtool, "MOST_KNOWN", 2)
    made = kernel(names_of(1), careful=False)
    door = Ethtool()
    for index in (1, 2, 3, 1):
        door.statistics("eth0", index)
    assert sum(command == ethtool.GSTRINGS for _, command in made.asked) == 4


def test_names_keep_their_blanks_and_may_repeat(kernel):
    kernel([b"Rx Queue#", b"  err", b"Rx Queue#", b"  err", b"x" * 32, b"caf\xe9"], careful=True)
    found = Ethtool().statistics("eth0")
    assert found.names == ("Rx Queue#", "  err", "Rx Queue#", "  err", "x" * 32, "caf\N{REPLACEMENT CHARACTER}")


def test_an_interface_without_counters_is_not_supported(kernel):
    made = kernel([], careful=True)
    with pytest.raises(EthtoolError, match="eth0: Operation not supported") as caught:
        Ethtool().statistics("eth0")
    assert (caught.value.errno, caught.value.interface) == (errno.EOPNOTSUPP, "eth0")
    assert made.asked == [("eth0", 0x37)]


@pytest.mark.parametrize("name", ["", "sixteen-byte-nam", "a\0b", "éééééééé"])
def test_names_that_no_interface_can_have_never_reach_the_kernel(kernel, name):
    made = kernel([b"one"], careful=True)
    door = Ethtool()
    for ask in (door.statistics, door.driver, door.rings):
        with pytest.raises(EthtoolError) as caught:
            ask(name)
        assert caught.value.errno == errno.EINVAL
    assert made.asked == []


def test_fifteen_bytes_are_a_name(kernel):
    made = kernel([b"one"], careful=True)
    Ethtool().statistics("fifteen-byte-na")
    assert made.asked[0][0] == "fifteen-byte-na"


@pytest.mark.parametrize("number", [errno.EPERM, errno.ENODEV, errno.EOPNOTSUPP])
def test_what_the_kernel_refuses_is_told_by_its_number(monkeypatch, number):
    def refuse(*_):
        raise OSError(number, "no")

    monkeypatch.setattr(fcntl, "ioctl", refuse)
    with pytest.raises(EthtoolError) as caught:
        Ethtool().rings("eth0")
    assert caught.value.errno == number


@given(st.binary(min_size=196, max_size=196))
@settings(deadline=None, max_examples=50)
def test_any_answer_of_a_driver_is_read(data):
    door = Ethtool()

    def answer(_socket, _request, ifreq):
        (pointer,) = struct.unpack_from("16xP", ifreq)
        ctypes.memmove(pointer + 4, data[4:], len(data) - 4)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fcntl, "ioctl", answer)
        info, rings = door.driver("eth0"), door.rings("eth0")
    assert info.driver == data[4:36].partition(b"\0")[0].decode("utf-8", "replace")
    assert info.firmware == data[68:100].partition(b"\0")[0].decode("utf-8", "replace")
    assert info.bus == data[100:132].partition(b"\0")[0].decode("utf-8", "replace")
    assert info.expansion_rom == data[132:164].partition(b"\0")[0].decode("utf-8", "replace")
    counts = struct.unpack_from("=5I", data, 176)
    assert counts == (info.private_flags, info.statistics, info.tests, info.eeprom_bytes, info.registers_bytes)
    assert rings == Rings(*struct.unpack_from("=8I", data, 4))


class Kernels:
    """Answers for several interfaces, each by a `Kernel` of its own; those that are not there with ENODEV."""

    def __init__(self, **interfaces):
        self.interfaces = interfaces
        self.asked = []

    def __call__(self, descriptor, request, ifreq):
        name, pointer = struct.unpack_from("16sP", ifreq)
        interface = name.rstrip(b"\0").decode()
        self.asked.append((interface, struct.unpack("=I", ctypes.string_at(pointer, 4))[0]))
        found = self.interfaces.get(interface, errno.ENODEV)
        if isinstance(found, int):
            raise OSError(found, "refused")
        found(descriptor, request, ifreq)

    @property
    def commands(self):
        """What was asked since the last look."""
        asked, self.asked = self.asked, []
        return asked


class Offset(Kernel):
    """A kernel whose counters begin at another number, so that rows can be told apart."""

    def __init__(self, first, names, *changes, careful):
        super().__init__(names, *changes, careful=careful)
        self.first = first

    def write(self, pointer, expected, data):
        if len(data) == 8 * len(self.names):
            data = struct.pack(f"={len(self.names)}Q", *range(self.first, self.first + len(self.names)))
        super().write(pointer, expected, data)


@pytest.fixture
def kernels(monkeypatch):
    def make(**interfaces):
        made = Kernels(**interfaces)
        monkeypatch.setattr(fcntl, "ioctl", made)
        return made

    return make


def rows(swept):
    """The counters of each interface by name, whichever block they are in."""
    found = {}
    for block in swept.blocks:
        assert len(block.values) == len(block.interfaces) * block.stride
        for row, interface in enumerate(block.interfaces):
            assert interface not in found
            start = row * block.stride + 1
            found[interface] = (block.names, tuple(block.values[start : start + len(block.names)]))
    return found


def alone(door, interface, index):
    found = door.statistics(interface, index)
    return found.names, found.values


WANTED = ((2, "a"), (3, "b"), (4, "c"), (5, "d"))
both_kernels = pytest.mark.parametrize("careful", [False, True])


@both_kernels
def test_a_sweep_holds_those_that_count_the_same_in_one_block(kernels, careful):
    made = kernels(
        a=Offset(10, names_of(3), careful=careful),
        b=Offset(20, names_of(2), careful=careful),
        c=Offset(30, names_of(3), careful=careful),
    )
    door = Ethtool()
    swept = door.sweep(WANTED)
    assert [(block.interfaces, len(block.names), block.stride) for block in swept.blocks] == [
        (("a", "c"), 3, 4),
        (("b",), 2, 3),
    ]
    assert [values for _, values in rows(swept).values()] == [(10, 11, 12), (30, 31, 32), (20, 21)]
    assert [(name, error.errno) for name, error in swept.errors] == [("d", errno.ENODEV)]
    made.interfaces["a"].first = 50
    assert rows(door.sweep(WANTED))["a"][1] == (50, 51, 52)


@both_kernels
def test_a_sweep_asks_for_numbers_only_and_those_without_any_once(kernels, careful):
    made = kernels(a=Kernel(names_of(3), careful=careful), b=Kernel([], careful=careful), c=errno.EPERM)
    door = Ethtool()
    for _ in range(3):
        swept = door.sweep(WANTED[:3])
        assert [(name, error.errno) for name, error in swept.errors] == [("b", errno.EOPNOTSUPP), ("c", errno.EPERM)]
        last = made.commands
    assert last == [("a", ethtool.GSTATS)]


@pytest.mark.parametrize("number", [errno.EBUSY, errno.EIO, errno.ENODEV])
def test_one_that_refuses_for_a_while_is_asked_again(kernels, number):
    made = kernels(a=Kernel(names_of(3), careful=True), b=number)
    door = Ethtool()
    assert [error.errno for _, error in door.sweep(WANTED[:2]).errors] == [number]
    made.interfaces["b"] = Kernel(names_of(2), careful=True)
    assert rows(door.sweep(WANTED[:2])).keys() == {"a", "b"}


@both_kernels
def test_one_that_vanishes_costs_itself_and_no_other(kernels, careful):
    made = kernels(**{name: Offset(10 * index, names_of(4), careful=careful) for index, name in WANTED})
    door = Ethtool()
    before = rows(door.sweep(WANTED))
    del made.interfaces["b"]
    for _ in range(2):
        swept = door.sweep(WANTED)
        assert rows(swept) == {name: row for name, row in before.items() if name != "b"}
        assert [(name, error.errno) for name, error in swept.errors] == [("b", errno.ENODEV)]
    made.interfaces["b"] = Offset(7, names_of(1), careful=careful)
    assert rows(door.sweep(WANTED)) == before | {"b": (("queue_0",), (7,))}


@both_kernels
@pytest.mark.parametrize("count", [1, 3, 5, 400, 200_000])
@pytest.mark.parametrize("which", ["a", "b", "d"])
def test_one_whose_counters_grow_or_shrink_is_read_anew_and_spoils_no_other(kernels, careful, count, which):
    """An old kernel writes all it has, over the rows that follow."""
    made = kernels(**{name: Offset(1000 * index, names_of(4), careful=careful) for index, name in WANTED})
    door = Ethtool()
    before = rows(door.sweep(WANTED))
    made.interfaces[which].names = names_of(count, b"more")
    first = made.interfaces[which].first
    expected = before | {which: (tuple(f"more_{n}" for n in range(count)), tuple(range(first, first + count)))}
    for _ in range(3):
        made.asked.clear()
        swept = door.sweep(WANTED)
        assert rows(swept) == expected
        assert swept.errors == ()
        # what was overrun is never a command
        assert {command for _, command in made.asked} <= {ethtool.GSSET_INFO, ethtool.GSTRINGS, ethtool.GSTATS}
    assert sorted(made.asked) == [(name, ethtool.GSTATS) for _, name in WANTED]


@both_kernels
def test_one_that_never_stays_the_same_is_an_error_and_the_others_are_read(kernels, careful):
    made = kernels(
        a=Kernel(names_of(4), careful=careful),
        b=Kernel(names_of(1), *(names_of(count) for count in range(2, 40)), careful=careful),
    )
    door = Ethtool()
    for _ in range(2):
        swept = door.sweep(WANTED[:2])
        assert rows(swept).keys() == {"a"}
        assert [(name, error.errno) for name, error in swept.errors] == [("b", errno.EAGAIN)]
    made.interfaces["b"].changes.clear()
    assert rows(door.sweep(WANTED[:2])).keys() == {"a", "b"}


@both_kernels
def test_one_that_keeps_growing_costs_the_others_nothing_more_than_their_numbers(kernels, careful):
    made = kernels(
        a=Kernel(names_of(4), careful=careful),
        b=Kernel(names_of(4), *(names_of(4 + number // 2) for number in range(60)), careful=careful),
    )
    door = Ethtool()
    door.sweep(WANTED[:2])
    for _ in range(10):
        made.asked.clear()
        assert rows(door.sweep(WANTED[:2]))["a"][1] == (0, 1, 2, 3)
        assert {command for name, command in made.asked if name == "a"} == {ethtool.GSTATS}


def test_an_interface_of_another_index_is_another_one(kernels):
    made = kernels(a=Kernel(names_of(2), careful=True))
    door = Ethtool()
    door.sweep([(2, "a")])
    made.interfaces["a"].names = names_of(2, b"other")
    assert door.sweep([(9, "a")]).blocks[0].names == ("other_0", "other_1")


def test_a_sweep_of_nothing_is_empty(kernels):
    made = kernels()
    swept = Ethtool().sweep(())
    assert (swept.blocks, swept.errors, made.asked) == ((), (), [])


def set_channels(door, interface, count):
    """Set the number of receive and transmit queues: struct ethtool_channels."""
    data = ctypes.create_string_buffer(struct.pack("=9I", SCHANNELS, 0, 0, 0, 0, count, count, 0, 0), 36)
    fcntl.ioctl(door._socket, 0x8946, struct.pack("16sP16x", interface.encode(), ctypes.addressof(data)))  # noqa: SLF001


@pytest.mark.kernel
def test_queues_added_to_a_running_interface_are_seen_at_once():
    def look():
        ip("link add brim0 numrxqueues 8 numtxqueues 8 type veth peer name brim1 numrxqueues 8 numtxqueues 8")
        door = Ethtool()
        found = []
        for count in (1, 8, 2):
            set_channels(door, "brim0", count)
            found.append(door.statistics("brim0", 2))
        return found

    one, eight, two = in_namespace(look)
    assert len(one.names) < len(two.names) < len(eight.names)
    for count, each in ((1, one), (8, eight), (2, two)):
        assert len(each.names) == len(each.values)
        assert f"rx_queue_{count - 1}_drops" in each.names
        assert f"rx_queue_{count}_drops" not in each.names


@pytest.mark.kernel
def test_the_running_kernel_does_not_answer_a_wrong_number():
    """Either it writes nothing and says 0, or it writes all and says how many: never a believable header."""

    def look():
        ip("link add brim0 type veth peer name brim1")
        door = Ethtool()
        count = len(door.statistics("brim0").names)
        return count, [door._values("brim0", wrong) for wrong in (1, count - 1, count + 1, 2 * count)]  # noqa: SLF001

    count, answers = in_namespace(look)
    assert count > 2
    assert answers == [None] * 4


@pytest.mark.kernel
def test_a_veth_counts_what_crosses_it():
    def look():
        ip("link add brim0 type veth peer name brim1")
        ip("link set brim0 up")
        ip("link set brim1 up")
        door = Ethtool()
        driver = door.driver("brim0")
        with pytest.raises(EthtoolError) as rings:
            door.rings("brim0")
        found = door.statistics("brim0")
        ip("link del brim0")
        with pytest.raises(EthtoolError) as gone:
            door.statistics("brim0", 2)
        return driver, rings.value.errno, found, gone.value.errno

    driver, rings, found, gone = in_namespace(look)
    assert (driver.driver, driver.statistics) == ("veth", len(found.names))
    assert (rings, gone) == (errno.EOPNOTSUPP, errno.ENODEV)
    assert found.names[0] == "peer_ifindex"
    assert found.values[0] > 1


@pytest.mark.kernel
def test_a_sweep_of_many_is_what_each_says_alone():
    def look():
        for number in range(150):
            queues = 1 + number % 3
            made = f"numrxqueues {queues} numtxqueues {queues}"
            ip(f"link add a{number} {made} type veth peer name b{number} {made}")
        ip("tuntap add dev tap0 mode tap")
        wanted = socket.if_nameindex()
        door = Ethtool()
        swept = door.sweep(wanted)
        one_by_one = {}
        for index, name in wanted:
            with suppress(EthtoolError):
                one_by_one[name] = alone(Ethtool(), name, index)
        set_channels(door, "a2", 1)
        ip("link del a7")
        changed = door.sweep(wanted)
        return len(wanted), swept, one_by_one, changed, alone(Ethtool(), "a2", 0)

    count, swept, one_by_one, changed, a2 = in_namespace(look)
    assert count == 302
    assert rows(swept) == one_by_one
    assert len(one_by_one) == 300
    assert sorted(len(block.interfaces) for block in swept.blocks) == [100, 100, 100]
    assert {name: error.errno for name, error in swept.errors} == {"lo": errno.EOPNOTSUPP, "tap0": errno.EOPNOTSUPP}
    gone = {name for name, error in changed.errors if error.errno == errno.ENODEV}
    assert gone == {"a7", "b7"}
    assert rows(changed) == {name: row for name, row in one_by_one.items() if name not in gone} | {"a2": a2}
    assert len(a2[0]) < len(one_by_one["a2"][0])
