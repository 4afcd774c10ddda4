"""What is wrong with policy files: one value a problem, and the table of all codes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Level(StrEnum):
    """How much a problem matters: files with an error are not taken into force."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, at one place of one file.

    Attributes:
        code: stable code, a key of `CODES`.
        file: path relative to the policy directory, with `/`.
        line: line, from 1.
        column: column in characters, from 1.
        message: one sentence for whoever wrote the file.
        suggestion: what was perhaps meant; None if nothing is close.
    """

    code: str
    file: str
    line: int
    column: int
    message: str
    suggestion: str | None = None

    @property
    def level(self) -> Level:
        """How much it matters, by its code."""
        return CODES[self.code].level

    def __str__(self) -> str:
        """Return `file:line:column CODE message`, with the suggestion if there is one."""
        hint = f" Did you mean '{self.suggestion}'?" if self.suggestion is not None else ""
        return f"{self.file}:{self.line}:{self.column} {self.code} {self.message}{hint}"


@dataclass(frozen=True, slots=True)
class CodeEntry:
    """What a code stands for.

    Attributes:
        level: how much problems with this code matter.
        meaning: one line for the documentation.
    """

    level: Level
    meaning: str


def _errors(**meanings: str) -> dict[str, CodeEntry]:
    """Return an entry of level error for each code."""
    return {code: CodeEntry(Level.ERROR, meaning) for code, meaning in meanings.items()}


def _warnings(**meanings: str) -> dict[str, CodeEntry]:
    """Return an entry of level warning for each code."""
    return {code: CodeEntry(Level.WARNING, meaning) for code, meaning in meanings.items()}


CODES: Final[Mapping[str, CodeEntry]] = MappingProxyType(
    {
        # The text of a file.
        **_errors(
            CP101="The file is larger than 1 MB.",
            CP102="The file is not valid UTF-8.",
            CP103="The file begins with a byte order mark.",
            CP104="The file holds a tab.",
            CP105="The text is not valid YAML.",
            CP106="A key stands twice in one mapping.",
            CP107="An anchor or an alias is used.",
            CP108="A tag is used.",
            CP109="The file holds more than one document.",
            CP110="A number is written with a leading zero, or not in decimal digits.",
            CP111="Values are nested too deeply.",
            CP112="A key is a list or a mapping.",
            CP113="The file is empty.",
            CP114="The file holds a control character.",
            CP120="The file's name or folder is none of a policy file.",
            CP121="A file that every policy directory needs is missing.",
            CP122="A file names another jurisdiction or list than its path does.",
        ),
        # The shape of a document.
        **_errors(
            CP201="A key is missing.",
            CP202="A key is unknown.",
            CP203="A value is of the wrong type.",
            CP204="A value is none of those allowed.",
            CP205="A list or mapping is empty, or a text is.",
            CP206="A number is out of range.",
            CP207="A key can't stand here.",
            CP208="Two keys exclude each other.",
            CP209="A key has no value.",
            CP210="A name is not written in lower_snake.",
            CP211="A text for people lacks English.",
        ),
        # Single values.
        **_errors(
            CP301="A day is not written as 2024-09-20, or does not exist.",
            CP302="An instant is not written as 2024-09-20T00:00:00+03:00, or does not exist.",
            CP303="A month is not written as 2022-12, or does not exist.",
            CP304="A duration is not written as `30 days`.",
            CP305="A time zone is unknown.",
            CP306="A day does not exist in the file's time zone.",
            CP307="A code is not written as ISO 3166 or as a lower_snake name.",
            CP308="Days or hours of a schedule are not written as `mon-fri` and `07:00-10:00`.",
            CP309="An interval ends before it begins, or at once.",
            CP310="An instant has an offset that no time zone uses.",
            CP311="A day stands in a file that has no time zone.",
            CP312="A web address does not begin with https:// or http://.",
        ),
        **_warnings(
            CP320="Midnight of a day does not exist in the file's time zone.",
            CP321="An hour of a schedule does not exist on some day.",
        ),
    }
)


def sort_problems(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Return the problems in file order, each once."""
    return tuple(sorted(set(problems), key=lambda p: (p.file, p.line, p.column, p.code, p.message)))


def closest(name: str, known: Iterable[str]) -> str | None:
    """Return what of `known` is most like `name`, or None if nothing is close."""
    by_folded = {candidate.casefold(): candidate for candidate in sorted(known, reverse=True)}
    matches = get_close_matches(name.casefold(), by_folded, n=1, cutoff=0.7)
    return by_folded[matches[0]] if matches else None
