"""Copies of the engine with changes to their source."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.abc import InspectLoader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_loader
from pathlib import Path
from types import ModuleType

import comity.policy.engine
from property.cases import Compile

PACKAGE = comity.policy.engine.__name__
SOURCES = Path(comity.policy.engine.__file__).parent


@dataclass(frozen=True)
class Edit:
    """One change to one module of the engine.

    Attributes:
        module: name within the package; empty for the package itself.
        old: text that occurs exactly once.
        new: what stands there instead.
    """

    module: str
    old: str
    new: str


class _Finder(MetaPathFinder, InspectLoader):
    """Imports a copy of the engine with edits, under another name."""

    def __init__(self, name: str, edits: Sequence[Edit]) -> None:
        self._name = name
        self._edits = edits

    def find_spec(
        self, fullname: str, _path: object = None, _target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Claim the copy and its modules."""
        if fullname != self._name and not fullname.startswith(f"{self._name}."):
            return None
        return spec_from_loader(fullname, self, is_package=fullname == self._name)

    def is_package(self, fullname: str) -> bool:
        """Return whether `fullname` is the copy itself."""
        return fullname == self._name

    def get_source(self, fullname: str) -> str:
        """Return the edited source."""
        module = fullname.removeprefix(self._name).removeprefix(".")
        source = (SOURCES / f"{module or '__init__'}.py").read_text()
        for edit in self._edits:
            if edit.module == module:
                if source.count(edit.old) != 1:
                    message = f"{edit.old!r} is not in {module or PACKAGE} exactly once"
                    raise LookupError(message)
                source = source.replace(edit.old, edit.new)
        return source.replace(PACKAGE, self._name)


@contextmanager
def sabotaged(edits: Sequence[Edit]) -> Iterator[Compile]:
    """Give a copy of the engine with `edits`; without any, a faithful copy."""
    name = "sabotaged_engine"
    finder = _Finder(name, edits)
    sys.meta_path.insert(0, finder)
    try:
        yield importlib.import_module(name).Engine
    finally:
        sys.meta_path.remove(finder)
        for module in [m for m in sys.modules if m == name or m.startswith(f"{name}.")]:
            del sys.modules[module]
