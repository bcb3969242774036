import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.simulate.steady import block, steady, through

from brimful.simulate.pauses import Pauses, every
from brimful.simulate.stages.reading import Reader
from brimful.simulate.stages.socket import socket, truesize

AWAY = Reader(pauses=Pauses((0.0,), (1e15,)))


@pytest.mark.parametrize(
    ("kind", "charge", "fits"),
    [
        ("udp", 832, 256),  # as counted on Linux 6.18
        ("udp before 6.18", 768, 278),  # as counted on Linux 6.1
        ("udp before 6.18", 832, 257),
        ("udp", 768, 277),
        ("packet", 832, 256),
        ("packet", 768, 278),
    ],
)
def test_messages_until_it_drops(kind, charge, fits):
    sock = socket(kind=kind, charge=charge, reader=AWAY)
    sock.advance(next(steady(1_000)))
    account = sock.account()
    assert account.level == {"socket.receive": fits, "socket.receive.charged": fits * charge}
    assert account.highest == account.level
    assert account.lost == {"socket.receive.dropped": 1_000 - fits}
    assert account.first_lost_ns == {"socket.receive.dropped": fits * 672.0}
    assert sum(account.seen["socket.receive"]) == 1_000


def test_an_empty_socket_takes_what_does_not_fit():
    sock = socket(receive_buffer=1_000, charge=5_000, reader=AWAY)
    sock.advance(next(steady(3)))
    assert sock.account().level["socket.receive"] == 1


@pytest.mark.parametrize(("size", "charge"), [(64, 768), (132, 768), (133, 1280), (1518, 2304), (9018, 16640)])
def test_truesize(size, charge):
    assert truesize(size) == charge


def test_charged_by_length():
    sock = socket(reader=AWAY)
    sock.advance(block([0.0, 1.0, 2.0], [64, 1518, 64]))
    assert sock.account().level["socket.receive.charged"] == 768 + 2304 + 768


def test_gives_back_a_quarter_at_a_time():
    """All 8 have come when the reader wakes: UDP gives back when 4 of 16 places are owed, a packet socket each."""
    times = [float(number) for number in range(8)]
    reader = Reader(packet_ns=100.0, pauses=Pauses((0.0,), (1_000.0,)))
    for kind, charged in (("udp", 8), ("packet", 5)):
        sock = socket(receive_buffer=16_000, charge=1_000, reader=reader, kind=kind)
        sock.advance(block([*times, 1_250.0], [64] * 9))
        assert sock.account().level == {"socket.receive": 6, "socket.receive.charged": charged * 1_000 + 1_000}
    sock = socket(receive_buffer=16_000, charge=1_000, reader=reader)
    sock.advance(block([*times, 1_350.0], [64] * 9))
    assert sock.account().level == {"socket.receive": 5, "socket.receive.charged": 5_000}


def test_reader():
    sock = socket(reader=Reader(packet_ns=1_000.0, byte_ns=2.0, pauses=every(10_000.0, 5_000.0)))
    left, _ = through(sock, steady(10, gap=100.0, size=100))
    # taken when the one before is done; the ninth would be done at 10,800
    assert left == [0.0, 1200.0, 2400.0, 3600.0, 4800.0, 6000.0, 7200.0, 8400.0, 9600.0, 15_800.0]


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(["udp", "udp before 6.18", "packet"]),
    st.integers(500, 20_000),
    st.floats(0, 2_000),
    st.floats(0, 1e5),
    st.lists(st.tuples(st.integers(0, 3_000), st.integers(64, 9_000)), min_size=1, max_size=300),
    st.integers(1, 300),
)
def test_conservation(kind, room, packet_ns, pause, packets, each):
    """Nothing goes missing, and it does not matter how packets are cut into blocks."""
    times, now = [], 0.0
    for gap, _ in packets:
        now += gap
        times.append(now)
    sizes = [size for _, size in packets]
    reader = Reader(packet_ns=packet_ns, pauses=every(2e5, pause))
    cut = [block(times[at : at + each], sizes[at : at + each]) for at in range(0, len(times), each)]
    results = [
        through(socket(receive_buffer=room, reader=reader, kind=kind), blocks)
        for blocks in (iter(cut), iter([block(times, sizes)]))
    ]
    assert results[0] == results[1]
    assert results[0][1].level == {"socket.receive": 0, "socket.receive.charged": 0}
