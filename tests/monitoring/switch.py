"""A switch made of veth ports in a network namespace of its own, a real rsyslog, and `brimful monitor run` as a process."""

import itertools
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.namespaces import ip, named_namespace, needs

ROOT = Path(__file__).parents[2]
NUMBERS = itertools.count()
DEBIAN = ROOT / ".venv" / "debian"
PACKAGES = ("rsyslog", "libestr0", "libfastjson4")
PORT = 5514
RATE = "tbf rate 10mbit burst 5000 limit 60000"
"""A queue of up to 60,000 bytes that 1.25 MB leave each second."""
HELD = "tbf rate 8kbit burst 1200 limit 1000000"
"""A queue that keeps what it has: a packet leaves each second."""

PRIVATE = """
set -e
for name in null zero random urandom; do : > "$1/dev/$name"; mount --bind "/dev/$name" "$1/dev/$name"; done
mount --bind "$1/dev" /dev
mount --rbind "$1/lib" /var/lib
shift
exec "$@"
"""
"""Gives a process a /dev with nothing but what it needs and the socket of syslog, and a /var/lib of its own."""

BURSTS = """
import socket, time
source = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
source.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 24)
source.connect(("10.9.{port}.2", 9))
for _ in range({bursts}):
    for _ in range({packets}):
        source.send(bytes(958))
    time.sleep(0.2)
print("sent")
"""
"""Sends packets of 1000 bytes, as a discipline counts them."""


class Switch:
    """The namespace, a folder for all files, and the processes in it."""

    def __init__(self, name, folder):
        self.name = name
        self.folder = folder
        self.lib = folder / "lib"
        self.files = self.lib / "cumulus"
        self.inside = ["nsenter", f"--net=/run/netns/{name}", "--"]
        for one in (folder / "dev", self.files):
            one.mkdir(parents=True)
        (folder / "dev" / "log").symlink_to(folder / "log")

    def run(self, *command):
        return subprocess.run([*self.inside, *command], check=True, capture_output=True, text=True).stdout

    def port(self, number, discipline=RATE):
        """Make a port `swp1`, `swp2` ... that sends what goes to 10.9.NUMBER.2."""
        name = f"swp{number}"
        ip(f"-n {self.name} link add {name} type veth peer name peer{number}")
        ip(f"-n {self.name} addr add 10.9.{number}.1/24 dev {name}")
        for one in (f"peer{number}", name):
            ip(f"-n {self.name} link set {one} up")
        ip(f"-n {self.name} neigh add 10.9.{number}.2 lladdr 02:00:00:00:00:02 dev {name}")
        if discipline:
            self.run("tc", "qdisc", "add", "dev", name, "root", *discipline.split())

    def send(self, packets, port=1, bursts=1):
        """Send bursts, one after another, and wait until all were sent."""
        code = BURSTS.format(port=port, packets=packets, bursts=bursts)
        assert self.run(sys.executable, "-c", code) == "sent\n"

    @contextmanager
    def sending(self, packets, port=1):
        """Send bursts all the time."""
        code = BURSTS.format(port=port, packets=packets, bursts=1000)
        process = subprocess.Popen([*self.inside, sys.executable, "-c", code], stdout=subprocess.DEVNULL)
        try:
            yield
        finally:
            process.kill()
            process.wait()

    def configuration(self, text, name="monitor.conf"):
        path = self.folder / name
        path.write_text(text)
        return path

    @contextmanager
    def monitor(self, conf, *more, program=("-m", "brimful"), before=()):
        """`brimful monitor run` with these options; it is killed at the end if it still runs."""
        private = ["unshare", "--mount", "--", "sh", "-c", PRIVATE, "sh", str(self.folder)]
        brimful = [sys.executable, *program, "monitor", "run", "--json", "-c", str(conf), *more]
        process = subprocess.Popen(
            [*self.inside, *private, *before, *brimful], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        running = Running(process)
        try:
            yield running
        finally:
            running.kill()

    @contextmanager
    def rsyslog(self):
        """A real rsyslog that takes lines from a socket of its own, UDP and TCP, and writes them into a file each."""
        conf = self.folder / "rsyslog.conf"
        conf.write_text(
            'module(load="imuxsock" SysSock.Use="off")\nmodule(load="imudp")\nmodule(load="imtcp")\n'
            f'input(type="imuxsock" Socket="{self.folder}/log")\n'
            f'input(type="imudp" address="127.0.0.1" port="{PORT}")\n'
            f'input(type="imtcp" address="127.0.0.1" port="{PORT}")\n'
            f'template(name="file" type="string" string="{self.folder}/%inputname%.log")\n'
            'action(type="omfile" dynaFile="file" template="RSYSLOG_FileFormat" dynaFileCacheSize="4")\n'
        )
        libraries = [str(one) for package in PACKAGES[1:] for one in (DEBIAN / package).glob("usr/lib/*-linux-gnu")]
        modules = [str(one) for one in (DEBIAN / "rsyslog").glob("usr/lib/*/rsyslog")]
        command = [rsyslogd(), "-n", "-f", str(conf), "-i", str(self.folder / "rsyslog.pid")]
        process = subprocess.Popen(
            [*self.inside, *command, *(["-M", modules[0]] if modules else [])],
            env=os.environ | {"LD_LIBRARY_PATH": os.pathsep.join(libraries)},
            stdin=subprocess.DEVNULL,
        )
        try:
            wait_for((self.folder / "log").exists)
            yield
        finally:
            process.terminate()
            process.wait(10)
            (self.folder / "log").unlink(missing_ok=True)

    def logged(self, way="imuxsock"):
        """The lines that rsyslog has written."""
        path = self.folder / f"{way}.log"
        return path.read_text().splitlines() if path.exists() else []

    def snapshots(self, prefix="histogram_stats"):
        """What the files of a ring hold, by number; each is whole, or this fails."""
        name = re.compile(rf"{prefix}_(\d+)")
        found = {int(match[1]): path for path in self.files.iterdir() if (match := name.fullmatch(path.name))}
        return {number: json.loads(found[number].read_bytes()) for number in sorted(found)}


class Running:
    """A monitor at work, and what it has told."""

    def __init__(self, process):
        self.process = process
        self.told = []
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self):
        for line in self.process.stdout:
            self.told.append(json.loads(line))

    def said(self, kind, group=None):
        return [one["text"] for one in tuple(self.told) if one["kind"] == kind and group in {None, one.get("group")}]

    def done(self, group, deed):
        return [one for one in tuple(self.told) if (one.get("group"), one.get("deed")) == (group, deed)]

    def wait_for(self, kind, text="", count=1, seconds=15):
        wait_for(lambda: sum(text in one for one in self.said(kind)) >= count, seconds)

    def signal(self, number):
        self.process.send_signal(number)

    def end(self):
        """End it as systemd does; what it wrote to its standard error."""
        self.signal(signal.SIGTERM)
        return self.ended()

    def ended(self, seconds=20):
        """Wait until it has ended by itself, well."""
        assert self.process.wait(seconds) == 0
        self._reader.join()
        return self.process.stderr.read()

    def kill(self):
        self.process.kill()
        self.process.wait()
        self._reader.join()
        for stream in (self.process.stdout, self.process.stderr):
            stream.close()


def wait_for(what, seconds=15):
    until = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < until, "it did not come about"
        time.sleep(0.01)


def rsyslogd():
    path = os.pathsep.join([os.environ["PATH"], "/usr/sbin", str(DEBIAN / "rsyslog" / "usr" / "sbin")])
    found = shutil.which("rsyslogd", path=path)
    why = f"no rsyslogd: make {' '.join(f'.venv/debian/{one}' for one in PACKAGES)}"
    if found is None and os.environ.get("CI") == "true":
        pytest.fail(why, pytrace=False)
    if found is None:
        pytest.skip(why)
    return found


@contextmanager
def made(folder):
    """A switch without ports."""
    needs("ip", "tc", "nsenter", "unshare", "sysctl")
    name = f"monitor-{os.getpid()}-{next(NUMBERS)}"
    with named_namespace(name):
        one = Switch(name, folder)
        one.run("sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1", "net.ipv6.conf.default.disable_ipv6=1")
        yield one
