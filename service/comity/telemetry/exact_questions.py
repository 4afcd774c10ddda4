"""What was asked, exactly, as a record keeps it: in clear, or sealed if it tells more than it may.

Exactly, but for what no answer depends on: who is asked about, where a connection is known from,
and dates, of which a record has what the rules can tell (`CoarseDates`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

from comity.app.exact_values import ExactValueError, from_plain, to_plain
from comity.domain.data_request import DataRequest
from comity.domain.question import Question
from comity.policy.coarse_dates import CoarseDates

QUESTION: Final = "comity.question"
_NOT_TOLD: Final = ""
_JSON: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True)
_DATES_KEPT: Final = 512
_OUR_SOURCES: Final = frozenset({"geoip", "phone", "caller"})


@dataclass(frozen=True, slots=True)
class ExactQuestion:
    """What was asked, as JSON.

    Attributes:
        text: the question without dates, or the data request.
        sensitive: whether it names something sensitive.
    """

    text: str
    sensitive: bool


def exact_question(question: Question, sensitive: frozenset[tuple[str, str]]) -> ExactQuestion:
    """Return `question` without dates; of sources, which callers may name, only our own."""
    connections = tuple(
        connection if connection.source in _OUR_SOURCES else replace(connection, source="caller")
        for connection in question.connections
    )
    bare = replace(question, age=None, account_created=None, connections=connections)
    return ExactQuestion(_text(bare), not sensitive.isdisjoint(_values(question)))


def exact_request(request: DataRequest, sensitive: frozenset[tuple[str, str]]) -> ExactQuestion:
    """Return `request`; protected callings, and whether it is a child, are always sensitive."""
    named: list[tuple[str, str]] = [("population", name) for name in request.person.populations]
    if request.offence:
        named += [("offence", name) for name in request.offence.categories]
        named += [("offence_list", name) for name in request.offence.lists]
    person = request.person
    always = bool(person.protected_callings) or person.child is not None
    secret = always or not sensitive.isdisjoint(named)
    return ExactQuestion(_text(request), secret)


def with_dates(text: str, dates: CoarseDates) -> str:
    """Return what is kept of a question: its text and its dates."""
    return f'{{"asked":{text},"dates":{_dates_text(dates)}}}'


@lru_cache(maxsize=_DATES_KEPT)
def _dates_text(dates: CoarseDates) -> str:
    """Return dates as JSON: there are few that rules tell apart."""
    return _text(dates)


def read_question(kept: str) -> tuple[Question, CoarseDates]:
    """Return the question, without dates, that `with_dates` kept, and its dates.

    Raises:
        ExactValueError: it kept none so.
    """
    asked, dates = _parts(kept)
    return from_plain(Question, asked), from_plain(CoarseDates, dates)


def read_request(kept: str) -> DataRequest:
    """Return the data request that `with_dates` kept.

    Raises:
        ExactValueError: it kept none so.
    """
    return from_plain(DataRequest, _parts(kept)[0])


def _parts(kept: str) -> tuple[object, object]:
    """Return what `with_dates` put together.

    Raises:
        ExactValueError: it put nothing together so.
    """
    try:
        found = json.loads(kept)
        return found["asked"], found["dates"]
    except (KeyError, TypeError, ValueError) as error:
        message = "what was recorded is no question"
        raise ExactValueError(message) from error


def _text(value: object) -> str:
    """Return a value as JSON, as short as can be."""
    return _JSON.encode(to_plain(value))


def _values(question: Question) -> Iterator[tuple[str, str]]:
    """Yield each (dimension, value) that `question` names."""
    for dimension, value in (
        ("action", question.action),
        ("product", question.product),
        ("device", question.device),
    ):
        yield dimension, value or _NOT_TOLD
    held = {label.name for label in question.labels}
    for dimension, values in (
        ("purpose", question.purposes),
        ("item", question.items),
        ("label", held | question.labels_absent),
        *(
            ("population", _populations(c.populations, c.populations_absent))
            for c in question.connections
        ),
    ):
        yield from ((dimension, value) for value in values)


def _populations(present: Iterable[str], absent: Iterable[str]) -> frozenset[str]:
    """Return all populations that a connection names."""
    return frozenset((*present, *absent))
