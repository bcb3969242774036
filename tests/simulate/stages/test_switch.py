import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.simulate.steady import block, steady, through

from brimful.simulate.stages.switch import Switch


@pytest.mark.parametrize(("alpha", "share"), [(0.5, 1 / 3), (1.0, 1 / 2), (2.0, 2 / 3), (8.0, 8 / 9)])
def test_dynamic_threshold_of_one_queue(alpha, share):
    """A queue may hold alpha / (1 + alpha) of the buffer."""
    switch = Switch(bits_per_s=(1e6,), buffer_bytes=900_000, alpha=alpha)
    switch.advance(next(steady(20_000)))
    assert switch.account().highest["switch.queue.bytes"] == pytest.approx(900_000 * share, abs=64)


def test_dynamic_threshold_of_three_queues():
    """Of n full queues each holds alpha / (1 + n alpha)."""
    switch = Switch(bits_per_s=(1e6, 1e6, 1e6), buffer_bytes=900_000, alpha=2.0, spread=(0, 1, 2))
    switch.advance(next(steady(20_000)))
    assert switch.account().level["switch.queue.bytes"] == pytest.approx(900_000 * 2 / 7, abs=64)
    assert switch.account().level["switch.pool.bytes"] == pytest.approx(900_000 * 6 / 7, abs=3 * 64)


def test_others_hold_some():
    switch = Switch(bits_per_s=(1e6,), buffer_bytes=900_000, alpha=1.0, others_bytes=500_000)
    switch.advance(next(steady(20_000)))
    assert switch.account().highest["switch.pool.bytes"] == pytest.approx(200_000, abs=64)


def test_cells():
    switch = Switch(bits_per_s=(1e6,), cell_bytes=208)
    switch.advance(block([0.0, 1.0, 2.0], [64, 208, 209]))
    assert switch.account().level["switch.pool.bytes"] == 208 + 208 + 416


def test_links_of_their_own():
    left, account = through(Switch(bits_per_s=(1e9, 1e8), spread=(0, 1)), iter([block([0.0] * 4, [64] * 4)]))
    assert left == [672.0, 1_344.0, 6_720.0, 13_440.0]
    assert account.lost == {}


def test_loses():
    """The link takes half of what comes: 500 packets more than are sent fill half of the buffer, then one in two is lost."""
    switch = Switch(bits_per_s=(5e8,), buffer_bytes=64_000, alpha=1.0)
    switch.advance(next(steady(10_000)))
    account = switch.account()
    assert account.first_lost_ns["switch.queue.dropped"] == pytest.approx(1_000 * 672.0, rel=0.01)
    assert account.lost["switch.queue.dropped"] == pytest.approx(5_000 - 500, abs=5)


def test_unknown_queue():
    with pytest.raises(ValueError, match="no queue 1"):
        Switch(spread=(1,))


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 4).flatmap(
        lambda queues: st.tuples(
            st.lists(st.floats(1e8, 1e10), min_size=queues, max_size=queues),
            st.lists(st.integers(0, queues - 1), min_size=1, max_size=7),
        )
    ),
    st.integers(100, 50_000),
    st.floats(0.1, 8),
    st.sampled_from([1, 208]),
    st.lists(st.tuples(st.integers(0, 3_000), st.integers(64, 9_000)), min_size=1, max_size=300),
    st.integers(1, 300),
)
def test_conservation(queues, room, alpha, cell, packets, each):
    """Nothing goes missing, and it does not matter how packets are cut into blocks."""
    times, now = [], 0.0
    for gap, _ in packets:
        now += gap
        times.append(now)
    sizes = [size for _, size in packets]

    def switch():
        return Switch(
            bits_per_s=tuple(queues[0]), buffer_bytes=room, alpha=alpha, cell_bytes=cell, spread=tuple(queues[1])
        )

    cut = [block(times[at : at + each], sizes[at : at + each]) for at in range(0, len(times), each)]
    result = through(switch(), iter(cut))
    assert result == through(switch(), iter([block(times, sizes)]))
    assert result[1].highest["switch.pool.bytes"] <= room
