"""The cable into a guest: Ethernet frames as datagrams to QEMU's socket (`-netdev socket`), all of them counted."""

import contextlib
import socket
import threading
import time
from pathlib import Path

MAC = "52:54:00:12:34:56"
ADDRESS, NEIGHBOUR = "192.0.2.1", "192.0.2.2"
FAST = 10_000
"""Frames/s above which they are sent as fast as it goes."""


def frame(size: int) -> bytes:
    """Return an Ethernet frame to the guest's address that the kernel takes and forgets, and answers nothing to.

    An echo reply that nobody asked for (net/ipv4/ping.c): it is delivered, and no counter of any loss moves.
    """
    echo = _summed(b"\x00\x00" + bytes(2) + bytes(size - 14 - 20 - 4), 2)
    total = (size - 14).to_bytes(2, "big")
    addresses = socket.inet_aton(NEIGHBOUR) + socket.inet_aton(ADDRESS)
    header = _summed(b"\x45\x00" + total + bytes(4) + b"\x40\x01" + bytes(2) + addresses, 10)
    return bytes.fromhex(MAC.replace(":", "")) + bytes.fromhex("525400000001") + b"\x08\x00" + header + echo


def _summed(data: bytes, at: int) -> bytes:
    """Put the Internet checksum (RFC 1071) of the data into it."""
    total = sum(int.from_bytes(data[i : i + 2], "big") for i in range(0, len(data), 2))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return data[:at] + (~total & 0xFFFF).to_bytes(2, "big") + data[at + 2 :]


class Line:
    """The cable: datagrams into QEMU's socket, at the rate that was last asked for, counted."""

    def __init__(self, size: int) -> None:
        self._frame = frame(size)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.near = self._socket.getsockname()[1]
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
            free.bind(("127.0.0.1", 0))
            self.far = free.getsockname()[1]
        self.sent = 0
        self._stop = threading.Event()
        self._sender: threading.Thread | None = None

    @property
    def netdev(self) -> str:
        """How QEMU is told of it."""
        return f"socket,id=line,udp=127.0.0.1:{self.near},localaddr=127.0.0.1:{self.far}"

    def carry(self, rate: float) -> None:
        """Send frames at a rate (frames/s, 0 for none), until the next call. Waits until QEMU has taken what was sent."""
        if self._sender is not None:
            self._stop.set()
            self._sender.join()
            self._sender = None
        if not rate:
            self._drain()
            return
        self._stop = threading.Event()
        self._sender = threading.Thread(target=self._send, args=(rate, self._stop), daemon=True)
        self._sender.start()

    def _send(self, rate: float, stop: threading.Event) -> None:
        pause = 1 / rate if rate < FAST else 0
        while not (stop.wait(pause) if pause else stop.is_set()):
            for _ in range(1 if pause else 100):
                with contextlib.suppress(ConnectionRefusedError):
                    self._socket.sendto(self._frame, ("127.0.0.1", self.far))
                    self.sent += 1

    def _drain(self) -> None:
        for _ in range(50):
            time.sleep(0.1)
            if not self._row()[0]:
                break
        time.sleep(0.2)

    def dropped(self) -> int:
        """Return the datagrams that QEMU's socket had no room for."""
        return self._row()[1]

    def _row(self) -> tuple[int, int]:
        """Return bytes queued and datagrams dropped of QEMU's socket."""
        for row in Path("/proc/net/udp").read_text(encoding="ascii").splitlines()[1:]:
            columns = row.split()
            if columns[1] == f"0100007F:{self.far:04X}":
                return int(columns[4].partition(":")[2], 16), int(columns[12])
        raise ConnectionError("QEMU's end of the line is gone")

    def close(self) -> None:
        """Stop sending."""
        self._stop.set()
        if self._sender is not None:
            self._sender.join()
        self._socket.close()
