"""A guest under QEMU without KVM, with one emulated NIC.

The guest runs `inside.py` and talks to the host by lines of JSON over its second serial port: it asks for traffic, is
answered once that flows or has ended, and hands over what it read.
"""

import contextlib
import json
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.guests.image import NoGuest, build, initrd
from tests.guests.line import MAC, Line


@dataclass
class Told:
    """What a guest handed over, by phase and name, and what the host counted meanwhile."""

    phases: dict[str, dict[str, object]] = field(default_factory=dict)
    sent: int = 0
    dropped: int = 0


def tell(case: dict[str, object], timeout_s: float) -> Told:
    """Boot a guest for a case, do what it asks, and return what it told."""
    kernel, base = build()
    line = Line(int(case["frame_bytes"]))
    with tempfile.TemporaryDirectory(prefix="brimful-guest-") as folder, contextlib.closing(line):
        work = Path(folder)
        whole = initrd(base, work, case)
        with _qemu(kernel, whole, f"{case['device']},netdev=line,mac={MAC}", line.netdev, work) as process:
            alarm = threading.Timer(timeout_s, process.kill)
            alarm.start()
            try:
                return _talk(process, line)
            except NoGuest as why:
                console = (work / "console").read_text(encoding="utf-8", errors="replace").splitlines()[-5:]
                raise NoGuest(f"{why}; console: {' | '.join(console)}") from None
            finally:
                alarm.cancel()


@contextlib.contextmanager
def _qemu(kernel: Path, whole: Path, device: str, netdev: str, work: Path) -> Iterator[subprocess.Popen[bytes]]:
    append = "console=ttyS0 quiet panic=-1 mitigations=off nokaslr tsc=reliable ipv6.disable=1"
    command = ["qemu-system-x86_64", "-accel", "tcg,thread=single", "-cpu", "max", "-smp", "1", "-m", "512"]
    command += ["-nodefaults", "-nographic", "-no-reboot", "-kernel", str(kernel), "-initrd", str(whole)]
    command += ["-append", append, "-netdev", netdev, "-device", device]
    command += ["-serial", f"file:{work / 'console'}", "-serial", "stdio"]
    with (work / "qemu").open("wb") as errors:
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors)
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()


def _talk(process: subprocess.Popen[bytes], line: Line) -> Told:
    """Answer the guest until it says that it is done."""
    told = Told()
    for text in process.stdout:
        try:
            message = json.loads(text)
        except ValueError:
            raise NoGuest(f"the guest said {text[:200]!r}") from None
        if "traffic" in message:
            line.carry(message["traffic"])
            process.stdin.write(b"ok\n")
            process.stdin.flush()
        elif "done" in message:
            told.sent, told.dropped = line.sent, line.dropped()
            return told
        else:
            told.phases.setdefault(message["phase"], {})[message["name"]] = message["value"]
    raise NoGuest("the guest ended before it was done, or took too long")
