"""Answers of the live root: each module says, for some requests, how the kernel is asked and in whose words it answers.

A module registers functions with `@answer(request)`; a function gets the open `Doors` and yields documents in the very
form of the command or file that is asked for, so that live and saved texts go through one parser. A function of
`@table(request)` yields the same numbers without making a text of them, for what is read each second.
"""

from collections.abc import Callable, Iterator

import msgspec

from brimful.registry import Registry
from brimful.roots.base import Document, Table
from brimful.roots.doors import Doors

Give = Callable[[Doors], Iterator[Document]]
Tabulate = Callable[[Doors], Iterator[Table]]


class Answer(msgspec.Struct, frozen=True):
    """How one request is answered. `everywhere`: it says the same in each network namespace of the machine."""

    name: str
    give: Give
    everywhere: bool = False


class Numbers(msgspec.Struct, frozen=True):
    """How one request is answered with numbers only."""

    name: str
    give: Tabulate


ANSWERS: Registry[Answer] = Registry(__name__)
TABLES: Registry[Numbers] = Registry(__name__)


def answer(request: str, *, everywhere: bool = False) -> Callable[[Give], Give]:
    """Register a function as the answer to a request."""

    def register(give: Give) -> Give:
        ANSWERS.add(Answer(request, give, everywhere))
        return give

    return register


def table(request: str) -> Callable[[Tabulate], Tabulate]:
    """Register a function that answers a request with numbers."""

    def register(give: Tabulate) -> Tabulate:
        TABLES.add(Numbers(request, give))
        return give

    return register
