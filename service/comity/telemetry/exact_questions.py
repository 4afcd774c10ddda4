"""What was asked, exactly, as a record keeps it: in clear, or sealed if it tells more than it may.

Exactly, but for what no answer depends on: who is asked about, where a connection is known from,
and dates, of which a record has what the rules can tell (`CoarseDates`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from operator import attrgetter, itemgetter
from typing import Any, Final

from comity.app.exact_values import ExactValueError, defaults_of, from_plain, to_plain
from comity.domain.data_request import DataRequest
from comity.domain.question import Connection, Question
from comity.policy.coarse_dates import CoarseDates
from comity.telemetry.memo import Memo

QUESTION: Final = "comity.question"
_JSON: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True)
_DATES_KEPT: Final = 512
_PARTS_KEPT: Final = 4096
# Those in force, those before while calls end, and old ones that are asked about.
SENSITIVE_KEPT: Final = 4
_DIMENSIONS: Final = ("action", "product", "device", "purpose", "item", "label", "population")
_OUR_SOURCES: Final = frozenset({"geoip", "phone", "caller"})


@dataclass(frozen=True, slots=True)
class ExactRequest:
    """What was asked, as JSON.

    Attributes:
        text: the data request.
        sensitive: whether it names something sensitive.
    """

    text: str
    sensitive: bool


def question_text(question: Question) -> str:
    """Return `question` as JSON, without dates; of sources, which callers may name, only our own.

    It is joined from parts that were written before.
    """
    return "{" + ",".join(_told(question)) + "}"


def _told(question: Question) -> Iterator[str]:
    """Yield what is not as it is by default, by name."""
    for name, default, head in _ATTRIBUTES:
        value = getattr(question, name)
        if value == default:
            continue
        match name:
            case "connections":
                yield f"{head}[{','.join(map(_CONNECTIONS.__getitem__, map(_key_of, value)))}]"
            case "unknown":
                yield head + _text(value)
            case _:
                yield head + _TEXTS[value]


def names_sensitive(question: Question, sensitive: frozenset[tuple[str, str]]) -> bool:
    """Return whether `question` names any of the `sensitive` (dimension, value) pairs."""
    names = _by_dimension(sensitive)
    people = names["population"]
    return (
        question.action in names["action"]
        or question.product in names["product"]
        or question.device in names["device"]
        or not names["purpose"].isdisjoint(question.purposes)
        or not names["item"].isdisjoint(question.items)
        or not names["label"].isdisjoint(question.labels_absent)
        or any(label.name in names["label"] for label in question.labels)
        or any(
            not (people.isdisjoint(one.populations) and people.isdisjoint(one.populations_absent))
            for one in question.connections
        )
    )


@lru_cache(maxsize=SENSITIVE_KEPT)
def _by_dimension(sensitive: frozenset[tuple[str, str]]) -> Mapping[str, frozenset[str]]:
    """Return the sensitive values of each dimension of a question."""
    return {
        dimension: frozenset(value for its, value in sensitive if its == dimension)
        for dimension in _DIMENSIONS
    }


def exact_request(request: DataRequest, sensitive: frozenset[tuple[str, str]]) -> ExactRequest:
    """Return `request`; protected callings, and whether it is a child, are always sensitive."""
    named: list[tuple[str, str]] = [("population", name) for name in request.person.populations]
    if request.offence:
        named += [("offence", name) for name in request.offence.categories]
        named += [("offence_list", name) for name in request.offence.lists]
    person = request.person
    always = bool(person.protected_callings) or person.child is not None
    secret = always or not sensitive.isdisjoint(named)
    return ExactRequest(_text(request), secret)


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


def _connection_text(key: tuple[Any, ...]) -> str:
    """Return a connection as JSON."""
    connection = Connection(*key)
    if connection.source not in _OUR_SOURCES:
        connection = replace(connection, source="caller")
    return _text(connection)


_key_of: Final = attrgetter(*(one.name for one in fields(Connection)))
_CONNECTIONS: Final = Memo(_connection_text, _PARTS_KEPT)
_TEXTS: Final[Memo[Any, str]] = Memo(_text, _PARTS_KEPT)
_ATTRIBUTES: Final = tuple(
    (name, default, f'"{name}":')
    for name, default in sorted(defaults_of(Question), key=itemgetter(0))
    if name not in ("age", "account_created")
)
