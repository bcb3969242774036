import ctypes
import struct

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from brimful.kernel import btf
from brimful.kernel.btf import Btf, BtfError

INT, PTR, ARRAY, STRUCT, UNION, ENUM, TYPEDEF, ENUM64 = 1, 2, 3, 4, 5, 6, 8, 19


class Types:
    """Writes BTF."""

    def __init__(self, first_string=0):
        self.strings = b"\0"
        self.first = first_string
        self.types = b""

    def name(self, text):
        if not text:
            return 0
        self.strings += text.encode() + b"\0"
        return self.first + len(self.strings) - len(text) - 1

    def add(self, kind, name="", count=0, size=0, flag=0, more=b""):
        self.types += struct.pack("<III", self.name(name), flag << 31 | kind << 24 | count, size) + more

    def members(self, *rows):
        return b"".join(struct.pack("<III", self.name(name), target, offset) for name, target, offset in rows)

    def data(self):
        head = struct.pack("<HBBIIIII", 0xEB9F, 1, 0, 24, 0, len(self.types), len(self.types), len(self.strings))
        return head + self.types + self.strings


def kernel():
    types = Types()
    types.add(INT, "int", size=4, more=bytes(4))  # 1
    inner = types.members(("deep", 1, 64), ("flag", 1, 3 << 24 | 97))
    types.add(STRUCT, "", 2, 16, 1, inner)  # 2, with bit fields
    types.add(UNION, "", 2, 16, 0, types.members(("dev", 1, 0), ("", 2, 0)))  # 3
    types.add(TYPEDEF, "alias", size=2)  # 4
    types.add(STRUCT, "packet", 3, 40, 0, types.members(("next", 1, 0), ("", 3, 64), ("net", 4, 192)))  # 5
    types.add(ARRAY, more=bytes(12))
    values = struct.pack("<IiIi", types.name("LOW"), -1, types.name("HIGH"), 7)
    types.add(ENUM, "reason", 2, 4, 0, values)
    types.add(ENUM64, "wide", 1, 8, 0, struct.pack("<III", types.name("HUGE"), 5, 2))
    types.add(PTR, size=1)
    types.add(STRUCT, "last", 0, 24)
    return types


def test_sizes_are_read():
    types = Btf(kernel().data())
    assert (types.size("packet"), types.size("last")) == (40, 24)
    for name in ("reason", "nothing", "next", "alias"):
        with pytest.raises(BtfError, match=rf"^this kernel has no struct {name}$"):
            types.size(name)


@pytest.mark.parametrize(
    ("path", "offset"), [(("next",), 0), (("dev",), 8), (("deep",), 16), (("net",), 24), (("net", "deep"), 32)]
)
def test_members_are_found_in_nameless_parts_and_behind_other_names_of_a_type(path, offset):
    assert Btf(kernel().data()).offset("packet", *path) == offset


def test_what_has_no_byte_offset_is_refused():
    types = Btf(kernel().data())
    with pytest.raises(BtfError, match=r"^member flag of struct packet is a bit field$"):
        types.offset("packet", "flag")
    with pytest.raises(BtfError, match=r"^struct packet of this kernel has no member net.none$"):
        types.offset("packet", "net", "none")
    with pytest.raises(BtfError, match=r"^struct packet of this kernel has no member next.none$"):
        types.offset("packet", "next", "none")


def test_enums_are_read():
    types = Btf(kernel().data())
    assert types.enum("reason") == {"LOW": -1, "HIGH": 7}
    assert types.enum("wide") == {"HUGE": (2 << 32) + 5}
    with pytest.raises(BtfError, match=r"^this kernel has no enum packet$"):
        types.enum("packet")


def test_a_module_goes_on_where_the_kernel_ends():
    base = Btf(kernel().data())
    own = Types(base.end_of_strings)
    own.add(STRUCT, "wrap", 2, 48, 0, own.members(("inside", 5, 64), ("mine", 12, 0)))  # 11
    own.add(STRUCT, "part", 1, 8, 0, own.members(("x", 1, 32)))  # 12
    types = Btf(own.data(), base)
    assert base.end_of_types == 11
    assert types.size("wrap") == 48
    assert types.offset("wrap", "inside", "net", "deep") == 40
    assert types.offset("wrap", "mine", "x") == 4


def test_a_type_that_holds_itself_ends():
    types = Types()
    types.add(TYPEDEF, "a", size=1)
    types.add(STRUCT, "s", 1, 8, 0, types.members(("", 2, 0)))
    types.add(STRUCT, "t", 1, 8, 0, types.members(("m", 1, 0)))
    with pytest.raises(BtfError):
        Btf(types.data()).offset("s", "x")
    with pytest.raises(BtfError):
        Btf(types.data()).offset("t", "m", "x")


def test_what_is_no_btf_is_refused():
    with pytest.raises(BtfError, match=r"^BTF is cut short$"):
        Btf(b"")
    with pytest.raises(BtfError, match=r"^this is no BTF of a little-endian machine$"):
        Btf(bytes(64))


@settings(deadline=None, max_examples=1000)
@example(b"\0\0\0\0\0\x10\0\0\0\xf0", 2)
@given(st.binary(max_size=80), st.integers(0, 400))
def test_other_bytes_are_refused_and_nothing_else(noise, at):
    whole = kernel().data()
    data = whole[:at] + noise + whole[at + len(noise) :]
    try:
        types = Btf(data)
        told = types.offset("packet", "net", "deep"), types.enum("wide")
    except BtfError as error:
        told = str(error)
        assert told
        assert "\n" not in told
    if data == whole:
        assert told == (32, {"HUGE": (2 << 32) + 5})


def test_a_kernel_without_types_is_said(tmp_path):
    with pytest.raises(BtfError, match=r"vmlinux: No such file or directory$"):
        btf.kernel(str(tmp_path))
    assert btf.modules(str(tmp_path / "none")) == []


def test_modules_are_listed_and_read(tmp_path):
    base = kernel().data()
    (tmp_path / "vmlinux").write_bytes(base)
    own = Types(len(kernel().strings))
    own.add(STRUCT, "wrap", 0, 48)
    (tmp_path / "sctp").write_bytes(own.data())
    assert btf.modules(str(tmp_path)) == ["sctp"]
    assert btf.module("sctp", btf.kernel(str(tmp_path)), str(tmp_path)).size("wrap") == 48


@pytest.mark.kernel
def test_this_kernel_s_types_are_right():
    try:
        types = btf.kernel()
    except BtfError as error:
        pytest.skip(str(error))

    class ListHead(ctypes.Structure):
        _fields_ = [("next", ctypes.c_void_p), ("prev", ctypes.c_void_p)]

    assert types.size("list_head") == ctypes.sizeof(ListHead)
    assert types.offset("list_head", "prev") == 8
    assert types.enum("bpf_map_type")["BPF_MAP_TYPE_PERCPU_HASH"] == 5
    assert types.enum("bpf_prog_type")["BPF_PROG_TYPE_TRACEPOINT"] == 5
    assert types.offset("bpf_prog_info", "run_time_ns") == 192
