"""CPUs that have no time: for a reader, or for packets."""

import os
import socket
from pathlib import Path

from workloads.scene import LOOPBACK, rules
from workloads.udp import ROOMY, datagrams, read, send


def spin(scene, cpu, reader):
    reader.close()
    os.sched_setaffinity(0, {cpu})
    while scene.goes_on():
        pass


def starved_reader(scene):
    """Reads as fast as it can, on a CPU that is given to others: the reader is the least of them."""
    cpu = scene.vary(*range(os.cpu_count() or 1))
    to = (LOOPBACK, scene.port())
    with datagrams(LOOPBACK) as reader:
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, scene.vary(32768, 16384))
        reader.bind(to)

        def least():
            os.sched_setaffinity(0, {cpu})
            os.nice(19)
            read(scene, reader)

        scene.helper(least)
        if not scene.healthy:
            for _ in range(scene.between(2, 2, 3)):
                scene.helper(spin, scene, cpu, reader)
        others = set(range(os.cpu_count() or 1)) - {cpu}

        def away():
            reader.close()
            os.sched_setaffinity(0, others or {cpu})
            send(scene, to, scene.vary(200, 500), 2 if scene.healthy else scene.between(20, 10, 30), 0.005)

        scene.helper(away)
        reader.close()
        scene.ready(0.5)
        scene.wait()


def full_backlog(scene):
    """Hands packets on to a CPU (RPS) whose softirq is slower than they come: it has many rules to look through."""
    cpus = os.cpu_count() or 1
    cpu = scene.between(1, 0, cpus - 1) % cpus
    depth = scene.between(3000, 2000, 4000)
    port = scene.port()
    chain = "\n".join(f"udp dport {20000 + n} drop" for n in range(depth))
    rules(f"table inet slow {{ chain slow {{ type filter hook input priority 0;\n{chain}\n}}\n}}")
    Path("/sys/class/net/lo/queues/rx-0/rps_cpus").write_text(f"{1 << cpu:x}")

    others = (set(range(cpus)) - {cpu}) or {cpu}

    def take():
        """Read on another CPU: softirq would keep a reader from running as well."""
        os.sched_setaffinity(0, others)
        read(scene, reader)

    def push():
        os.sched_setaffinity(0, others)
        send(scene, (LOOPBACK, port), 100, 2 if scene.healthy else 100, 0.005 if scene.healthy else 0)

    with datagrams(LOOPBACK) as reader:
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 * ROOMY)
        reader.bind((LOOPBACK, port))
        scene.helper(take)
        scene.helper(push)
        scene.ready()
        scene.wait()
