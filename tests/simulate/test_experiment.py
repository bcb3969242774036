"""Scenarios run: what the whole chain does, equal seeds, sweeps, processes."""

import struct
from itertools import pairwise

import pytest

from brimful.simulate.assembly import blocks, limits
from brimful.simulate.experiment import experiment, levels, once
from brimful.simulate.scenario import Bad
from brimful.simulate.scenario_file import parse

SHORT = "[run]\nseconds = 0.004\nreplications = 2\n"
SLOW_BUS = "[nic]\ndma_ns = 1500\n[cpu]\npacket_ns = 200\n"
STALL = "[cpu]\nstolen_ns = 2_000_000\nstolen_every_ns = 20_000_000\n[nic]\nring = 256\n[run]\nseconds = 0.04\nreplications = 3\n"


def arrived(text):
    return [
        (float(t), int(s)) for block in blocks(parse(text), "1") for t, s in zip(block.times, block.sizes, strict=True)
    ]


def test_a_slow_bus_overruns_the_fifo_and_nobody_waits_for_descriptors():
    (result,) = experiment(parse(SLOW_BUS + SHORT))
    (loss,) = result.summary.losses
    assert (loss.meaning, loss.near, loss.runs) == ("nic.fifo.overrun", False, 2)
    (first,) = result.summary.firsts
    # 384 frames fit; one comes each 672 ns and one leaves each 1500 ns
    assert first.earliest_ns == first.latest_ns == pytest.approx(384 / (1 / 672 - 1 / 1500), rel=0.01)


def test_the_time_to_overflow_after_a_stall_is_the_ring_and_the_fifo():
    (result,) = experiment(parse(STALL))
    assert len(result.summary.overflows_ns) == 3
    for found in result.summary.overflows_ns:
        # at most N/l + F/(l S): less what was in the ring when the CPU was taken away
        assert 672.0 * (256 + 384 - 110) < found <= 672.0 * (256 + 384 + 2)


def test_equal_seeds_give_equal_results_in_other_processes_too():
    text = '[traffic]\npattern = "poisson"\nload = 0.9\n[nic]\nring = 64\n[cpu]\npacket_ns = 650\n' + SHORT
    here = experiment(parse(text), processes=1)
    assert experiment(parse(text), processes=2) == here
    assert once(parse(text), "1") == once(parse(text), "1")
    assert once(parse(text), "1") != once(parse(text), "2")


def test_a_sweep_has_a_result_for_each_point_in_order():
    done = []
    found = experiment(parse(SLOW_BUS + SHORT + '[sweep]\n"nic.dma_ns" = [60, 1500]'), lambda: done.append(1))
    assert [result.point.set for result in found] == [(("nic.dma_ns", 60),), (("nic.dma_ns", 1500),)]
    assert [bool(result.summary.lost) for result in found] == [False, True]
    assert len(done) == 4


def test_levels_of_the_first_run():
    seen = levels(parse(SLOW_BUS + SHORT))
    row = seen.levels["nic.fifo.bytes"]
    assert max(row) == 24_576
    assert row[50] < row[100] < row[150]  # it takes 468 us of 4 ms to fill: step 120 of 1024
    (lost,) = seen.lost.values()
    assert next(number for number, count in enumerate(lost) if count) == pytest.approx(120, abs=2)
    whole = once(parse(SLOW_BUS + SHORT), "1").lost
    assert whole - 4 <= sum(lost) <= whole


def test_a_slow_application_loses_in_its_socket():
    (result,) = experiment(parse("[socket]\nread_ns = 1000\n" + SHORT))
    assert [loss.meaning for loss in result.summary.lost] == ["socket.receive.dropped"]


def test_steady_packets_come_at_the_rate_of_the_link():
    found = arrived("[run]\nseconds = 0.00001\n")
    assert found == [(672.0 * number, 64) for number in range(15)]


def test_packets_of_one_link_do_not_overlap():
    text = '[traffic]\npattern = "{}"\nload = 0.8\nmix = "imix"\nevery_ns = 400_000\n[run]\nseconds = 0.01\n'
    for pattern in ("poisson", "bursts", "incast"):
        found = arrived(text.format(pattern).replace("every_ns", "senders = 2\nburst_packets = 8\nevery_ns"))
        assert len(found) > 100
        for (earlier, _), (later, size) in pairwise(found):
            assert later - earlier >= (size + 20) * 8 - 1e-3
        assert {size for _, size in found} == {64, 594, 1518}


def test_a_trace_is_read_up_to_the_end_of_the_run(tmp_path):
    (tmp_path / "t.csv").write_text("0,64\n500,128\n2000,1518\n")
    text = f'[traffic]\npattern = "trace"\ntrace = "{tmp_path}/t.csv"\n[run]\nseconds = 0.000001\n'
    assert arrived(text) == [(0.0, 64), (500.0, 128)]


def test_traces_that_cannot_be_used(tmp_path):
    text = f'[traffic]\npattern = "trace"\ntrace = "{tmp_path}/t"\n'
    with pytest.raises(Bad, match=r"t: No such file"):
        arrived(text)
    (tmp_path / "t").write_text("")
    with pytest.raises(Bad, match=r"t: holds no packets"):
        arrived(text)
    (tmp_path / "t").write_text("0,60000\n")
    with pytest.raises(Bad, match=r"t: holds a packet of 60,000 bytes: no frame is longer than 16,384"):
        arrived(text)


def test_a_pcap_is_a_trace(tmp_path):
    record = struct.pack("<IIII", 1, 5, 96, 96) + bytes(96)
    later = struct.pack("<IIII", 1, 9, 96, 96) + bytes(96)
    (tmp_path / "t").write_bytes(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1) + record + later)
    assert arrived(f'[traffic]\npattern = "trace"\ntrace = "{tmp_path}/t"\n') == [(0.0, 100), (4000.0, 100)]


WHOLE = """
[traffic]
pattern = "incast"
frame_bytes = 1518
senders = 20
burst_packets = 10
every_ns = 10_000_000
jitter_ns = 100_000
[switch]
buffer_bytes = 300_000
[backlog]
packets = 2
packet_ns = 14_000
[pool]
buffers = 64
line = 32
held_ns = 10_000_000
[transmit]
link_mbps = 10
packets = 10
ring = 8
wake = 2
[run]
seconds = 0.05
replications = 2
"""


def test_a_packet_is_delivered_lost_at_a_named_stage_or_still_inside():
    (result,) = experiment(parse(WHOLE))
    ledger = result.summary.ledger
    assert [line.stage for line in ledger] == ["switch", "nic", "softnet.backlog", "pool", "transmit"]
    assert ledger[0].arrived == 2 * 5 * 200
    for line, following in zip(ledger, [*ledger[1:], None], strict=True):
        assert line.arrived == line.delivered + line.lost + line.inside
        assert following is None or line.delivered == following.arrived
    assert {loss.meaning for loss in result.summary.lost} == {
        "switch.queue.dropped",
        "softnet.backlog.dropped",
        "kni.queue.dropped",
        "qdisc.queue.dropped",
    }


def test_no_buffer_is_fuller_than_it_can_be():
    scenario = parse(WHOLE)
    (result,) = experiment(scenario)
    most = limits(scenario)
    known = {fill.buffer: fill.highest for fill in result.summary.fills if fill.buffer in most}
    assert {
        "switch.pool.bytes",
        "switch.queue.bytes",
        "softnet.backlog.charged",
        "pool.mbuf",
        "qdisc.queue",
        "nic.tx_ring",
    } <= set(known)
    for buffer, highest in known.items():
        # a queue of the switch may go over its threshold by the packet that found it below
        assert highest <= most[buffer] + 1518 * (buffer == "switch.queue.bytes")


def test_each_of_several_queues_has_its_own_ring_and_cpu():
    text = "[cpu]\npacket_ns = 900\n[nic]\nring = 256\nqueues = {}\n" + SHORT
    one, two = (experiment(parse(text.format(queues)))[0].summary for queues in (1, 2))
    assert one.lost
    assert not two.lost


def test_a_shaper_loses_what_is_over_its_rate():
    text = "[traffic]\npackets_per_second = 20_000\nframe_bytes = 504\n[shaper]\nrate_mbps = 20\n[run]\nseconds = 0.05\nreplications = 2\n"
    scenario = parse(text)
    (result,) = experiment(scenario)
    # 80 Mb/s without the frame check sequence come, 20 leave, and what is in the bucket and its queue
    assert result.summary.total.mean == pytest.approx(0.75 - (20_000 + 5000) / 500 / 1000, abs=0.01)
    assert {fill.buffer: fill.highest for fill in result.summary.fills}["qdisc.queue.bytes"] == 20_000
    assert limits(scenario)["qdisc.queue.bytes"] == 20_000
