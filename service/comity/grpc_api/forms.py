"""What the patterns of the contract ask for, in words and with an example.

A caller who gets a field wrong reads these rather than a regular expression. No wording depends on
what was sent, so that none repeats it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

_WORDS: Final = re.compile(r"[a-z_]+(\|[a-z_]+)+")

FORMS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "[a-z][a-z0-9_]*": (
            "must be a name of small letters, digits and underscores that begins with a letter, "
            "such as works_for"
        ),
        "[A-Z]{2}(-[A-Z0-9]{1,3})?|[a-z][a-z0-9_]*": (
            "must be an ISO 3166 code in capital letters, such as PL or US-TX, or the name of a "
            "body or area in small letters, such as eu_commission"
        ),
        "[A-Z]{2,3}(-[A-Z0-9]{1,3})?|[a-z][a-z0-9_]*": (
            "must be an ISO 3166 code or a group in capital letters, such as US-TX or EEA, or the "
            "name of a body or area in small letters, such as eu_commission"
        ),
        "[A-Z]{2}|[a-z][a-z0-9_]*": (
            "must be an ISO 3166-1 code of two capital letters, such as PL, or the name of a body "
            "in small letters, such as eu_commission"
        ),
        "[A-Z]{2}": "must be an ISO 3166-1 code of two capital letters, such as PL",
        "[!-~]+": "must be printable ASCII characters without a space, such as user-4711",
        "[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*": "must be a BCP 47 language tag, such as pt-BR",
        # A number that Ofcom keeps for drama.
        r"\+[1-9][0-9]{6,14}": (
            "must be + and 7 to 15 digits, the first not 0, such as +441632960961"
        ),
        "[0-9]{4}-[0-9]{2}-[0-9]{2}": "must be year-month-day in digits, such as 2001-02-03",
        "[a-z0-9][a-z0-9_-]*(#[A-Za-z0-9_-]+)?": (
            "must be the id of a rule, such as ua-2024-official-devices, with the member after # "
            "if there is one a member, such as eu-consent#DK"
        ),
        "[0-9a-f]{32}-[0-9a-f]{16}": (
            "must be 32 and 16 hexadecimal digits in small letters with a dash between, such as "
            "4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7"
        ),
    }
)
"""Pattern -> what must stand in the field; alternatives of plain words need no entry."""


def word_pattern(pattern: str) -> str:
    """Return what a value that has to match `pattern` must be, to complete "the field"."""
    if _WORDS.fullmatch(pattern):
        return f"must be one of {', '.join(pattern.split('|'))}"
    return FORMS[pattern]
