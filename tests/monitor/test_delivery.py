"""What waits while a target is gone, what is lost, and that it is told."""

import threading
import time

import pytest

from brimful.monitor.delivery import Delivery, Refused


class Target:
    """Takes messages, unless it is gone."""

    name = "somewhere"
    answers = True

    def __init__(self):
        self.taken = []
        self.gone = False
        self.closed = 0
        self.may = threading.Event()
        self.may.set()

    def send(self, message):
        self.may.wait(5)
        if self.gone:
            raise ConnectionRefusedError(111, "Connection refused")
        if message == "bad":
            raise Refused("answered 404")
        self.taken.append(message)

    def lost(self, count):
        return f"{count} lost"

    def close(self):
        self.closed += 1


def wait_for(what):
    until = time.monotonic() + 5
    while not what():
        assert time.monotonic() < until
        time.sleep(0.002)


@pytest.fixture
def target():
    return Target()


@pytest.fixture
def told():
    return []


def test_messages_arrive_in_order_and_all_before_the_end(target, told):
    delivery = Delivery(target, told.append)
    for number in range(500):
        delivery.put(number)
    assert delivery.close() == 0
    assert target.taken == list(range(500))
    assert (told, target.closed, delivery.delivered) == ([], 1, 500)


def test_while_it_is_gone_messages_wait_and_both_are_told_once(target, told):
    target.gone = True
    delivery = Delivery(target, told.append, retry_s=0.01)
    for number in range(3):
        delivery.put(number)
    wait_for(lambda: told)
    target.gone = False
    wait_for(lambda: len(target.taken) == 3)
    assert delivery.close() == 0
    assert target.taken == [0, 1, 2]
    assert told == ["somewhere: is gone: Connection refused; what is told waits", "somewhere: is back"]


def test_a_target_that_does_not_answer_is_back_when_two_in_a_row_did_not_fail(target, told):
    target.answers = False
    target.gone = True
    delivery = Delivery(target, told.append, retry_s=0.01)
    delivery.put(0)
    wait_for(lambda: told)
    target.gone = False
    wait_for(lambda: delivery.delivered == 1)
    target.gone = True
    delivery.put(1)
    time.sleep(0.05)
    assert len(told) == 1
    target.gone = False
    delivery.put(2)
    wait_for(lambda: delivery.delivered == 3)
    delivery.close()
    assert told[1:] == ["somewhere: is back"]


def test_the_oldest_are_lost_and_their_number_is_told_when_it_is_back(target, told):
    target.gone = True
    delivery = Delivery(target, told.append, most=5, retry_s=0.01)
    for number in range(20):
        delivery.put(number)
    wait_for(lambda: told)
    wait_for(lambda: delivery.lost == 15)
    target.gone = False
    wait_for(lambda: len(target.taken) == 6)
    assert delivery.close() == 0
    assert target.taken == ["15 lost", 15, 16, 17, 18, 19]
    assert told[1] == "somewhere: is back; 15 lost meanwhile"


def test_putting_never_waits(target, told):
    target.may.clear()
    delivery = Delivery(target, told.append, most=10)
    began = time.monotonic()
    for number in range(10_000):
        delivery.put(number)
    assert time.monotonic() - began < 1
    assert delivery.lost >= 9980
    target.may.set()
    delivery.close()


def test_the_end_does_not_wait_for_a_target_that_is_gone(target, told):
    target.gone = True
    delivery = Delivery(target, told.append, retry_s=60)
    delivery.put("a")
    wait_for(lambda: told)
    delivery.put("b")
    began = time.monotonic()
    assert delivery.close() == 2
    assert time.monotonic() - began < 0.5


def test_the_end_does_not_wait_for_a_target_that_hangs(target, told):
    target.may.clear()
    delivery = Delivery(target, told.append)
    delivery.put("a")
    delivery.put("b")
    assert delivery.close(0.1) == 2
    target.may.set()


def test_what_is_refused_is_not_sent_again(target, told):
    delivery = Delivery(target, told.append)
    for message in ("a", "bad", "b"):
        delivery.put(message)
    assert delivery.close() == 0
    assert (target.taken, told, delivery.lost) == (["a", "b"], ["somewhere: answered 404"], 1)


def test_what_is_refused_again_and_again_for_one_reason_is_told_once(target, told):
    delivery = Delivery(target, told.append)
    for message in ("bad", "bad", "a", "bad"):
        delivery.put(message)
    assert delivery.close() == 0
    assert (told, delivery.lost) == (["somewhere: answered 404"] * 2, 3)


def test_a_message_that_cannot_be_sent_at_all_does_not_end_the_thread(target, told):
    send = target.send

    def fails(message):
        if message == "odd":
            raise UnicodeError("label empty or too long")
        send(message)

    target.send = fails
    delivery = Delivery(target, told.append)
    for message in ("odd", "a"):
        delivery.put(message)
    assert delivery.close() == 0
    assert (target.taken, told, delivery.lost) == (["a"], ["somewhere: label empty or too long"], 1)
