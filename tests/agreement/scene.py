"""What a trial needs of the kernel: namespaces with loopback or a veth pair, sockets in them, counters as brimful reads them."""

import ctypes
import os
import subprocess
import threading
from contextlib import contextmanager
from typing import NamedTuple

from tests.namespaces import CLONE_NEWNET, ip, named_namespace

from brimful.evidence.frame import Frame
from brimful.roots.live import LiveRoot
from brimful.sources import SOURCES

ADDRESSES = {"lo": "127.0.0.1", "veth": "10.77.0.2"}
SENDER = {"lo": "127.0.0.1", "veth": "10.77.0.1"}
MAC = "02:00:00:00:00:02"
REQUESTS = {"sockets": "ss -OHtuwSanmpe", "local_sockets": "ss -OHanmpe -A unix,packet,netlink"} | {
    "qdisc": "tc -s -j qdisc show invisible"
}


class Scene(NamedTuple):
    """Where packets are sent from, the interface they leave by, where they come to, by which, and at which address."""

    path: str
    near: str
    device: str
    far: str
    arrives: str
    address: str


@contextmanager
def scene(kind):
    """Make namespaces for `lo` or `veth` in which nothing else sends; they are gone afterwards."""
    near, far = (f"brimful-{side}-{os.getpid()}-{threading.get_ident() % 100_000}" for side in ("near", "far"))
    with named_namespace(near) as here:
        if kind == "lo":
            yield Scene(kind, here, "lo", here, "lo", ADDRESSES[kind])
            return
        with named_namespace(far) as there:
            for name in (near, far):
                command = ["ip", "netns", "exec", name, "sysctl", "-qw", "net.ipv6.conf.default.disable_ipv6=1"]
                subprocess.run(command, check=True)
            ip(f"-n {near} link add left type veth peer name right address {MAC} netns {far}")
            for name, device, address in ((near, "left", SENDER[kind]), (far, "right", ADDRESSES[kind])):
                ip(f"-n {name} addr add {address}/24 dev {device}")
                ip(f"-n {name} link set {device} up")
            ip(f"-n {near} neigh replace {ADDRESSES[kind]} lladdr {MAC} dev left nud permanent")
            yield Scene(kind, here, "left", there, "right", ADDRESSES[kind])


def inside(path, function):
    """Return what a function returns in a namespace: a socket that it opens stays there."""
    done = []

    def run():
        with open(path, "rb") as file:  # noqa: PTH123 - a descriptor for setns(2)
            if not ctypes.CDLL(None).setns(file.fileno(), CLONE_NEWNET):
                done.append(function())

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return done[0]


def tc(near, command):
    """Run `tc` in a namespace."""
    subprocess.run(["tc", "-n", os.path.basename(near), *command.split()], check=True)  # noqa: PTH119 - its name


def counters(path, source, within):
    """Return what brimful's source reads in a namespace of places with `within` in their name: meaning to value."""
    root = LiveRoot(namespace=path, label="far")
    frames = [
        item
        for document in root.documents(REQUESTS[source])
        for item in SOURCES[source](document)
        if isinstance(item, Frame)
    ]
    return {
        series.meaning: value
        for frame in frames
        for series, value in zip(frame.layout.series, frame.values, strict=True)
        if within in series.place
    }
