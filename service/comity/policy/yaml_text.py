"""Bytes of a policy file to text that a YAML parser can take, and what is wrong with the bytes."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final

from comity.policy.problems import MOST_PROBLEMS, Problem

MOST_BYTES: Final = 1 << 20

_UTF_16_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")
_MARK: Final = "\ufeff"
_STAND_IN: Final = "\ufffd"
_BREAK: Final = re.compile(r"\r\n|\r|\n")
_TABS: Final = re.compile(r"\t[^\r\n]*")
_INDENTING_TAB: Final = re.compile(r"(?:^|[\r\n]) *\t")
# What YAML does not allow, and also what it takes for line ends where editors see none (U+0085,
# U+2028, U+2029), and what shows reviewers another order than the parser's (U+202A to U+202E and
# U+2066 to U+2069). Source: YAML 1.2.2, section 5.1; CVE-2021-42574.
_CONTROL: Final = re.compile(
    r"[^\t\r\n\x20-\x7e\xa0-\u2027\u202f-\u2065\u206a-\ud7ff\ue000-\ufefe\uff00-\ufffd"
    r"\U00010000-\U0010ffff]"
)


@dataclass(frozen=True, slots=True)
class Text:
    """The text of a file.

    Attributes:
        content: the text, with tabs and control characters replaced one for one; None if nothing
            can be made of it.
        problems: what is wrong with it.
    """

    content: str | None
    problems: tuple[Problem, ...]


def read_text(file: str, raw: bytes) -> Text:
    """Return the text of `raw`; problems of each kind are counted up to `MOST_PROBLEMS`."""
    if len(raw) > MOST_BYTES:
        message = "The file is larger than 1 MB; split it."
        return Text(None, (Problem("CP101", file, 1, 1, message),))
    if raw.startswith(_UTF_16_MARKS):
        message = "The file is written in UTF-16; save it as UTF-8."
        return Text(None, (Problem("CP102", file, 1, 1, message),))
    problems: list[Problem] = []
    try:
        content = raw.decode()
    except UnicodeDecodeError as error:
        content = raw.decode(errors="replace")
        line, column = _Lines(content).position(len(raw[: error.start].decode()))
        message = f"The byte 0x{raw[error.start]:02x} is not valid UTF-8; save the file as UTF-8."
        problems.append(Problem("CP102", file, line, column, message))
    if content.startswith(_MARK):
        content = content.removeprefix(_MARK)
        message = "The file begins with a byte order mark; save it as UTF-8 without one."
        problems.append(Problem("CP103", file, 1, 1, message))
    problems.extend(_find_tabs(file, content))
    problems.extend(_find_controls(file, content))
    # Where a tab indents, nobody knows which level was meant: all that follows would be a guess.
    if "\t" in content and _INDENTING_TAB.search(content):
        return Text(None, tuple(problems))
    return Text(_CONTROL.sub(_STAND_IN, content.replace("\t", " ")), tuple(problems))


class _Lines:
    """Where the lines of a text begin."""

    def __init__(self, content: str) -> None:
        """Find the lines of `content`."""
        self._starts = [0, *(found.end() for found in _BREAK.finditer(content))]

    def position(self, index: int) -> tuple[int, int]:
        """Return line and column, from 1, of the character at `index`."""
        line = bisect_right(self._starts, index)
        return line, index - self._starts[line - 1] + 1


def _find_tabs(file: str, content: str) -> Iterator[Problem]:
    """Yield the first tab of each line."""
    if "\t" not in content:
        return
    lines = _Lines(content)
    message = "A tab stands here; write spaces, or \\t in double quotes."
    for found in islice(_TABS.finditer(content), MOST_PROBLEMS):
        yield Problem("CP104", file, *lines.position(found.start()), message)


def _find_controls(file: str, content: str) -> Iterator[Problem]:
    """Yield the control characters."""
    found = list(islice(_CONTROL.finditer(content), MOST_PROBLEMS))
    if not found:
        return
    lines = _Lines(content)
    for one in found:
        message = f"A control character, U+{ord(one[0]):04X}, stands here; remove it."
        yield Problem("CP114", file, *lines.position(one.start()), message)
