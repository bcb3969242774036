"""One sweep over 1,000 interfaces: CPU and memory, beside node_exporter and `ethtool -S` on the same counters.

Needs root (it makes a namespace of its own) and Debian's prometheus-node-exporter.
"""

import json
import os
import resource
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.namespace import namespace, python

if TYPE_CHECKING:
    from brimful.sampler import Sampler

INTERFACES = 1000
SAME = ("link", "nic_counters", "nic_identity", "qdisc", "snmp", "sockstat", "softnet")
"""The sources that read what the exporter's collectors below read."""
COLLECTORS = ("ethtool", "netdev", "netstat", "qdisc", "sockstat", "softnet")
WATCH_S = 70
"""Longer than the longest period of any source."""
WARM_S = 20
"""Before that: names of drops are looked up once, and what a source costs has to be learnt."""
SWEEPS = 20
SCRAPES = 3
EXPORTER = "prometheus-node-exporter"
UNPACKED = Path(__file__).parents[1] / ".venv" / "debian" / EXPORTER / "usr" / "bin"
PORT = 19100
TICK_S = 1 / os.sysconf("SC_CLK_TCK")


def run(folder: Path) -> None:
    """Print all figures of one run on one namespace."""
    del folder
    if os.geteuid() or not shutil.which("tc"):
        print("sweep: not run: it makes a network namespace, which needs root and iproute2")
        return
    with namespace(INTERFACES) as inside:
        same = json.loads(python(inside, "benchmarks.sweep", "same"))
        ours = statistics.median(same["cpu_s"])
        print(
            f"sweep of {INTERFACES:,} veth, same counters as below: brimful {1000 * ours:.1f} ms CPU "
            f"({1000 * min(same['cpu_s']):.1f} to {1000 * max(same['cpu_s']):.1f}, {SWEEPS} sweeps), "
            f"{same['numbers']:,} numbers kept of each sweep, {same['rss_mb']:.0f} MB"
        )
        exporter = shutil.which(EXPORTER, path=os.pathsep.join((os.environ["PATH"], str(UNPACKED))))
        if exporter:
            _beside_exporter([*inside, exporter], inside, ours)
        else:
            print(f"beside node_exporter: not run: {EXPORTER} is not there (make .venv/debian/{EXPORTER})")
        _beside_ethtool(inside)
        watch = json.loads(python(inside, "benchmarks.sweep", "watch"))
        print(
            f"watch of {INTERFACES:,} veth, all sources, one sweep a second for {WATCH_S} s after {WARM_S} s: "
            f"{100 * watch['share']:.2f} % of a core, {watch['rss_mb']:.0f} MB; budget 1 %, 40 MB; "
            f"first sweep {watch['first_s']:.2f} s CPU; read less often than they say: {watch['stretched'] or 'none'}"
        )


def _beside_exporter(exporter: list[str], inside: list[str], ours: float) -> None:
    words = [f"--collector.{name}" for name in COLLECTORS]
    command = [*exporter, "--collector.disable-defaults", f"--web.listen-address=127.0.0.1:{PORT}", *words]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        figures = json.loads(python(inside, "benchmarks.sweep", "scrape", str(process.pid)))
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()
    theirs = statistics.median(figures["cpu_s"])
    print(
        f"node_exporter ({', '.join(COLLECTORS)}): {theirs:.2f} s CPU a scrape "
        f"({min(figures['cpu_s']):.2f} to {max(figures['cpu_s']):.2f}, {SCRAPES} scrapes), {figures['rss_mb']:.0f} MB: "
        f"{theirs / ours:,.0f} times as much; budget 50 times"
    )


def _beside_ethtool(inside: list[str]) -> None:
    names = [f"v{n}{side}" for n in range(INTERFACES // 2) for side in "ab"]
    script = "".join(f"ethtool -S {name} >/dev/null\n" for name in names)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([*inside, "sh"], input=script, text=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(f"ethtool -S of each, one process after the other: {seconds:.2f} s CPU")


def _same() -> dict[str, object]:
    """Sweep the same counters, each time all of them."""
    from brimful.roots.live import LiveRoot  # noqa: PLC0415 - in the namespace only
    from brimful.sampler import Sampler  # noqa: PLC0415
    from brimful.sources import SOURCES  # noqa: PLC0415

    sampler = Sampler(LiveRoot(), [source for source in SOURCES if source.name in SAME], share=1.0, window_s=10)
    sampler.sweep()
    sampler.sweep()
    before = sum(cost.samples for cost in sampler.costs)
    times = []
    for _ in range(SWEEPS):
        time.sleep(1.02)
        begin = time.process_time()
        sampler.sweep()
        times.append(time.process_time() - begin)
    numbers = (sum(cost.samples for cost in sampler.costs) - before) // SWEEPS
    return {"cpu_s": times, "numbers": numbers, "rss_mb": _peak_mb()}


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _watch() -> dict[str, object]:
    """Sweep everything once a second, as a watch without end does."""
    from brimful.roots.live import LiveRoot  # noqa: PLC0415 - in the namespace only
    from brimful.sampler import Sampler  # noqa: PLC0415

    sampler = Sampler(LiveRoot(), window_s=10)
    begin = time.process_time()
    sampler.sweep()
    sampler.sweep()
    first = time.process_time() - begin
    _each_second(sampler, WARM_S)
    used, began = time.process_time(), time.monotonic()
    _each_second(sampler, WATCH_S)
    share = (time.process_time() - used) / (time.monotonic() - began)
    stretched = [
        f"{cost.source} {cost.period_s:.1f} s" for cost in sampler.costs if cost.period_s > 1.05 * cost.every_s
    ]
    return {"share": share, "rss_mb": _peak_mb(), "first_s": first, "stretched": ", ".join(stretched)}


def _each_second(sampler: "Sampler", seconds: int) -> None:
    start = time.monotonic()
    for turn in range(1, seconds + 1):
        time.sleep(max(0.0, start + turn - time.monotonic()))
        sampler.sweep()


def _scrape(process: int) -> dict[str, object]:
    """Scrape the exporter and return its CPU time of each."""
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", PORT)).close()
            break
        except OSError:
            time.sleep(0.1)
    times = []
    for _ in range(SCRAPES + 1):
        begin = _cpu(process)
        with socket.create_connection(("127.0.0.1", PORT)) as asked:
            asked.sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
            head = asked.recv(1 << 16)
            if b" 200 " not in head[:20]:
                raise RuntimeError(head[:200])
            while asked.recv(1 << 16):
                pass
        times.append(_cpu(process) - begin)
    status = Path(f"/proc/{process}/status").read_text(encoding="ascii")
    peak = int(status.partition("VmHWM:")[2].split()[0]) / 1024
    return {"cpu_s": times[1:], "rss_mb": peak}


def _cpu(process: int) -> float:
    """Return the CPU seconds of a process."""
    fields = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * TICK_S


if __name__ == "__main__":
    parts = {"same": _same, "watch": _watch}
    print(json.dumps(_scrape(int(sys.argv[2])) if sys.argv[1] == "scrape" else parts[sys.argv[1]]()))
