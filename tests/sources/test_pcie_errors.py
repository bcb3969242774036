from pathlib import Path

import pytest

from brimful.evidence.frame import Frame
from brimful.evidence.origin import Unread
from brimful.roots.base import Document
from brimful.sources.pcie_errors import pcie_errors

ABI = (Path(__file__).parents[1] / "captures" / "pcie_errors" / "abi" / "aer_dev_correctable").read_bytes()
PATH = "pci0000:00/0000:00:1c.0/0000:01:00.0"


def read(data, bridge=PATH):
    document = Document("/sys/devices/x/aer_dev_correctable", "file", data, of={"bridge": bridge})
    items = list(pcie_errors(document))
    frames = [item for item in items if isinstance(item, Frame)]
    return {(s.place, s.raw): v for f in frames for s, v in zip(f.layout.series, f.values, strict=True)}, items


@pytest.mark.parametrize("name", ["TOTAL_ERR_COR", "TOTAL_ERR_NONFATAL", "TOTAL_ERR_FATAL"])
def test_the_sum_of_the_errors_is_counted_at_the_device_at_the_end_of_the_path(name):
    found, items = read(ABI.replace(b"TOTAL_ERR_COR", name.encode()))
    assert found == {("0000:01:00.0", name): 2}
    assert [s.meaning for s in items[0].layout.series] == ["nic.fifo.bus_errors"]


@pytest.mark.parametrize("text", ["-1", "many", "99999999999999999999"])
def test_a_sum_that_is_no_number_costs_one_line(text):
    found, items = read(ABI.replace(b"COR 2", f"COR {text}".encode()))
    assert found == {}
    assert [item.origin.line for item in items if isinstance(item, Unread)] == [9]


def test_what_is_no_device_is_left_out():
    assert read(ABI, "pci0000:00") == ({}, [])
