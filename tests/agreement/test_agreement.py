"""The running kernel and the simulator lose the same packets: as many where the sums are exact, else within bounds."""

import os
import shutil

import pytest
from tests.agreement.kinds import PAUSED, READ, SHAPED
from tests.agreement.trials import Reads, charge, read, shape

NEEDED = ("ip", "tc", "sysctl")

if os.geteuid() != 0 or not all(map(shutil.which, NEEDED)):
    if os.environ.get("CI") == "true":
        pytest.fail(f"agreement needs root and {', '.join(NEEDED)}, and CI has them", pytrace=False)
    pytest.skip(f"network namespaces need root and {', '.join(NEEDED)}", allow_module_level=True)

TRIES = 3


@pytest.mark.parametrize("trial", PAUSED[::2] + READ, ids=str)
def test_a_socket_loses_packet_for_packet_what_is_predicted(trial):
    result = read(trial)
    assert result.measured == result.predicted
    expected, charged = result.charge.split(" / ")
    assert charged == expected


@pytest.mark.parametrize("trial", SHAPED, ids=str)
def test_a_shaper_loses_what_is_predicted(trial):
    """On a busy machine the sender is late now and then: then packets come otherwise than was predicted from."""
    results = [shape(trial)]
    while not results[-1].agrees and len(results) < TRIES:
        results.append(shape(trial))
    assert results[-1].agrees, results


def test_some_lose_and_some_do_not():
    assert read(Reads("lo", 1, 106_496, (256, -256, 256))).measured == 0
    assert read(Reads("lo", 1, 106_496, (257, -1))).measured == 257 - 212_992 // charge("lo", 1)


def test_fragments_are_charged_together():
    assert charge("veth", 3000) == 2 * charge("veth", 1400) + charge("veth", 1)
    assert charge("lo", 20_000) == charge("lo", 1) + 20_000
