from hypothesis import given, settings
from hypothesis import strategies as st
from tests.simulate.steady import block, steady, through

from brimful.simulate.pauses import NEVER, Pauses, every
from brimful.simulate.stages.pool import Pool

AWAY = Pauses((0.0,), (1e12,))


def test_line_until_the_thread_comes_back():
    pool = Pool(line=1024, pauses=AWAY)
    pool.advance(next(steady(5_000)))
    account = pool.account()
    assert account.lost == {"kni.queue.dropped": 5_000 - 1024}
    assert account.first_lost_ns == {"kni.queue.dropped": 1024 * 672.0}
    assert account.level == account.highest == {"pool.mbuf": 1024}
    assert account.near == {}


def test_bursts_fill_the_line():
    """After 10 us the thread takes 4 at a time, 100 ns each, and fills the line after each 4."""
    pool = Pool(line=8, burst=4, packet_ns=100.0, pauses=Pauses((0.0,), (10_000.0,)))
    left, account = through(pool, iter([block([0.0] * 8 + [10_399.0, 10_400.0, 10_401.0], [64] * 11)]))
    assert account.lost == {"kni.queue.dropped": 1}
    assert account.first_lost_ns == {"kni.queue.dropped": 10_399.0}
    assert left == [10_000.0 + 100 * number for number in range(1, 11)]


def test_buffers_held_too_long():
    """Each buffer is away for 100 us, 149 packets come meanwhile: 100 buffers are short, 200 are not."""
    short = through(Pool(buffers=100, line=32, held_ns=100_000.0), steady(20_000))[1]
    assert short.lost["kni.queue.dropped"] > 20_000 * 0.3
    assert short.near["kni.out_of_memory"] > 0
    assert "kni.backup_pool_exhausted" not in short.near
    assert short.highest == {"pool.mbuf": 100}
    assert through(Pool(buffers=200, line=32, held_ns=100_000.0), steady(20_000))[1].lost == {}


def test_backup_pool_lends():
    lent = through(Pool(buffers=100, backup=100, line=32, held_ns=100_000.0), steady(20_000))[1]
    assert lent.lost == {}
    # what was lent goes back to where it came from: so the pool is short again and again
    assert set(lent.near) == {"kni.out_of_memory"}
    assert lent.near["kni.out_of_memory"] > 8_000
    both = through(Pool(buffers=100, backup=20, line=32, held_ns=100_000.0), steady(20_000))[1]
    assert set(both.near) == {"kni.out_of_memory", "kni.backup_pool_exhausted"}
    assert both.lost["kni.queue.dropped"] > 0


def test_line_that_stays_empty():
    """All buffers were away once: KNI without the fix never fills its line again, with it all comes back."""
    starved = Pool(buffers=64, line=64, held_ns=1e6, idle_refill=False)
    starved.advance(next(steady(20_000)))
    account = starved.account()
    assert account.delivered == 64
    assert account.lost == {"kni.queue.dropped": 20_000 - 64}
    assert Pool(buffers=64, line=64, held_ns=1e6).account().lost == {}
    assert through(Pool(buffers=64, line=64, held_ns=1e6), steady(20_000))[1].delivered > 10 * 64


def test_poll_mode_driver_names():
    account = through(Pool(buffers=100, line=32, held_ns=100_000.0, door="pmd"), steady(20_000))[1]
    assert set(account.lost) == {"nic.ring.no_buffer"}
    assert set(account.near) == {"driver.memory.alloc_failed"}


@settings(max_examples=60, deadline=None)
@given(
    st.fixed_dictionaries(
        {
            "buffers": st.integers(1, 200),
            "backup": st.integers(0, 50),
            "line": st.integers(1, 64),
            "burst": st.integers(1, 32),
            "packet_ns": st.floats(0, 2_000),
            "held_ns": st.floats(0, 200_000),
            "pauses": st.sampled_from([NEVER, every(1e5, 3e4)]),
            "idle_refill": st.booleans(),
        }
    ),
    st.lists(st.integers(0, 3_000), min_size=1, max_size=300),
    st.integers(1, 300),
)
def test_conservation(parts, gaps, each):
    """Neither packets nor buffers go missing, and it does not matter how packets are cut into blocks."""
    times, now = [], 0.0
    for gap in gaps:
        now += gap
        times.append(now)
    sizes = [64] * len(times)
    pools = Pool(**parts), Pool(**parts)
    cut = [block(times[at : at + each], sizes[at : at + each]) for at in range(0, len(times), each)]
    assert through(pools[0], iter(cut)) == through(pools[1], iter([block(times, sizes)]))
    for pool in pools:
        assert pool.free + pool.held == parts["buffers"] + parts["backup"]
