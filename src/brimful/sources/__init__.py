"""Sources: each module reads one thing from a root and says what its numbers mean.

A module registers itself with `@source`. It names what it asks for (`requests`, see `brimful.roots.base`), and how its
text is recognised when a file's name does not tell (`looks_like`). The function gets one document and yields frames,
events, facts and unread lines. On any bytes at all it raises nothing.
"""

from collections.abc import Callable, Iterable, Iterator

import msgspec

from brimful.evidence.evidence import Item
from brimful.evidence.origin import Unread
from brimful.registry import Registry
from brimful.roots.base import Document

Parse = Callable[[Document], Iterable[Item]]


class Source(msgspec.Struct, frozen=True):
    """One thing that can be read.

    `looks_like`: a regular expression that the first 64 KiB of such a text match and no other source's text does, with
    the request it then answers being `requests[0]`. `meanings` are all it may yield: checked by a test.
    """

    name: str
    requests: tuple[str, ...]
    parse: Parse
    about: str
    looks_like: str = ""
    meanings: tuple[str, ...] = ()
    needs: str = ""
    one_of: bool = False

    def __call__(self, document: Document) -> Iterator[Item]:
        """Parse one document."""
        yield from self.parse(document)


SOURCES: Registry[Source] = Registry(__name__)


def source(
    *requests: str, looks_like: str = "", meanings: tuple[str, ...] = (), needs: str = "", one_of: bool = False
) -> Callable[[Parse], Parse]:
    """Register a function as the source named for its module.

    `needs`: the right without which a live host shows only part of it, in one phrase. `one_of`: the requests are forms of
    one and the same thing, so that only the first that is answered is read.
    """

    def register(parse: Parse) -> Parse:
        name = parse.__module__.rpartition(".")[2]
        about = (parse.__doc__ or "").strip().partition("\n")[0]
        SOURCES.add(Source(name, requests, parse, about, looks_like, meanings, needs, one_of))
        return parse

    return register


def unread(document: Document, line: int, why: str) -> Unread:
    """Return the record of a line that could not be read."""
    return Unread(document.origin(line), why)
