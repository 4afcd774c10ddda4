"""Texts about an archive, and what queries give, for people and for programs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import date, datetime, time
from itertools import islice
from typing import Any, Final

from comity.cli.output import rows
from comity.journal.archiving import Archived
from comity.journal.archiving.querying import Answer

# As wide as they turn out to be, as long as that can be found without reading everything.
_ROWS_MEASURED: Final = 1000


def archived_json(archived: Archived) -> str:
    """Return what was archived as one JSON object."""
    return json.dumps(asdict(archived))


def archived_lines(archived: Archived) -> Iterator[str]:
    """Yield what was archived, for people."""
    each = archived.bytes / archived.spans if archived.spans else 0
    damaged = f"{archived.damaged} segments hold what can't be read; they stay in the journal"
    yield from rows(
        (
            ("archived", f"{archived.spans:,} spans of {archived.segments} segments"),
            ("files", f"{archived.files} ({archived.bytes:,} bytes, {each:.1f} a span)"),
            ("removed", f"{archived.removed} segments"),
            ("waiting", f"{archived.waiting} segments to be exported" if archived.waiting else ""),
            ("damaged", damaged if archived.damaged else ""),
        )
    )


def json_rows(answer: Answer) -> Iterator[str]:
    """Yield each row of an answer as one JSON object on one line."""
    for row in answer.rows:
        told = {name: _plain(value) for name, value in zip(answer.columns, row, strict=True)}
        yield json.dumps(told, ensure_ascii=False)


def table_lines(answer: Answer) -> Iterator[str]:
    """Yield an answer as a table."""
    texts = ([_text(value) for value in row] for row in answer.rows)
    first = list(islice(texts, _ROWS_MEASURED))
    widths = [max(map(len, column)) for column in zip(answer.columns, *first, strict=True)]
    yield _line(answer.columns, widths)
    yield _line(["-" * width for width in widths], widths)
    for row in first:
        yield _line(row, widths)
    for row in texts:
        yield _line(row, widths)


def _line(texts: Sequence[str], widths: Sequence[int]) -> str:
    """Return one line of a table."""
    padded = (text.ljust(width) for text, width in zip(texts, widths, strict=True))
    return "  ".join(padded).rstrip()


def _text(value: Any) -> str:  # noqa: ANN401 - whatever a query gives
    """Return a value for people."""
    match _plain(value):
        case None:
            return ""
        case bool(plain):
            return "yes" if plain else "no"
        case list(plain):
            return ",".join(map(_text, plain))
        case dict(plain):
            return json.dumps(plain, ensure_ascii=False)
        case plain:
            return str(plain)


def _plain(value: Any) -> Any:  # noqa: ANN401 - whatever a query gives
    """Return a value as JSON can hold it."""
    match value:
        case None | bool() | int() | float() | str():
            return value
        case datetime():
            return f"{value.isoformat()}Z" if value.tzinfo is None else value.isoformat()
        case date() | time():
            return value.isoformat()
        case bytes():
            return value.hex()
        case list() | tuple():
            return [_plain(member) for member in value]
        case dict():
            return {str(key): _plain(member) for key, member in value.items()}
    return str(value)
