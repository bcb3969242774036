"""Whether the code that runs for each packet is compiled: by Numba where that is installed, else it is plain Python.

Decided once, when this module is first imported. The environment variable BRIMFUL_COMPILE=no leaves Numba alone. What was
compiled is kept in ~/.cache/brimful, or in the folder that NUMBA_CACHE_DIR names.
"""

import hashlib
import os
from collections.abc import Callable, MutableSequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar, cast

Function = TypeVar("Function", bound=Callable[..., Any])
Floats = MutableSequence[float]
"""A list, or with Numba a NumPy array of 64-bit floats."""
Integers = MutableSequence[int]
"""A list, or with Numba a NumPy array of 64-bit integers."""


def _kept() -> Path:
    """Return the folder of what is compiled from these very files: Numba sees only the one that a function is written in."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    files = sorted(Path(__file__).parent.rglob("*.py"))
    digest = hashlib.sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest()
    return Path(cache, "brimful", digest[:16])


numba: Any = None
numpy: Any = None
if os.environ.get("BRIMFUL_COMPILE") != "no":
    # Intel's vector library rounds logarithms in its own way: equal seeds would not give equal results
    os.environ.setdefault("NUMBA_DISABLE_INTEL_SVML", "1")
    with suppress(RuntimeError):  # no home
        os.environ.setdefault("NUMBA_CACHE_DIR", str(_kept()))
    try:
        numba, numpy = import_module("numba"), import_module("numpy")
    except ImportError:  # not installed, or not yet made for this Python or NumPy
        numba = numpy = None


def compiled(function: Function) -> Function:
    """Compile a function of numbers and of arrays made by `floats` and `integers`, where Numba is installed."""
    if numba is None:
        return function
    try:
        return cast("Function", numba.njit(cache=True)(function))
    except RuntimeError:  # no folder to keep it in
        return cast("Function", numba.njit(function))


def floats(count: int, value: float = 0.0) -> Floats:
    """Return so many floats."""
    return [value] * count if numpy is None else cast("Floats", numpy.full(count, value, numpy.float64))


def integers(count: int, value: int = 0) -> Integers:
    """Return so many integers."""
    return [value] * count if numpy is None else cast("Integers", numpy.full(count, value, numpy.int64))
