"""Lists of objects, of which one that cannot be read costs only itself.

`ip -j` and `tc -j` print them as JSON, the kernel's `ynl` also in the way Python writes them
(tools/net/ynl/pyynl/cli.py).
"""

import re
from collections.abc import Iterator
from typing import TypeVar

import msgspec

from brimful.evidence.origin import Unread
from brimful.roots.base import Document

Kind = TypeVar("Kind")

_PYTHON = re.compile(r"\s*\[\s*\{\s*'")


def is_list(document: Document) -> bool:
    """Tell whether a document is such a list and not the text that iproute2 prints without `-j`."""
    return next((line for line in document.lines() if line.strip()), "").lstrip().startswith("[")


def objects(document: Document, kind: type[Kind], noun: str) -> Iterator[Kind | Unread]:
    """Yield each object of a document; `noun` says what one is (`a link`), for those that cannot be read.

    Python's form differs by its quotes alone: names and numbers are all that ynl prints, and neither has quotes in it.
    """
    text = "\n".join(document.lines())
    if _PYTHON.match(text):
        text = text.replace("'", '"')
    try:
        listed = msgspec.json.decode(text, type=list[msgspec.Raw])
    except (msgspec.DecodeError, RecursionError) as error:
        yield Unread(document.origin(1), f"not JSON: {error}")
        return
    for raw in listed:
        try:
            yield msgspec.json.decode(raw, type=kind)
        except (msgspec.DecodeError, RecursionError) as error:
            yield Unread(document.origin(1), f"not {noun}: {error}")
