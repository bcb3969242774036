"""A machine made by hand, swept once a second."""

from array import array

from brimful.evidence.delta import Reading
from brimful.evidence.evidence import Evidence
from brimful.evidence.forecast import Forecast
from brimful.evidence.frame import Frame
from brimful.evidence.moment import SECOND, Moment
from brimful.evidence.origin import Origin
from brimful.evidence.series import Layout, Series

FULL = Series("socket.receive.full", "udp", "RcvbufErrors", "snmp")
AGAIN = Series("socket.receive.full", "udp", "UdpRcvbufErrors", "nstat")
DROPS = Series("socket.receive.dropped", "udp 10.0.0.1:53/7", "skmem d", "sockets", width_bits=32)
QUEUED = Series("socket.receive.queued", "udp 10.0.0.1:53/7", "skmem r", "sockets", width_bits=0)
LIMIT = Series("socket.receive.limit", "udp 10.0.0.1:53/7", "skmem rb", "sockets", width_bits=0)
RING = Series("nic.ring.no_buffer", "eth0", "rx_no_buffer", "nic_counters", width_bits=32)
WAITED = Series("nic.ring.waited", "eth0", "rx_waited", "nic_counters")


def frame(values, at_s, boot="boot"):
    """Return a frame of one source."""
    at = Moment(at_s * SECOND, "utc", 0, at_s * SECOND)
    return Frame(Layout.of(values), array("Q", values.values()), at, None, lambda _: Origin("by hand"), boot)


def rising(seconds=10.0, low=8.0, high=12.0, series=QUEUED):
    """Return a forecast."""
    reading = Reading(series, [(frame({series: 60}, 1), 0)])
    return Forecast(series.meaning, series.place, 60, 100, "bytes", 4.0, seconds, low, high, reading)


class Machine:
    """Evidence that grows sweep by sweep."""

    def __init__(self):
        self.evidence = Evidence()
        self.read_s = {}

    def read(self, at_s, *frames, silent=()):
        """Add what was read at a time; sources in `silent` were read and had nothing to say."""
        for values in frames:
            made = frame(values, at_s)
            self.evidence.add(made)
            self.read_s[made.layout.series[0].source] = float(at_s)
        self.read_s |= dict.fromkeys(silent, float(at_s))
