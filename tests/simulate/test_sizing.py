import pytest

from brimful.simulate.sizing import QUESTIONS, Input, Missing
from brimful.simulate.sizing.answer import bits, span
from brimful.simulate.sizing.bus import slots

UNITS = {"read": "s", "link-speed": "bit/s", "stall": "s", "every": "s", "cost": "s", "pause": "s", "moderation": "s"}
SEED = {"link-speed": 1e9, "frame-size": 64, "fifo": 24_000}


def ask(question, **inputs):
    named = {name.replace("_", "-"): value for name, value in inputs.items()}
    return QUESTIONS[question].ask(
        {name: Input(name, value, UNITS.get(name, ""), f"--{name}") for name, value in named.items()}
    )


def given(**more):
    return {name.replace("-", "_"): value for name, value in SEED.items()} | more


def test_the_fifo_of_the_article():
    """24,000 bytes are 375 frames of 64: 252 us at line rate; a FIFO of 24 KiB has 384."""
    answer = ask("stall", **given(ring=2048))
    assert "fifo frames = floor(fifo / frame) = floor(24,000 / 64) = 375" in answer.formula
    assert answer.value == pytest.approx((2048 + 375) * 672e-9)
    assert "of that, until frames wait in the FIFO = ring / rate = 1.376 ms" in answer.formula
    assert "= 384" in ask("stall", **given(ring=2048, fifo=24_576)).formula[1]


def test_the_poll_interval_of_the_article():
    answer = ask("poll", **given(ring=2048))
    assert answer.value == pytest.approx(1.376e-3, rel=1e-3)
    assert answer.statement == "The ring must be polled each 1.376 ms at least, or frames find no descriptor."
    assert ask("poll", **given(ring=8)).value == pytest.approx(5.376e-6, rel=1e-3)


def test_a_poll_that_takes_less_than_the_ring():
    answer = ask("poll", rate=1e6, ring=2048, budget=32)
    assert answer.value == pytest.approx(32e-6)
    assert "interval = min(ring, budget) / rate = 32 / 1,000,000 = 32 us" in answer.formula
    assert ask("poll", rate=1e6, ring=16, budget=32).value == pytest.approx(16e-6)


def test_no_poll_is_short_enough():
    assert ask("poll", rate=1e6, ring=2048, cost=1e-6).value is None
    assert ask("poll", rate=1e6, ring=2048, cost=0.9e-6).value is not None


def test_a_ring_for_a_stall():
    answer = ask("ring", **given(stall=1.5e-3, fifo=24_576))
    assert answer.value == 1849
    assert answer.statement == "A ring of 1,849 descriptors loses nothing in a stall of 1.5 ms."
    assert "ring = ceil(rate * stall - fifo frames) = ceil(1,488,095 * 1.5 ms - 384) = 1,849" in answer.formula
    assert "to set: ethtool -G INTERFACE rx 2048" in answer.notes
    assert [item.name for item in answer.inputs] == ["stall", "link-speed", "frame-size", "fifo"]


def test_a_ring_that_may_lose_some():
    answer = ask("ring", rate=1e6, stall=1e-3, every=10e-3, loss=0.01)
    assert answer.value == 900
    assert answer.formula == (
        "ring = ceil(rate * stall - fifo frames - loss * rate * every) = ceil(1,000,000 * 1 ms - 0 - 100) = 900",
    )


def test_how_often_decides_what_may_be_lost():
    answer = ask("ring", rate=1e6, stall=1e-3, loss=0.01)
    assert answer.value == 1000
    assert "sized to lose nothing: how often a stall comes is not known (--every)" in answer.notes


@pytest.mark.parametrize(("cost", "value"), [(0.4e-6, 1002), (0.6e-6, None)])
def test_a_ring_helps_only_a_cpu_that_catches_up(cost, value):
    answer = ask("ring", rate=1e6, stall=1e-3, every=2e-3, cost=cost)
    assert answer.value == value
    if value is None:
        said = "No ring is large enough: the CPU is busy 60 % of the time and has 50 % of it."
        assert answer.statement == said


def test_a_ring_for_random_arrivals():
    answer = ask("ring", rate=1e6, cost=950e-9, loss=1e-6)
    assert answer.value == 107
    assert ask("ring", rate=1e6, cost=1.2e-6, loss=1e-6).value is None


@pytest.mark.parametrize(
    ("inputs", "note"),
    [
        ({"ring_maximum": 512}, "the driver allows 512 descriptors at most: poll more often, or use more queues"),
        ({"ring_maximum": 1000}, "to set: ethtool -G INTERFACE rx 1000"),
        ({"ring": 1000}, "the ring has 1,000 descriptors: enough"),
        ({"ring": 999}, "to set: ethtool -G INTERFACE rx 1024"),
    ],
)
def test_what_to_set(inputs, note):
    assert note in ask("ring", rate=1e6, stall=1e-3, **inputs).notes


def test_a_ring_that_nobody_has():
    note = "no driver known has more than 32,768 descriptors to a ring: poll more often, or use more queues"
    assert ask("ring", rate=1e6, stall=32.769e-3).notes[-1] == note
    assert ask("ring", rate=1e6, stall=32.768e-3).notes[-1] == "to set: ethtool -G INTERFACE rx 32768"


@pytest.mark.parametrize(("stall", "note"), [(1e-3, "fits"), (1.5e-3, "loses 500 frames")])
def test_a_stall_that_is_known(stall, note):
    assert f"a stall of {span(stall)} {note}" in ask("stall", rate=1e6, ring=1000, stall=stall).notes


@pytest.mark.parametrize(
    ("wait", "note"),
    [
        (50e-6, "interrupt moderation (rx-usecs) takes 50 us of that"),
        (250e-6, "interrupt moderation (rx-usecs) of 250 us is longer than that"),
    ],
)
def test_moderation(wait, note):
    assert ask("poll", rate=1_488_095, ring=256, moderation=wait).notes[-1] == note


def test_slots_for_ten_gigabit():
    answer = ask("slot", link_speed=10e9, frame_size=1518)
    assert answer.statement == (
        "Of each generation, the narrowest slot that will do: gen1 x16 (1.42 M/s), gen2 x4 (1.05 M/s), "
        "gen3 x2 (1.08 M/s), gen4 x1 (1.1 M/s), gen5 x1 (2.2 M/s)."
    )


def test_a_slot_has_a_quarter_to_spare():
    (found, *_) = slots(64, 1e6)
    assert (found.generation, found.lanes) == (1, 1)
    assert ask("slot", rate=1.3e6, frame_size=64).value == 2


def test_no_slot_carries_it():
    answer = ask("slot", link_speed=400e9, frame_size=64)
    assert answer.value is None
    assert answer.statement.startswith("No slot up to gen5 x16 carries 744 million")


def test_headroom():
    answer = ask("headroom", link_speed=1e9, frame_size=64, pcie_speed=2.5, lanes=1)
    assert answer.value == pytest.approx(0.028, abs=0.001)
    assert "useful = 2.5 GT/s x1 less encoding, acknowledgements, flow control and skips = 1.86 Gb/s" in answer.formula
    said = "2.5 GT/s x1 carries 1.53 million received frames of 64 bytes a second; 1.49 million can come: 3 % are left."
    assert answer.statement == said
    short = ask("headroom", link_speed=10e9, frame_size=64, pcie_speed=2.5, lanes=4)
    assert short.statement == (
        "2.5 GT/s x4 carries 5.12 million received frames of 64 bytes a second, 34 % of the 14.9 million that can come."
    )


def test_a_receive_buffer():
    answer = ask("buffer", rate=100_000, pause=10e-3, message=100, receive_buffer=212_992)
    assert answer.value == 832_000
    assert "a buffer of 212,992 bytes holds 256 messages: 2.56 ms" in answer.notes
    assert "to set: net.core.rmem_max=416000 and SO_RCVBUF 416000: the kernel doubles what is asked for" in answer.notes
    assert ask("buffer", rate=100_000, pause=10e-3, truesize=2304).value == 2_304_000


def test_a_receive_buffer_for_a_slow_reader():
    answer = ask("buffer", rate=100_000, pause=10e-3, read=8e-6, truesize=832)
    assert answer.value == 1250 * 832
    assert answer.formula[0] == (
        "messages = ceil(rate * pause / (1 - rate * read / 4)) = ceil(100,000 * 10 ms / (1 - 100,000 * 8 us / 4)) = 1,250"
    )
    assert ask("buffer", rate=100_000, pause=10e-3, read=10e-6, truesize=832).value is None


def test_a_frame_that_costs_time():
    """One is being polled when the stall begins, and the first after it is only out when it is done."""
    assert ask("ring", rate=1e6, stall=1e-3, cost=0.9e-6).value == 1002
    answer = ask("stall", rate=1e6, ring=256, cost=0.9e-6)
    assert answer.value == pytest.approx(254.1e-6)
    assert (
        "stall = (ring + fifo frames - 1) / rate - cost = (256 + 0 - 1) / 1,000,000 - 900 ns = 254.1 us"
        in answer.formula
    )


@pytest.mark.parametrize(
    ("question", "inputs", "missing"),
    [
        ("ring", {}, "(--stall or (--cost and --loss)) and (--rate or (--link-speed and --frame-size))"),
        ("ring", {"cost": 1e-6, "rate": 1e6}, "--stall or --loss"),
        ("stall", {"link_speed": 1e9}, "--ring and (--rate or --frame-size)"),
        ("slot", {"link_speed": 1e9}, "--frame-size"),
        ("headroom", {"rate": 1e6}, "--pcie and --frame-size"),
        ("buffer", {"rate": 1e6}, "--pause and (--message or --truesize)"),
    ],
)
def test_what_is_missing_is_asked_for_by_name(question, inputs, missing):
    with pytest.raises(Missing) as raised:
        ask(question, **inputs)
    assert str(raised.value) == missing


@pytest.mark.parametrize(
    ("seconds", "text"), [(1.5, "1.5 s"), (1.376e-3, "1.376 ms"), (50e-6, "50 us"), (300e-9, "300 ns")]
)
def test_times(seconds, text):
    assert span(seconds) == text


@pytest.mark.parametrize(("rate", "text"), [(1e9, "1 Gb/s"), (1e8, "100 Mb/s"), (9600, "9,600 b/s")])
def test_bit_rates(rate, text):
    assert bits(rate) == text
