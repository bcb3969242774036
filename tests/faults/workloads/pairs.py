"""Two faults at once: both have to be named."""

from workloads.egress import shaper
from workloads.programs import netlink_reader_asleep
from workloads.tcp import full_accept_queue
from workloads.udp import slow_udp_reader


def slow_reader_and_shaper(scene):
    """A slow reader of datagrams here, and a shaper on the way out."""
    scene.helper(shaper, scene)
    slow_udp_reader(scene)


def netlink_reader_and_accept_queue(scene):
    """One program does not read its netlink socket, and another does not accept."""
    scene.helper(netlink_reader_asleep, scene)
    full_accept_queue(scene)
