"""A switch as the kernel's devlink family describes it, in its own encoding: shared by the tests of the door and of its answers."""

import struct

from tests.kernel.netlink_answers import attribute

from brimful.kernel.netlink import attributes

HANDLE = attribute(1, b"pci\0") + attribute(2, b"0000:03:00.0\0")


def u8(kind, value):
    return attribute(kind, struct.pack("=B", value))


def u16(kind, value):
    return attribute(kind, struct.pack("=H", value))


def u32(kind, value):
    return attribute(kind, struct.pack("=I", value))


class Answering:
    """A generic netlink with prepared answers to the commands of devlink."""

    def __init__(self, **answers):
        self.answers = {int(command[1:]): bodies for command, bodies in answers.items()}
        self.ordered = []

    def dump(self, family, command, body=b""):
        assert (family, body) == ("devlink", b"")
        return tuple(attributes(body) for body in self.answers.get(command, ()))

    def order(self, family, command, body=b""):
        self.ordered.append((family, command, attributes(body)))


PORTS = [HANDLE + u32(3, 1) + attribute(7, b"swp1\0"), HANDLE + u32(3, 0)]
