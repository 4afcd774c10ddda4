"""YAML text to plain values with the position of every key and value.

The events of libyaml are composed here rather than by its own composer, which recurses in C and
ends the process on deep nesting.
"""

from __future__ import annotations

import gc
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from sys import intern
from typing import Any, Final

import yaml
from yaml.events import NodeEvent

from comity.policy.problems import MOST_PROBLEMS, Problem
from comity.policy.yaml_faults import explain_fault
from comity.policy.yaml_text import read_text

DEEPEST: Final = 32
_COLUMN_BITS: Final = 21

Loc = tuple[str | int, ...]
Scalar = str | int | float | bool | None


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


# A value and where it stands.
Composed = tuple[Any, Marks | int]


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


def read_tree(file: str, raw: bytes) -> tuple[Tree | None, tuple[Problem, ...]]:
    """Return the document that `raw` writes, and what is wrong with how it is written.

    Plain values follow YAML 1.2, narrowed to one spelling each: `true` and `false`, `null`, `~` or
    nothing, decimal numbers. All else is text, keys always. There is no tree where its shape
    would be a guess.
    """
    text = read_text(file, raw)
    if text.content is None:
        return None, text.problems
    composer = _Composer(file, text.content)
    with paused_collector():
        composed = composer.compose()
    tree = None if composed is None else Tree(file, *composed)
    return tree, (*text.problems, *composer.problems)


_WORDS: Final[Mapping[str, bool | None]] = {
    "": None, "~": None, "null": None, "true": True, "false": False,
}  # fmt: skip
_NUMBER_STARTS: Final = frozenset("0123456789+-.")
# More digits than any number of a policy needs are text, and refused as such where they stand.
_WHOLE: Final = re.compile(r"-?(0|[1-9][0-9]{0,17})")
_FRACTION: Final = re.compile(r"-?(0|[1-9][0-9]{0,17})(\.[0-9]{1,18})?([eE][-+]?[0-9]{1,3})?")
_DOUBTFUL: Final = re.compile(r"[-+]?(0[0-9_.]*[0-9_]|0[box][0-9a-fA-F_]+|[0-9]+(_[0-9]*)+)")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_SHOWN: Final = 40
_WRITTEN_OUT: Final = "is used; write the value out, or use `defaults`."


class _Unreadable(Exception):  # noqa: N818 - ends the composing, reaches no caller
    """Nothing after this can be read; the reason is among the problems."""


class _Composer:
    """Composes the events of one text into values and marks."""

    def __init__(self, file: str, content: str) -> None:
        """Compose `content`, of which problems are told as of `file`."""
        self.problems: list[Problem] = []
        self._file = file
        self._content = content
        self._next: Callable[[], Any] = yaml.CBaseLoader(content).get_event
        self._has_alias = False

    def compose(self) -> Composed | None:
        """Return the document, or None if its shape would be a guess."""
        try:
            composed = self._compose_document()
        except _Unreadable:
            return None
        except yaml.YAMLError as error:
            self.problems.append(explain_fault(self._file, self._content, error))
            return None
        return None if self._has_alias else composed

    def _compose_document(self) -> Composed | None:
        """Return the first document, or None if there is none."""
        self._next()
        event = self._next()
        if isinstance(event, yaml.StreamEndEvent):
            self._refuse("CP113", 0, "The file is empty.")
            return None
        root = self._compose_node(self._next(), 1)
        self._next()
        following = self._next()
        if not isinstance(following, yaml.StreamEndEvent):
            message = "A second document begins here; a file holds one."
            self._refuse("CP109", _pack(following.start_mark), message)
        if root[0] is None:
            self._refuse("CP113", 0, "The file is empty.")
            return None
        return root

    def _compose_node(self, event: NodeEvent, depth: int) -> Composed:
        """Return the value that begins with `event`, `depth` levels down."""
        at = _pack(event.start_mark)
        if isinstance(event, yaml.ScalarEvent):
            return self._read_scalar(event, at), at
        if isinstance(event, yaml.AliasEvent):
            self._has_alias = True
            self._refuse("CP107", at, f"The alias '*{event.anchor}' {_WRITTEN_OUT}")
            return None, at
        self._check_properties(event, at)
        if depth > DEEPEST:
            self._refuse("CP111", at, f"Values are nested more than {DEEPEST} deep here.")
            raise _Unreadable
        if isinstance(event, yaml.MappingStartEvent):
            return self._compose_mapping(at, depth)
        return self._compose_sequence(at, depth)

    def _compose_sequence(self, at: int, depth: int) -> Composed:
        """Return the list whose items come next."""
        values: list[Any] = []
        parts: dict[str | int, Marks | int] = {}
        while not isinstance(event := self._next(), yaml.SequenceEndEvent):
            value, parts[len(values)] = self._compose_node(event, depth + 1)
            values.append(value)
        return tuple(values), Marks(at, {}, parts)

    def _compose_mapping(self, at: int, depth: int) -> Composed:
        """Return the mapping whose keys and values come next."""
        values: dict[str, Any] = {}
        keys: dict[str, int] = {}
        parts: dict[str | int, Marks | int] = {}
        while not isinstance(event := self._next(), yaml.MappingEndEvent):
            key_at = _pack(event.start_mark)
            key = self._read_key(event, key_at, depth)
            value, marks = self._compose_node(self._next(), depth + 1)
            if key is None:
                continue
            if key in values:
                line = unpack(keys[key])[0]
                message = f"'{key[:_SHOWN]}' stands already in line {line} of this mapping."
                self._refuse("CP106", key_at, message)
                continue
            values[key], keys[key], parts[key] = value, key_at, marks
        return values, Marks(at, keys, parts)

    def _read_key(self, event: NodeEvent, at: int, depth: int) -> str | None:
        """Return the key that `event` begins, as written, or None if it can be none."""
        if not isinstance(event, yaml.ScalarEvent):
            if not isinstance(event, yaml.AliasEvent):
                self._refuse("CP112", at, "A list or mapping stands as a key; keys are texts.")
            self._compose_node(event, depth + 1)
            return None
        self._check_properties(event, at)
        if not event.value:
            self._refuse("CP105", at, "The key before the colon is missing.")
            return None
        self._check_quoted(event, at)
        return intern(event.value)

    def _read_scalar(self, event: yaml.ScalarEvent, at: int) -> Scalar:
        """Return what a scalar writes: text if quoted, else a word, a number or text."""
        if event.anchor is not None or event.tag is not None:
            self._check_properties(event, at)
        text: str = event.value
        if event.style:
            self._check_quoted(event, at)
            return text
        if text in _WORDS:
            return _WORDS[text]
        if text[0] not in _NUMBER_STARTS:
            return text
        if _WHOLE.fullmatch(text):
            return int(text)
        if _FRACTION.fullmatch(text):
            return float(text)
        if _DOUBTFUL.fullmatch(text):
            message = (
                f"{text[:_SHOWN]} is no plain decimal number; write a number in digits alone, "
                "without a leading zero, and a text in quotes."
            )
            self._refuse("CP110", at, message)
        return text

    def _check_properties(self, event: NodeEvent, at: int) -> None:
        """Refuse an anchor and a tag of a value."""
        if event.anchor is not None:
            self._refuse("CP107", at, f"The anchor '&{event.anchor}' {_WRITTEN_OUT}")
        if getattr(event, "tag", None) is not None:
            self._refuse("CP108", at, "A tag is used; put a text that begins with '!' in quotes.")

    def _check_quoted(self, event: yaml.ScalarEvent, at: int) -> None:
        """Refuse control characters that an escape in double quotes writes."""
        found = _CONTROL.search(event.value) if event.style == '"' else None
        if found is not None:
            message = f"The text holds a control character, U+{ord(found[0]):04X}; remove it."
            self._refuse("CP114", at, message)

    def _refuse(self, code: str, at: int, message: str) -> None:
        """Add a problem; after too many the rest is left unread.

        Raises:
            _Unreadable: there are too many.
        """
        self.problems.append(Problem(code, self._file, *unpack(at), message))
        if len(self.problems) >= MOST_PROBLEMS:
            raise _Unreadable


def _pack(mark: Any) -> int:  # noqa: ANN401 - libyaml's marks have no common type
    """Return line and column of `mark` in one number."""
    packed: int = mark.line << _COLUMN_BITS | mark.column
    return packed
