"""The BPF programs that count drops, polls and full receive queues, put together for the running kernel.

Each gathers a key on its stack, then adds to the counters of that key on its CPU. A key that finds no room is counted in
the map of what was lost. Record fields come at the offsets of tracefs, members of structs at those of BTF.
"""

import msgspec

from brimful.kernel.assembler import STACK, Assembler
from brimful.kernel.bpf import CALL_LOOKUP, CALL_READ_KERNEL, CALL_READ_KERNEL_STR, CALL_UPDATE
from brimful.kernel.btf import Btf
from brimful.kernel.tracing import Tracepoint

DROP_KEY = "=QIIIHxx"
"""Location, reason, index of the interface, inode of the network namespace, EtherType."""

POLL_KEY = "=16sII"
"""Name of the device, index of its interface, inode of its network namespace."""

FULL_KEY = "=I"
"""Always 0."""

NAME_BYTES = 16

# registers that calls leave alone
_RECORD = _ONE = 6
_A = 7
_B = 8
_C = 9

# the stack, in bytes from its end: the key, a place for pointers that are read, the counters of a new key, a number
_KEY = -24
_POINTER = -32
_NEW = -56
_ZERO = -64

_DEVICE_NAME_AT = 0xFFFF
"""A `__data_loc` field: the offset in the record in its low half, the length in its high one."""


class Offsets(msgspec.Struct, frozen=True):
    """Where the members are that lead from a packet or a poll to its interface, in bytes."""

    packet_device: int
    packet_arrival: int
    packet_socket: int
    device_index: int
    device_net: int
    socket_net: int
    net_inode: int
    napi_device: int


def offsets_of(types: Btf) -> Offsets:
    """Return the offsets in a kernel with these types; `BtfError` where one is not to be found."""
    return Offsets(
        types.offset("sk_buff", "dev"),
        types.offset("sk_buff", "skb_iif"),
        types.offset("sk_buff", "sk"),
        types.offset("net_device", "ifindex"),
        types.offset("net_device", "nd_net", "net"),
        types.offset("sock_common", "skc_net", "net"),
        types.offset("net", "ns", "inum"),
        types.offset("napi_struct", "dev"),
    )


def drops(point: Tracepoint, offsets: Offsets | None, counters: int, lost: int) -> bytes:
    """Return the program for skb:kfree_skb: packets by `DROP_KEY`; without offsets no interface is read.

    `counters` and `lost` are the descriptors of its maps, here and below.
    """
    code = _begun()
    _copy(code, point, "location", 8, _KEY)
    _count_drop(code, point, offsets, counters, lost)
    return code.assembled()


def drops_anywhere(point: Tracepoint, offsets: Offsets | None, counters: int, lost: int) -> bytes:
    """Return the same with locations of 0: where addresses have no names, they tell nothing apart."""
    code = _begun()
    _count_drop(code, point, offsets, counters, lost)
    return code.assembled()


def _count_drop(code: Assembler, point: Tracepoint, offsets: Offsets | None, counters: int, lost: int) -> None:
    _copy(code, point, "reason", 4, _KEY + 8)
    _copy(code, point, "protocol", 2, _KEY + 20)
    if offsets:
        _packet_interface(code, point, offsets)
    code.number(_ONE, 1)
    _count(code, counters, lost, _ONE)


def polls(point: Tracepoint, offsets: Offsets | None, counters: int, lost: int) -> bytes:
    """Return the program for napi:napi_poll: polls, packets and polls that used up their budget, by `POLL_KEY`.

    The backlogs of CPUs are polled too, without a device, for each packet of a loopback: softnet_stat counts those, and
    here they are left alone as soon as they are known.
    """
    code = _begun()
    if offsets:
        code.load(_A, 8, _RECORD, point.offset("napi"))
        _read(code, _POINTER, 8, _A, offsets.napi_device)
        code.load(_B, 8, STACK, _POINTER)
        code.jump_not_negative(_B, "done")
        _device(code, offsets, _KEY + 16)
        _inode(code, offsets, _KEY + 20)
    code.label("count")
    code.load(3, 4, _RECORD, point.offset("dev_name"))
    code.mask(3, _DEVICE_NAME_AT)
    code.add(3, _RECORD)
    _read(code, _KEY, NAME_BYTES, 3, 0, CALL_READ_KERNEL_STR)
    code.load(_A, 4, _RECORD, point.offset("work"))
    code.load(_B, 4, _RECORD, point.offset("budget"))
    code.number(_C, 0)
    code.jump_zero(_B, "partly")  # netpoll only sends: it asks for nothing
    code.jump_not_equal(_A, _B, "partly")
    code.number(_C, 1)
    code.label("partly")
    code.number(_ONE, 1)
    _count(code, counters, lost, _ONE, _A, _C)
    return code.assembled()


def full(point: Tracepoint, _: Offsets | None, counters: int, lost: int) -> bytes:
    """Return the program for sock:sock_rcvqueue_full: packets and their truesize, by `FULL_KEY`."""
    code = _begun()
    code.load(_A, 4, _RECORD, point.offset("truesize"))
    code.number(_ONE, 1)
    _count(code, counters, lost, _ONE, _A)
    return code.assembled()


def empty() -> bytes:
    """Return a program that does nothing: what being called costs."""
    code = Assembler()
    code.number(0, 0)
    code.leave()
    return code.assembled()


def _begun() -> Assembler:
    code = Assembler()
    code.move(_RECORD, 1)
    for at in range(_KEY, 0, 8):
        code.store_number(STACK, at, 8, 0)
    return code


def _copy(code: Assembler, point: Tracepoint, name: str, size: int, to: int) -> None:
    """Copy a field of the record to the stack; one that this kernel has not, or in another size, stays 0."""
    field = point.fields.get(name)
    if field and field.size == size:
        code.load(1, size, _RECORD, field.offset)
        code.store(STACK, to, size, 1)


def _packet_interface(code: Assembler, point: Tracepoint, offsets: Offsets) -> None:
    """Fill in interface and namespace: of the packet's device or, failing that, of its arrival and its socket.

    Addresses of the kernel are negative as signed numbers; what UDP writes over the device is not. A read that fails
    leaves 0.
    """
    code.load(_A, 8, _RECORD, point.offset("skbaddr"))
    _read(code, _POINTER, 8, _A, offsets.packet_device)
    code.load(_B, 8, STACK, _POINTER)
    code.jump_not_negative(_B, "no device")
    _device(code, offsets, _KEY + 12)
    code.jump("namespace")
    code.label("no device")
    _read(code, _KEY + 12, 4, _A, offsets.packet_arrival)
    if receiver := point.fields.get("rx_sk"):  # Linux 6.11: a packet's own socket may not be set on its way in
        code.load(_B, 8, _RECORD, receiver.offset)
        code.jump_zero(_B, "own socket")
        code.jump("socket")
    code.label("own socket")
    _read(code, _POINTER, 8, _A, offsets.packet_socket)
    code.load(_B, 8, STACK, _POINTER)
    code.label("socket")
    code.jump_not_negative(_B, "count")
    _read(code, _POINTER, 8, _B, offsets.socket_net)
    code.label("namespace")
    _inode(code, offsets, _KEY + 16)
    code.label("count")


def _device(code: Assembler, offsets: Offsets, to: int) -> None:
    """Read index and namespace of the device in `_B`: the index to `to`, the namespace's address to `_POINTER`."""
    _read(code, to, 4, _B, offsets.device_index)
    _read(code, _POINTER, 8, _B, offsets.device_net)


def _inode(code: Assembler, offsets: Offsets, to: int) -> None:
    """Read the inode of the namespace whose address is in `_POINTER`."""
    code.load(_B, 8, STACK, _POINTER)
    code.jump_not_negative(_B, "count")
    _read(code, to, 4, _B, offsets.net_inode)


def _read(code: Assembler, to: int, size: int, base: int, offset: int, function: int = CALL_READ_KERNEL) -> None:  # noqa: PLR0913, PLR0917 - from where, to where, how much
    """Copy memory of the kernel to the stack."""
    if base != 3:  # noqa: PLR2004 - the third argument already
        code.move(3, base)
    if offset:
        code.add_number(3, offset)
    code.move(1, STACK)
    code.add_number(1, to)
    code.number(2, size)
    code.call(function)


def _count(code: Assembler, counters: int, lost: int, *registers: int) -> None:
    """Add what is in the registers to the counters of the key, and leave."""
    _look_up(code, counters, _KEY)
    code.jump_zero(0, "new")
    _add(code, *registers)
    code.jump("done")
    code.label("new")
    for word, register in enumerate(registers):
        code.store(STACK, _NEW + 8 * word, 8, register)
    code.map(1, counters)
    _address(code, 2, _KEY)
    _address(code, 3, _NEW)
    code.number(4, 0)  # BPF_ANY: another CPU may have made the key meanwhile, and only this CPU's counters are written
    code.call(CALL_UPDATE)
    code.jump_zero(0, "done")
    code.store_number(STACK, _ZERO, 4, 0)
    _look_up(code, lost, _ZERO)
    code.jump_zero(0, "done")
    code.number(_ONE, 1)
    _add(code, _ONE)
    code.label("done")
    code.number(0, 0)
    code.leave()


def _look_up(code: Assembler, counters: int, key: int) -> None:
    code.map(1, counters)
    _address(code, 2, key)
    code.call(CALL_LOOKUP)


def _add(code: Assembler, *registers: int) -> None:
    """Add registers to the words that register 0 points to."""
    for word, register in enumerate(registers):
        code.load(1, 8, 0, 8 * word)
        code.add(1, register)
        code.store(0, 8 * word, 8, 1)


def _address(code: Assembler, to: int, at: int) -> None:
    code.move(to, STACK)
    code.add_number(to, at)
