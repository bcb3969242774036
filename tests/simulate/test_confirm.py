import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brimful.simulate.sizing import QUESTIONS, Input, confirm

rates = st.floats(1e4, 1e8)
shares = st.floats(0.0, 0.9)
SLOW = settings(max_examples=15, deadline=None)


def ask(question, **inputs):
    named = {name.replace("_", "-"): value for name, value in inputs.items() if value is not None}
    return confirm.confirm(QUESTIONS[question].ask({name: Input(name, value, "", "") for name, value in named.items()}))


@given(rates, st.integers(8, 600), shares, st.integers(2, 200), st.integers(64, 1518))
@SLOW
def test_the_ring_for_a_stall_is_what_the_machine_needs(rate, frames, load, held, size):
    """Of any rate, stall, CPU and FIFO: the ring that is answered loses nothing, and one of 99 % something."""
    stall = (frames + 0.5) / rate
    answer = ask("ring", rate=rate, stall=stall, cost=load / rate, fifo=held * size + size / 2, frame_size=size)
    assert answer.value <= 5 or answer.simulated is not None
    if answer.simulated is not None:
        assert answer.simulated.agrees, answer.simulated.outcome


@given(rates, st.integers(8, 600), shares, st.integers(2, 400))
@SLOW
def test_the_stall_that_a_ring_bears_is_what_the_machine_bears(rate, ring, load, held):
    answer = ask("stall", rate=rate, ring=ring, cost=load / rate, fifo=held * 64, frame_size=64)
    assert answer.simulated.agrees, answer.simulated.outcome


@given(st.floats(1e3, 1e6), st.integers(8, 600), shares, st.integers(1, 10_000))
@SLOW
def test_the_buffer_for_a_pause_is_what_the_machine_needs(rate, messages, load, length):
    answer = ask("buffer", rate=rate, pause=(messages + 0.5) / rate, message=length, read=load / rate)
    assert answer.simulated.agrees, answer.simulated.outcome


@pytest.mark.parametrize("loss", [1e-2, 1e-3])
def test_random_arrivals(loss):
    answer = ask("ring", rate=1e6, cost=0.9e-6, loss=loss)
    assert answer.simulated.agrees
    assert answer.simulated.what == "8 runs of 25,000 random arrivals"


def test_what_may_be_lost():
    answer = ask("ring", rate=1e6, stall=1e-3, every=10e-3, loss=0.01)
    assert answer.simulated.outcome == "100 lost with 900 descriptors, 109 lost with 891 descriptors"
    assert answer.simulated.agrees


def test_a_wrong_answer_is_seen():
    """The simulation is no echo of the formula."""
    inputs = {name: Input(name, value, "", "") for name, value in {"rate": 1e6, "stall": 1e-3}.items()}
    answer = QUESTIONS["ring"].ask(inputs)
    for wrong in (900, 1100):
        changed = type(answer)("ring", wrong, "", "", (), answer.inputs)
        assert not confirm.confirm(changed).simulated.agrees


@pytest.mark.parametrize(
    ("question", "inputs"),
    [
        ("ring", {"rate": 1e9, "stall": 1e-3}),
        ("ring", {"rate": 1e6, "cost": 0.9e-6, "loss": 1e-6}),
        ("ring", {"rate": 1e6, "stall": 1e-6}),
        ("ring", {"rate": 1e6, "cost": 2e-6, "loss": 1e-3}),
        ("stall", {"rate": 1e6, "ring": 1e6}),
        ("buffer", {"rate": 1e6, "pause": 1, "message": 1}),
        ("buffer", {"rate": 1e3, "pause": 1e-3, "message": 1}),
        ("poll", {"rate": 1e6, "ring": 256}),
    ],
)
def test_what_is_left_as_it_is(question, inputs):
    assert ask(question, **inputs).simulated is None
