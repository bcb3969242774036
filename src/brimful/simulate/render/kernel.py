"""What the kernel of the host counts in /proc: its backlogs, its UDP sockets and the protocol above them."""

from collections.abc import Iterator

from brimful.simulate.render import View, renders

WORD = 1 << 32
PORT, INODE = 5201, 31700
"""The port of the simulated socket, and the number of its inode."""
_COLUMNS = 13
_UDP_HEAD = "   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops\n"


@renders("/proc/net/softnet_stat")
def softnet(view: View) -> Iterator[tuple[str, str]]:
    """Write one line for the CPU that polls, and one for that which has the backlog.

    A packet is processed on the CPU that takes it to its protocol, and dropped on the CPU whose backlog is full
    (net/core/dev.c, __netif_receive_skb_core and enqueue_to_backlog).
    """
    if view.switch:
        return
    poll, steered = view.account("nic"), view.account("softnet.backlog")
    polling = [0] * _COLUMNS
    polling[0], polling[2] = 0 if view.scenario.backlog else poll.delivered, view.counted("softnet.backlog.squeezed")
    working = [0] * _COLUMNS
    working[0], working[1] = steered.delivered, view.counted("softnet.backlog.dropped")
    working[11], working[12] = steered.level.get("softnet.backlog.charged", 0), 1
    rows = (polling, working)
    yield "", "".join(" ".join(f"{value % WORD:08x}" for value in row) + "\n" for row in rows)


@renders("/proc/net/udp")
def sockets(view: View) -> Iterator[tuple[str, str]]:
    """Write the one socket."""
    given = view.scenario.socket
    if given is None or given.kind == "packet" or view.switch:
        return
    held = view.account("socket.receive").level.get("socket.receive.charged", 0)
    drops = view.counted("socket.receive.dropped") % WORD
    row = f" 9400: 0100007F:{PORT:04X} 00000000:0000 07 00000000:{held:08X} 00:00000000 00000000     0        0 {INODE} 2 0000000000000000 {drops}\n"
    yield "", _UDP_HEAD + row


@renders("/proc/net/snmp")
def protocol(view: View) -> Iterator[tuple[str, str]]:
    """Write the counters of UDP; those that nothing simulates stay 0."""
    given = view.scenario.socket
    if given is None or given.kind == "packet" or view.switch:
        return
    read, full = view.account("socket.receive").delivered, view.counted("socket.receive.dropped")
    heads = "InDatagrams NoPorts InErrors OutDatagrams RcvbufErrors SndbufErrors InCsumErrors IgnoredMulti MemErrors"
    yield "", f"Udp: {heads}\nUdp: {read} 0 {full} 0 {full} 0 0 0 0\n"
