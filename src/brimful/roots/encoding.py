"""Text as everything else expects it: UTF-8 with line feeds."""

import codecs

from brimful.evidence.scan import Data

HEAD = 64 * 1024
"""Bytes at the start that tell how lines end."""


def plain(data: Data) -> Data:
    """Return text as UTF-8 with line feeds: UTF-16 that says so, as PowerShell's `>` writes, and old Mac line ends.

    Anything else comes back as it is; what is no character becomes a replacement.
    """
    head = bytes(data[:HEAD])
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return plain(bytes(data[:]).decode("utf-16", "replace").encode("utf-8", "replace"))
    if b"\r" in head and b"\n" not in head:
        return bytes(data[:]).replace(b"\r", b"\n")
    return data
