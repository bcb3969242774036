import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.simulate.steady import block, steady, through

from brimful.simulate.stages.transmit import Transmit


def test_link_faster_than_what_comes():
    left, account = through(Transmit(), steady(10_000))
    assert account.lost == account.near == {}
    assert left[:3] == [672.0, 1_344.0, 2_016.0]


def test_overload():
    """Half of line rate: 1000 packets wait, and 256 are in the ring, then one in two is lost."""
    sender = Transmit(bits_per_s=5e8)
    sender.advance(next(steady(20_000)))
    account = sender.account()
    assert account.highest == {"qdisc.queue": 1000, "nic.tx_ring": 256}
    assert account.lost["qdisc.queue.dropped"] == pytest.approx(10_000 - 1_256, abs=100)
    assert account.first_lost_ns["qdisc.queue.dropped"] == pytest.approx(2 * 1_256 * 672.0, rel=0.05)
    assert account.near["nic.tx_ring.full"] > 0


def test_stopped_queue_wakes_with_descriptors():
    """4 descriptors, completions at once: with `wake` 1 the fifth enters when the first is sent, with 3 when the third is."""
    for wake, waiting in ((1, 5), (3, 6)):
        sender = Transmit(ring=4, wake=wake, clean_ns=0.0)
        sender.advance(block([0.0] * 9 + [700.0], [64] * 10))
        account = sender.account()
        assert account.level == {"qdisc.queue": waiting}
        assert account.near["nic.tx_ring.full"] > 0


def test_completions_are_put_off():
    """The ring of 4 is empty after 2688 ns, and is free when the completions of all four are done."""
    left, account = through(Transmit(ring=4, wake=1, clean_ns=10_000.0), iter([block([0.0] * 8, [64] * 8)]))
    again = 672.0 + 10_000.0
    assert left == [672.0, 1_344.0, 2_016.0, 2_688.0, *(again + 672.0 * number for number in range(1, 5))]
    assert account.near == {"nic.tx_ring.full": 1}


def test_byte_queue_limits():
    account = through(Transmit(in_flight=3_000, clean_ns=0.0), iter([block([0.0] * 100, [1_000] * 100)]))[1]
    assert account.highest["nic.tx_ring"] == 3
    assert account.near == {}


def test_never_woken():
    with pytest.raises(ValueError, match="never has 9"):
        Transmit(ring=8, wake=9)


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 16).flatmap(lambda ring: st.tuples(st.just(ring), st.integers(1, ring))),
    st.integers(1, 50),
    st.floats(0, 50_000),
    st.sampled_from([0, 1_000, 20_000]),
    st.lists(st.tuples(st.integers(0, 3_000), st.integers(64, 9_000)), min_size=1, max_size=300),
    st.integers(1, 300),
)
def test_conservation(ring, limit, clean_ns, in_flight, packets, each):
    """Nothing goes missing, and it does not matter how packets are cut into blocks."""
    times, now = [], 0.0
    for gap, _ in packets:
        now += gap
        times.append(now)
    sizes = [size for _, size in packets]

    def sender():
        return Transmit(limit=limit, ring=ring[0], wake=ring[1], clean_ns=clean_ns, in_flight=in_flight)

    cut = [block(times[at : at + each], sizes[at : at + each]) for at in range(0, len(times), each)]
    result = through(sender(), iter(cut))
    assert result == through(sender(), iter([block(times, sizes)]))
    assert result[1].highest["nic.tx_ring"] <= ring[0]
    assert all(after - before >= (64 + 20) * 8 - 0.001 for before, after in zip(result[0], result[0][1:], strict=False))
