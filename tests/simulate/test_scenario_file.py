"""Scenario files: what they mean, and what is said of those that cannot be used."""

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brimful.simulate.scenario import Bad, Scenario, Section
from brimful.simulate.scenario_file import MOST_POINTS, parse, point, points, read

SECTIONS = Section.__subclasses__()
EXAMPLES = sorted((Path(__file__).parents[2] / "examples" / "scenarios").glob("*.toml"))


def test_nothing_said_is_a_gigabit_at_line_rate():
    scenario = parse("")
    assert scenario == Scenario()
    assert scenario.traffic.gap_ns() == 672.0
    assert (scenario.nic.fifo_bytes, scenario.nic.ring, scenario.cpu.weight) == (24_576, 2048, 64)
    assert (scenario.switch, scenario.socket, scenario.pool, scenario.backlog) == (None, None, None, None)


def test_rates():
    assert parse("[traffic]\nload = 0.5").traffic.gap_ns() == 1344.0
    assert parse("[traffic]\npackets_per_second = 1_000_000").traffic.gap_ns() == 1000.0
    assert parse("[traffic]\nlink_mbps = 10_000\nframe_bytes = 1518").traffic.gap_ns() == pytest.approx(1230.4)
    incast = '[traffic]\npattern = "incast"\nsenders = 10\nburst_packets = 5\nevery_ns = 1_000_000'
    assert parse(incast).traffic.gap_ns() == 20_000.0


def test_mixes():
    assert parse('[traffic]\nmix = "imix"').traffic.mean_bytes() == pytest.approx((7 * 64 + 4 * 594 + 1518) / 12)
    assert parse("[traffic]\nmix = { 64 = 1, 1518 = 3 }").traffic.sizes() == {64: 0.25, 1518: 0.75}


def test_a_sweep_is_each_value_with_each_other():
    swept = parse('[nic]\nfifo_bytes = 8192\n[sweep]\n"nic.ring" = [256, 512]\n"nic.pcie.lanes" = [1, 4, 8]')
    chosen = [point(swept, number) for number in range(points(swept))]
    assert [one.set for one in chosen] == [
        (("nic.ring", ring), ("nic.pcie.lanes", lanes)) for ring in (256, 512) for lanes in (1, 4, 8)
    ]
    assert [one.scenario.nic.ring for one in chosen] == [256, 256, 256, 512, 512, 512]
    assert [one.scenario.nic.pcie.lanes for one in chosen] == [1, 4, 8, 1, 4, 8]
    assert {one.scenario.nic.fifo_bytes for one in chosen} == {8192}
    assert all(not one.scenario.sweep for one in chosen)


def test_without_a_sweep_there_is_one_point():
    (one,) = [point(Scenario(), number) for number in range(points(Scenario()))]
    assert one.set == ()
    assert one.scenario == Scenario()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[nic]\nring = 0", "nic.ring: Expected `int` >= 1"),
        ("[nic]\nrong = 1", "nic: Object contains unknown field `rong`"),
        ("nic = 3", "nic: Expected `object`, got `int`"),
        ("[nic.pcie]\nlanes = 3", "nic.pcie.lanes: Invalid enum value 3"),
        ("[cpu]\npacket_ns = inf", "cpu.packet_ns: inf is no number to simulate with"),
        ("[traffic]\nload = nan", "traffic.load: nan is no number to simulate with"),
        ("[traffic]\nmix = { 12 = 1 }", "traffic.mix: '12' is not a length of 64 to 16,384 bytes"),
        ("[traffic]\nmix = { 64 = 0 }", "traffic.mix: has no frames"),
        ("[traffic]\nmix = { 64 = -1, 128 = 2 }", "traffic.mix: -1.0 is not a share"),
        ("[traffic]\nload = 1.5", "traffic: 2,232,143 packets a second are more than the link carries"),
        ('[traffic]\npattern = "trace"', 'traffic.trace: names no file, but traffic.pattern is "trace"'),
        ('[traffic]\ntrace = "a.pcap"', 'traffic.trace: names a file, but traffic.pattern is "constant"'),
        (
            '[traffic]\npattern = "incast"\nevery_ns = 1e6\nlink_mbps = 1e1\nsenders=1\nburst_packets = 64\n[switch]',
            "traffic.every_ns: is shorter than what each sender sends",
        ),
        (
            "[traffic]\nframe_bytes = 1518\n[nic]\nfifo_bytes = 1024",
            "nic.fifo_bytes: 1,024 bytes hold no frame of 1,518 bytes",
        ),
        ("[cpu]\nstolen_ns = 5e7", "cpu.stolen_ns: leaves nothing of cpu.stolen_every_ns"),
        ("[socket]\npause_ns = 1e9", "socket.pause_ns: leaves nothing of socket.pause_every_ns"),
        (
            "[pool]\n[socket]",
            "pool: a dataplane in user space takes the packets that [socket] would wait for: leave one out",
        ),
        (
            "[shaper]\n[transmit]",
            "shaper: is a queueing discipline in place of that of [transmit]: leave one out",
        ),
        ("[transmit]\nring = 8", "transmit.wake: a ring of 8 never has so many descriptors free"),
        ("[switch]\nothers_bytes = 2_000_000", "switch.others_bytes: leaves nothing of switch.buffer_bytes"),
        ("[nic]\nring = 8", "nic.refill: a ring of 8 never has 16 descriptors to give back"),
        ("[pool]\npause_ns = 1e9", "pool.pause_ns: leaves nothing of pool.pause_every_ns"),
        ("[run]\nreplications = 1", "run.replications: Expected `int` >= 2"),
        ('[sweep]\n"nic.ring" = [64, 0]', "nic.ring: Expected `int` >= 1"),
        ('[sweep]\n"nic.rung" = [64]', "nic: Object contains unknown field `rung`"),
        ('[sweep]\n"nic.ring" = []', "sweep.nic.ring: has no values"),
        ("[sweep]\nring = [1]", "sweep.ring: is no key of a section: write it as nic.ring"),
        ('[sweep]\n"run.seed" = [1]', "sweep.run.seed: is the same for all points"),
        (
            f'[sweep]\n"nic.ring" = {list(range(1, 102))}\n"cpu.weight" = {list(range(1, 102))}',
            "sweep: 10,201 points: 4,096 at most",
        ),
        ("x =", "is not TOML: Invalid value (at end of document)"),
    ],
)
def test_what_cannot_be_used_is_named(text, why):
    with pytest.raises(Bad) as raised:
        parse(text)
    assert str(raised.value) == why


def test_the_file_is_named(tmp_path):
    for content, why in ((b"[nic]\nring = 0", "nic.ring: Expected `int` >= 1"), (b"\xff", "is not text in UTF-8")):
        (tmp_path / "s.toml").write_bytes(content)
        with pytest.raises(Bad) as raised:
            read(str(tmp_path / "s.toml"))
        assert str(raised.value) == f"{tmp_path}/s.toml: {why}"
    with pytest.raises(Bad, match=r"none: No such file or directory"):
        read(str(tmp_path / "none"))


def test_a_trace_lies_beside_its_scenario(tmp_path):
    (tmp_path / "s.toml").write_text('[traffic]\npattern = "trace"\ntrace = "t.csv"')
    assert read(str(tmp_path / "s.toml")).traffic.trace == str(tmp_path / "t.csv")


VALUES = ("0", "-1", "1", "64", "1e300", "nan", "true", '""', '"imix"', "[]", "[1, 2]", "{}", "{ 64 = 1 }", '"trace"')
KEYS = sorted({key for part in SECTIONS for key in part.__struct_fields__} | {'"nic.ring"', '"nic.pcie.lanes"', "64"})
LINES = st.one_of(
    st.text(),
    st.sampled_from([f"[{name}]" for name in (*Scenario.__struct_fields__, "nic.pcie", "nobody")]),
    st.builds("{} = {}".format, st.sampled_from(KEYS), st.sampled_from(VALUES)),
)


@given(st.lists(LINES, max_size=6))
def test_any_text_is_a_scenario_or_refused(lines):
    with suppress(Bad):
        chosen = parse("\n".join(lines))
        assert 1 <= points(chosen) <= MOST_POINTS
        assert chosen.traffic.gap_ns() > 0


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_examples_say_what_they_show(path):
    assert read(str(path)).name


def test_there_are_examples():
    assert len(EXAMPLES) >= 8
