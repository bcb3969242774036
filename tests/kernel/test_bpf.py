import errno
import gc
import os
import resource
import struct
from pathlib import Path

import pytest
from tests.kernel.traffic import put
from tests.namespaces import NOBODY, needs, python

from brimful.kernel import bpf
from brimful.kernel.assembler import Assembler
from brimful.kernel.bpf import PERCPU_ARRAY, PERCPU_HASH, BpfError, PerCpu, Program, attach, measure, numbers
from brimful.kernel.drop_programs import empty
from brimful.kernel.tracing import Tracing

POSSIBLE = Path("/sys/devices/system/cpu/possible")
UNKNOWN = 999
"""No command of any kernel."""

LOG = "0: (95) exit\nR0 !read_ok\nprocessed 1 insns (limit 1000000)\n"


@pytest.mark.parametrize(("machine", "found"), [("x86_64", (321, 298)), ("aarch64", (280, 241))])
def test_system_calls_are_known_by_machine(machine, found):
    assert numbers(machine, 8) == found


@pytest.mark.parametrize(("machine", "pointer"), [("s390x", 8), ("x86_64", 4), ("ppc64", 8)])
def test_other_machines_are_refused_clearly(machine, pointer):
    with pytest.raises(BpfError, match=rf"^BPF on {machine} with {pointer * 8}-bit programs is not supported$"):
        numbers(machine, pointer)


def test_a_map_keeps_what_is_put_into_it():
    needs()
    table = bpf.Map(bpf.HASH, 4, 8, 3)
    for key in range(3):
        table.put(struct.pack("=I", key), struct.pack("=Q", key * 10))
    assert table.get(struct.pack("=I", 2)) == struct.pack("=Q", 20)
    table.put(struct.pack("=I", 2), struct.pack("=Q", 5))
    assert table.get(struct.pack("=I", 2)) == struct.pack("=Q", 5)
    with pytest.raises(BpfError, match=r"^writing a BPF map: ") as caught:
        table.put(struct.pack("=I", 3), bytes(8))
    assert caught.value.errno == errno.E2BIG
    assert table.delete(struct.pack("=I", 1))
    assert not table.delete(struct.pack("=I", 1))
    assert table.get(struct.pack("=I", 1)) is None
    table.clear()
    assert [table.get(struct.pack("=I", key)) for key in range(3)] == [None, None, None]
    table.clear()


def test_a_queue_takes_no_more_than_it_holds():
    needs()
    queue = bpf.Map(bpf.QUEUE, 0, 4, 2)
    queue.put(b"", bytes(4))
    queue.put(b"", bytes(4))
    with pytest.raises(BpfError) as caught:
        queue.put(b"", bytes(4))
    assert caught.value.errno == errno.E2BIG


def test_an_error_is_one_line_with_the_verifier_s_reason():
    error = BpfError("loading a BPF program", errno.EACCES, LOG)
    assert str(error) == "loading a BPF program: Permission denied: R0 !read_ok"
    assert (error.errno, error.log) == (errno.EACCES, LOG)
    assert str(BpfError("something", errno.EPERM)) == "something: Operation not permitted"
    assert str(BpfError("something")) == "something"


def test_a_kernel_without_bpf_is_said(monkeypatch):
    def missing(*_):
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))

    monkeypatch.setattr(bpf, "syscall", missing)
    with pytest.raises(BpfError, match=r"^this kernel has no BPF: Function not implemented$"):
        PerCpu(PERCPU_HASH, 4, 1, 1)


def test_locked_memory_is_raised_once_for_old_kernels(monkeypatch):
    calls = []

    def refuse(*_):
        calls.append("map")
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(bpf, "syscall", refuse)
    monkeypatch.setattr(resource, "getrlimit", lambda _: (65536, 65536))
    monkeypatch.setattr(resource, "setrlimit", lambda *limit: calls.append(limit))
    with pytest.raises(BpfError):
        PerCpu(PERCPU_HASH, 4, 1, 1)
    unlimited = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
    assert calls == ["map", (resource.RLIMIT_MEMLOCK, unlimited), "map"]
    monkeypatch.setattr(resource, "getrlimit", lambda _: unlimited)
    with pytest.raises(BpfError):
        PerCpu(PERCPU_HASH, 4, 1, 1)
    assert calls[3:] == ["map"]


def recorded(monkeypatch):
    """Return the list of the BPF commands that are given from now on."""
    commands = []
    real = bpf.bpf

    def record(command, *rest):
        commands.append(command)
        return real(command, *rest)

    monkeypatch.setattr(bpf, "bpf", record)
    return commands


@pytest.mark.kernel
class TestOnTheKernel:
    @pytest.fixture(autouse=True)
    def _root(self):
        needs()

    def test_counters_are_summed_over_all_cpus(self):
        cpus = bpf.possible_cpus()
        counters = PerCpu(PERCPU_HASH, 4, 2, 8, "test")
        assert list(counters.counters()) == []
        assert counters.value(b"aaaa") is None
        put(counters, b"aaaa", [10, 1] * cpus)
        put(counters, b"bbbb", [2**40, 0] * cpus)
        assert dict(counters.counters()) == {b"aaaa": (10 * cpus, cpus), b"bbbb": (cpus * 2**40, 0)}
        assert counters.value(b"aaaa") == (10 * cpus, cpus)

    def test_an_array_is_full_of_zeros(self):
        assert PerCpu(PERCPU_ARRAY, 4, 1, 1).value(bytes(4)) == (0,)
        assert PerCpu(PERCPU_ARRAY, 4, 1, 1).value(b"\1\0\0\0") is None

    def test_as_many_cpus_are_counted_as_there_may_be(self):
        ranges = [part.split("-") for part in POSSIBLE.read_text().strip().split(",")]
        assert bpf.possible_cpus() == sum(int(ends[-1]) - int(ends[0]) + 1 for ends in ranges)

    @pytest.mark.parametrize("first", [256, 1])
    def test_many_are_read_at_once_however_many_there_are(self, monkeypatch, first):
        """With room for one only, some buckets of the table do not fit at first."""
        monkeypatch.setattr(bpf, "FIRST_BATCH", first)
        counters = PerCpu(PERCPU_HASH, 4, 2, 1024)
        filled = {struct.pack("=I", number): [number, 7] * bpf.possible_cpus() for number in range(1000)}
        for key, values in filled.items():
            put(counters, key, values)
        commands = recorded(monkeypatch)
        held = {key: struct.pack(f"={len(values)}Q", *values) for key, values in filled.items()}
        first, second = (sorted(counters.elements()) for _ in range(2))
        assert first == second == sorted(held.items())
        assert set(commands) == {bpf.MAP_LOOKUP_BATCH}
        commands.clear()
        assert len(list(counters.counters())) == 1000
        assert len(commands) == 1

    def test_where_many_cannot_be_read_at_once_they_are_read_one_by_one(self, monkeypatch):
        counters = PerCpu(PERCPU_HASH, 4, 1, 64)
        for number in range(50):
            put(counters, struct.pack("=I", number), [number] * bpf.possible_cpus())
        at_once = sorted(counters.elements())
        monkeypatch.setattr(bpf, "MAP_LOOKUP_BATCH", UNKNOWN)
        commands = recorded(monkeypatch)
        assert [sorted(counters.elements()) for _ in range(2)] == [at_once, at_once]
        assert len(at_once) == 50
        assert commands.count(UNKNOWN) == 1

    def test_a_map_that_cannot_be_read_is_an_error(self):
        counters = PerCpu(PERCPU_HASH, 4, 1, 8)
        counters.close()
        with pytest.raises(BpfError, match=r"^reading a BPF map: Bad file descriptor$"):
            list(counters.elements())
        with pytest.raises(BpfError, match=r"^reading a BPF map: Bad file descriptor$"):
            counters.take(bytes(4))

    @pytest.mark.parametrize("known", [True, False])
    def test_a_key_is_taken_out_with_its_counters(self, monkeypatch, known):
        counters = PerCpu(PERCPU_HASH, 4, 1, 8)
        if not known:
            monkeypatch.setattr(bpf, "MAP_TAKE", UNKNOWN)
        cpus = bpf.possible_cpus()
        for key in (b"aaaa", b"bbbb"):
            put(counters, key, [3] * cpus)
        commands = recorded(monkeypatch)
        assert counters.take(b"aaaa") == struct.pack("=Q", 3) * cpus
        assert counters.take(b"aaaa") is None
        assert dict(counters.counters()) == {b"bbbb": (3 * cpus,)}
        assert commands.count(UNKNOWN) == (not known)

    def test_a_map_of_no_size_is_refused(self):
        with pytest.raises(BpfError, match=r"^creating a BPF map: Invalid argument$"):
            PerCpu(PERCPU_HASH, 4, 1, 0)

    def test_a_program_that_is_refused_says_why(self):
        code = Assembler()
        code.leave()
        with pytest.raises(BpfError, match=r"^loading a BPF program: Permission denied: R0 !read_ok$") as caught:
            Program(code.assembled(), "GPL")
        assert "exit" in caught.value.log

    def test_a_program_runs_at_its_tracepoint_until_it_is_detached(self):
        program = Program(empty(), "GPL", "nothing")
        clock = measure()
        event = attach(program, Tracing().tracepoint("syscalls", "sys_enter_getppid").number)
        first = program.run().count
        for _ in range(20):
            os.getppid()
        second = program.run().count
        event.close()
        os.getppid()
        clock.close()
        assert second - first >= 20
        assert program.run().count - second < 20

    def test_what_is_no_tracepoint_is_refused(self):
        with pytest.raises(BpfError, match=r"^attaching to a tracepoint: "):
            attach(Program(empty(), "GPL"), 0xFFFFFF)

    def test_descriptors_are_closed_with_their_objects(self):
        gc.collect()
        before = len(list(Path("/proc/self/fd").iterdir()))
        counters = PerCpu(PERCPU_HASH, 4, 1, 1)
        program = Program(empty(), "GPL")
        assert len(list(Path("/proc/self/fd").iterdir())) == before + 2
        counters.close()
        counters.close()
        del program
        assert len(list(Path("/proc/self/fd").iterdir())) == before

    def test_without_rights_it_is_refused(self):
        needs("setpriv")
        code = """
import json
from brimful.kernel.bpf import PERCPU_HASH, BpfError, PerCpu
try:
    PerCpu(PERCPU_HASH, 4, 1, 1)
except BpfError as error:
    print(json.dumps([str(error), error.errno]))
"""
        assert python(code, *NOBODY) == ["creating a BPF map: Operation not permitted", errno.EPERM]
