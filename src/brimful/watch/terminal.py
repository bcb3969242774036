r"""A terminal: raw keys in, bytes out, and as it was found once it is left, however it is left.

Keys come one by one without echo; Ctrl-C, Ctrl-Z and Ctrl-\ stay signals. Control sequences are those of ECMA-48 and
xterm's alternate screen (https://invisible-island.net/xterm/ctlseqs/ctlseqs.html).
"""

import os
import select
import signal
import socket
import termios
import time
from contextlib import suppress
from types import FrameType
from typing import Any, Self

ENTER = "\x1b[?1049h\x1b[?25l\x1b[?7l"
"""Alternate screen, no cursor, no wrapping at the right edge."""
LEAVE = "\x1b[0m\x1b[?7h\x1b[?25h\x1b[?1049l"

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)

KEYS = {
    b"\x1b[A": "up",
    b"\x1bOA": "up",
    b"\x1b[B": "down",
    b"\x1bOB": "down",
    b"\x1b[5~": "page up",
    b"\x1b[6~": "page down",
    b"\x1b[H": "home",
    b"\x1bOH": "home",
    b"\x1b[1~": "home",
    b"\x1b[F": "end",
    b"\x1bOF": "end",
    b"\x1b[4~": "end",
    b"\r": "enter",
    b"\n": "enter",
    b"\x7f": "backspace",
    b"\x08": "backspace",
}
"""What keys that are no letters send."""

PATIENCE_S = 0.05
"""How long the rest of a sequence may take after its escape, on a slow line, before the escape is a key of its own."""


class Terminal:
    """The terminal that two descriptors are open on; `keys` may be None where nobody can type.

    A context: what it changed is undone when the block ends, whatever ends it. `ended` is the signal that asked it to end.
    """

    def __init__(self, keys: int | None, screen: int) -> None:
        self._keys = keys
        self._screen = screen
        self._before: list[Any] | None = None
        self._handlers: dict[signal.Signals, Any] = {}
        self._typed = b""
        self._wake, self._woken = socket.socketpair()
        self.ended: signal.Signals | None = None
        self.changed = True

    def __enter__(self) -> Self:
        os.set_blocking(self._wake.fileno(), False)
        os.set_blocking(self._woken.fileno(), False)
        self._wakeup = signal.set_wakeup_fd(self._woken.fileno(), warn_on_full_buffer=False)
        for number in ENDING:
            if signal.getsignal(number) is not signal.SIG_IGN:
                self._handlers[number] = signal.signal(number, self._end)
        self._handlers[signal.SIGTSTP] = signal.signal(signal.SIGTSTP, self._stop)
        self._handlers[signal.SIGWINCH] = signal.signal(signal.SIGWINCH, self._resized)
        self._take()
        return self

    def __exit__(self, *_: object) -> None:
        self._give_back()
        signal.set_wakeup_fd(self._wakeup)
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        self._wake.close()
        self._woken.close()

    @property
    def size(self) -> tuple[int, int]:
        """Columns and rows; 80 by 24 where the terminal does not say."""
        with suppress(OSError):
            found = os.get_terminal_size(self._screen)
            if found.columns and found.lines:
                return found.columns, found.lines
        return 80, 24

    def write(self, text: str) -> None:
        """Write everything; `OSError` when the terminal has gone."""
        data = text.encode("utf-8", "replace")
        while data:
            data = data[os.write(self._screen, data) :]

    def wait(self, until_s: float) -> list[str]:
        """Return the keys that were pressed, as soon as there are any or a signal came; nothing when it is time."""
        readable = [self._wake.fileno(), *([self._keys] if self._keys is not None else [])]
        timeout = max(0.0, until_s - time.monotonic())
        if self._typed:
            timeout = min(timeout, PATIENCE_S)
        ready, _, _ = select.select(readable, [], [], timeout)
        if self._wake.fileno() in ready:
            with suppress(BlockingIOError):
                self._wake.recv(4096)
        if self._keys not in ready:
            typed, self._typed = self._typed, b""
            return ["escape"] if typed else []
        try:
            data = os.read(self._keys, 1024)
        except OSError:
            data = b""
        if not data:  # the terminal has gone
            self.ended = self.ended or signal.SIGHUP
        found, self._typed = keys(self._typed + data)
        return found

    def _take(self) -> None:
        if self._keys is not None:
            with suppress(termios.error):
                self._before = termios.tcgetattr(self._keys)
                mode = termios.tcgetattr(self._keys)
                mode[3] &= ~(termios.ICANON | termios.ECHO)
                mode[6][termios.VMIN], mode[6][termios.VTIME] = 1, 0
                termios.tcsetattr(self._keys, termios.TCSADRAIN, mode)
        self.write(ENTER)
        self.changed = True

    def _give_back(self) -> None:
        with suppress(OSError):
            self.write(LEAVE)
        if self._before is not None and self._keys is not None:
            with suppress(termios.error):
                termios.tcsetattr(self._keys, termios.TCSADRAIN, self._before)

    def _end(self, number: int, frame: FrameType | None) -> None:
        del frame
        self.ended = signal.Signals(number)

    def _resized(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        self.changed = True

    def _stop(self, number: int, frame: FrameType | None) -> None:
        """Ctrl-Z: leave the terminal as it was, stop, and take it again when continued."""
        del number, frame
        self._give_back()
        os.kill(os.getpid(), signal.SIGSTOP)
        self._take()


def keys(data: bytes) -> tuple[list[str], bytes]:
    """Return the keys of what was typed, and the beginning of a sequence whose end has not come yet."""
    found = []
    while data:
        known = next((name for name in KEYS if data.startswith(name)), None)
        if known is not None:
            found.append(KEYS[known])
            data = data[len(known) :]
        elif data[:1] == b"\x1b":
            length = _sequence(data)
            if length == 0:
                return found, data
            data = data[length:]
        else:
            length = next((n for n in range(1, 5) if _whole(data[:n])), 1)
            text = data[:length].decode("utf-8", "replace")
            found += [text] if text.isprintable() else []
            data = data[length:]
    return found, b""


def _whole(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _sequence(data: bytes) -> int:
    """Return how long a control sequence is that means nothing here; 0 when its end has not come (ECMA-48, 5.4)."""
    if data[1:2] not in {b"[", b"O"}:
        return 0 if len(data) == 1 else 1
    for index in range(2, len(data)):
        if 0x40 <= data[index] <= 0x7E:  # noqa: PLR2004 - final bytes
            return index + 1
    return 0
