"""The way out: queueing disciplines, shapers, send buffers."""

import contextlib
import socket
import time
from pathlib import Path

from workloads.scene import THERE, rules, run
from workloads.udp import ROOMY, SO_SNDBUFFORCE, datagrams, read, send

PORT = 5300
UDP_SEGMENT = 103
"""One call sends many datagrams of this size (include/uapi/linux/udp.h)."""


def receiver(scene):
    """Read everything at the other end."""

    def there():
        with datagrams(THERE) as reader:
            reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, ROOMY)
            reader.bind(("0.0.0.0", PORT))  # noqa: S104 - a namespace of its own
            read(scene, reader)

    return there


def shape(scene):
    """Set a rate on `left`: with tbf, or with a class of htb."""
    rate = scene.between(2000, 1000, 5000)
    if scene.vary("tbf", "htb") == "tbf":
        run(f"tc qdisc add dev left root tbf rate {rate}kbit burst 4000 limit {scene.vary(20000, 6000, 60000)}")
    else:
        run("tc qdisc add dev left root handle 1: htb default 1")
        run(f"tc class add dev left parent 1: classid 1:1 htb rate {rate}kbit burst 4k cburst 4k")
        run(f"tc qdisc add dev left parent 1:1 pfifo limit {scene.between(20, 10, 50)}")
    return rate


def shaper(scene):
    """Sends more than the rate that somebody set."""
    scene.neighbour(receiver(scene))
    rate = shape(scene)
    size = scene.vary(1000, 300, 1400)
    factor = 0.4 if scene.healthy else scene.vary(3, 2.5, 8)
    pause_s = size * 8 / (rate * 1000 * factor)
    batch = max(1, round(0.01 / pause_s)) if not scene.healthy else 1
    scene.helper(send, scene, (THERE, PORT), size, batch, pause_s * batch)
    scene.ready()
    scene.wait()


def full_queue(scene):
    """Sends faster than the device takes packets away: its ring is full, and so is the queue in front of it.

    The device is a veth whose other end polls (generic receive offload is on) and is slow: it has rules to look through.
    """
    depth = scene.between(4000, 3000, 6000)
    chain = "\n".join(f"udp dport {20000 + n} drop" for n in range(depth))

    def there():
        run("ethtool -K right gro on")
        Path("/sys/class/net/right/threaded").write_text("1")  # else the sender itself would do the work of the poll
        rules(f"table inet slow {{ chain slow {{ type filter hook input priority 0;\n{chain}\n}}\n}}")
        receiver(scene)()

    scene.neighbour(there)
    # a veth puts into its ring what its other end may put together (veth_skb_is_eligible_for_gro), here one by one
    run("ethtool -K left tso off tx-udp-segmentation off")
    run(f"tc qdisc add dev left root pfifo limit {scene.vary(50, 20, 100)}")
    size = scene.vary(200, 1000)

    def push():
        with datagrams(THERE) as sender:
            sender.setsockopt(socket.SOL_SOCKET, SO_SNDBUFFORCE, 4 * ROOMY)
            sender.setsockopt(socket.IPPROTO_UDP, UDP_SEGMENT, size)
            while scene.goes_on():
                with contextlib.suppress(OSError):
                    sender.sendto(b"x" * size * (2 if scene.healthy else 40), (THERE, PORT))
                time.sleep(0.01 if scene.healthy else 0)

    scene.helper(push)
    scene.ready()
    scene.wait()


def full_send_buffer(scene):
    """Sends without waiting through a send buffer that holds a few datagrams, over a slow way out."""
    scene.neighbour(receiver(scene))
    rate = scene.between(500, 300, 1000)
    run(f"tc qdisc add dev left root tbf rate {rate}kbit burst 4000 limit 1000000")
    batch, pause_s = (1, 0.1) if scene.healthy else (scene.between(10, 5, 20), 0.01)

    def push():
        with datagrams(THERE) as sender:
            sender.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, scene.vary(8192, 16384, 5000))
            sender.setblocking(False)
            while scene.goes_on():
                for _ in range(batch):
                    with contextlib.suppress(BlockingIOError):
                        sender.sendto(b"x" * 1000, (THERE, PORT))
                time.sleep(pause_s)

    scene.helper(push)
    scene.ready()
    scene.wait()
