"""What is wrong with policy files: one value a problem, and the table of all codes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from enum import StrEnum
from types import MappingProxyType
from typing import Final

# How many problems of one kind of check are told of one file: whoever has more begins with these.
MOST_PROBLEMS: Final = 100
# How much of a message is told: a value that it shows may be long.
MOST_MESSAGE_CHARACTERS: Final = 300
_MOST_SUGGESTED: Final = 120


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

    def to_line(self) -> Problem:
        """Return the problem fit for one line, whatever value of a file its texts show."""
        message, suggestion = self.message, self.suggestion
        if not message.isprintable():
            message = "".join(c if c.isprintable() else " " for c in message)
        if len(message) > MOST_MESSAGE_CHARACTERS:
            half = MOST_MESSAGE_CHARACTERS // 2 - 2
            message = f"{message[:half]} .. {message[-half:]}"
        if suggestion and not (suggestion.isprintable() and len(suggestion) <= _MOST_SUGGESTED):
            suggestion = None
        if message is self.message and suggestion is self.suggestion:
            return self
        return replace(self, message=message, suggestion=suggestion)

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
            CP115="A file or folder can't be read.",
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
            CP205="A list, mapping or text is empty, or a list has the wrong length.",
            CP206="A number is out of range.",
            CP207="A key can't stand here.",
            CP208="Two keys exclude each other.",
            CP209="A key has no value.",
            CP210="A name, id or code word is not written as such names are.",
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
        # What names stand for, and what rules say of each other.
        **_errors(
            CP401="A name is not one of the vocabulary.",
            CP402="A code is not one of ISO 3166, nor a group, body or area.",
            CP403="A group contains itself.",
            CP404="A group stands where a place must, or a place where a group must.",
            CP405="An id or a code stands twice.",
            CP406="A rule derogates one that does not exist.",
            CP407="Rules derogate each other in a circle.",
            CP409="A rule derogates one that is never met on the same connection.",
            CP410="A rule denies what may never be denied.",
            CP411="A method of verification settles nothing that is asked about.",
            CP412="What is asked in doubt ranks above what the rule does.",
            CP413="Intervals in force overlap.",
            CP414="A label is granted by somebody else.",
            CP415="A population stands in an exception without a connection.",
            CP416="Values and members of a group do not fit together.",
            CP417="What does not bind does not say why it is applied, or what binds does.",
            CP418="A restricted feature is used by none of the actions named.",
            CP419="A list does not exist.",
            CP420="A name is a kind of itself.",
            CP421="A source is not one of the file's.",
            CP423="A ruling names no rule that forbids and one that requires.",
            CP427="A presumption is none that the dimension can have.",
            CP428="Something that stands alone has company.",
        ),
        **_warnings(
            CP408="A rule derogates one that derogates others.",
            CP425="The review of a rule is overdue.",
        ),
        **_warnings(
            CP320="Midnight of a day does not exist in the file's time zone.",
            CP321="An hour of a schedule does not exist on some day.",
        ),
        # Requests of authorities for data.
        **_errors(
            CP501="An instrument is unknown.",
            CP502="An authority is unknown.",
            CP503="A class word is none of the system of law.",
            CP504="A desk is unknown.",
            CP505="A step is unknown.",
            CP506="A task is unknown.",
            CP507="A code is unknown.",
            CP508="A clock is none of the file.",
            CP509="A calendar of holidays is unknown, lacks a year, or is not named.",
            CP510="A data category is unknown.",
            CP511="An offence or a list of offences is unknown.",
            CP512="A situation, purpose, mark, penalty or link is unknown.",
            CP513="An event is unknown.",
            CP514="A need is unknown.",
            CP515="A ground of objection is unknown.",
            CP516="The state of an addressee is asked for and not named.",
            CP520="Two rules answer one instrument of one state at the same time.",
            CP521="No profile of the platform's policy is in use at some time.",
            CP522="Two profiles of the platform's policy are in use at the same time.",
            CP523="How long a data category is kept is not said.",
            CP524="The platform names no desk for requests.",
        ),
    }
)


def sort_problems(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Return the problems in file order, each once and each fit for one line."""
    lines = {problem.to_line() for problem in problems}
    return tuple(sorted(lines, key=lambda p: (p.file, p.line, p.column, p.code, p.message)))


def closest(name: str, known: Iterable[str]) -> str | None:
    """Return what of `known` is most like `name`, or None if nothing is close."""
    by_folded = {candidate.casefold(): candidate for candidate in sorted(known, reverse=True)}
    matches = get_close_matches(name.casefold(), by_folded, n=1, cutoff=0.7)
    return by_folded[matches[0]] if matches else None
