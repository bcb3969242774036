import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brimful.chain.fact import FACTS
from brimful.evidence.event import Fact
from brimful.evidence.origin import Unread
from brimful.roots.base import Document, pattern
from brimful.sources import SOURCES
from brimful.sources.pcie import NOWHERE, pcie

NARROW = (Path(__file__).parents[1] / "captures" / "pcie" / "narrow-slot" / "lspci_-vvv").read_bytes()
PATH = "pci0000:00/0000:00:1c.0/0000:01:00.0"
FULL = b"""0000:81:00.0 Ethernet controller: Intel Corporation 82599ES (rev 01)
\tSubsystem: Intel Corporation Ethernet Server Adapter X520-2
\t\tLnkCap:\tPort #0, Speed 5GT/s, Width x8, ASPM L0s, Exit Latency L0s unlimited
\t\tLnkCtl:\tASPM Disabled; RCB 64 bytes Disabled- CommClk+
\t\tLnkSta:\tSpeed 2.5GT/s (downgraded), Width x4 (downgraded)
\t\tLnkCap2: Supported Link Speeds: 2.5-5GT/s, Width x9
\t\tLnkSta2: Current De-emphasis Level: -6dB
02:00.0 Ethernet controller: another one
\t\tLnkSta:\tSpeed unknown, Width x0, TrErr- Train- SlotClk+
"""


def facts(name, data, **of):
    items = list(pcie(Document(name, "file", data, of=of)))
    return [(i.name, i.place, i.value) for i in items if isinstance(i, Fact)], items


@pytest.mark.parametrize(
    ("name", "text", "fact"),
    [
        ("current_link_speed", "8.0 GT/s PCIe\n", ("pci.speed", 8.0)),
        ("current_link_speed", "2.5 GT/s\n", ("pci.speed", 2.5)),
        ("max_link_speed", "16.0 GT/s PCIe\n", ("pci.speed_maximum", 16.0)),
        ("current_link_width", "4\n", ("pci.width", 4)),
        ("max_link_width", "16\n", ("pci.width_maximum", 16)),
    ],
)
def test_a_file_of_sysfs_is_a_fact_of_the_device_at_the_end_of_its_path(name, text, fact):
    found, _ = facts(f"/sys/devices/{PATH}/{name}", text.encode(), bridge=PATH)
    assert (fact[0], "0000:01:00.0", fact[1]) in found


def test_the_path_to_the_root_port_is_told_once():
    found, _ = facts(f"/sys/devices/{PATH}/current_link_speed", b"8.0 GT/s PCIe\n", bridge=PATH)
    assert found[0] == ("pci.path", "0000:01:00.0", "0000:00:1c.0/0000:01:00.0")
    others, _ = facts(f"/sys/devices/{PATH}/max_link_speed", b"8.0 GT/s PCIe\n", bridge=PATH)
    assert "pci.path" not in {name for name, _, _ in others}


def test_the_payload_in_force_is_told_not_the_one_that_is_possible():
    text = FULL.replace(
        b"\t\tLnkCap:",
        b"\t\tDevCap:\tMaxPayload 512 bytes, PhantFunc 0\n\t\t\tMaxPayload 256 bytes, MaxReadReq 512 bytes\n\t\tLnkCap:",
    )
    found, _ = facts("lspci -vvv", text)
    assert [fact for fact in found if fact[0] == "pci.payload"] == [("pci.payload", "0000:81:00.0", 256)]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("max_link_speed", "Unknown\n"),
        ("max_link_speed", "Unknown speed\n"),
        ("max_link_width", "255\n"),
        ("max_link_width", "0\n"),
        ("max_link_width", ""),
    ],
)
def test_what_is_not_known_is_not_a_fact_and_no_complaint(name, text):
    assert facts(f"/sys/devices/{PATH}/{name}", text.encode(), bridge=PATH) == ([], [])


@pytest.mark.parametrize(
    ("name", "text"), [("max_link_speed", "fast"), ("max_link_width", "²"), ("max_link_width", "-4")]
)
def test_what_is_neither_is_unread(name, text):
    _, items = facts(f"/sys/devices/{PATH}/{name}", text.encode(), bridge=PATH)
    assert [type(item) for item in items] == [Unread]


def test_a_device_that_is_not_on_pci_has_no_place():
    assert facts("/sys/devices/platform/soc/current_link_speed", b"8.0 GT/s\n", bridge="platform/soc") == ([], [])


def test_the_quoted_lines_of_a_card_in_a_narrow_slot_are_of_an_unknown_device():
    found, _ = facts("lspci -vvv", NARROW)
    assert found == [
        ("pci.speed_maximum", NOWHERE, 8.0),
        ("pci.width_maximum", NOWHERE, 4),
        ("pci.speed", NOWHERE, 5.0),
        ("pci.width", NOWHERE, 1),
    ]


def test_lspci_tells_each_device_what_its_link_can_do_and_does():
    found, items = facts("lspci -vvv", FULL)
    assert found == [
        ("pci.speed_maximum", "0000:81:00.0", 5.0),
        ("pci.width_maximum", "0000:81:00.0", 8),
        ("pci.speed", "0000:81:00.0", 2.5),
        ("pci.width", "0000:81:00.0", 4),
    ]
    assert items[2].origin.line == 5


def test_an_address_without_a_domain_is_of_domain_0():
    found, _ = facts("lspci -vvv", b"02:00.0 Ethernet controller\n\tLnkSta: Speed 8GT/s, Width x2\n")
    assert found == [("pci.speed", "0000:02:00.0", 8.0), ("pci.width", "0000:02:00.0", 2)]


def test_it_is_recognised_without_a_name():
    assert re.search(SOURCES["pcie"].looks_like.encode(), NARROW)
    assert not re.search(SOURCES["pcie"].looks_like.encode(), b"00:19.0 Ethernet controller\n")


@pytest.mark.parametrize("name", [f"/sys/devices/{PATH}/max_link_width", "lspci -vvv", "lspci -nnvv"])
def test_its_requests(name):
    assert any(pattern(request).match(name) for request in SOURCES["pcie"].requests)


@settings(deadline=None, max_examples=150)
@given(
    st.sampled_from(["lspci -vvv", f"/sys/devices/{PATH}/current_link_speed", f"/sys/devices/{PATH}/max_link_width"]),
    st.one_of(st.binary(), st.builds(lambda a, n: FULL[:n] + a + FULL[n:], st.binary(), st.integers(0, 600))),
)
def test_any_bytes_are_read_without_an_exception(name, data):
    for item in pcie(Document(name, "file", data, of={"bridge": PATH})):
        assert isinstance(item, Unread) or (item.name in FACTS and item.name in SOURCES["pcie"].meanings)
