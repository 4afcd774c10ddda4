"""Commands: a question as somebody would ask it with `comity check`."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date

from comity.domain.facts import AtLeastYears, BornBetween
from comity.domain.question import Connection, Question
from comity.policy.diffing.regions import Witness


@dataclass(frozen=True, slots=True)
class Command:
    """A command that asks a question.

    Attributes:
        text: the command.
        unsaid: facts that it has no flag for; empty if it asks the whole question.
    """

    text: str
    unsaid: tuple[str, ...] = ()


def command_of(witness: Witness) -> Command:
    """Return the command that asks the question of `witness` at its instant."""
    question = witness.question
    at = witness.at.astimezone(UTC).isoformat().replace("+00:00", "Z")
    flags = [f"--as-of {at}", *_flags(question), *_age_flags(question)]
    flags += [f"--{c.factor.replace('_', '-')} {_place(c)}" for c in question.connections]
    return Command(" ".join(("comity check", *flags)), tuple(_unsaid(question)))


def _flags(question: Question) -> Iterator[str]:
    """Yield the flags of the request, of labels and of what is not known."""
    for name in ("action", "product", "device"):
        value = getattr(question, name)
        if value is not None:
            yield f"--{name} {shlex.quote(value)}"
    yield from (f"--item {item}" for item in sorted(question.items))
    yield from (f"--purpose {purpose}" for purpose in sorted(question.purposes))
    yield from (f"--label {name}" for name in sorted(label.name for label in question.labels))
    yield from (f"--label-absent {name}" for name in sorted(question.labels_absent))
    yield from (f"--open {name}" for name in sorted(question.open_factors | question.open_sets))
    yield from (f"--unknown {name}={why}" for name, why in sorted(question.unknown.items()))


def _age_flags(question: Question) -> Iterator[str]:
    """Yield the flags of age and account."""
    match question.age:
        case AtLeastYears(years):
            yield f"--age {years}+"
        case BornBetween(earliest, latest) if earliest == latest:
            yield f"--birth-date {earliest}"
        case BornBetween(earliest, latest) if _is_year(earliest, latest):
            yield f"--birth-year {earliest.year}"
    if question.account_created is not None:
        created = question.account_created.astimezone(UTC).isoformat().replace("+00:00", "Z")
        yield f"--account-created {created}"


def _is_year(earliest: date, latest: date) -> bool:
    return earliest == date(earliest.year, 1, 1) and latest == date(earliest.year, 12, 31)


def _place(connection: Connection) -> str:
    populations = ",".join(sorted(connection.populations))
    return f"{connection.place}:{populations}" if populations else connection.place


def _unsaid(question: Question) -> Iterator[str]:
    """Yield the facts that `comity check` has no flag for."""
    for connection in question.connections:
        where = f"{connection.factor} {connection.place}"
        if connection.trust:
            yield f"{where} at {connection.trust} trust"
        if connection.populations_absent:
            yield f"{where} known not as {', '.join(sorted(connection.populations_absent))}"
    match question.age:
        case BornBetween(earliest, latest) if earliest != latest and not _is_year(earliest, latest):
            yield f"born between {earliest} and {latest}"
