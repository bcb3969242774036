"""Runs inside the guest: brings the NIC up, asks the host for traffic, hands over the counters and what brimful says.

Every line it prints is one JSON object, every line it reads is the host's word that the traffic is as it asked. brimful
watches from before the traffic until after it, so that its ledger has to agree with the counters read around it.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

BRIMFUL = (sys.executable, "-m", "brimful", "diagnose", "--json")
FILES = ("/proc/net/dev", "/proc/net/softnet_stat", "/proc/net/snmp")
OPTIONS = ("-S", "-g", "-i")
SCTP_FILES = ("/proc/net/sctp/assocs", "/proc/net/sctp/eps", "/proc/net/sctp/snmp")
SS = ("ss -Sanmpe", "ss -OHtuwSanmpe")
LIVE = f"""
from brimful.roots.live import LiveRoot
print(*("".join(f"{{line}}\\n" for line in one.lines()) for one in LiveRoot().documents({SS[1]!r})), end="")
"""
LOOPBACK = "127.0.0.1"
SCTP_NODELAY = 3
BLOCKED_S = 2
LEAD_S = 9
"""brimful has taken its first sample by then: starting and the first sweep take seconds where the CPU is emulated."""


def say(**message):
    print(json.dumps(message), flush=True)


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, check=False)


def traffic(rate):
    say(traffic=rate)
    sys.stdin.readline()


def read(name):
    return Path(name).read_text(encoding="ascii")


def counters(phase):
    """Hand over the texts as the kernel and ethtool print them."""
    for option in OPTIONS:
        say(phase=phase, name=f"ethtool {option} eth0", value=run("ethtool", option, "eth0").stdout)
    for name in FILES:
        say(phase=phase, name=name, value=read(name))
    say(phase=phase, name="uptime", value=float(read("/proc/uptime").split()[0]))
    say(phase=phase, name="received", value=int(read("/sys/class/net/eth0/statistics/rx_packets")))


def watch(phase, rate, traffic_s, watch_s):
    """Let brimful watch one kind of traffic, with the counters read before and after."""
    counters(f"{phase} before")
    brimful = subprocess.Popen([*BRIMFUL, f"--for={watch_s}s"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    time.sleep(LEAD_S)
    say(phase=phase, name="traffic from", value=time.time())
    if rate:
        traffic(rate)
        time.sleep(traffic_s)
        traffic(0)
    say(phase=phase, name="in time", value=brimful.poll() is None)
    said = brimful.communicate()[0].decode()
    counters(f"{phase} after")
    say(phase=phase, name="status", value=brimful.returncode)
    say(phase=phase, name="said", value=said)


def sctp(case):
    """Let brimful watch an SCTP reader that reads, and the same one stopped while a sender goes on until it is blocked."""
    say(phase="setup", name="kernel", value=read("/proc/sys/kernel/osrelease").strip())
    sender, reader = sctp_pair()
    say(phase="setup", name="reader", value=reader)
    for phase, stopped, watch_s in case["phases"]:
        associations(f"{phase} before")
        brimful = subprocess.Popen([*BRIMFUL, f"--for={watch_s}s"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        time.sleep(LEAD_S)
        if stopped:
            os.kill(reader, signal.SIGSTOP)
        say(phase=phase, name="sent", value=send_bytes(sender, case["messages"]))
        say(phase=phase, name="in time", value=brimful.poll() is None)
        associations(f"{phase} at once")
        said = brimful.communicate()[0].decode()
        associations(f"{phase} after")
        say(phase=phase, name="status", value=brimful.returncode)
        say(phase=phase, name="said", value=said)
    os.kill(reader, signal.SIGKILL)
    os.waitpid(reader, 0)


def sctp_pair():
    """Return a connected socket, and the process that reads the other end a byte at a time."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_SCTP)
    listener.bind((LOOPBACK, 6000))
    listener.listen(1)
    reader = os.fork()
    if not reader:
        Path("/proc/self/comm").write_text("reader", encoding="ascii")
        accepted, _ = listener.accept()
        while accepted.recv(1):
            pass
        os._exit(0)
    listener.close()
    sender = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_SCTP)
    sender.setsockopt(socket.IPPROTO_SCTP, SCTP_NODELAY, 1)
    sender.bind((LOOPBACK, 6001))
    sender.connect((LOOPBACK, 6000))
    sender.setblocking(False)
    return sender, reader


def send_bytes(sender, most):
    """Send messages of one byte, up to so many or until none is taken for two seconds; return how many."""
    sent, until = 0, time.monotonic() + BLOCKED_S
    while sent < most and time.monotonic() < until:
        try:
            sent += sender.send(b"x")
            until = time.monotonic() + BLOCKED_S
        except BlockingIOError:
            time.sleep(0.01)
    return sent


def associations(phase):
    """Hand over what the kernel and ss say of SCTP."""
    for name in SCTP_FILES:
        say(phase=phase, name=name, value=read(name))
    for command in SS:
        say(phase=phase, name=command, value=run(*command.split()).stdout)
    say(phase=phase, name="live", value=run(sys.executable, "-c", LIVE).stdout)


def main():
    case = json.loads(read("/case.json"))
    (sctp if "messages" in case else nic)(case)
    say(done=True)


def nic(case):
    """Let brimful watch a NIC under each kind of traffic."""
    setup = [("ip", "link", "set", "eth0", "mtu", str(case["mtu"]))]
    if case["ring"]:
        setup += [("ethtool", "-G", "eth0", "rx", str(case["ring"]))]
    setup += [("ip", "address", "add", "192.0.2.1/24", "dev", "eth0"), ("ip", "link", "set", "eth0", "up")]
    say(phase="setup", name="errors", value="".join(run(*command).stderr for command in setup))
    say(phase="setup", name="kernel", value=read("/proc/sys/kernel/osrelease").strip())
    time.sleep(1)
    for phase, rate, traffic_s, watch_s in case["phases"]:
        watch(phase, rate, traffic_s, watch_s)
    for second in range(case["reads"]):
        say(phase="reads", name=f"{second}", value=run("ethtool", "-S", "eth0").stdout)
        time.sleep(1)


main()
