import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brimful.chain.fact import FACTS
from brimful.roots.base import Document
from brimful.sources import SOURCES
from brimful.sources.nic_identity import nic_identity

CAPTURES = Path(__file__).parents[1] / "captures" / "nic_identity"
IGB = (CAPTURES / "igb" / "ethtool_-i_eth0").read_bytes()


def facts(data, **of):
    return {(f.place, f.name): f.value for f in nic_identity(Document("ethtool -i eth0", "file", data, of=of))}


def test_driver_version_firmware_and_bus_address_are_facts_of_the_interface():
    assert facts(IGB, interface="eth0") == {
        ("eth0", "nic.driver"): "igb",
        ("eth0", "nic.driver_version"): "5.2.15-k",
        ("eth0", "nic.firmware"): "1.61, 0x8000090e",
        ("eth0", "nic.bus_address"): "0000:02:00.0",
    }


def test_the_form_of_the_exporter_names_its_interface_itself():
    found = facts((CAPTURES / "e1000e-exporter" / "driver").read_bytes())
    assert found["eth0", "nic.driver"] == "e1000e"
    assert found["eth0", "nic.firmware"] == "0.5-4"


def test_each_heading_begins_another_interface():
    found = facts(b"# ethtool -i eth0\ndriver: igb\n# ethtool -i eth1\ndriver: ixgbe\n")
    assert found == {("eth0", "nic.driver"): "igb", ("eth1", "nic.driver"): "ixgbe"}
    assert facts(b"# ethtool -i eth0\ndriver: igb\n", interface="eth9") == {("eth9", "nic.driver"): "igb"}


@pytest.mark.parametrize("value", ["", "N/A", "n/a", "   "])
def test_what_is_not_there_is_not_a_fact(value):
    text = f"driver: vmxnet3\nfirmware-version: {value}\nbus-info:\n".encode()
    assert facts(text, interface="eth0") == {("eth0", "nic.driver"): "vmxnet3"}


def test_a_fact_knows_its_line():
    origin = next(iter(nic_identity(Document("ethtool -i eth0", "f", IGB, of={"interface": "eth0"})))).origin
    assert (origin.line, origin.raw) == (1, "driver: igb")


def test_it_is_recognised_without_a_name():
    known = SOURCES["nic_identity"].looks_like.encode()
    assert re.search(known, IGB)
    assert re.search(known, b"driver: 802.1Q VLAN Support\nversion: 1.8\n")
    assert not re.search(known, b"the driver: igb\n")


def test_an_error_or_an_unknown_interface_is_nothing():
    assert facts(b"Cannot get driver information: Operation not supported\n", interface="lo") == {}
    assert facts(IGB) == {}


@settings(deadline=None, max_examples=150)
@given(
    st.one_of(
        st.binary(), st.builds(lambda a, b, n: IGB[:n] + a + b + IGB[n:], st.binary(), st.binary(), st.integers(0, 300))
    )
)
def test_any_bytes_are_read_without_an_exception(data):
    for item in nic_identity(Document("ethtool -i eth0", "f", data, of={"interface": "eth0"})):
        assert item.name in FACTS
        assert item.name in SOURCES["nic_identity"].meanings
        assert item.value
