import pytest

from brimful.chain.fact import EVENTS
from brimful.chain.meaning import MEANINGS
from brimful.simulate.counters import KERNEL, LOG, Moved, counters
from brimful.simulate.stage import Account

BOTH = Account(lost={"nic.fifo.overrun": 7}, near={"nic.ring.waited": 5})


def names(account: Account, driver: str, queue: int = 0) -> dict[str, int]:
    return {moved.name: moved.by for moved in counters([account], driver, queue).moved}


@pytest.mark.parametrize(
    ("driver", "expected", "unseen"),
    [
        ("e1000e", {"rx_missed_errors": 7, "rx_no_buffer_count": 5, "rtnl rx_missed_errors": 7}, {}),
        ("igb", {"rx_missed_errors": 7, "rx_no_buffer_count": 5, "rtnl rx_missed_errors": 7}, {}),
        # its rx_no_buffer_count is of the 82598 only: no frame that waits is counted
        ("mlx5_core", {"rx_discards_phy": 7}, {"nic.ring.waited": 5}),
        ("virtio_net", {}, {"nic.fifo.overrun": 7, "nic.ring.waited": 5}),
    ],
)
def test_drivers(driver, expected, unseen):
    found = counters([BOTH], driver)
    assert names(BOTH, driver).items() >= expected.items()
    assert found.unseen == unseen


def test_dropped_for_want_of_a_descriptor():
    account = Account(lost={"nic.ring.no_buffer": 3})
    assert names(account, "ixgbe")["rx_no_dma_resources"] == 3
    assert names(account, "igb", queue=2)["rx_queue_2_drops"] == 3
    assert names(account, "mlx5_core")["rx_out_of_buffer"] == 3


def test_sums_and_kernel():
    one = Account(lost={"socket.receive.dropped": 1}, near={"softnet.backlog.squeezed": 2})
    two = Account(lost={"socket.receive.dropped": 10})
    assert counters([one, two], "igb").moved == (
        Moved("ss -m d", "socket.receive.dropped", 11),
        Moved("/proc/net/udp drops", "socket.receive.dropped", 11),
        Moved("/proc/net/snmp Udp RcvbufErrors", "socket.receive.dropped", 11),
        Moved("/proc/net/softnet_stat time_squeeze", "softnet.backlog.squeezed", 2),
    )


def test_elsewhere():
    assert counters([Account(lost={"switch.queue.dropped": 4})], "igb").unseen == {"switch.queue.dropped": 4}


def test_log_lines():
    assert names(Account(near={"kni.out_of_memory": 2}), "ixgbe") == {"syslog KNI: Out of memory": 2}


def test_vocabulary():
    assert set(KERNEL) <= set(MEANINGS)
    assert set(LOG) <= set(EVENTS)
