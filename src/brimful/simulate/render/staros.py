"""What a StarOS chassis says of the packet process of a card: `show iftask stats`, its log, and the probes between cards."""

from collections.abc import Iterator
from datetime import UTC, datetime

from brimful.evidence.moment import SECOND
from brimful.simulate.render import View, renders

CARD, OTHER = 3, 4
_NONE = (
    "svc_tx_drops",
    "di_rx_drops",
    "di_tx_drops",
    "sw_rss_enq_drops",
    "kni_thread_drops",
    "mcdma_drops",
    "mux_deliver_drops",
    "cpeth0_drops",
    "mcdma_summary_drops",
)
"""Counters of losses that are not simulated."""
_WARNINGS = {"kni.out_of_memory": "", "kni.backup_pool_exhausted": " from Backup pool"}
_PROBES = (150, 3000, 36000)
"""Probes of 15 s, 5 min and 60 min, ten a second."""


@renders("show iftask stats")
def process(view: View) -> Iterator[tuple[str, str]]:
    """Write the counters of one card, where its pool feeds the kernel (KNI)."""
    if not _is_chassis(view):
        return
    passed, lost = view.account("pool").delivered, view.counted("kni.queue.dropped")
    ruler = "-" * 39
    names = dict.fromkeys(("svc_rx", "svc_tx", "di_rx", "di_tx"), passed)
    names |= {"__ALL_DROPS__": lost, "kni_drops": lost} | dict.fromkeys(_NONE, 0)
    rows = "".join(f"{name:<32}{value:<16}0 \n" for name, value in names.items())
    yield "", f"{' ' * 27}CARD {CARD} STATS \n{ruler}\nCounters    SF{CARD}      SF{CARD}_PPS \n{ruler}\n{rows}"


@renders("show cloud monitor dataplane")
def probes(view: View) -> Iterator[tuple[str, str]]:
    """Write the probes between two cards, of which none was lost."""
    if not _is_chassis(view):
        return
    heads = "  Cards      15 Second Interval     5 Minute Interval    60 Minute Interval \n"
    heads += " Src  Dst    Miss    Hit    Pct    Miss    Hit    Pct    Miss    Hit    Pct \n"
    hits = " ".join(f"      0 {hit:>6}   0.0%" for hit in _PROBES)
    yield "", heads + "".join(f"  {a:02}   {b:02} {hits} \n" for a, b in ((CARD, OTHER), (OTHER, CARD)))


@renders("log")
def log(view: View) -> Iterator[tuple[str, str]]:
    """Write the latest line of each warning that came since the moment before, with how often it came in all."""
    if not _is_chassis(view):
        return
    stamp = datetime.fromtimestamp(view.at.ns / SECOND, UTC)
    outer, inner = f"{stamp:%Y-%b-%d+%H:%M:%S}.{stamp:%f}"[:-3], f"{stamp:%b %d %H:%M:%S}"
    head = f"{outer} [iftask 214701 error] [1/0/9602 <evlogd:0> evlgd_syslogd.c:236] [software internal system syslog]"
    for meaning, pool in _WARNINGS.items():
        if view.added(meaning):
            total = (view.counted(meaning) + (1 << 31)) % (1 << 32) - (1 << 31)
            fields = f"kni port cpbond0, socket_id=0, total={total}, iter=0"
            yield "", f"{head} CPU[{CARD}/0]: {inner} iftask[7387]: KNI: Out of memory{pool}, {fields}\n"


def _is_chassis(view: View) -> bool:
    pool = view.scenario.pool
    return pool is not None and pool.door == "kni" and not view.switch
