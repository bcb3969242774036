"""Every key of a configuration: how it is written, what it takes, since when, and what it does.

The keys with an era are those of asic-monitor (NVIDIA Cumulus Linux documentation, "Buffer Monitoring" of 3.x to "ASIC
Monitoring" of 5.14, and its command reference); `brimful` marks those that only brimful knows.
"""

from collections.abc import Callable
from fnmatch import fnmatchcase

import msgspec

from brimful.chain.meaning import MEANINGS
from brimful.monitor import values
from brimful.monitor.group import Deed

HISTOGRAMS = ("histogram", "histogram_tc", "histogram_pg", "histogram_counter", "histogram_latency")
COUNTS = ("buffer", "packet", "packet_extended", "packet_all")
KINDS = (*HISTOGRAMS, *COUNTS)

STATISTICS = ("queue_bytes", "packet_error_drops", "packet_congestion_drops", "count", "value")
"""What a threshold of asic-monitor is compared with."""

OWN = "brimful"


class Key(msgspec.Struct, frozen=True):
    """One key of a group. `name` is what follows `monitor.<group>.`; `<action>` in it stands for each action.

    `expects` finishes the sentence "expected ...". `default` is what holds where the key is not set. `same_as` is the
    name of the key it is another spelling of.
    """

    name: str
    read: Callable[[str], object]
    expects: str
    default: str
    era: str
    text: str
    same_as: str = ""


def kind(text: str) -> str:
    """Read what a group watches: a kind of asic-monitor, or a meaning that exists, with globs."""
    word = values.scalar(text)
    if word not in KINDS and not any(fnmatchcase(meaning, word) for meaning in MEANINGS):
        raise ValueError(text)
    return word


_LEVEL = "a number (500, 64KiB, 5us) or a share of the limit (80%)"

GROUP_KEYS = (
    Key(
        "port_set",
        lambda text: text,
        "ports as swp1-swp50, globs, commas between them; or all_ports, allports, all",
        "all, where stat_type is a meaning; else it must be said",
        "3.x",
        "the ports that are watched; the places, where stat_type is a meaning",
    ),
    Key(
        "stat_type",
        kind,
        f"one of {', '.join(KINDS)}, or a meaning as nic.ring.used, with globs",
        "must be said",
        "3.x; histogram_tc, histogram_pg, histogram_counter 5.7; histogram_latency 5.9; meanings brimful",
        "what is read",
    ),
    Key(
        "cos_list",
        values.classes,
        "classes of service as [0], [0,1] or [0-15]",
        "[0]",
        "3.x",
        "the queues of each port: traffic classes, priority groups for histogram_pg; each has a histogram of its own",
    ),
    Key(
        "counter_type",
        values.counters,
        "some of [tx-pkt,rx-pkt,tx-byte,rx-byte,crc,l1-rx-byte,l1-tx-byte]",
        "must be said for histogram_counter",
        "5.7; crc, l1-rx-byte, l1-tx-byte 5.8",
        "the counters of each port; rx_byte and rx-packet are understood",
    ),
    Key(
        "trigger_type",
        values.word("timer"),
        "timer",
        "none: runs only when another group collects it",
        "3.x",
        "what starts a reading",
    ),
    Key("timer", values.timer, "1s..60s, 1m..60m, 1h..24h or 1d..7d", "must be said for a timer", "3.x", "how often"),
    Key(
        "action_list",
        values.deeds,
        "some of [snapshot,collect,log,webhook,record]",
        "[]",
        "3.x; webhook and record brimful",
        "what is done with a reading",
    ),
    Key(
        "log.action_list",
        values.log_only,
        "log",
        "none",
        "5.10",
        "the same as log in action_list",
    ),
    Key(
        "snapshot.file",
        values.path,
        "the path of a file, to which _0, _1 ... are appended",
        "must be said for snapshot",
        "3.x",
        "where readings are written",
    ),
    Key("snapshot.file_count", values.files, "a number of files", "64", "3.x", "files of the ring"),
    Key(
        "snapshot.file_bytes",
        values.bound,
        "bytes as 500, 64KiB or 100MB",
        "no bound",
        OWN,
        "most bytes that the files of the ring may take together",
    ),
    Key(
        "collect.port_group_list",
        values.some_names,
        "a list of port groups as [buffers_pg,all_packet_pg]",
        "must be said for collect",
        "3.x",
        "the groups that are read too; they need no trigger and need not be listed",
    ),
    Key("<action>.queue_bytes", values.level, _LEVEL, "always", "3.x", "done when a queue is so long"),
    Key(
        "<action>.packet_error_drops", values.level, _LEVEL, "always", "4.x", "done when so many were dropped by errors"
    ),
    Key(
        "<action>.packet_congestion_drops",
        values.level,
        _LEVEL,
        "always",
        "4.x",
        "done when so many were dropped for want of buffer",
    ),
    Key("<action>.count", values.level, _LEVEL, "always", "5.7", "done when a counter counts so many"),
    Key(
        "<action>.value",
        values.level,
        _LEVEL,
        "always",
        "5.9",
        "done when the latency is so many nanoseconds, or so many packets were dropped",
    ),
    Key(
        "<action>.rise",
        values.level,
        _LEVEL,
        "always",
        OWN,
        "done when what the group watches is so much; holds until it is below fall",
    ),
    Key("<action>.fall", values.level, _LEVEL, "as rise", OWN, "below which it is over"),
    Key(
        "<action>.slope",
        values.slope,
        "a rise a second as 500/s, 1MB/s or 10/min",
        "none",
        OWN,
        "done when it rises so fast",
    ),
    Key(
        "<action>.incidents",
        values.rate,
        "a number in a time as 3/60s",
        "1",
        OWN,
        "how often it must have happened in that time before anything is done",
    ),
    Key(
        "<action>.cool_down",
        values.duration,
        "a time as 500ms, 30s or 2min",
        "none",
        OWN,
        "then nothing is done for so long",
    ),
    Key(
        "<action>.rate_limit",
        values.rate,
        "a number in a time as 10/1h",
        "none",
        OWN,
        "done no more than so often in that time",
    ),
    Key(
        "log.target",
        values.address,
        "syslog, journald, udp://host:port or tcp://host:port",
        "syslog",
        OWN,
        "where log lines go",
    ),
    Key(
        "log.form",
        values.word("rfc3164", "rfc5424"),
        "rfc3164 or rfc5424",
        "rfc3164 for syslog, else rfc5424",
        OWN,
        "how they are written",
    ),
    Key(
        "webhook.url",
        values.url,
        "the URL of a web server",
        "must be said for webhook",
        OWN,
        "to which readings are posted",
    ),
    Key(
        "webhook.timeout", values.duration, "a time as 500ms, 30s or 2min", "5s", OWN, "how long it may take to answer"
    ),
    Key(
        "record.file",
        values.path,
        "the path of a file, to which _0, _1 ... are appended",
        "must be said for record",
        OWN,
        "where the time before a trigger is written",
    ),
    Key("record.file_count", values.files, "a number of files", "64", OWN, "files of the ring"),
    Key(
        "record.file_bytes",
        values.bound,
        "bytes as 500, 64KiB or 100MB",
        "no bound",
        OWN,
        "most bytes that the files of the ring may take together",
    ),
    Key("record.before", values.duration, "a time as 500ms, 30s or 2min", "30s", OWN, "how much of it"),
    Key(
        "histogram.minimum_bytes_boundary",
        values.bounds,
        "bytes above 0, a multiple of the cells of the switch; or a list, one for each range",
        "960",
        "3.x",
        "where range 1 begins; range 0 is below it",
    ),
    Key(
        "histogram.histogram_size_bytes",
        values.bounds,
        "bytes above 0, a multiple of the cells of the switch; or a list, one for each range",
        "12288",
        "5.x",
        "how much ranges 1 to 8 cover together; range 9 is above it",
    ),
    Key(
        "histogram.bin_size_bytes",
        values.bounds,
        "bytes above 0, a multiple of the cells of the switch; or a list, one for each range",
        "12288",
        "3.x",
        "the same as histogram.histogram_size_bytes",
        "histogram.histogram_size_bytes",
    ),
    Key(
        "histogram.minimum_count_boundary",
        values.bounds,
        "a count above 0",
        "960",
        "5.7",
        "the same as histogram.minimum_bytes_boundary, for histogram_counter",
        "histogram.minimum_bytes_boundary",
    ),
    Key(
        "histogram.histogram_size_count",
        values.bounds,
        "a count above 0",
        "12288",
        "5.7",
        "the same as histogram.histogram_size_bytes, for histogram_counter",
        "histogram.histogram_size_bytes",
    ),
    Key(
        "histogram.sample_time_ns",
        values.sampling,
        "nanoseconds above 0, a week at most",
        "1024",
        "3.x",
        "the time from one look of the switch at its queues to the next; not for histogram_latency",
    ),
    Key(
        "histogram.adapt",
        values.switch,
        "on or off",
        "off",
        OWN,
        "take the ranges of the next run from what this one saw",
    ),
)

LIST = Key(
    "port_group_list",
    values.names,
    "a list of port groups as [histogram_pg,discards_pg]",
    "[]",
    "3.x",
    "the groups that run; with none the service stops",
)


def _spelt(key: Key) -> list[tuple[str, Key]]:
    if "<action>" not in key.name:
        return [(key.name, key)]
    return [(key.name.replace("<action>", deed), key) for deed in Deed]


KEYS = dict(pair for key in GROUP_KEYS for pair in _spelt(key))
"""Every key of a group as it is written."""
