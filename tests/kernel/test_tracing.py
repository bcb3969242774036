import errno
import gc
import os
from pathlib import Path

import pytest
from tests.namespaces import NOBODY, needs, python

from brimful.kernel import tracing
from brimful.kernel.tracing import Field, Tracing, TracingError, mount_points, tracepoint_of

FORMAT = """name: kfree_skb
ID: 2310
format:
\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;

\tfield:void * skbaddr;\toffset:8;\tsize:8;\tsigned:0;
\tfield:__data_loc char[] dev_name;\toffset:16;\tsize:4;\tsigned:0;
\tfield:char comm[16];\toffset:20;\tsize:16;\tsigned:0;
\tfield:enum skb_drop_reason reason;\toffset:36;\tsize:4;\tsigned:0;

print fmt: "reason: %s", __print_symbolic(REC->reason, { 2, "NOT_SPECIFIED" }, { 0x10001, "OTHER" }, {7UL,"LONG"})
"""


def test_number_fields_and_names_are_read():
    found = tracepoint_of(FORMAT)
    assert found.number == 2310
    assert found.fields == {
        "common_type": Field(0, 2),
        "skbaddr": Field(8, 8),
        "dev_name": Field(16, 4),
        "comm": Field(20, 16),
        "reason": Field(36, 4),
    }
    assert found.symbols == {2: "NOT_SPECIFIED", 65537: "OTHER", 7: "LONG"}


def test_a_field_that_is_missing_is_said():
    found = tracepoint_of(FORMAT)
    assert found.offset("reason") == 36
    with pytest.raises(TracingError, match=r"^a tracepoint of this kernel has no field rx_sk$"):
        found.offset("rx_sk")


def test_a_format_without_a_number_is_refused():
    with pytest.raises(TracingError, match=r"^the format of a tracepoint gives no ID$"):
        tracepoint_of("name: x\nformat:\n")


def test_names_are_only_those_of_the_print_format():
    assert tracepoint_of('ID: 1\n\tfield:{ 2, "A" };\nprint fmt: "x"').symbols == {}


MOUNTINFO = r"""22 26 0:20 / /proc rw,nosuid shared:5 - proc proc rw
31 22 0:12 / /sys/kernel/tracing rw,nosuid shared:13 - tracefs tracefs rw
40 22 0:12 / /mnt/with\040blank rw - tracefs nodev rw,gid=5
41 22 0:13 / /sys/kernel/debug rw - debugfs tracefs rw
"""


def test_mounts_of_tracefs_are_told_by_their_type():
    assert mount_points(MOUNTINFO) == ["/sys/kernel/tracing", "/mnt/with blank"]
    assert mount_points("") == []
    assert mount_points("\n - \n") == []


@pytest.mark.kernel
def test_this_kernel_s_tracepoints_are_read_and_nothing_is_mounted():
    needs()
    before = Path("/proc/self/mounts").read_text()
    gc.collect()
    open_before = len(list(Path("/proc/self/fd").iterdir()))
    found = Tracing().tracepoint("skb", "kfree_skb")
    assert found.number > 0
    assert found.fields["skbaddr"] == Field(8, 8)
    assert "SOCKET_RCVBUFF" in found.symbols.values()
    assert Path("/proc/self/mounts").read_text() == before
    assert len(list(Path("/proc/self/fd").iterdir())) == open_before


@pytest.mark.kernel
def test_a_tracepoint_that_is_not_there_is_said():
    needs()
    with pytest.raises(TracingError, match=r"^this kernel has no tracepoint skb:nothing$") as caught:
        Tracing().tracepoint("skb", "nothing")
    assert caught.value.errno == 0


def test_a_mount_that_is_there_is_used(monkeypatch, tmp_path):
    (tmp_path / "tracefs/events/skb/kfree_skb").mkdir(parents=True)
    (tmp_path / "tracefs/events/skb/kfree_skb/format").write_text(FORMAT)
    info = f"1 2 0:1 / {tmp_path}/gone rw - tracefs t rw\n3 4 0:1 / {tmp_path}/tracefs rw - tracefs t rw\n"
    (tmp_path / "mountinfo").write_text(info)
    monkeypatch.setattr(tracing, "MOUNTS", str(tmp_path / "mountinfo"))
    assert Tracing().tracepoint("skb", "kfree_skb").number == 2310


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (errno.ENODEV, "this kernel has no tracefs: No such device"),
        (errno.ENOSYS, "tracefs cannot be had: Function not implemented"),
    ],
)
def test_a_kernel_that_cannot_is_said(monkeypatch, tmp_path, number, text):
    def refuse(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(tracing, "MOUNTS", str(tmp_path / "none"))
    monkeypatch.setattr(tracing, "syscall", refuse)
    with pytest.raises(TracingError) as caught:
        Tracing()
    assert (str(caught.value), caught.value.errno) == (text, number)


@pytest.mark.kernel
def test_without_rights_it_is_refused():
    needs("setpriv")
    code = """
import json
from brimful.kernel.tracing import Tracing, TracingError
try:
    Tracing()
except TracingError as error:
    print(json.dumps([str(error), error.errno]))
"""
    assert python(code, *NOBODY) == ["tracefs cannot be had: Operation not permitted", errno.EPERM]
