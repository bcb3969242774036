"""What shows more of the buffers of a switch: each vendor's own commands, told by what was read from it.

SONiC Command Line Interface Guide; devlink-sb(8) and ethtool(8) of Linux; NVIDIA NVUE Reference; Arista EOS "LANZ";
Cisco Nexus 9000 Series NX-OS Quality of Service Configuration Guide.
"""

from collections.abc import Iterable

import msgspec


class Commands(msgspec.Struct, frozen=True):
    """The commands of one vendor; `{port}` stands for the port. Empty where none is known.

    `queues`, `buffers` and `pauses` show counters and depths, `limits` what a queue may hold, `early` the thresholds of WRED.
    """

    vendor: str
    queues: str
    buffers: str
    pauses: str
    limits: str = ""
    early: str = ""

    @property
    def on(self) -> str:
        """` on SONiC`; nothing where the vendor is not known."""
        return f" on {self.vendor}" if self.vendor else ""


SONIC = Commands(
    "SONiC",
    "show queue counters {port}; show queue watermark unicast",
    "show buffer_pool watermark; show priority-group watermark shared; show priority-group drop counters",
    "show pfc counters; show pfcwd stats",
    "mmuconfig -l",
    "ecnconfig -l",
)
LINUX = Commands(
    "Linux switchdev",
    "ethtool -S {port}; devlink sb occupancy show",
    "devlink sb pool show; devlink sb occupancy show",
    "ethtool -S {port} | grep -i pause",
    "devlink sb tc bind show",
)
CUMULUS = Commands(
    "Cumulus Linux",
    "nv show interface {port} counters qos",
    "nv show interface {port} qos buffer",
    "nv show interface {port} counters qos",
    "nv show interface {port} qos buffer",
)
ARISTA = Commands(
    "Arista EOS", "show queue-monitor length; show queue-monitor length drops", "", "show interfaces {port} flowcontrol"
)
CISCO = Commands(
    "Cisco NX-OS",
    "show queuing interface {port}; show queuing burst-detect detail",
    "",
    "show interface {port} priority-flow-control",
)

SOURCES = {
    "sonic_counters": SONIC,
    "sonic_show": SONIC,
    "sonic_config": SONIC,
    "nic_counters": LINUX,
    "devlink_sb": LINUX,
    "asic_histograms": CUMULUS,
    "asic_telemetry": CUMULUS,
    "lanz": ARISTA,
    "nexus_burst": CISCO,
}
"""Which vendor's switch each source reads."""


UNKNOWN = Commands("", "", "", "")


def commands(sources: Iterable[str]) -> Commands:
    """Return the commands of the switch that these sources have read."""
    return next((SOURCES[source] for source in sources if source in SOURCES), UNKNOWN)
