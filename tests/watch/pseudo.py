"""A program on a pseudo-terminal, and a small emulator of the screen it draws: what a person would see."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time

_CONTROL = re.compile(rb"\x1b\[(?P<private>\??)(?P<numbers>[\d;]*)(?P<final>[A-Za-z])")


class Emulator:
    """Obeys what `brimful watch` writes and nothing more: anything else is a mistake, and raises."""

    def __init__(self, columns, rows):
        self.modes = {7, 25}  # lines wrap, the cursor is shown
        self.attributes = set()
        self.resize(columns, rows)
        self._rest = b""

    def resize(self, columns, rows):
        self.columns, self.rows = columns, rows
        self.cells = [[" "] * columns for _ in range(rows)]
        self.row = self.column = 0

    def feed(self, data):
        data = self._rest + data
        self._rest = b""
        while data:
            if data[:1] == b"\x1b":
                match = _CONTROL.match(data)
                if match is None:
                    assert len(data) < 16, data[:40]
                    self._rest = data
                    return
                self._obey(match["private"], match["numbers"].decode(), match["final"].decode())
                data = data[match.end() :]
                continue
            end = data.find(b"\x1b")
            text, data = (data, b"") if end < 0 else (data[:end], data[end:])
            try:
                shown = text.decode()
            except UnicodeDecodeError as cut:
                shown, self._rest = text[: cut.start].decode(), text[cut.start :]
                assert len(self._rest + data) < 4
            self._put(shown)

    def _put(self, text):
        for character in text:
            if character == "\r":
                self.column = 0
            elif character == "\n":
                self._next()
            else:
                assert character.isprintable(), repr(character)
                if self.column == self.columns and 7 in self.modes:
                    self.column = 0
                    self._next()
                assert self.column < self.columns, f"row {self.row} is too long"
                self.cells[self.row][self.column] = character
                self.column += 1

    def _next(self):
        self.row = min(self.row + 1, self.rows - 1)

    def _obey(self, private, numbers, final):
        values = [int(n) if n else 1 for n in numbers.split(";")] if numbers else []
        if private:
            for value in values:
                (self.modes.add if final == "h" else self.modes.discard)(value)
        elif final == "H":
            self.row, self.column = (one - 1 for one in (*values, 1, 1)[:2])
        elif final == "J":
            self.cells = [[" "] * self.columns for _ in range(self.rows)]
        elif final == "K":
            self.cells[self.row][self.column :] = [" "] * (self.columns - self.column)
        elif final == "m":
            self.attributes.add(numbers)
        else:
            raise AssertionError(f"{numbers}{final} is not known")

    @property
    def lines(self):
        return ["".join(row).rstrip() for row in self.cells]

    @property
    def text(self):
        return "\n".join(self.lines)


def _alone():
    """Have the terminal, and the signals as a shell gives them: under nohup a hang-up is ignored."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


class Session:
    """A program that runs on a pseudo-terminal of its own."""

    def __init__(self, argv, columns=120, rows=30, **environment):
        self.master, self.slave = pty.openpty()
        self.before = termios.tcgetattr(self.slave)
        self.screen = Emulator(columns, rows)
        self._size(columns, rows)
        surroundings = {k: v for k, v in os.environ.items() if k not in {"NO_COLOR", "COLUMNS", "LINES"}}
        self.process = subprocess.Popen(
            argv,
            stdin=self.slave,
            stdout=self.slave,
            stderr=self.slave,
            env={**surroundings, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8", **environment},
            start_new_session=True,
            preexec_fn=_alone,  # noqa: PLW1509 - tests have no threads then
        )
        self.raw = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self.slave)
        os.close(self.master)

    def _size(self, columns, rows):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def resize(self, columns, rows):
        self.screen.resize(columns, rows)
        self._size(columns, rows)

    def type(self, text):
        os.write(self.master, text.encode())

    def read(self, seconds):
        """Take in what is written for a while, and return how many bytes that was."""
        count, until = 0, time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            if select.select([self.master], [], [], left)[0]:
                data = os.read(self.master, 65536)
                self.raw += data
                count += len(data)
                self.screen.feed(data)
        return count

    def until(self, shown, seconds=10):
        """Wait until the screen has a text, or until a function of the screen is true."""
        check = shown if callable(shown) else lambda screen: shown in screen.text
        end = time.monotonic() + seconds
        while not check(self.screen):
            assert time.monotonic() < end, f"not in time: {shown}\n{self.screen.text}"
            self.read(0.1)

    def ended(self, seconds=5):
        """Wait for the end and return the status."""
        end = time.monotonic() + seconds
        while self.process.poll() is None:
            assert time.monotonic() < end, "does not end"
            self.read(0.1)
        self.read(0.1)
        return self.process.returncode

    @property
    def mode(self):
        return termios.tcgetattr(self.slave)
