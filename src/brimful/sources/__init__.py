"""Sources: each module reads one thing from a root and says what its numbers mean.

A module registers itself with `@source`. It names what it asks for (`requests`, see `brimful.roots.base`), and how its
text is recognised when a file's name does not tell (`looks_like`). The function gets one document and yields frames,
events, facts and unread lines. On any bytes at all it raises nothing.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping

import msgspec

from brimful.evidence.evidence import Evidence, Item
from brimful.evidence.origin import Unread
from brimful.registry import Registry
from brimful.roots.base import Document, Root, Table

Parse = Callable[[Document], Iterable[Item]]
Tabulate = Callable[[Table], Iterable[Item]]

IDENTITY = "nic_identity"
"""The source that names each interface's driver: others read their counters by it."""

EACH_SECOND, NOW_AND_THEN, SELDOM = 1.0, 10.0, 60.0
"""How often, in seconds, a thing has to be read in a watch: counters, what is costly, and how a machine is set up."""


class Source(msgspec.Struct, frozen=True):
    """One thing that can be read.

    `looks_like`: a regular expression that the first 64 KiB of such a text match and no other source's text does, with
    the request it then answers being `requests[0]`. `meanings` are all it may yield: checked by a test. `every_s`: how
    often it has to be read in a watch; it is read at once when a loss of the meanings in `hurry` is counted. `tabulate`
    takes the same numbers without their text, from a live root that has them so. In a watch it is not read where a source
    of `unless`, which tells the same better, is answered. `beside`: the requests for texts that tell how to read the others (a
    configuration); their answers, as far as there are any, are each document's `beside`.
    """

    name: str
    requests: tuple[str, ...]
    parse: Parse
    about: str
    looks_like: str = ""
    meanings: tuple[str, ...] = ()
    needs: str = ""
    one_of: bool = False
    every_s: float = EACH_SECOND
    hurry: tuple[str, ...] = ()
    tabulate: Tabulate | None = None
    unless: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()

    def __call__(self, document: Document) -> Iterator[Item]:
        """Parse one document."""
        yield from self.parse(document)

    def documents(self, root: Root, drivers: Mapping[str, str]) -> Iterator[Document]:
        """Yield what a root answers to the requests, each document told which driver its interfaces have.

        All of them find it in `drivers`, those of one interface also in `of["driver"]` unless they name it themselves.
        """
        told = [next(iter(root.documents(request)), None) for request in self.beside]
        beside = "\n".join("\n".join(one.lines()) for one in told if one is not None)
        for request in self.requests:
            answered = False
            for document in root.documents(request):
                answered = True
                document.drivers = drivers
                document.beside = beside
                driver = drivers.get(document.of.get("interface", ""))
                if driver is not None:
                    document.of.setdefault("driver", driver)
                yield document
            if answered and self.one_of:
                return


SOURCES: Registry[Source] = Registry(__name__)


def source(  # noqa: PLR0913 - what there is to know of a source
    *requests: str,
    looks_like: str = "",
    meanings: tuple[str, ...] = (),
    needs: str = "",
    one_of: bool = False,
    every_s: float = EACH_SECOND,
    hurry: tuple[str, ...] = (),
    tabulate: Tabulate | None = None,
    unless: tuple[str, ...] = (),
    beside: tuple[str, ...] = (),
) -> Callable[[Parse], Parse]:
    """Register a function as the source named for its module.

    `needs`: the right without which a live host shows only part of it, in one phrase. `one_of`: the requests are forms of
    one and the same thing, so that only the first that is answered is read. The others as in `Source`.
    """

    def register(parse: Parse) -> Parse:
        name = parse.__module__.rpartition(".")[2]
        about = (parse.__doc__ or "").strip().partition("\n")[0]
        SOURCES.add(
            Source(
                name,
                requests,
                parse,
                about,
                looks_like,
                meanings,
                needs,
                one_of,
                every_s,
                hurry,
                tabulate,
                unless,
                beside,
            )
        )
        return parse

    return register


def unread(document: Document, line: int, why: str) -> Unread:
    """Return the record of a line that could not be read."""
    return Unread(document.origin(line), why)


def drivers_of(evidence: Evidence) -> dict[str, str]:
    """Return the driver of each interface, as far as it is known."""
    return {fact.place: str(fact.value) for fact in evidence.facts("nic.driver")}
