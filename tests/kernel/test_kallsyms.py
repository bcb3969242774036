import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.namespaces import NOBODY, needs, python

from brimful.kernel.kallsyms import Kallsyms

BASE = 0xFFFFFFFF81000000
TEXT = """0000000000000000 A per_cpu_start
0000000000001000 D cpu_data
ffffffff81000000 T first
ffffffff81000100 t second.isra.0
ffffffff81000200 d data
ffffffff81000300 W weak
ffffffffa0002000 t late\t[two]
ffffffffa0001000 t early\t[one]

not an address
ffffffffa0001800 r table\t[one]
"""


@pytest.fixture
def symbols(tmp_path):
    (tmp_path / "kallsyms").write_text(TEXT)
    (tmp_path / "modules").write_text("one 1\n")
    return Kallsyms(str(tmp_path / "kallsyms"), str(tmp_path / "modules"))


@pytest.mark.parametrize(
    ("address", "name"),
    [
        (BASE, "first+0x0"),
        (BASE + 0xFF, "first+0xff"),
        (BASE + 0x100, "second.isra.0+0x0"),
        (BASE + 0x300 + 0xFFFF, "weak+0xffff"),
        (0xFFFFFFFFA0001010, "early+0x10 [one]"),
        (0xFFFFFFFFA0002ABC, "late+0xabc [two]"),
    ],
)
def test_an_address_is_named_by_the_function_it_is_in(symbols, address, name):
    assert symbols.resolve([address]) == {address: name}


@pytest.mark.parametrize(
    "address",
    [0, 0x1004, BASE - 1, BASE + 0x200, BASE + 0x300 + 0x10000, 0xFFFFFFFFA0001800, 0xFFFFFFFFA0012000],
)
def test_an_address_in_no_function_is_not_named(symbols, address):
    assert symbols.resolve([address, BASE]) == {BASE: "first+0x0"}


def test_nothing_is_read_for_nothing(tmp_path):
    assert Kallsyms(str(tmp_path / "none")).resolve([]) == {}


def test_hidden_or_missing_symbols_name_nothing(tmp_path):
    (tmp_path / "kallsyms").write_text("0000000000000000 T first\n0000000000000000 T second\n")
    assert Kallsyms(str(tmp_path / "kallsyms"), str(tmp_path / "none")).resolve([BASE]) == {}
    assert Kallsyms(str(tmp_path / "none"), str(tmp_path / "none")).resolve([BASE]) == {}


def test_whether_addresses_are_shown(symbols, tmp_path):
    assert symbols.shown()
    assert not Kallsyms(str(tmp_path / "none")).shown()
    (tmp_path / "kallsyms").write_text("0000000000000000 T first\n0000000000001000 D cpu_data\n")
    assert not symbols.shown()


def test_it_is_read_again_when_other_modules_are_loaded(symbols, tmp_path):
    address = 0xFFFFFFFFB0000000
    assert symbols.resolve([address]) == {}
    (tmp_path / "kallsyms").write_text(f"{TEXT}ffffffffb0000000 t newest\t[three]\n")
    assert symbols.resolve([address]) == {}
    (tmp_path / "modules").write_text("three 1\none 1\n")
    assert symbols.resolve([address]) == {address: "newest+0x0 [three]"}


@given(st.binary(max_size=300))
def test_any_bytes_name_nothing_wrong(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "kallsyms"
    path.write_bytes(data)
    assert Kallsyms(str(path), str(path) + ".none").resolve([BASE]).keys() <= {BASE}


@pytest.mark.kernel
def test_this_kernel_s_functions_are_named():
    needs()
    with open("/proc/kallsyms") as lines:  # noqa: PTH123 - read to the line that is wanted
        begin = next((int(line.split()[0], 16) for line in lines if line.split()[2] == "ip_rcv"), 0)
    if not begin:
        pytest.skip("kernel.kptr_restrict hides addresses")
    assert Kallsyms().resolve([begin + 5]) == {begin + 5: "ip_rcv+0x5"}


@pytest.mark.kernel
def test_without_rights_nothing_is_named():
    needs("setpriv")
    code = f"""
import json
from brimful.kernel.kallsyms import Kallsyms
print(json.dumps(len(Kallsyms().resolve([{BASE + 0x1000}]))))
"""
    assert python(code, *NOBODY) == 0
