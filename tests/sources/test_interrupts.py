import re
from pathlib import Path

import pytest

from brimful.evidence.event import Fact
from brimful.evidence.frame import Frame
from brimful.evidence.origin import Unread
from brimful.roots.base import Document
from brimful.sources import SOURCES
from brimful.sources.interrupts import interrupts

CAPTURES = Path(__file__).parents[1] / "captures" / "interrupts"
ROUTER = (CAPTURES / "ixgbe-router" / "interrupts").read_bytes()
VIRTIO = (CAPTURES / "virtio" / "interrupts").read_bytes()
HEAD = b"           CPU0       CPU2\n"


def read(data, *known):
    document = Document("/proc/interrupts", "file", data)
    document.drivers = dict.fromkeys(known, "some")
    items = list(interrupts(document))
    frames = [item for item in items if isinstance(item, Frame)]
    values = {(s.place, s.raw): v for f in frames for s, v in zip(f.layout.series, f.values, strict=True)}
    return values, {item.place: item.value for item in items if isinstance(item, Fact)}, items


def test_each_queue_is_told_with_the_cpus_that_served_it():
    values, facts, items = read(ROUTER)
    assert values["eth0/rx-0", "irq 92 cpu 0"] == 16644948
    assert facts["eth0/rx-0"] == "irq 92 cpu 0"
    assert {place for place, _ in values} == set(facts)
    assert 0 not in values.values()
    assert not [item for item in items if isinstance(item, Unread)]


def test_one_line_without_a_heading_says_as_much():
    values, facts, _ = read((CAPTURES / "all-on-one" / "proc_interrupts").read_bytes())
    assert values == {("ens192/rx-0", "irq 56 cpu 0"): 271490338}
    assert facts == {"ens192/rx-0": "irq 56 cpu 0"}


def test_a_card_with_one_interrupt_is_found_by_its_name():
    values, _, _ = read((CAPTURES / "one-queue" / "interrupts1").read_bytes())
    assert values == {("eth0", "irq 17 cpu 0"): 825698509, ("eth1", "irq 18 cpu 0"): 888213}


def test_queues_of_virtio_are_found_by_their_address():
    _, facts, _ = read(VIRTIO)
    assert facts == {"0000:00:03.0/rx-0": "irq 38 cpu 1", "0000:00:03.0/tx-0": "irq 39 cpu 0"}


@pytest.mark.parametrize(
    ("rest", "place"),
    [
        ("IR-PCI-MSI-edge      eth0-TxRx-3", "eth0/rx-3"),
        ("IR-PCI-MSI 524289-edge      i40e-eth2-TxRx-5", "eth2/rx-5"),
        ("PCI-MSI 1-edge      ice-ens1f0np0-TxRx-10", "ens1f0np0/rx-10"),
        ("PCI-MSI 1-edge      ens5-Tx-Rx-1", "ens5/rx-1"),
        ("PCI-MSI 1-edge      eth0-tx-2", "eth0/tx-2"),
        ("PCI-MSI 1-edge      eth0-fp-2", "eth0/rx-2"),
        ("PCI-MSIX-0000:81:00.0 3-edge      mlx5_comp2@pci:0000:81:00.0", "0000:81:00.0/rx-2"),
        ("PCI-MSI 49153-edge      virtio0-input.0", "virtio0/rx-0"),
        ("PCI-MSIX-0000:00:03.0 2-edge      virtio2-output.1", "0000:00:03.0/tx-1"),
        ("IO-APIC 19-fasteoi   ens33", "ens33"),
        ("PCI-MSI 1-edge      enp3s0-7", "enp3s0/rx-7"),
        ("PCI-MSI 1-edge      uplink", ""),
        ("PCI-MSI 1-edge      virtio0-config", ""),
        ("PCI-MSI 1-edge      nvme0q1", ""),
        ("IO-APIC 16-fasteoi   vmwgfx, snd_ens1371", ""),
        ("IO-APIC-edge      timer", ""),
    ],
)
def test_names_that_drivers_give(rest, place):
    values, facts, _ = read(HEAD + f" 35:          1          2   {rest}\n".encode())
    assert facts == ({place: "irq 35 cpu 2"} if place else {})
    assert values == ({(place, "irq 35 cpu 0"): 1, (place, "irq 35 cpu 2"): 2} if place else {})


def test_an_interface_of_any_name_is_known_by_its_driver():
    assert read(HEAD + b" 35: 1 2 PCI-MSI 1-edge uplink\n", "uplink")[1] == {"uplink": "irq 35 cpu 2"}
    assert read(HEAD + b" 35: 1 2 PCI-MSI 1-edge uplink-4\n", "uplink")[1] == {"uplink/rx-4": "irq 35 cpu 2"}


@pytest.mark.parametrize("counts", ["1", "99999999999999999999 2"])
def test_a_line_without_a_count_for_each_cpu_is_unread(counts):
    values, facts, items = read(HEAD + f" 35: {counts} PCI-MSI-edge eth0\n".encode())
    assert (values, facts) == ({}, {})
    assert [item.origin.line for item in items if isinstance(item, Unread)] == [2]


def test_two_samples_in_one_file_are_two_frames():
    frames = [item for item in read(ROUTER + ROUTER)[2] if isinstance(item, Frame)]
    assert len(frames) == 2


@pytest.mark.parametrize("text", [ROUTER, VIRTIO])
def test_it_is_recognised_without_a_name(text):
    assert re.search(SOURCES["interrupts"].looks_like.encode(), text)
