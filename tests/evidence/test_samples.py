from brimful.evidence.moment import Moment
from brimful.evidence.origin import Origin
from brimful.evidence.samples import Samples
from brimful.evidence.series import Series

ONE = Series("socket.receive.full", "udp", "a", "test")
OTHER = Series("socket.receive.full", "udp6", "a", "test")


def test_a_series_that_comes_again_begins_a_later_frame():
    samples = Samples(lambda line: Origin("file", line), Moment(5), "boot")
    for line, (series, value) in enumerate([(ONE, 1), (OTHER, 2), (ONE, 3), (OTHER, 4)], 1):
        samples.add(series, value, line)
    first, second = samples.frames()
    assert (first.layout.series, list(first.values)) == ((ONE, OTHER), [1, 2])
    assert (second.layout.series, list(second.values)) == ((ONE, OTHER), [3, 4])
    assert (second.at, second.boot, second.origin(1)) == (Moment(5), "boot", Origin("file", 4))


def test_nothing_added_is_no_frame():
    assert Samples(lambda line: Origin("file", line)).frames() == []
