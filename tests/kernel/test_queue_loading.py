"""Programs for queues: what is loaded is gone afterwards, and what is refused is said."""

import gc
from pathlib import Path

import pytest
from tests.namespaces import NOBODY, needs, python

from brimful.kernel import btf, queue_trace
from brimful.kernel.bpf import BpfError
from brimful.kernel.btf import BtfError
from brimful.kernel.queue_plan import Ranges, planned
from brimful.kernel.queue_trace import QueueTrace

pytestmark = pytest.mark.kernel

DEPTHS = Ranges(bytes=((0, 1000),), packets=((0, 1),))


def descriptors():
    gc.collect()  # of other tests
    return len(list(Path("/proc/self/fd").iterdir()))


def test_all_is_unloaded_when_closed_and_when_the_object_dies():
    needs()
    before = descriptors()
    trace = QueueTrace(Ranges(waits=((0,),)), [(1, 1)], measured=True)
    assert (
        descriptors() == before + 13
    )  # five maps, one of them mapped, three programs with an event each, and the clock
    trace.close()
    trace.close()
    assert descriptors() == before
    trace = QueueTrace(DEPTHS)
    del trace
    assert descriptors() == before


@pytest.mark.parametrize("bounds", [(), (1, 2), (0, 2, 2), (0, 3, 2)])
def test_ranges_ascend_from_0(bounds):
    for name in ("bytes", "packets", "waits"):
        with pytest.raises(ValueError, match=r"^the bounds of ranges ascend from 0$"):
            planned(Ranges(**{name: (bounds,)}))


def test_without_types_it_is_refused(monkeypatch):
    needs()

    def none():
        raise BtfError("no types here")

    monkeypatch.setattr(btf, "kernel", none)
    with pytest.raises(BtfError, match=r"^no types here$"):
        QueueTrace(DEPTHS)


def test_what_the_verifier_refuses_leaves_nothing_behind(monkeypatch):
    needs()
    monkeypatch.setattr(queue_trace, "LICENCE", "proprietary")  # bpf_probe_read_kernel is for GPL programs only
    before = descriptors()
    with pytest.raises(BpfError, match="GPL"):
        QueueTrace(DEPTHS)
    assert descriptors() == before


def test_without_rights_it_is_refused_in_one_line():
    needs("setpriv")
    code = """
import json
from brimful.kernel.bpf import BpfError
from brimful.kernel.queue_plan import Ranges
from brimful.kernel.queue_trace import QueueTrace
from brimful.kernel.tracing import TracingError
try:
    QueueTrace(Ranges(bytes=((0,),)))
except (BpfError, TracingError) as error:
    print(json.dumps(str(error)))
"""
    assert python(code, *NOBODY) == "tracefs cannot be had: Operation not permitted"
