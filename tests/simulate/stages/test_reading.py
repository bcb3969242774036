from brimful.simulate.arrivals import blocks
from brimful.simulate.pauses import Pauses
from brimful.simulate.stages.reading import Reader
from brimful.simulate.stages.socket import socket


def test_what_came_moves_to_the_second_part_when_a_charge_is_taken_off():
    # Linux 6.18: a socket with SO_RCVBUF 18838, datagrams of 300 bytes: 29 fit; after 17 are read 16 more, after 23 more 24
    reader = Reader(packet_ns=1.0, pauses=Pauses((0.0, 217.0, 423.0), (200.0, 183.0, 1000.0)))
    stage = socket(receive_buffer=37_676, charge=1280, reader=reader)
    times = [100.0 + 0.5 * packet for packet in range(80)]
    times += [300.0 + 0.5 * packet for packet in range(95)]
    times += [500.0 + 0.5 * packet for packet in range(102)]
    accepted = []
    for sent in (times[:80], times[80:175], times[175:]):
        before = stage.account()
        for block in blocks(sent, [346] * len(sent)):
            stage.advance(block)
        accepted.append(len(sent) - sum(stage.account().lost.values()) + sum(before.lost.values()))
    assert accepted == [29, 16, 24]
