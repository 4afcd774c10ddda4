"""YAML text to plain values with the position of every key and value.

The events of libyaml are composed here rather than by its own composer, which recurses in C and
ends the process on deep nesting.
"""

from __future__ import annotations

import gc
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import yaml
from yaml.cyaml import CParser

from comity.policy.problems import Problem

MOST_BYTES: Final = 1 << 20
DEEPEST: Final = 32
_COLUMN_BITS: Final = 21

Loc = tuple[str | int, ...]


@dataclass(slots=True)
class Marks:
    """Where a value and what it holds stand. Positions are packed: line and column in one number.

    Attributes:
        at: where the value begins.
        keys: key -> where the key stands; empty unless the value is a mapping.
        parts: key or index -> the marks of what is held; a plain number for a scalar.
    """

    at: int
    keys: dict[str, int]
    parts: dict[str | int, Marks | int]


@dataclass(frozen=True, slots=True)
class Tree:
    """A document as plain values.

    Attributes:
        file: path relative to the policy directory.
        value: text, int, float, bool, None, tuple or dict; keys are always text.
        marks: where everything stands.
    """

    file: str
    value: Any
    marks: Marks | int

    def position(self, loc: Loc, *, of_key: bool = False) -> tuple[int, int]:
        """Return line and column, from 1, of the value at `loc`, or of its key.

        What the file does not hold is stood for by what would hold it: parts of `loc` that lead
        nowhere are passed over.
        """
        marks = self.marks
        at = marks if isinstance(marks, int) else marks.at
        for part in loc:
            if isinstance(marks, int):
                break
            if part not in marks.parts:
                continue
            last_key = marks.keys.get(part) if isinstance(part, str) else None
            marks = marks.parts[part]
            at = marks if isinstance(marks, int) else marks.at
            if of_key and part == loc[-1] and last_key is not None:
                at = last_key
        return unpack(at)

    def holds(self, loc: Loc) -> bool:
        """Return whether the file itself holds a value at `loc`."""
        marks = self.marks
        for part in loc:
            if isinstance(marks, int) or part not in marks.parts:
                return False
            marks = marks.parts[part]
        return True


def unpack(at: int) -> tuple[int, int]:
    """Return line and column, from 1, of a packed position."""
    return (at >> _COLUMN_BITS) + 1, (at & ((1 << _COLUMN_BITS) - 1)) + 1


@contextmanager
def paused_collector() -> Iterator[None]:
    """Hold the garbage collector still: it would walk the growing tree again and again."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
