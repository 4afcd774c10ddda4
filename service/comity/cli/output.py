"""What commands print: JSON for programs, or text for people, in colour on a terminal only."""

from __future__ import annotations

import os
import sys
import textwrap
from collections.abc import Iterable, Iterator
from datetime import UTC
from enum import Enum
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from google.protobuf.message import Message
    from google.protobuf.timestamp_pb2 import Timestamp

_LINE_WIDTH = 100


class Ink(Enum):
    """What a text is painted for; the value is the SGR sequence of ECMA-48."""

    PLAIN = ""
    STRONG = "1"
    FAINT = "2"
    BAD = "1;31"
    GOOD = "1;32"
    DOUBTFUL = "1;33"


def is_coloured(stream: TextIO) -> bool:
    """Return whether `stream` takes colours: a terminal, unless NO_COLOR says otherwise.

    Source: https://no-color.org/
    """
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return stream.isatty()


def paint(text: str, ink: Ink) -> str:
    """Return `text` in its colour, if standard output takes colours."""
    if ink is Ink.PLAIN or not is_coloured(sys.stdout):
        return text
    return f"\x1b[{ink.value}m{text}\x1b[0m"


def print_json(message: Message) -> None:
    """Print the JSON mapping of protobuf, field names as in the contract."""
    from google.protobuf.json_format import MessageToJson

    print(MessageToJson(message, preserving_proto_field_name=True, ensure_ascii=False))


def word_of(message: Message, field: str) -> str:
    """Return the value of an enum field as a word: `EFFECT_DENY` as `deny`."""
    enum = message.DESCRIPTOR.fields_by_name[field].enum_type
    assert enum is not None
    number = getattr(message, field)
    value = enum.values_by_number.get(number)
    prefix = enum.values_by_number[0].name.removesuffix("UNSPECIFIED")
    return value.name.removeprefix(prefix).lower() if value else str(number)


def instant_text(timestamp: Timestamp) -> str:
    """Return an instant in UTC, ISO 8601."""
    instant = timestamp.ToDatetime(tzinfo=UTC)
    return instant.isoformat().replace("+00:00", "Z")


def rows(pairs: Iterable[tuple[str, str]], indent: int = 0) -> Iterator[str]:
    """Yield a line for each label and text that isn't empty, long texts folded under themselves."""
    kept = [(label, text) for label, text in pairs if text]
    width = max((len(label) for label, _ in kept), default=0)
    for label, text in kept:
        start = " " * indent + f"{label:{width}}  "
        yield textwrap.fill(
            text,
            _LINE_WIDTH,
            initial_indent=start,
            subsequent_indent=" " * len(start),
            break_long_words=False,
            break_on_hyphens=False,
        )
