"""Numbers as counters are printed: unsigned, in ASCII digits, at most 64 bits wide."""

from brimful.evidence.frame import LARGEST

_LONGEST = len(str(LARGEST))


def unsigned(text: str, base: int = 10) -> int | None:
    """Return the unsigned 64-bit number a text is, or None: no sign, blank or underscore, no digits but ASCII ones."""
    if not (text.isascii() and text.isalnum() and len(text) <= _LONGEST):
        return None
    try:
        value = int(text, base)
    except ValueError:
        return None
    return value if value <= LARGEST else None
