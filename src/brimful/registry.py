"""Parts that register themselves: importing every module of a package is all it takes to know them."""

import importlib
import pkgutil
from collections.abc import Iterator
from typing import Generic, Protocol, TypeVar


class Part(Protocol):
    """Anything that can be registered: it has a name of its own."""

    @property
    def name(self) -> str:
        """What it is called, for people and for the documentation."""
        ...


P = TypeVar("P", bound=Part)


class Registry(Generic[P]):
    """The parts of one package, by name. Filled on first use, so that `--help` imports none of them."""

    def __init__(self, package: str) -> None:
        self._package = package
        self._parts: dict[str, P] = {}
        self._loaded = False

    def add(self, part: P) -> P:
        """Register a part; `ValueError` when the name is taken."""
        if part.name in self._parts:
            raise ValueError(f"two parts of {self._package} are named {part.name!r}")
        self._parts[part.name] = part
        return part

    def _load(self) -> dict[str, P]:
        if not self._loaded:
            package = importlib.import_module(self._package)
            for module in pkgutil.iter_modules(package.__path__):
                importlib.import_module(f"{self._package}.{module.name}")
            self._loaded = True
        return self._parts

    def __iter__(self) -> Iterator[P]:
        return iter(sorted(self._load().values(), key=lambda part: part.name))

    def __getitem__(self, name: str) -> P:
        return self._load()[name]

    def __contains__(self, name: object) -> bool:
        return name in self._load()

    def __len__(self) -> int:
        return len(self._load())
