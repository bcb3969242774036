"""What is read of the roots of one machine, in which order, and what each document is told."""

import pytest

import brimful.collect as collect_module
from brimful.collect import gather
from brimful.evidence.event import Fact
from brimful.evidence.frame import Sheet
from brimful.evidence.origin import Blind, Origin
from brimful.evidence.series import Series
from brimful.roots.base import Document
from brimful.sources import Source


class Fake:
    """A root that answers from a table, and remembers what it was asked."""

    name, kind, path, identity = "host", "fake", "", "host"

    def __init__(self, **answers):
        self.answers = answers
        self.asked = []

    def documents(self, request):
        self.asked.append(request)
        yield from self.answers.get(request, ())

    def blind(self):
        return [Blind("a file", "may not be read")]


def document(name, data=b"one\ntwo\n", interface=""):
    return Document(name, name, data, of={"interface": interface} if interface else {})


def identity(found):
    found.lines()
    yield Fact("nic.driver", found.of["interface"], f"driver of {found.of['interface']}", Origin("i"))


def counters(found):
    sheet = Sheet(found.origin)
    sheet.add(Series("nic.ring.passed", found.name, "rx", "test"), len(found.lines()), 1)
    yield sheet.frame()


@pytest.fixture
def sources(monkeypatch):
    """Take these sources for all there are."""

    def use(*found):
        class Sources(list):
            def __getitem__(self, name):
                return next(source for source in self if source.name == name)

        monkeypatch.setattr(collect_module, "SOURCES", Sources(found))

    return use


IDENTITY = Source("nic_identity", ("identity",), identity, "")


def test_drivers_are_read_first_and_told_to_every_document(sources):
    sources(Source("a_counter", ("counters", "sums"), counters, ""), IDENTITY)
    one, other, unknown, total = (
        *(document("counters", interface=name) for name in ("eth0", "eth1", "eth2")),
        document("sums"),
    )
    root = Fake(
        identity=[document("identity", interface="eth0"), document("identity", interface="eth1")],
        counters=[one, other, unknown],
        sums=[total],
    )
    evidence = gather([root])
    assert root.asked == ["identity", "counters", "sums"]
    assert (one.of["driver"], other.of["driver"]) == ("driver of eth0", "driver of eth1")
    assert "driver" not in unknown.of.keys() | total.of.keys()
    assert one.drivers == total.drivers == {"eth0": "driver of eth0", "eth1": "driver of eth1"}
    assert one.drivers is other.drivers
    assert len(evidence.facts("nic.driver")) == 2
    assert evidence.lines == 2 * 6


def test_a_driver_that_the_document_names_itself_is_believed(sources):
    sources(Source("a_counter", ("counters",), counters, ""), IDENTITY)
    own = Document("counters", "f", b"one\n", of={"interface": "eth0", "driver": "its own"})
    gather([Fake(identity=[document("identity", interface="eth0")], counters=[own])])
    assert own.of["driver"] == "its own"


@pytest.mark.parametrize(("one_of", "places"), [(True, ["better"]), (False, ["better", "worse"])])
def test_of_several_forms_of_one_thing_the_first_that_is_answered_is_read(sources, one_of, places):
    sources(Source("forms", ("missing", "better", "worse"), counters, "", one_of=one_of), IDENTITY)
    evidence = gather([Fake(better=[document("better")], worse=[document("worse")])])
    assert evidence.places("nic.ring.passed") == places


def test_all_samples_of_a_form_and_all_roots_are_read_and_what_they_could_not_show_is_kept_once(sources):
    sources(Source("forms", ("better",), counters, "", one_of=True), IDENTITY)
    evidence = gather([Fake(better=[document("better"), document("better")]), Fake(better=[document("better")])])
    (reading,) = evidence.readings("nic.ring.passed")
    assert reading.samples == 3
    assert evidence.blind == [Blind("a file", "may not be read")]
