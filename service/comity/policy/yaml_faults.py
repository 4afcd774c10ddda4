"""From what the YAML parser says of a text to what a lawyer is told."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import yaml

from comity.policy.problems import Problem

_NOT_CLOSED: Final = "The quotes that open here are not closed."
_BAD_TAG: Final = "A value begins with '!', which marks a tag; put it in quotes."
_BAD_DIRECTIVE: Final = "A line begins with '%', which is kept for YAML itself; put it in quotes."
_BAD_ESCAPE: Final = "The backslash in double quotes begins no known escape; double it."

# What the parser says -> what is told. Source: scanner.c and parser.c of libyaml 0.2.5.
_MESSAGES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "mapping values are not allowed in this context": (
            "A colon can't stand here; check the indentation, or put a text with ': ' in quotes."
        ),
        "block sequence entries are not allowed in this context": (
            "A list item can't begin here; put '- ' on a line of its own."
        ),
        "mapping keys are not allowed in this context": "'?' can't stand here; put it in quotes.",
        "could not find expected ':'": "A key has no colon after it, or its text goes on below it.",
        "did not find expected key": (
            "Only a further key can stand here; check the indentation and the quotes."
        ),
        "did not find expected '-' indicator": (
            "Only a further list item can stand here; check the indentation."
        ),
        "did not find expected node content": "A value should stand here.",
        "did not find expected <document start>": (
            "The document has ended before this; check the indentation."
        ),
        "did not find expected comment or line break": (
            "Only the text's own lines can follow '|' or '>'; begin it on the next line."
        ),
        "found an indentation indicator equal to 0": "After '|' or '>' no 0 can stand.",
        "found unexpected ':'": "A colon can't stand here; put the text in quotes.",
        "found unknown escape character": _BAD_ESCAPE,
        "did not find expected hexdecimal number": _BAD_ESCAPE,
        "found invalid Unicode character escape code": _BAD_ESCAPE,
        "found unexpected end of stream": _NOT_CLOSED,
        "found unexpected document indicator": _NOT_CLOSED,
        "found incompatible YAML document": "Only YAML 1.1 and 1.2 can be read.",
        "found duplicate %YAML directive": _BAD_DIRECTIVE,
        "found undefined tag handle": _BAD_TAG,
    }
)
_MESSAGES_BY_CONTEXT: Final[Mapping[str, str]] = MappingProxyType(
    {
        "while scanning an alias": "A value begins with '*'; put it in quotes.",
        "while scanning an anchor": "A value begins with '&'; put it in quotes.",
        "while scanning a directive": _BAD_DIRECTIVE,
        "while scanning a %YAML directive": _BAD_DIRECTIVE,
        "while parsing a %TAG directive": _BAD_DIRECTIVE,
        "while parsing a tag": _BAD_TAG,
    }
)
# The fault is told where what is broken began, not where the parser gave up.
_AT_CONTEXT: Final = frozenset(
    {
        "while scanning a quoted scalar",
        "while scanning a simple key",
        "while scanning an alias",
        "while scanning an anchor",
        "while scanning a directive",
        "while scanning a %YAML directive",
        "while parsing a %TAG directive",
        "while parsing a tag",
    }
)


def explain_fault(file: str, content: str, error: yaml.YAMLError) -> Problem:
    """Return the parser's error in words."""
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        return Problem("CP105", file, 1, 1, "The text is not valid YAML.")
    context, problem = error.context or "", error.problem or ""
    lines = content.splitlines()
    mark = error.problem_mark
    if context in _AT_CONTEXT and error.context_mark is not None:
        mark = error.context_mark
    line, column = mark.line + 1, mark.column + 1
    if problem.startswith("did not find expected ','") and error.context_mark is not None:
        line, column = error.context_mark.line + 1, error.context_mark.column + 1
        what = "list" if problem[-2] == "]" else "mapping"
        message = (
            f"The {what} that opens here lacks a comma or '{problem[-2]}' "
            f"before line {mark.line + 1}, column {mark.column + 1}."
        )
    elif problem == "found character that cannot start any token":
        character = lines[mark.line][mark.column]
        message = f"A value can't begin with '{character}'; put it in quotes."
    else:
        message = _MESSAGES_BY_CONTEXT.get(context) or _MESSAGES.get(
            problem, f"The text is not valid YAML: {problem}."
        )
    if line > len(lines):  # the text ended too early, on a line that it does not have
        line, column = len(lines), len(lines[-1]) + 1
    return Problem("CP105", file, line, column, message)
