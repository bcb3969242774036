"""An assembler for BPF: one method for each instruction that is used, and labels for jumps.

Source: Documentation/bpf/standardization/instruction-set.rst. An instruction is `opcode u8, registers u8, offset s16,
immediate s32`; a jump's offset counts instructions from the next one on.
"""

import struct

LOAD = {1: 0x71, 2: 0x69, 4: 0x61, 8: 0x79}
STORE = {1: 0x73, 2: 0x6B, 4: 0x63, 8: 0x7B}
STORE_NUMBER = {1: 0x72, 2: 0x6A, 4: 0x62, 8: 0x7A}
MOVE = 0xBF
MOVE_NUMBER = 0xB7
ADD = 0x0F
ADD_NUMBER = 0x07
SUBTRACT = 0x1F
AND_NUMBER = 0x57
SHIFT_LEFT = 0x67
SHIFT_RIGHT = 0x77
ATOMIC = 0xDB
ATOMIC_ADD = 0x00
FETCH_ADD = 0x01
EXCHANGE = 0xE1
LOAD_MAP = 0x18
MAP_BY_DESCRIPTOR = 1
JUMP = 0x05
JUMP_EQUAL = 0x15
JUMP_SAME = 0x1D
JUMP_NOT_EQUAL = 0x5D
JUMP_AT_MOST = 0xBD
JUMP_NOT_NEGATIVE = 0x75
CALL = 0x85
EXIT = 0x95

STACK = 10
"""The register that holds the end of the stack; the others are 0 (result), 1 to 5 (arguments), 6 to 9 (kept)."""

_INSTRUCTION = struct.Struct("<BBhi")


class Assembler:
    """Collects instructions. Registers are given by number; `size` is in bytes; a label is placed once."""

    def __init__(self) -> None:
        self._code: list[tuple[int, int, int, int, str]] = []
        self._labels: dict[str, int] = {}

    def load(self, to: int, size: int, base: int, offset: int) -> None:
        """`to` = the number at `base + offset`."""
        self._add(LOAD[size], to, base, offset)

    def store(self, base: int, offset: int, size: int, source: int) -> None:
        """The number at `base + offset` = `source`."""
        self._add(STORE[size], base, source, offset)

    def store_number(self, base: int, offset: int, size: int, number: int) -> None:
        """The number at `base + offset` = a constant."""
        self._add(STORE_NUMBER[size], base, 0, offset, number)

    def move(self, to: int, source: int) -> None:
        """`to` = `source`."""
        self._add(MOVE, to, source)

    def number(self, to: int, number: int) -> None:
        """`to` = a constant."""
        self._add(MOVE_NUMBER, to, 0, 0, number)

    def add(self, to: int, source: int) -> None:
        """`to` += `source`."""
        self._add(ADD, to, source)

    def add_number(self, to: int, number: int) -> None:
        """`to` += a constant."""
        self._add(ADD_NUMBER, to, 0, 0, number)

    def subtract(self, to: int, source: int) -> None:
        """`to` -= `source`."""
        self._add(SUBTRACT, to, source)

    def shift_left(self, to: int, bits: int) -> None:
        """`to` <<= a constant."""
        self._add(SHIFT_LEFT, to, 0, 0, bits)

    def shift_right(self, to: int, bits: int) -> None:
        """`to` >>= a constant; zeros come in."""
        self._add(SHIFT_RIGHT, to, 0, 0, bits)

    def mask(self, to: int, number: int) -> None:
        """`to` &= a constant."""
        self._add(AND_NUMBER, to, 0, 0, number)

    def wide(self, to: int, number: int) -> None:
        """`to` = a constant of 64 bits."""
        low, high = struct.unpack("=ii", struct.pack("=Q", number))
        self._add(LOAD_MAP, to, 0, 0, low)
        self._add(0, 0, 0, 0, high)

    def atomic_add(self, base: int, offset: int, source: int) -> None:
        """The 64-bit number at `base + offset` += `source`, in one step for all CPUs."""
        self._add(ATOMIC, base, source, offset, ATOMIC_ADD)

    def fetch_add(self, base: int, offset: int, source: int) -> None:
        """As `atomic_add`; `source` = the number as it was before (Linux 5.12)."""
        self._add(ATOMIC, base, source, offset, FETCH_ADD)

    def exchange(self, base: int, offset: int, source: int) -> None:
        """Swap `source` and the 64-bit number at `base + offset`, in one step for all CPUs (Linux 5.12)."""
        self._add(ATOMIC, base, source, offset, EXCHANGE)

    def map(self, to: int, descriptor: int) -> None:
        """`to` = a map."""
        self._add(LOAD_MAP, to, MAP_BY_DESCRIPTOR, 0, descriptor)
        self._add(0, 0, 0)

    def jump(self, label: str) -> None:
        """Go on at a label."""
        self._add(JUMP, 0, 0, label=label)

    def jump_zero(self, register: int, label: str) -> None:
        """Go on at a label when a register is 0."""
        self._add(JUMP_EQUAL, register, 0, label=label)

    def jump_equal(self, one: int, other: int, label: str) -> None:
        """Go on at a label when two registers are the same."""
        self._add(JUMP_SAME, one, other, label=label)

    def jump_at_most(self, one: int, other: int, label: str) -> None:
        """Go on at a label when one register, taken as unsigned, is not above another."""
        self._add(JUMP_AT_MOST, one, other, label=label)

    def jump_not_equal(self, one: int, other: int, label: str) -> None:
        """Go on at a label when two registers differ."""
        self._add(JUMP_NOT_EQUAL, one, other, label=label)

    def jump_not_negative(self, register: int, label: str) -> None:
        """Go on at a label when a register, taken as signed, is 0 or more."""
        self._add(JUMP_NOT_NEGATIVE, register, 0, label=label)

    def call(self, function: int) -> None:
        """Call a function of the kernel: register 0 = its result."""
        self._add(CALL, 0, 0, 0, function)

    def leave(self) -> None:
        """End with register 0 as the result."""
        self._add(EXIT, 0, 0)

    def label(self, name: str) -> None:
        """Name the place of the next instruction."""
        if name in self._labels:
            raise ValueError(f"label {name} is placed twice")
        self._labels[name] = len(self._code)

    def assembled(self) -> bytes:
        """Return the program; `KeyError` when a jump leads nowhere."""
        return b"".join(
            _INSTRUCTION.pack(opcode, registers, self._labels[label] - index - 1 if label else offset, number)
            for index, (opcode, registers, offset, number, label) in enumerate(self._code)
        )

    def _add(self, opcode: int, to: int, source: int, offset: int = 0, number: int = 0, label: str = "") -> None:  # noqa: PLR0913, PLR0917 - the parts of an instruction
        self._code.append((opcode, source << 4 | to, offset, number, label))
