"""The table of codes of static findings, and what a finding is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final

from comity.domain.data_request import DataRequest
from comity.domain.question import Question
from comity.policy.problems import CodeEntry, Level

FINDINGS: Final[Mapping[str, CodeEntry]] = MappingProxyType(
    {
        "CF101": CodeEntry(Level.ERROR, "A rule can never be met."),
        "CF102": CodeEntry(Level.NOTE, "A rule is suspended for all of its time."),
        "CF103": CodeEntry(
            Level.WARNING, "A rule names only kinds that no product is of in its law."
        ),
        "CF111": CodeEntry(
            Level.WARNING,
            "A rule of the same file is at least as strict wherever this one is met.",
        ),
        "CF112": CodeEntry(
            Level.NOTE, "A rule of another file is at least as strict wherever this one is met."
        ),
        "CF121": CodeEntry(Level.WARNING, "An exception spares nobody."),
        "CF131": CodeEntry(Level.WARNING, "A derogation removes nothing."),
        "CF141": CodeEntry(
            Level.WARNING, "A prohibition and a duty clash at one place, and nobody has ruled."
        ),
        "CF142": CodeEntry(
            Level.NOTE, "A prohibition and a duty of different places clash; each holds at its own."
        ),
        "CF151": CodeEntry(Level.ERROR, "An order names no tie to any place: it meets everybody."),
        "CF152": CodeEntry(Level.WARNING, "An order meets people by whatever tie they have."),
        "CF161": CodeEntry(
            Level.ERROR, "A rule reaches beyond its maker's territory without `reach_abroad`."
        ),
        "CF162": CodeEntry(Level.WARNING, "`reach_abroad` stands in a rule that does not."),
        "CF171": CodeEntry(
            Level.WARNING, "What a rule asks in doubt is asked of a person without facts."
        ),
        "CF181": CodeEntry(Level.WARNING, "A waiver has expired."),
        "CF182": CodeEntry(Level.WARNING, "A waiver waives nothing."),
        "CF201": CodeEntry(
            Level.ERROR, "An instrument reaches no data, whoever asks for whatever."
        ),
        "CF202": CodeEntry(Level.WARNING, "A row of an instrument's reach opens nothing."),
        "CF203": CodeEntry(Level.WARNING, "A desk that nothing sends anything to."),
        "CF204": CodeEntry(Level.WARNING, "A step or a task that nobody can do."),
        "CF205": CodeEntry(
            Level.WARNING, "A term of hours runs at a desk where nobody answers out of hours."
        ),
        "CF206": CodeEntry(
            Level.ERROR, "A term, or what is kept, starts with an event that can't happen."
        ),
        "CF207": CodeEntry(Level.WARNING, "A clock counts nothing."),
        "CF208": CodeEntry(Level.WARNING, "A check looks at no instrument."),
        "CF209": CodeEntry(Level.NOTE, "A profile of the platform's policy is never in use."),
        "CF211": CodeEntry(
            Level.NOTE, "A law forbids what an instrument asks for, and nobody has ruled."
        ),
    }
)


@dataclass(frozen=True, slots=True)
class Witness:
    """A question that shows what a finding says; the reference evaluator has answered it.

    Attributes:
        question: the question.
        at: the instant asked.
        section: `restrictions` or `content`, whose rules answer it.
    """

    question: Question
    at: datetime
    section: str


@dataclass(frozen=True, slots=True)
class RequestWitness:
    """A request for data that shows what a finding says; it has been routed.

    Attributes:
        request: the request; it is answered as it is received.
    """

    request: DataRequest


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is odd, at one place of one file.

    Attributes:
        code: stable code, a key of `FINDINGS`.
        rule_id: the rule concerned; of a waiver, the rule that it names; the name of a desk, a
            clock or a profile.
        file: path relative to the policy directory, with `/`.
        line: line, from 1.
        message: one or more sentences for whoever wrote the file.
        witness: a question or a request that shows it; None where there is none.
    """

    code: str
    rule_id: str
    file: str
    line: int
    message: str
    witness: Witness | RequestWitness | None = None

    @property
    def level(self) -> Level:
        """How much it matters, by its code."""
        return FINDINGS[self.code].level

    def __str__(self) -> str:
        """Return `file:line CODE rule: message`."""
        return f"{self.file}:{self.line} {self.code} {self.rule_id}: {self.message}"
