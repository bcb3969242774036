"""What the kernel's `ynl` prints: a list of objects, as JSON or in the way Python writes it (tools/net/ynl/pyynl/cli.py)."""

import re

import msgspec

_PYTHON = re.compile(r"\s*\[\s*\{\s*'")


def rows(text: str) -> list[msgspec.Raw]:
    """Return each object as JSON, not yet looked into; `msgspec.DecodeError` where it is no list.

    Python's form differs by its quotes alone: names and numbers are all there is, and neither has quotes in it.
    """
    if _PYTHON.match(text):
        text = text.replace("'", '"')
    try:
        return msgspec.json.decode(text, type=list[msgspec.Raw])
    except RecursionError as error:
        raise msgspec.DecodeError(str(error)) from error
