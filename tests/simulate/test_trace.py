import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brimful.simulate.trace import Unusable, trace


def packets(path: Path) -> list[tuple[float, int]]:
    return [(float(t), int(s)) for block in trace(str(path)) for t, s in zip(block.times, block.sizes, strict=True)]


def pcap(order: str, magic: int, records: list[tuple[int, int, int]], link: int = 1) -> bytes:
    """Return a made-up capture of zeros that keeps 60 bytes of each packet."""
    text = struct.pack(f"{order}IHHiIII", magic, 2, 4, 0, 0, 65535, link)
    for seconds, fraction, length in records:
        kept = min(length, 60)
        text += struct.pack(f"{order}IIII", seconds, fraction, kept, length) + bytes(kept)
    return text


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize(("magic", "unit"), [(0xA1B2C3D4, 1000), (0xA1B23C4D, 1)])
def test_pcap(tmp_path: Path, order: str, magic: int, unit: int):
    path = tmp_path / "a.pcap"
    path.write_bytes(pcap(order, magic, [(1_700_000_000, 5, 1514), (1_700_000_001, 5, 42), (1_700_000_001, 7, 60)]))
    assert packets(path) == [(0.0, 1518), (1e9, 64), (1e9 + 2 * unit, 64)]


@pytest.mark.parametrize(("link", "size"), [(1, 104), (0x2400_0001, 100), (0x0400_0001, 104), (0x2000_0001, 104)])
def test_a_capture_with_check_sequences(tmp_path: Path, link: int, size: int):
    path = tmp_path / "a.pcap"
    path.write_bytes(pcap("<", 0xA1B2C3D4, [(1, 0, 100)], link))
    assert packets(path) == [(0.0, size)]


def test_a_capture_that_was_cut_short(tmp_path: Path):
    path = tmp_path / "a.pcap"
    whole = pcap("<", 0xA1B2C3D4, [(1, 0, 60), (2, 0, 60)])
    for missing in (1, 60, 61, 75):
        path.write_bytes(whole[:-missing])
        assert packets(path) == [(0.0, 64)]


def test_a_clock_that_was_set_back(tmp_path: Path):
    path = tmp_path / "a.pcap"
    path.write_bytes(pcap("<", 0xA1B2C3D4, [(5, 0, 60), (6, 0, 60), (4, 0, 60), (7, 0, 60)]))
    assert [time for time, _ in packets(path)] == [0.0, 1e9, 1e9, 2e9]


def test_csv(tmp_path: Path):
    path = tmp_path / "a.csv"
    path.write_text("time_ns,bytes\n100,64\n\n150.5, 1518\n")
    assert packets(path) == [(0.0, 64), (50.5, 1518)]
    path.write_text("0,64\n7,65\n")
    assert packets(path) == [(0.0, 64), (7.0, 65)]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"", "a: holds no packets"),
        (b"time,bytes\n", "a: holds no packets"),
        (b"1,64\nx,64\n", "a: line 2: is not a time in ns, a comma and a length in bytes"),
        (b"1,64\n2\n", "a: line 2: is not a time"),
        (b"1,0\n", "a: line 1: 1 ns and 0 bytes are no packet"),
        (b"nan,64\n", "a: line 1: nan ns"),
        (b"-1,64\n", "a: line 1: -1 ns"),
        (b"1,9223372036854775808\n", "a: line 1: 1 ns and 9223372036854775808 bytes are no packet"),
        (b"\x0a\x0d\x0d\x0a....", "a: is pcapng: convert it with editcap -F pcap"),
        (b"\xd4\xc3\xb2\xa1....", "a: ends within the header of a pcap file"),
        (pcap("<", 0xA1B2C3D4, [(1, 0, 60)], link=113), "a: is of link type 113, not of Ethernet frames"),
    ],
)
def test_what_cannot_be_used(tmp_path: Path, text: bytes, why: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    Path("a").write_bytes(text)
    with pytest.raises(Unusable) as raised:
        list(trace("a"))
    assert str(raised.value).startswith(why)


@given(st.one_of(st.binary(), st.binary().map(lambda tail: pcap("<", 0xA1B2C3D4, [(1, 0, 60)]) + tail)))
def test_any_bytes(tmp_path_factory: pytest.TempPathFactory, text: bytes):
    path = tmp_path_factory.mktemp("any") / "a"
    path.write_bytes(text)
    try:
        found = packets(path)
    except Unusable:
        return
    assert found[0][0] == 0.0
    assert [time for time, _ in found] == sorted(time for time, _ in found)
    assert all(size > 0 for _, size in found)
